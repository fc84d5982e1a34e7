"""Shards become the run they are parts of, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from conformance.record import End, Journal
from conformance.report import digest
from conformance.report.diff import Change, compare
from conformance.report.merge import Unmergeable, merge
from tests.report.journals import ENVIRONMENT, make_journal, make_record, showcase


def shard(records, number=1, of=2, **changes):
    return make_journal(records, **({"selection": {"op": "*", "shard": f"{number}/{of}"}} | changes))


@given(places=st.lists(st.integers(0, 3), min_size=74, max_size=74))
def test_shards_make_up_the_whole_run(places):
    whole = showcase()
    shards = [
        shard([r for r, place in zip(whole.records, places, strict=True) if place == n], n + 1, 4) for n in range(4)
    ]
    merged = merge(shards)
    assert merged.run == whole.run
    assert merged.complete
    assert {item.change for item in compare(whole, merged).items} == {Change.UNCHANGED, Change.STILL_FAILING}
    assert digest.headline(merged) == digest.headline(whole)


def test_one_run_is_itself():
    assert merge([showcase()]) == showcase()


def test_an_interrupted_shard_interrupts_the_run():
    merged = merge([shard([make_record()]), make_journal([], False, planned=9, selection={"op": "*", "shard": "2/2"})])
    assert not merged.complete
    assert merged.run.planned == 10
    assert digest.headline(merged).english.startswith("Interrupted after 1 of 10 checks.")


def test_the_end_is_the_last_and_the_gravest():
    shards = [shard([make_record()]), shard([make_record("gelu")])]
    first, second = (
        Journal(s.run, s.records, end)
        for s, end in zip(shards, (End(seconds=9, exit_code=0), End(seconds=5, exit_code=1)), strict=True)
    )
    assert merge([first, second]).end == End(seconds=9, exit_code=1)


def test_machines_may_differ_and_are_all_named():
    elsewhere = structs.replace(ENVIRONMENT, cpu="Intel Xeon")
    merged = merge([shard([make_record()]), shard([make_record("gelu")], environment=elsewhere)])
    assert merged.run.environment == structs.replace(ENVIRONMENT, cpu="AMD EPYC 9R14; Intel Xeon")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 2}, "their seed differs: 20260611 and 2"),
        ({"profile": "deep"}, "their profile differs: standard and deep"),
        ({"selection": {"op": "relu", "shard": "2/2"}}, "their selection differs"),
        (
            {"environment": structs.replace(ENVIRONMENT, paddle="3.4.0")},
            "their paddle differs: 3.3.1 and 3.4.0",
        ),
        ({"environment": structs.replace(ENVIRONMENT, paddle_commit="f00")}, "their paddle_commit differs"),
        ({"environment": structs.replace(ENVIRONMENT, flags={})}, "their flags differs"),
        ({"environment": structs.replace(ENVIRONMENT, numpy="2.5")}, "their numpy differs: 2.4.6 and 2.5"),
        ({"environment": structs.replace(ENVIRONMENT, precision={})}, "their precision differs"),
    ],
)
def test_other_runs_are_refused(changes, message):
    with pytest.raises(Unmergeable, match=message):
        merge([shard([make_record()]), shard([make_record("gelu")], **changes)])


def test_the_same_record_twice_is_refused():
    with pytest.raises(Unmergeable, match="holds relu forward float32 eager any cpu"):
        merge([shard([make_record()]), shard([make_record()], 2)])


def test_nothing_cannot_be_merged():
    with pytest.raises(Unmergeable, match="no run"):
        merge([])
