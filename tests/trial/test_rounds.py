"""With a budget a run goes round after round over its cells, and says of each what all its rounds saw."""

import time
from dataclasses import asdict, replace

import pytest
from msgspec import structs

from conformance import record, rounds, run, search
from conformance.__main__ import main
from conformance.cell import Cell
from conformance.known.register import read as read_register
from conformance.record import Record, Verdict
from conformance.trial import Rules
from tests.report.journals import showcase

RULES = Rules(search.PROFILES["deep"], 7)
CELLS = [Cell(name, "forward", "float32", "eager", "any", "cpu") for name in ("relu", "sigmoid", "tanh")]


class Turns(rounds.Budget):
    """A budget of so many looks at it."""

    def spent(self):
        turns.append(1)
        return len(turns) > self.until


turns: list[int] = []


@pytest.fixture(autouse=True)
def _fresh():
    turns.clear()


def _run(budget, verdicts=None, tasks=CELLS):
    """All records, and the rules of each round."""
    seen = []

    def judge(tasks, rules):
        seen.append(rules)
        for task in tasks:
            if budget.spent():
                yield budget.refusal(task)
            else:
                verdict = (verdicts or {}).get((task.operator, len(seen)), Verdict.PASS)
                share = {1: 0.25, 2: 0.75, 3: 0.5}.get(len(seen), 0.0)
                yield Record(
                    **asdict(task), verdict=verdict, cases=10, excluded=1, seconds=0.5, worst_share=share,
                    worst_call=f"call {len(seen)}", worst_ulp=4.0 - len(seen), regions={"ties": 4, f"r{len(seen)}": 6},
                    arguments={"axis": {"0": 1, str(len(seen)): 1}},
                )  # fmt: skip

    return list(rounds.records(tasks, RULES, budget, judge)), seen


def test_every_round_has_seeds_of_its_own_and_few_batches():
    _, seen = _run(Turns(11, "a while"))
    assert [rules.profile.batches for rules in seen] == [rounds.BATCHES] * 3
    assert seen[0].seed == RULES.seed, "the first round is the run without a budget"
    assert len({rules.seed for rules in seen}) == 3
    assert rounds.of_round(RULES, 2) == seen[2]
    assert rounds.of_round(replace(RULES, seed=8), 2).seed != seen[2].seed


def test_a_record_has_all_rounds_in_it():
    found, _ = _run(Turns(11, "a while"))
    assert [r.operator for r in found] == ["relu", "sigmoid", "tanh"] * 3
    assert [r.rounds for r in found] == [1] * 3 + [2] * 3 + [3] * 3
    last = found[-1]
    assert (last.cases, last.excluded, last.seconds) == (30, 3, 1.5)
    assert (last.worst_share, last.worst_call, last.worst_ulp) == (0.75, "call 2", 3.0)
    assert last.regions == {"ties": 12, "r1": 6, "r2": 6, "r3": 6}
    assert last.arguments == {"axis": {"0": 3, "1": 1, "2": 1, "3": 1}}


def test_what_did_not_pass_has_no_further_round():
    found, _ = _run(Turns(8, "a while"), {("sigmoid", 1): Verdict.ABSENT, ("relu", 2): Verdict.FAIL})
    assert [(r.operator, r.rounds, r.verdict.value) for r in found] == [
        ("relu", 1, "pass"), ("sigmoid", 1, "absent"), ("tanh", 1, "pass"), ("relu", 2, "fail"), ("tanh", 2, "pass"),
        ("tanh", 3, "pass"),
    ]  # fmt: skip


def test_a_cell_without_a_turn_is_not_run():
    found, seen = _run(Turns(2, "2 s"))
    assert [r.verdict for r in found] == [Verdict.PASS, Verdict.PASS, Verdict.NOT_RUN]
    assert found[-1].reason == "the budget of 2 s was spent before its turn"
    assert len(seen) == 1
    turns.clear()
    found, _ = _run(Turns(5, "5 s"))  # the second round ends after one cell
    assert [r.rounds for r in found] == [1, 1, 1, 2]


def test_the_examples_of_the_register_are_judged_once_whatever_the_budget():
    entry = read_register()[0]
    spent = rounds.Budget(time.monotonic() - 1, "1 s")
    assert run.judge(CELLS[0], RULES, "cpu", spent).verdict is Verdict.NOT_RUN
    known = Record(**{**asdict(CELLS[0]), "property": "known"}, verdict=Verdict.KNOWN)
    tasks = []
    assert list(rounds.records([entry], RULES, spent, lambda t, r: tasks.extend(t) or [known])) == [known]
    assert tasks == [entry]


def test_the_last_record_of_a_cell_counts(tmp_path):
    """Also of a run that was interrupted."""
    found, _ = _run(Turns(5, "5 s"))
    path = tmp_path / "run.jsonl"
    with path.open("w") as file:
        for line in (showcase().run, *found):
            record.write(file, line)
    kept = record.read(path).records
    assert sorted((r.operator, r.rounds) for r in kept) == [("relu", 2), ("sigmoid", 1), ("tanh", 1)]
    assert structs.asdict(kept[-1]) == structs.asdict(found[-1])


@pytest.mark.parametrize("text", ["0", "-3", "x", "10x", "m", "1e3", "nan", ""])
def test_what_is_no_time_is_refused(text, capsys):
    with pytest.raises(SystemExit) as end:
        main(["run", f"--budget={text}"])
    assert end.value.code == 2
    assert f"--budget: {text!r} is no time; allowed: seconds" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "ran"), [("0.000001", False), ("0.05m", True)])
def test_a_run_keeps_to_its_budget(text, ran, tmp_path, monkeypatch, capsys):
    pytest.importorskip("paddle")
    monkeypatch.chdir(tmp_path)
    options = ["--op", "tanh", "--dtype", "float64", "--mode", "eager", "--profile", "quick", "--seed", "5"]
    assert main(["run", *options, "--jobs", "1", "--budget", text]) == 0
    journal = record.read(tmp_path / "conformance-report" / "run.jsonl")
    assert journal.complete
    assert journal.run.planned == len(journal.records)
    assert journal.run.selection["budget"] == ("0.05m" if ran else "0.000001 s")
    cells = [r for r in journal.records if r.property != "known"]
    assert cells[0].verdict is (Verdict.PASS if ran else Verdict.NOT_RUN)
    assert ("Nothing was judged" in capsys.readouterr().out) is not ran
