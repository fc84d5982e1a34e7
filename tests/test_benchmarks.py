"""The benchmark measures what it says, refuses to compare unlike things, and its page tells all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("paddle")

from benchmarks import aims, references, table, throughput, workers
from benchmarks.references import Pair, Result, Row
from benchmarks.throughput import Speed
from benchmarks.turns import Ratio, in_turns, peak_memory


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    asked = [sys.executable, "-W", "ignore", "-m", "benchmarks", *arguments]
    return subprocess.run(asked, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)


def result(name: str, group: str, dtype: str, ratio: float, peak: int = 1000, output: int = 1000) -> Result:
    return Result(name, group, dtype, Ratio(ratio, ratio / 2, ratio * 2), peak, output)


def test_turns_alternate_and_give_the_middle_of_the_ratios():
    order: list[str] = []
    ratio = in_turns(lambda: order.append("a"), lambda: order.append("b"), seconds=0.01)
    assert 0 < ratio.low <= ratio.median <= ratio.high
    changes = [x for x, before in zip(order[2:], order[1:], strict=False) if x != before]
    assert changes == ["a", "b"] * (len(changes) // 2)
    assert len(changes) >= 2 * 5


def test_peak_memory_counts_temporaries_and_the_result():
    held = np.ones(100_000)
    assert 1_600_000 <= peak_memory(lambda: np.multiply(held + 1, 2)) < 1_650_000
    assert peak_memory(lambda: None) < 1000


def test_unlike_results_are_not_compared():
    def row(ours: float) -> Row:
        pair = Pair(lambda: np.full(3, ours), lambda: None, lambda: (np.ones(3),))
        return Row("some work", "some group", "float64", lambda: pair)

    assert references.measure(row(1.0), 0.001).output == 24
    for wrong in (1.1, float("nan")):
        with pytest.raises(AssertionError, match="some work in float64"):
            references.measure(row(wrong), 0.001)


def test_the_workload_has_every_group_in_both_dtypes_under_different_names():
    rows = list(references.rows())
    assert len({(row.name, row.dtype) for row in rows}) == len(rows)
    for group in (references.FORWARD, references.BACKWARD, references.NORM, references.OTHERS):
        names = [{row.name for row in rows if (row.group, row.dtype) == (group, dtype)} for dtype in references.DTYPES]
        assert names[0] == names[1] != set()


def test_the_page_shows_aims_and_rows():
    results = [
        result("max_pool2d", references.FORWARD, "float32", 0.1),
        result("avg_pool2d", references.FORWARD, "float32", 0.9, peak=3 * 2**20),
        result("avg_pool2d", references.FORWARD, "float64", 1.6),
        result("batch_norm", references.NORM, "float32", 2.0, peak=1050),
    ]
    reached = {aim.what: aim for aim in aims.aims(results)}
    assert reached["pooling forward, float32: geometric mean"].reached == pytest.approx(0.3)
    assert reached["pooling forward, float32: geometric mean"].met
    assert not reached["the slowest pooling forward (avg_pool2d, float64)"].met
    assert reached["memory of pooling beyond its results, MiB (avg_pool2d, float32)"].reached == pytest.approx(
        3, abs=0.01
    )
    assert reached["memory of batch_norm as a multiple of its results (batch_norm, float32)"].met
    assert not any("gelu" in what or "backward" in what for what in reached)
    page = table.page(results, [], reached.values())
    assert "| avg_pool2d | 0.90 (0.45-1.80) | 1.60 (0.80-3.20) | +3.00 MiB | +0.00 MiB |" in page
    assert "| max_pool2d | 0.10 (0.05-0.20) |  | +0.00 MiB |  |" in page
    assert "NumPy" in page
    assert "Paddle" in page


def test_the_page_shows_how_fast_the_trial_is():
    speeds = [Speed("trial of relu", "float32", 12_345.6, 500.0, 1.6)]
    page = table.page([], speeds, aims.aims([], speeds))
    assert "| trial of relu, float32: verified cases a second and core | 12,346 | at least 10,000 | met |" in page
    assert "| trial of relu, float32: time in a child as a multiple | 1.60 | at most 1.5 | **missed** |" in page
    assert "| trial of relu, float32 | 12,346 | 500 | 24.7 | 1.60 |" in page


def test_the_trial_is_measured_by_what_it_judges(monkeypatch):
    monkeypatch.setattr(throughput, "FEWEST", 1)
    monkeypatch.setattr(throughput, "BATCHES", 1)
    monkeypatch.setattr(throughput, "EXAMPLES", 3)
    row = next(throughput.rows())
    speed = throughput.measure(row, 0.0)
    assert (speed.name, speed.dtype) == (row.name, row.dtype)
    assert min(speed.trial, speed.simple, speed.child) > 0
    with pytest.raises(AssertionError, match=r"trial of relu: Traceback[^$]*float31"):
        throughput.measure(row._replace(dtype="float31"), 0.0)


def test_workers_are_timed_by_what_their_runs_say():
    alone = workers.seconds(1, "tanh", "quick")
    assert 0 < alone < 120
    with pytest.raises(RuntimeError, match="no operator matches"):
        workers.seconds(1, "nothing", "quick")


def test_two_workers_are_compared_with_one(monkeypatch, capsys):
    monkeypatch.setattr(workers, "seconds", lambda jobs, op, profile: {1: 9.0, 2: 5.0}[jobs])
    assert workers.main(["--op", "relu"]) == 0
    assert "one worker 9.0 s, two workers 5.0 s: 1.80 times as fast" in capsys.readouterr().out


def test_the_command_lists_selects_and_refuses():
    listed = command("--list", "sigmoid*")
    assert listed.stdout.split("\n") == ["sigmoid on 1000x1000 float32", "sigmoid on 1000x1000 float64", ""]
    for arguments, told in ((["nothing*"], "no row matches nothing*"), (["--seconds", "-1"], "--seconds is -1.0")):
        refused = command(*arguments)
        assert refused.returncode == 2
        assert told in refused.stderr
        assert "Traceback" not in refused.stderr
