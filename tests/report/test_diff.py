"""Every kind of change is recognised, with its rule, and no record is lost."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from conformance.record import ALARMING, Verdict
from conformance.report.diff import NEAR, ROUNDING, Change, compare, render
from tests.report.journals import ENVIRONMENT, FAILURE, make_journal, make_record, showcase

PASS, FAIL, KNOWN, FIXED, CHANGED = Verdict.PASS, Verdict.FAIL, Verdict.KNOWN, Verdict.FIXED, Verdict.CHANGED
CRASH, TIMEOUT, NOT_RUN = Verdict.CRASH, Verdict.TIMEOUT, Verdict.NOT_RUN

_VERDICTS = {
    Change.NEW_FAILURE: "pass>fail pass>crash pass>known fixed>known fixed>changed known>crash fail>timeout "
    "->fail ->changed absent>fail not-run>crash error>timeout",
    Change.CHANGED: "known>changed changed>known fail>changed crash>fail timeout>known crash>timeout",
    Change.STILL_FAILING: "fail>fail changed>changed crash>crash timeout>timeout known>fail fail>known",
    Change.NOT_RUN: "pass>not-run fail>error ->not-run ->error absent>not-run error>absent ->absent",
    Change.REMOVED: "pass>- fail>- absent>- error>- pass>absent fail>absent known>absent",
    Change.FIXED: "fail>pass known>fixed crash>pass changed>fixed known>pass",
    Change.NEW: "->pass ->known ->fixed absent>pass error>pass not-run>known",
    Change.UNCHANGED: "pass>pass known>known fixed>fixed pass>fixed absent>absent not-run>not-run error>error",
}


def one(base, new, **changes):
    """The only item of the comparison of two runs with at most one record each."""
    journals = [make_journal([record] if record else [], planned=1) for record in (base, new)]
    (item,) = compare(journals[0], make_journal(journals[1].records, **changes)).items
    return item


def record_of(verdict):
    return verdict and make_record(verdict=Verdict(verdict))


@pytest.mark.parametrize(
    ("change", "pair"), [(change, pair) for change, pairs in _VERDICTS.items() for pair in pairs.split()]
)
def test_verdicts(change, pair):
    before, after = (None if verdict == "-" else verdict for verdict in pair.split(">"))
    assert one(record_of(before), record_of(after)).change is change


def test_every_pair_of_verdicts_has_a_place():
    verdicts = [None, *Verdict]
    pairs = [(a, b) for a in verdicts for b in verdicts if a or b]
    assert all(one(record_of(a), record_of(b)).change in Change for a, b in pairs)


@pytest.mark.parametrize("after", Verdict)
@pytest.mark.parametrize("before", [None, *Verdict])
def test_the_exit_code_is_1_exactly_when_something_alarming_is_new(before, after):
    """Two more: a fixed divergence that is back; one that only one of the runs had registered is no news."""
    difference = compare(make_journal([record_of(before)] if before else []), make_journal([record_of(after)]))
    news = after in ALARMING and before not in ALARMING and (before, after) != (KNOWN, FAIL)
    died = after in {CRASH, TIMEOUT} and before in {FAIL, CHANGED}
    back = after is KNOWN and before in {PASS, FIXED}
    assert difference.exit_code == (news or died or back)


def share(value, **changes):
    return make_record(worst_share=value, **changes)


def test_on_the_same_cases_any_growth_beyond_rounding_is_drift():
    assert one(share(0.1), share(0.1 + 1.5 * ROUNDING)).change is Change.DRIFTED
    assert "on the same cases" in one(share(0.1), share(0.2)).note
    assert one(share(0.1), share(0.1 + 0.5 * ROUNDING)).change is Change.UNCHANGED
    assert one(share(0.2), share(0.1)).change is Change.UNCHANGED


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 2},
        {"profile": "deep"},
        {"environment": structs.replace(ENVIRONMENT, hypothesis="7")},
        {"environment": structs.replace(ENVIRONMENT, precision={"float32": "float64"})},
    ],
)
def test_on_other_cases_growth_must_double_and_come_near_the_bound(other):
    assert one(share(0.3), share(0.61), **other).change is Change.DRIFTED
    assert "on other cases" in one(share(0.3), share(0.61), **other).note
    assert one(share(0.3), share(0.59), **other).change is Change.UNCHANGED
    assert one(share(0.01), share(NEAR), **other).change is Change.UNCHANGED


@pytest.mark.parametrize("changes", [{"cases": 999}, {"excluded": 1}])
def test_another_number_of_cases_means_other_cases(changes):
    assert one(share(0.3), share(0.59, **changes)).change is Change.UNCHANGED
    assert one(share(0.3), share(0.61, **changes)).change is Change.DRIFTED


def test_the_same_call_with_another_wrong_answer_has_changed():
    before = make_record(verdict=FAIL)
    other_value = structs.replace(before, failure=structs.replace(FAILURE, got="np.float32(7)"))
    other_call = structs.replace(before, failure=structs.replace(FAILURE, got="np.float32(7)", call="f()"))
    assert one(before, other_value).change is Change.CHANGED
    assert one(before, other_value).note == "the same call gave np.float32(1.25)"
    assert one(before, other_call).change is Change.STILL_FAILING


def test_a_failure_that_went_into_the_register_is_not_praised_as_repaired():
    item = one(make_record(verdict=FAIL), make_record(excluded=12))
    assert item.change is Change.FIXED
    assert "12 more cases are set aside" in item.note


@pytest.mark.parametrize("changes", [{"complete": False}, {"profile": "quick"}, {"selection": {"op": "relu"}}])
def test_what_a_narrower_or_interrupted_run_lacks_was_not_run(changes):
    item = one(make_record(), None, **changes)
    assert item.change is Change.NOT_RUN
    assert item.note


_KEYS = st.builds(make_record, st.sampled_from(["relu", "gelu"]), st.sampled_from(Verdict),
                  dtype=st.sampled_from(["float32", "float64"]), worst_share=st.floats(0, 4))  # fmt: skip
_JOURNALS = st.builds(make_journal, st.lists(_KEYS, max_size=6), st.booleans(), seed=st.integers(1, 2))


@given(base=_JOURNALS, new=_JOURNALS)
def test_no_record_is_lost_or_doubled(base, new):
    difference = compare(base, new)
    for side, journal in (("base", base), ("new", new)):
        told = [getattr(item, side) for item in difference.items if getattr(item, side)]
        assert Counter(map(id, told)) == Counter(map(id, journal.records))
    assert all(item.record.key == (item.base or item.new).key for item in difference.items)


@given(base=_JOURNALS, new=_JOURNALS)
def test_every_item_that_is_not_unchanged_has_a_row(base, new):
    difference = compare(base, new)
    text = render(difference)
    rows = [line for line in text.splitlines() if " -> " in line and line.startswith("  ") and line[2] != " "]
    assert len(rows) == len(difference.items) - len(difference.having(Change.UNCHANGED))
    for change in Change:
        number = len(difference.having(change))
        assert (f"{number:,} {change}" in text.splitlines()[-1]) == bool(number)


@given(journal=_JOURNALS)
def test_a_run_compared_with_itself_has_no_news(journal):
    difference = compare(journal, journal)
    assert difference.exit_code == 0
    assert {item.change for item in difference.items} <= {Change.UNCHANGED, Change.STILL_FAILING}


def test_the_header_says_which_paddle_and_what_else_differs():
    environment = structs.replace(ENVIRONMENT, paddle="3.4.0", numpy="2.5.0", flags={"FLAGS_use_mkldnn": "True"})
    text = render(compare(showcase(), make_journal([], complete=False, environment=environment, planned=70)))
    head = text.split("\n\n")[0]
    assert "base  Paddle 3.3.1 (4c0f6ae3b1)" in head
    assert "new   Paddle 3.4.0 (4c0f6ae3b1)" in head
    assert "0 of 70 records, interrupted" in head
    assert "numpy: 2.4.6 -> 2.5.0" in head
    assert "FLAGS_use_mkldnn: False -> True" in head
    assert "FLAGS_check_nan_inf: False -> not set" in head
    assert "python" not in head
    assert "paddle:" not in head


def test_a_new_failure_is_told_in_full_and_first():
    base = make_journal([make_record("gelu"), make_record("relu", FAIL)])
    text = render(compare(base, make_journal([make_record("gelu", FAIL), make_record("relu")])))
    assert text.index("new failure (1)") < text.index("fixed (1)")
    for told in (
        FAILURE.call,
        FAILURE.what,
        FAILURE.got,
        FAILURE.expected,
        FAILURE.ulp,
        FAILURE.share,
        FAILURE.repeat,
    ):
        assert told in text


def test_what_neither_run_judged_is_said():
    journal = make_journal([make_record(), make_record("gelu", NOT_RUN)])
    assert render(compare(journal, journal)).endswith("2 unchanged (1 of them judged in neither run)\n")
