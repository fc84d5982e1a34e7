"""The replay command: what a record or a message says is judged again, and nothing else is taken for it."""

import shlex

import pytest
from msgspec.structs import replace

from conformance import replay
from conformance.__main__ import main
from conformance.bind import OF_ONE_CALL
from conformance.checks import PROPERTIES
from conformance.known import register
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.search import Profile
from conformance.trial import Rules
from conformance.trial import run as judge_cell
from tests.report.journals import FAILURE, make_journal, make_record, save
from tests.trial import stand_ins

CELL = "relu-forward-float32-eager-any-cpu"
ONES = f"{CELL}:0000000002.01010101.01010101"  # three elements of value 1, and a cotangent of ones


@pytest.fixture
def replayed(monkeypatch, capsys):
    """Runs the command with a stand-in for Paddle; returns (exit code, standard output, standard error)."""

    def run(*arguments, stand_in=None, entries=()):
        if stand_in is not None:
            stand_ins.install(monkeypatch, stand_in)
            monkeypatch.setattr(register, "read", lambda paddle: list(entries))
        code = main(["replay", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_a_case_is_judged_again(replayed):
    code, out, _ = replayed(ONES, stand_in=stand_ins.Honest())
    assert (code, out.split("  (")[0]) == (0, "PASS  relu forward float32 eager any cpu")


def test_a_failure_prints_the_command_that_was_given(replayed):
    code, out, _ = replayed(ONES, stand_in=stand_ins.Doubling())
    assert code == 1
    assert out.startswith("FAIL  relu forward float32 eager any cpu\n")
    assert f"repeat    python -m conformance replay {ONES}\n" in out


@pytest.mark.parametrize("text", [f"{CELL}:", f"{CELL}:00", f"{CELL}:.01"])
def test_a_short_tape_is_a_simple_case(text):
    assert replay.case(text).call.arrays["x"].size == 1


def test_the_device_may_have_a_number():
    case = replay.case("relu-forward-float32-eager-any-gpu:1:00.02")
    assert (case.cell.device, str(case.tape)) == ("gpu:1", "00.02")


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("check", OF_ONE_CALL)
def test_what_a_run_found_is_found_again(monkeypatch, tmp_path, replayed, name, check):
    """A trial of a Paddle with a fault, its record, and the same record once more from the command that it names."""
    operator = OPERATORS[name]
    stand_ins.install(monkeypatch, stand_ins.Doubling())
    rules = Rules(Profile("tiny", 4, 60), 5, database=str(tmp_path))
    cell = f"{name}-{check}-float32-eager-{operator.layouts[0]}-cpu"
    found = judge_cell(replay.case(f"{cell}:").cell, rules)
    assert found.verdict is Verdict.FAIL, found.reason
    words = shlex.split(found.failure.repeat)
    assert words[:4] == ["python", "-m", "conformance", "replay"]
    code, out, _ = replayed(words[4], stand_in=stand_ins.Doubling())
    assert code == 1
    assert f"  {found.failure.what}" in out
    assert f"  {found.failure.expected}\n" in out
    assert found.failure.script.splitlines()[-1] in out


def test_the_steps_of_a_state_are_those_of_the_tape():
    text = "batch_norm-state-float32-eager-NCHW-cpu:00000102000001000102000101.0102"
    first, second = (_prepared(replay.case(text)) for _ in range(2))
    assert first.steps == second.steps
    assert all(stand_ins.equal(first.extras[name], second.extras[name]) for name in first.extras)


def _prepared(case):
    PROPERTIES[case.cell.property].prepare(case)
    return case


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "there is no : in it"),
        (CELL, "there is no : in it"),
        ("relu-forward:00", "is not a cell: operator-property-dtype-mode-layout-device"),
        (f"{CELL}:0g", "is not a tape"),
        (f"{CELL}:0", "is not a tape"),
        (f"{CELL}:00.00.00.00.00.00", "at most 4 points"),
        ("no-such-file.jsonl", "neither a file nor a case"),
        ("abs-forward-float32-eager-any-cpu:00", "the operator is 'abs'; allowed: "),
        ("relu-state-float32-eager-any-cpu:00", "the property is 'state'; allowed for relu: forward, gradient"),
        ("relu-forward-int8-eager-any-cpu:00", "the dtype is 'int8'; allowed for relu: float32, float64"),
        ("relu-forward-float32-psychic-any-cpu:00", "the mode is 'psychic'; allowed for relu: eager"),
        ("avg_pool2d-forward-float32-eager-NCL-cpu:00", "the layout is 'NCL'; allowed for avg_pool2d: NCHW, NHWC"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_2(replayed, text, words):
    code, out, err = replayed(text, stand_in=stand_ins.Honest())
    assert (code, out) == (2, "")
    assert err.startswith("conformance: ")
    assert err.count("\n") == 1
    assert words in err


def test_an_unknown_device_is_named(replayed):
    code, _, err = replayed(ONES.replace("cpu", "abacus"))
    assert (code, "the device is 'abacus'; this Paddle has: cpu" in err) == (2, True)


# A run file


def _failing(text, verdict=Verdict.FAIL, command="replay"):
    repeat = f"python -m conformance {command} {text}"
    return make_record(verdict=verdict, failure=replace(FAILURE, repeat=repeat))


@pytest.mark.parametrize("as_folder", [True, False])
def test_every_failure_of_a_run_is_judged_again(replayed, tmp_path, as_folder):
    other = ONES.replace("forward", "gradient")
    records = [make_record(), _failing(ONES), _failing(other, Verdict.CRASH)]
    folder = save(make_journal(records, complete=False), tmp_path)
    code, out, _ = replayed(folder if as_folder else folder / "run.jsonl", stand_in=stand_ins.Doubling())
    assert code == 1
    assert [line for line in out.splitlines() if line.startswith(("FAIL", "PASS"))] == [
        "FAIL  relu forward float32 eager any cpu",
        "FAIL  relu gradient float32 eager any cpu",
    ]
    assert out.endswith("2 failures judged again: 2 fail\n")


def test_failures_that_are_gone_are_exit_0(replayed, tmp_path):
    path = save(make_journal([_failing(ONES)]), tmp_path)
    code, out, _ = replayed(path, stand_in=stand_ins.Honest())
    assert (code, out.endswith("1 failures judged again: 1 pass\n")) == (0, True)


def test_known_divergences_are_no_failures(replayed, tmp_path):
    path = save(make_journal([_failing(ONES, Verdict.KNOWN)]), tmp_path)
    code, out, _ = replayed(path, stand_in=stand_ins.Doubling())
    assert (code, out) == (0, "0 failures judged again: the run has none that can be replayed\n")


def test_a_failure_that_was_not_drawn_is_told_with_its_command(replayed, tmp_path):
    path = save(make_journal([_failing("--op relu", Verdict.CHANGED, "run")]), tmp_path)
    _, out, _ = replayed(path, stand_in=stand_ins.Doubling())
    assert "repeat it with: python -m conformance run --op relu\n" in out


def test_a_broken_run_file_is_exit_2(replayed, tmp_path):
    path = tmp_path / "run.jsonl"
    for content in ("", "{}\n", "nonsense\nnonsense\n"):
        path.write_text(content)
        code, out, err = replayed(path, stand_in=stand_ins.Honest())
        assert (code, out, str(path) in err, err.count("\n")) == (2, "", True, 1)


def test_a_record_with_a_broken_command_is_told(tmp_path, replayed):
    path = save(make_journal([_failing("relu-forward:xyz")]), tmp_path)
    code, _, err = replayed(path, stand_in=stand_ins.Honest())
    assert (code, "'relu-forward:xyz' is neither a file nor a case" in err) == (2, True)
