"""The headline claims what was judged, and no more."""

import shlex

import pytest
from msgspec import structs

from conformance.record import Verdict
from conformance.report import digest
from tests.report.journals import FAILURE, make_journal, make_record, make_run, showcase


def sentence(*verdicts, **changes):
    return digest.headline(make_journal([make_record(f"op{n}", v) for n, v in enumerate(verdicts)], **changes)).english


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        (["pass", "pass", "known"], "Nothing new: 3 checks, 3,000 cases, 1 known divergence confirmed"),
        (["pass", "absent", "not-run"], "Nothing new: 1 check, 1,000 cases, 0 known divergences confirmed"),
        (["pass", "fail", "fail"], "2 new divergences"),
        (["changed", "timeout", "crash", "crash"], "2 crashes, 1 timeout, 1 known divergence changed"),
        (["pass", "fixed"], "1 known divergence fixed"),
        (["pass", "error"], "1 error of the trial itself"),
        (["absent", "not-run"], "Nothing was judged"),
        ([], "Nothing was judged"),
    ],
)
def test_the_headline(verdicts, expected):
    assert sentence(*map(Verdict, verdicts)) == expected


def test_an_interrupted_run_speaks_of_so_far():
    assert sentence(Verdict.PASS, complete=False, planned=9) == (
        "Interrupted after 1 of 9 checks. Nothing new so far: 1 check, 1,000 cases, 0 known divergences confirmed"
    )
    assert sentence(Verdict.FAIL, complete=False, planned=9) == (
        "Interrupted after 1 of 9 checks. 1 new divergence so far"
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_the_tone(verdict):
    expected = {"fail": "alarm", "changed": "alarm", "crash": "alarm", "timeout": "alarm", "error": "caution"}
    assert digest.tone(make_journal([make_record(), make_record(verdict=verdict)])) == expected.get(verdict, "clear")


@pytest.mark.parametrize(
    ("journal", "doubt"),
    [
        (make_journal([make_record()], planned=3), "2 planned checks left no record"),
        (make_journal([make_record(), make_record(cases=0)]), "1 checks passed without a single case"),
    ],
)
def test_what_makes_a_clean_run_doubtful_is_said(journal, doubt):
    assert doubt in [phrase.english for phrase in digest.details(journal)]
    assert digest.tone(journal) == "caution"


def test_what_the_headline_leaves_out_is_in_the_details():
    details = [phrase.english for phrase in digest.details(showcase())]
    assert details[0].startswith("70 checks, ")
    assert "4 not judged" in details
    assert details[-1].endswith(" cases set aside as known divergences")


def test_every_verdict_is_counted_and_the_worst_comes_first():
    assert list(digest.counts([])) == list(digest.SEVERITY)
    assert set(digest.SEVERITY) == set(Verdict)
    assert [r.verdict for r in digest.having(showcase(), Verdict)][:4] == [
        "crash",
        "timeout",
        "fail",
        "changed",
    ]


def test_an_error_that_is_no_number_has_no_unit():
    wrong_shape = structs.replace(FAILURE, index=[], got="(1, 2)", expected="(1, 1)", ulp="", share="infinite")
    assert digest.answer(wrong_shape) == "out: got (1, 2), expected (1, 1)"
    assert digest.distance(wrong_shape) == ""
    assert digest.answer(FAILURE) == "out[0, 0, 0, 1]: got np.float32(1.25), expected np.float32(2.5)"
    assert digest.distance(FAILURE) == "off by 5.2e+06 ULP, 2.6e+06 of what is allowed"


def test_the_command_repeats_the_run():
    command = digest.repeat(make_run(selection={"op": "relu*", "ignore-known": "", "shard": "1/4"}))
    assert shlex.split(command) == [
        *("python", "-m", "conformance", "run", "--profile", "standard", "--seed", "20260611"),
        *("--op", "relu*", "--ignore-known", "--shard", "1/4"),
    ]
