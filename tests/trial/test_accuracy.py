"""The accuracy ratchet: what is recorded, and when an error counts as grown."""

import pytest
from msgspec import structs

from conformance import explain, record, trial
from conformance.cell import Cell
from conformance.known import accuracy, register
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.report import digest, html, summary
from conformance.search import Profile
from conformance.tally import Tally
from tests.report.journals import ENVIRONMENT, make_journal, make_record


def journal_of(*records, platform="Linux-6.1.0-x86_64-with-glibc2.31"):
    return make_journal(list(records), environment=structs.replace(ENVIRONMENT, platform=platform))


def of_relu(share, **changes):
    return make_record("relu", worst_share=share, property="forward", dtype="float32", **changes)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Linux-5.10.0-32-cloud-amd64-x86_64-with-glibc2.31", "Linux x86_64"),
        ("macOS-14.5-arm64-arm-64bit", "macOS arm64"),
        ("Plan9-386", "Plan9 unknown"),
    ],
)
def test_a_platform_is_its_system_and_its_machine(text, expected):
    assert accuracy.kind(text) == expected


@pytest.mark.parametrize(
    ("recorded", "share", "drifts"),
    [(0.2, 0.4, False), (0.2, 0.41, True), (0.9, 1.0, False), (0.0, 0.125, False), (0.0, 0.13, True)],
)
def test_an_error_that_has_doubled_and_is_no_small_one_drifts(recorded, share, drifts):
    shares = {"relu": {"forward": {"float32": recorded}}}
    found = accuracy.told(of_relu(share), shares)
    assert bool(found.drift) == drifts
    if drifts:
        assert f"{share:.3g}" in found.drift
        assert f"{recorded:.3g}" in found.drift


def test_where_nothing_is_recorded_nothing_is_said():
    assert accuracy.told(of_relu(0.9), {}) == of_relu(0.9)
    assert accuracy.told(of_relu(0.9), {"relu": {"forward": {"float64": 0.1}}}) == of_relu(0.9)


@pytest.mark.parametrize("changes", [{"mode": "static"}, {"property": "statistics"}, {"verdict": Verdict.FAIL}])
def test_few_cases_chance_and_divergences_do_not_drift(changes):
    other = structs.replace(of_relu(0.9), **changes)
    shares = {"relu": {"forward": {"float32": 0.1}, "statistics": {"float32": 0.1}}}
    assert accuracy.told(other, shares) == other
    assert accuracy.worst([journal_of(other)]) == {"Linux x86_64": {}}


def test_the_worst_of_several_runs_and_layouts_is_recorded():
    first = journal_of(of_relu(0.2), of_relu(0.4, layout="NC"))
    assert accuracy.worst([first, journal_of(of_relu(0.3))]) == {
        "Linux x86_64": {"relu": {"forward": {"float32": 0.4}}}
    }


def test_what_passed_without_a_case_is_not_recorded():
    assert accuracy.worst([journal_of(of_relu(0.0, cases=0))]) == {"Linux x86_64": {}}


def test_what_was_not_judged_anew_stays_recorded():
    old = {"macOS arm64": {"relu": {"forward": {"float32": 0.5}}}, "Linux x86_64": {"elu": {"state": {"float64": 0.5}}}}
    new = {"Linux x86_64": {"elu": {"state": {"float64": 0.1}, "forward": {"float32": 0.2}}}}
    assert accuracy.joined(old, new) == {
        "macOS arm64": {"relu": {"forward": {"float32": 0.5}}},
        "Linux x86_64": {"elu": {"state": {"float64": 0.1}, "forward": {"float32": 0.2}}},
    }


def test_the_file_is_read_back(tmp_path):
    relu, elu = {"forward": {"float32": 0.0, "float64": 1.0}}, {"state": {"float64": 1e-7}}
    shares = {"Linux x86_64": {"relu": relu, "elu": elu}}
    path = tmp_path / "accuracy.toml"
    path.write_text(accuracy.render(shares))
    assert accuracy.read(path) == shares


@pytest.mark.parametrize("text", ["[", "relu = 1", '["Linux x86_64".relu]\nforward = { float32 = "0.1" }'])
def test_a_file_of_another_form_is_refused(tmp_path, text):
    path = tmp_path / "accuracy.toml"
    path.write_text(text)
    with pytest.raises(accuracy.Broken, match=r"cannot read .*accuracy\.toml"):
        accuracy.read(path)


def test_runs_are_recorded_by_the_command(tmp_path, monkeypatch, capsys):
    path, run = tmp_path / "accuracy.toml", tmp_path / "run.jsonl"
    monkeypatch.setattr(accuracy, "PATH", path)
    with run.open("w") as file:
        record.write(file, journal_of().run)
        record.write(file, of_relu(0.25))
    assert accuracy.main([str(run)]) == 0
    assert accuracy.read(path)["Linux x86_64"]["relu"]["forward"]["float32"] == 0.25
    assert accuracy.main([str(tmp_path / "nothing")]) == 2
    assert "cannot read" in capsys.readouterr().err


def test_what_is_recorded_is_of_operators_that_there_are():
    for shares in accuracy.read().values():
        assert shares.keys() <= OPERATORS.keys()
        assert {"relu", "avg_pool2d", "batch_norm", "dropout"} <= shares.keys()


def test_drift_is_in_every_report_and_makes_nobody_certain():
    drifted = of_relu(0.8, drift="worst error 0.8 of what is allowed, recorded is 0.1", worst_call="F.relu(x)")
    journal = make_journal([make_record(), drifted])
    assert digest.tone(journal) == "caution"
    assert "1 with a larger error than was ever recorded" in [phrase.english for phrase in digest.details(journal)]
    assert "worst error 0.8 of what is allowed" in summary.render(journal)
    assert "worst error 0.8 of what is allowed" in html.render(journal)
    assert explain.message(drifted).splitlines()[0] == "DRIFT  relu forward float32 eager any cpu"


def test_a_run_without_drift_does_not_speak_of_it():
    assert "Drift" not in summary.render(make_journal([make_record()]))
    assert "Drift" not in html.render(make_journal([make_record()])).partition("id=chinese")[0]


def test_a_known_divergence_does_not_drown_the_worst_error(tmp_path):
    """sigmoid's flushed tail uses up all that is allowed for it; the error of the kernel is that of the other cases."""
    cell, database = Cell("sigmoid", "forward", "float32", "eager", "any", "cpu"), str(tmp_path)
    profile = Profile("tiny", 4, 60)
    found = trial.run(cell, trial.Rules(profile, 3, tuple(register.read()), database=database))
    assert found.verdict is Verdict.PASS
    assert 0 < found.worst_share < 1
    assert found.worst_ulp < 10


def test_where_every_case_is_touched_by_a_known_divergence_the_worst_of_them_counts():
    tally = Tally()
    tally.within.cases, tally.within.share = 3, 0.5
    assert tally.worst.share == 0.5
    tally.plain.cases = 1
    assert tally.worst.share == 0.0
