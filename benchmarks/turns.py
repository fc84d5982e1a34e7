"""Timing two pieces of work in turns, A B A B ..., so that whatever slows the machine down slows down both.

The clock is the CPU time of the process, to which other processes add little; both pieces run on one thread.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

Work = Callable[[], object]

SHORTEST = 0.002  # seconds that a turn lasts at least; quick work is repeated
FEWEST, MOST = 5, 101  # rounds


class Ratio(NamedTuple):
    """The time of A as a multiple of the time of B: the median over the rounds, and the middle half of them."""

    median: float
    low: float
    high: float


def in_turns(a: Work, b: Work, seconds: float) -> Ratio:
    """The ratio of two times, from about `seconds` of measuring after one call of each to warm up."""
    a()
    b()
    often_a, often_b = (max(1, round(SHORTEST / _duration(work, 1))) for work in (a, b))
    once = _duration(a, often_a) + _duration(b, often_b)
    rounds = min(max(FEWEST, round(seconds / once)), MOST)
    gc.collect()
    gc.disable()
    try:
        ratios = [_duration(a, often_a) / often_a * often_b / _duration(b, often_b) for _ in range(rounds)]
    finally:
        gc.enable()
    low, median, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return Ratio(median, low, high)


def peak_memory(work: Work) -> int:
    """The bytes a call holds at its worst beyond those held before it, its result included."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _duration(work: Work, times: int) -> float:
    start = time.process_time()
    for _ in range(times):
        work()
    return time.process_time() - start
