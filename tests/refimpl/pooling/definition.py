"""Pooling as the documentation defines it, in plain loops over windows and cells: the second truth of these tests.

A plane is a flat list of numbers, a window the list of the cells it holds (positions in the plane, in row-major order).
Nothing here shares a line of thought with refimpl: no axis-by-axis reduction, no blocks, no padding, no NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple


class Axis(NamedTuple):
    """One axis of a fixed geometry."""

    length: int
    size: int
    stride: int
    before: int
    after: int


class Window(NamedTuple):
    cells: list[int]
    padded: int  # how many positions of the padded input it covers


def count(axis: Axis, ceil_mode: bool) -> int:
    """How many windows there are, by the documented formula and the rule of PyTorch and ONNX for ceil_mode."""
    steps = Fraction(axis.length + axis.before + axis.after - axis.size, axis.stride)
    if not ceil_mode:
        return math.floor(steps) + 1
    number = math.ceil(steps) + 1
    while number > 0 and (number - 1) * axis.stride >= axis.length + axis.before:
        number -= 1
    return number


def same(length: int, size: int, stride: int) -> tuple[int, int]:
    """The padding of 'SAME': as many windows as strides begin in the input, the smaller half before."""
    total = max((math.ceil(length / stride) - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def fixed(axis: Axis, ceil_mode: bool) -> list[range]:
    """The positions of every window along an axis; those of the input are 0 to length - 1."""
    starts = [i * axis.stride - axis.before for i in range(count(axis, ceil_mode))]
    return [range(start, start + axis.size) for start in starts]


def adaptive(length: int, number: int) -> list[range]:
    """floor(i L / O) up to ceil((i + 1) L / O)."""
    share = Fraction(length, number)
    return [range(math.floor(i * share), math.ceil((i + 1) * share)) for i in range(number)]


def fractional(length: int, number: int, u: float) -> list[range]:
    """ceil(alpha (i + u) - 1) up to ceil(alpha (i + 1 + u) - 1)."""
    alpha = Fraction(length, number)
    edge = [math.ceil(alpha * (i + Fraction(u)) - 1) for i in range(number + 1)]
    return [range(edge[i], min(edge[i + 1], length)) for i in range(number)]


def overlapping(length: int, number: int, size: int, u: float) -> list[range]:
    """floor(alpha (i + u)) - floor(alpha u) for all but the last window, which ends with the input."""
    starts = []
    for i in range(number - 1):
        alpha = Fraction(length - size, number - 1)
        starts.append(math.floor(alpha * (i + Fraction(u))) - math.floor(alpha * Fraction(u)))
    return [range(start, start + size) for start in [*starts, length - size]]


def windows(lengths: Sequence[int], axes: Sequence[list[range]], sides: Sequence[tuple[int, int]]) -> list[Window]:
    """The windows of a plane, from those of its axes and the padding of each."""
    result = []
    for ranges in product(*axes):
        cells, padded = [], 0
        for place in product(*ranges):
            limits = list(zip(place, lengths, sides, strict=True))
            padded += all(-b <= p < m + a for p, m, (b, a) in limits)
            if all(0 <= p < m for p, m, _ in limits):
                flat = 0
                for p, m, _ in limits:
                    flat = flat * m + p
                cells.append(flat)
        result.append(Window(cells, padded))
    return result


def divide(a: float, b: float) -> float:
    """a / b, with 0 / 0 and the like as in IEEE 754."""
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a)


def divisor(window: Window, exclusive: bool, override: float | None) -> float:
    if override is not None:
        return override
    return len(window.cells) if exclusive else window.padded


def average(plane: Sequence[float], every: Sequence[Window], exclusive: bool, override: float | None) -> list[float]:
    return [divide(sum(plane[c] for c in w.cells), divisor(w, exclusive, override)) for w in every]


def average_gradient(
    g: Sequence[float], size: int, every: Sequence[Window], exclusive: bool, override: float | None
) -> list[float]:
    result = [0.0] * size
    for share, window in zip(g, every, strict=True):
        for c in window.cells:
            result[c] += share / divisor(window, exclusive, override)
    return result


def above(a: float, b: float) -> bool:
    """Whether a is larger than b, NaN being the largest of all."""
    return a > b or (math.isnan(a) and not math.isnan(b))


def maximum(plane: Sequence[float], every: Sequence[Window]) -> tuple[list[float], list[int]]:
    """The maxima and their positions: the first of equal ones; -inf and -1 for a window without cells."""
    values, places = [], []
    for window in every:
        best = -1
        for c in window.cells:
            if best < 0 or above(plane[c], plane[best]):
                best = c
        values.append(plane[best] if best >= 0 else -math.inf)
        places.append(best)
    return values, places


def maximum_gradient(g: Sequence[float], plane: Sequence[float], every: Sequence[Window]) -> list[float]:
    result = [0.0] * len(plane)
    for share, place in zip(g, maximum(plane, every)[1], strict=True):
        if place >= 0:
            result[place] += share
    return result


def norm(plane: Sequence[complex], every: Sequence[Window], p: float) -> list[complex]:
    """(sum of x^p)^(1/p); of complex numbers too, for the complex step."""
    result = []
    for window in every:
        total = sum((_power(plane[c], p) for c in window.cells), start=0.0 * plane[0])
        result.append(_power(total, 1 / p))
    return result


def _power(base: complex, exponent: float) -> complex:
    """base^exponent as in IEEE 754: no complex result of a real base, no exception at 0."""
    if isinstance(base, complex):
        return base ** (int(exponent) if exponent.is_integer() else exponent) if base else 0j
    try:
        return math.pow(base, exponent)
    except ValueError:
        return math.inf if base == 0 else math.nan
    except OverflowError:
        return math.inf


def unpool(values: Sequence[float], indices: Sequence[int], size: int) -> list[float]:
    result = [0.0] * size
    for value, index in zip(values, indices, strict=True):
        result[index] = value
    return result


def unpool_gradient(g: Sequence[float], indices: Sequence[int]) -> list[float]:
    """What lies at each index, but nothing for a value that a later one overwrites."""
    return [g[index] if index not in indices[i + 1 :] else 0.0 for i, index in enumerate(indices)]
