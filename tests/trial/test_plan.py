"""What is planned: shards, selections, the names of cells, and what a run's exit code says."""

import pytest

from conformance import run
from conformance.cell import Cell
from conformance.known.register import read as read_register
from conformance.plan import Selection, cells
from conformance.record import Verdict


def test_shards_are_a_partition():
    everything = cells(Selection())
    assert len(set(everything)) == len(everything) > 20
    for count in (1, 2, 3, 7):
        shards = [cells(Selection(shard=f"{i}/{count}")) for i in range(1, count + 1)]
        assert sorted(cell for shard in shards for cell in shard) == sorted(everything)
        assert all(len(shard) < 2.5 * len(everything) / count for shard in shards)
        parts = [Selection(shard=f"{i}/{count}") for i in range(1, count + 1)]
        for entry in read_register():
            assert sum(part.has(everything[0], entry.id) for part in parts) == 1


def test_a_selection_narrows():
    assert {cell.operator for cell in cells(Selection(op="avg_pool*,relu"))} >= {"avg_pool2d", "relu"}
    assert "sigmoid" not in {cell.operator for cell in cells(Selection(op="avg_pool*,relu"))}
    assert {cell.dtype for cell in cells(Selection(dtype="float64"))} == {"float64"}
    assert {cell.mode for cell in cells(Selection(mode="eager"))} == {"eager"}
    assert {cell.device for cell in cells(Selection(device="gpu:0"))} == {"gpu:0"}


def test_a_cell_is_read_back_from_its_name():
    for cell in cells(Selection()):
        assert Cell.parse(str(cell)) == cell
    for text in ("", "relu", "a-b-c-d-e", "a--c-d-e-f"):
        with pytest.raises(ValueError, match="is not a cell"):
            Cell.parse(text)


def test_exit_codes():
    def code(*verdicts):
        return run.exit_code(set(verdicts))

    assert code() == code(Verdict.PASS, Verdict.KNOWN, Verdict.ABSENT, Verdict.NOT_RUN, Verdict.FIXED) == 0
    for alarming in (Verdict.FAIL, Verdict.CRASH, Verdict.TIMEOUT, Verdict.CHANGED):
        assert code(Verdict.PASS, alarming) == code(Verdict.ERROR, alarming) == 1
    assert code(Verdict.PASS, Verdict.ERROR) == 2
