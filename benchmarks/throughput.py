"""How many cases the trial judges a second, through Hypothesis, beside the test that one would write first.

That test draws one array an example and compares with `assert_allclose`. The trial makes a batch of cases from one
example, and each of them is drawn in all its parts, asked of the register, given to Paddle and judged by a derived
bound; either side only counts what it has judged.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import paddle
import paddle.nn.functional as F
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import refimpl
from conformance import search, subject
from conformance.cell import Cell
from conformance.isolation import isolated
from conformance.known import register
from conformance.trial import Rules, Trial

BATCHES = search.PROFILES["standard"].batches
"""What a child judges of one cell in a standard run."""

EXAMPLES = 100
"""Of the simple test, in one round."""

FEWEST = 5  # rounds


class Row(NamedTuple):
    """One operator, forward, in eager mode."""

    name: str
    dtype: str
    operator: str


class Speed(NamedTuple):
    """What was measured: cases a second of the trial and of the simple test, on one core, and the time of a cell in a
    forked child as a multiple of its time in this process."""

    name: str
    dtype: str
    trial: float
    simple: float
    child: float


def rows() -> Iterator[Row]:
    """The operators that are measured: cheap ones, so that the time is the trial's own."""
    for operator in ("relu", "sigmoid", "tanh"):
        yield Row(f"trial of {operator}", "float32", operator)


def measure(row: Row, seconds: float) -> Speed:
    """Both speeds in a child process, in turns, and what the child costs."""
    search.warm_up()
    cell = Cell(row.operator, "forward", row.dtype, "eager", "any", "cpu")
    rules = Rules(search.PROFILES["standard"], 0, tuple(register.read(paddle=subject.version())))
    outcome = isolated(lambda: _speeds(cell, rules, seconds), 60 + 10 * seconds)
    if outcome.result is None:
        raise AssertionError(f"{row.name}: {outcome.died}{outcome.traceback}")
    trial, simple = outcome.result
    return Speed(row.name, row.dtype, trial, simple, _child(cell, rules, seconds))


def _speeds(cell: Cell, rules: Rules, seconds: float) -> tuple[float, float]:
    """Cases a second of the trial and of the simple test: the medians over the rounds."""
    rounds: list[tuple[float, float]] = []
    until = time.monotonic() + seconds
    while len(rounds) < FEWEST or time.monotonic() < until:
        rounds.append((_speed(lambda n: judge(cell, rules, n), len(rounds)), _speed(_simple(cell), len(rounds))))
    trial, simple = zip(*rounds, strict=True)
    return statistics.median(trial), statistics.median(simple)


def _speed(work: Callable[[int], int], number: int) -> float:
    start = time.process_time()
    cases = work(number)
    return cases / (time.process_time() - start)


def judge(cell: Cell, rules: Rules, number: int) -> int:
    """A cell as a run judges it, from the given seed: how many cases of it were judged, none of which may fail."""
    trial = Trial(cell, rules)
    if search.search(BATCHES, number, trial.first_failing) is not None:
        raise AssertionError(f"{cell} fails")
    return trial.tally.cases


def _simple(cell: Cell) -> Callable[[int], int]:
    function, reference = getattr(F, cell.operator), getattr(refimpl, cell.operator)
    shapes, elements = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4), st.floats(-16, 16, width=32)

    def examples(number: int) -> int:
        judged: list[bool] = []

        @seed(number)
        @settings(
            max_examples=EXAMPLES, database=None, deadline=None, phases=(Phase.generate,), print_blob=False,
            suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet,
        )  # fmt: skip
        @given(hnp.arrays(np.dtype(cell.dtype), shapes, elements=elements))
        def test(x: Any) -> None:
            np.testing.assert_allclose(function(paddle.to_tensor(x)).numpy(), reference(x), rtol=1e-5, atol=1e-7)
            judged.append(True)

        test()
        return len(judged)

    return examples


def _child(cell: Cell, rules: Rules, seconds: float) -> float:
    """The CPU time of a cell in a child as a multiple of that in this process: the median over the rounds."""
    ratios: list[float] = []
    until = time.monotonic() + seconds
    while len(ratios) < FEWEST or time.monotonic() < until:
        number = len(ratios)
        start = _cpu()
        judge(cell, rules, number)
        here = _cpu() - start
        isolated(lambda number=number: judge(cell, rules, number), 60)
        ratios.append((_cpu() - start - here) / here)
    return statistics.median(ratios)


def _cpu() -> float:
    """The CPU time of this process and of the children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
