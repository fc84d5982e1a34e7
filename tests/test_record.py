"""The run file: what is written is read back, and what is broken is refused in one sentence."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import record
from conformance.record import Failure, Record, Unreadable, Verdict
from tests.report.journals import ENVIRONMENT, FAILURE, make_journal, make_record, make_run, save, showcase

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_FINITE = st.floats(0, allow_nan=False, allow_infinity=False)
_RECORDS = st.builds(
    Record,
    verdict=st.sampled_from(Verdict),
    **dict.fromkeys(("operator", "property", "dtype", "mode", "layout", "device", "reason"), _TEXT),
    **dict.fromkeys(("seconds", "worst_ulp", "worst_share"), _FINITE),
    regions=st.dictionaries(_TEXT, st.integers(0, 2**62), max_size=3),
    failure=st.none() | st.builds(Failure, **dict.fromkeys(Failure.__struct_fields__, _TEXT) | {
        "index": st.lists(st.integers(0, 99), max_size=3),
        "inputs": st.dictionaries(_TEXT, _TEXT, max_size=2),
    }),
)  # fmt: skip


@given(records=st.lists(_RECORDS, max_size=4), complete=st.booleans())
def test_what_is_written_is_read_back(tmp_path_factory, records, complete):
    journal = make_journal(records, complete)
    assert record.read(save(journal, tmp_path_factory.getbasetemp()) / "run.jsonl") == journal


def test_a_run_without_its_end_is_interrupted(tmp_path):
    journal = record.read(save(showcase(complete=False), tmp_path) / "run.jsonl")
    assert not journal.complete
    assert len(journal.records) == len(showcase().records)


def test_a_file_cut_anywhere_keeps_the_lines_before_the_cut(tmp_path):
    whole = showcase()
    path = save(make_journal(whole.records[:3]), tmp_path) / "run.jsonl"
    data = path.read_bytes()
    for cut in range(data.index(b"\n") + 1, len(data)):
        path.write_bytes(data[:cut])
        # A last line that lacks nothing but its newline is whole.
        lines = data[:cut].count(b"\n") + (data[cut : cut + 1] == b"\n")
        assert record.read(path).records == whole.records[: min(lines - 1, 3)]
        assert record.read(path).complete is (lines == 5)


def test_an_empty_or_headless_file_is_no_run_file(tmp_path):
    path = save(showcase(), tmp_path) / "run.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for data in (b"", b"\n", lines[0][:40], b"".join(lines[1:])):
        path.write_bytes(data)
        with pytest.raises(Unreadable, match=r"run\.jsonl is not a run file"):
            record.read(path)


@pytest.mark.parametrize(
    "broken",
    [
        b"{",
        b"null",
        b'{"type":"record"}',
        b'{"type":"lunch"}',
        b"\xff\xfe",
        b'{"type":"record","operator":"\xff"}',
    ],
)
def test_a_broken_line_in_the_middle_is_named(tmp_path, broken):
    path = save(showcase(), tmp_path) / "run.jsonl"
    lines = path.read_bytes().split(b"\n")
    lines[4] = broken
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(Unreadable, match=r"run\.jsonl, line 5, is not a line of a run file: "):
        record.read(path)


def test_a_broken_last_line_that_has_its_newline_was_not_cut_off(tmp_path):
    path = save(make_journal([]), tmp_path) / "run.jsonl"
    path.write_bytes(path.read_bytes() + b"{}\n")
    with pytest.raises(Unreadable, match=r"run\.jsonl, line 3, "):
        record.read(path)


@pytest.mark.parametrize("header", [b'{"type":"run","format":2,"shape":"new"}', None])
def test_another_format_is_named_whatever_its_fields(tmp_path, header):
    path = save(make_journal([make_record()], format=2), tmp_path) / "run.jsonl"
    if header:
        path.write_bytes(header)
    with pytest.raises(Unreadable, match=r"has format 2; this version reads format 1"):
        record.read(path)


def test_two_runs_in_one_file_are_refused(tmp_path):
    path = save(showcase(), tmp_path) / "run.jsonl"
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(Unreadable, match="more than one run"):
        record.read(path)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_opened_is_named(tmp_path, name):
    with pytest.raises(Unreadable, match=f"cannot read {re.escape(str(tmp_path / name))}: "):
        record.read(tmp_path / name)


@pytest.mark.parametrize("name", ["seconds", "worst_ulp", "worst_share"])
@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_a_record_takes_only_numbers_that_can_be_read_back(name, value):
    with pytest.raises(ValueError, match=f"{name} must be finite, not {value}"):
        make_record(**{name: value})


def test_the_key_tells_entries_of_the_register_apart():
    known = [r for r in showcase().records if r.divergence]
    assert len({r.key for r in known}) == len(known) == 3
    assert known[0].key[-1] == "sigmoid-tail"


def test_every_line_reaches_the_file_at_once(tmp_path):
    path = Path(tmp_path, "run.jsonl")
    with path.open("w", encoding="utf-8") as file:
        record.write(file, make_run(environment=ENVIRONMENT))
        record.write(file, make_record(verdict=Verdict.FAIL))
        assert record.read(path).records[0].failure == FAILURE
