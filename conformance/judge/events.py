"""Statistical tests of events that should be independent and have a known probability, and of uniform numbers.

Every test looks at counts that are binomial if all is right: sums over disjoint groups of sites, or agreements of
disjoint pairs of sites. The p-values are exact (conformance/judge/chance.py) and hold for any number of sites.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge import chance

Happened = NDArray[np.bool_]  # (calls, *sites)

LAGS = 1024
"""The largest distance of two sites that are compared in memory order."""


@dataclass(frozen=True)
class Finding:
    """One test: how unlikely what was seen is if all is right."""

    name: str
    log_p: float
    got: str
    expected: str
    power: str = ""  # what `smallest` measures: "probability", "correlation", "distribution"
    samples: int = 0
    probability: float = 0.0


def tests(name: str, happened: Happened, probability: float) -> Iterator[Finding]:
    """All tests of one event."""
    yield fraction(name, happened, probability)
    for axis, length in enumerate(happened.shape):
        if length > 1:
            yield positions(name, happened, probability, axis)
            yield from neighbours(name, happened, probability, axis, _axis(axis), length)
    if happened.ndim > 2:
        flat = happened.reshape(len(happened), -1)
        yield from neighbours(name, flat, probability, 1, "in memory order", min(flat.shape[1], LAGS + 1))


def fraction(name: str, happened: Happened, q: float) -> Finding:
    """How often it happened at all."""
    n, count = happened.size, int(happened.sum())
    return Finding(
        f"how often {name}", chance.log_two_sided(count, n, q), _share(count, n), f"{q:g}", "probability", n, q
    )


def positions(name: str, happened: Happened, q: float, axis: int) -> Finding:
    """How often it happened at each index of one axis: the index that is furthest off."""
    counts = np.moveaxis(happened, axis, 0).reshape(happened.shape[axis], -1).sum(1)
    each = happened.size // len(counts)
    worst = int(np.argmax(np.abs(counts - each * q)))
    log_p = min(chance.log_two_sided(int(counts[worst]), each, q) + math.log(len(counts)), 0.0)
    where = f"how often {name} at index {worst} {_axis(axis)}"
    return Finding(where, log_p, _share(int(counts[worst]), each), f"{q:g}")


def neighbours(name: str, happened: Happened, q: float, axis: int, where: str, length: int) -> Iterator[Finding]:
    """How often sites at distances 1, 2, 4, ... agree; the pairs of one distance are disjoint."""
    sites = np.moveaxis(happened, axis, 0)
    lag = 1
    while lag < length:
        first = np.arange(len(sites) - lag)
        first = first[first // lag % 2 == 0]
        n = first.size * math.prod(sites.shape[1:])
        count = int((sites[first] == sites[first + lag]).sum())
        agree = 1 - 2 * q * (1 - q)
        yield Finding(
            f"how often {name} alike at distance {lag} {where}",
            chance.log_two_sided(count, n, agree, 2 * chance.GRAIN),
            _share(count, n), f"{agree:g}", "correlation", n, q,
        )  # fmt: skip
        lag *= 2


def distribution(name: str, cells: NDArray[np.int64], chances: NDArray[Any]) -> Finding:
    """How far numbers that were sorted into cells are from the distribution over these cells."""
    seen = np.bincount(cells.ravel(), minlength=len(chances)).cumsum() / max(cells.size, 1)
    right = chances.cumsum()
    worst = int(np.argmax(np.abs(seen - right)))
    return Finding(
        f"how often {name} is in the first {worst + 1} of {len(chances)} parts",
        chance.log_distance(float(abs(seen[worst] - right[worst])), cells.size),
        f"{seen[worst]:.6g} of {cells.size}", f"{right[worst]:.6g}", "distribution", cells.size,
    )  # fmt: skip


def moment(name: str, total: float, expected: float, ranges: NDArray[Any], count: int) -> Finding:
    """Whether the sum of `count` independent terms for each of these ranges is what it should be."""
    log_p = chance.log_deviation(abs(total - expected), count * float(np.sum(np.square(ranges))))
    return Finding(f"the {name} kept", log_p, f"{total:.6g} in all", f"{expected:.6g}")


def smallest(finding: Finding, log_alpha: float) -> float:
    """The smallest deviation that this test catches: of a probability relatively, of a correlation or a distribution
    function absolutely."""
    if finding.power == "probability":
        return chance.smallest_shift(finding.samples, finding.probability, log_alpha) / finding.probability
    if finding.power == "correlation":
        return chance.smallest_correlation(finding.samples, finding.probability, log_alpha)
    return chance.smallest_distance(finding.samples, log_alpha)


def _axis(axis: int) -> str:
    return f"along axis {axis - 1}" if axis else "from call to call"


def _share(count: int, n: int) -> str:
    return f"{count / n:.6g} of {n}"
