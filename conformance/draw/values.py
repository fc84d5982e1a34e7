"""Values by named region: what a code becomes in an array.

A region is a function of codes (any whole numbers below 2**32; zero is the simplest) and of the dtype, and of the
operator's points of interest where it needs them (kinks, thresholds). Regions are named in records, so that a report
can say which were exercised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.floats import limits

Array = NDArray[Any]
Codes = NDArray[np.uint32]
Region = Callable[[Codes, np.dtype[Any], Sequence[float]], Array]

_SIMPLE = np.array([0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 4, -4, 1.5, -1.5, 5, -5, 0.25])
_MAGNITUDES = np.exp2(np.arange(16) - 11.0)
_SPECIAL = np.array([0.0, np.nan, np.inf, -np.inf, -0.0, 1.0, -1.0, 2.0])


_STEPS = tuple(
    (np.uint64(factor), np.uint64(shift))
    for factor, shift in ((0x9E3779B97F4A7C15, 30), (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31))
)


def _unit(codes: Codes) -> Array:
    """Codes scrambled into numbers in [-1, 1] with full mantissas, 0 into 0 (the finaliser of SplitMix64)."""
    h = codes.astype(np.uint64)
    for factor, shift in _STEPS:
        h *= factor
        h ^= h >> shift
    return h.view(np.int64) * 2.0**-63


def ordinary(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Small simple numbers for small codes; otherwise numbers of magnitude up to 16 with full mantissas."""
    numbers = _unit(codes) * _MAGNITUDES[codes & np.uint32(0xF)]
    small = codes < len(_SIMPLE)
    if small.any():
        numbers[small] = _SIMPLE[codes[small]]
    return numbers.astype(dtype)


def ties(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Few different numbers, so that equal neighbours abound."""
    return _SIMPLE[codes % np.uint32(4)].astype(dtype)


def special(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """NaN, the infinities and both zeros among ordinary numbers."""
    numbers = ordinary(codes >> np.uint32(3), dtype)
    chosen = (codes & np.uint32(0x18)) == 0
    numbers[chosen] = _SPECIAL[codes[chosen] & np.uint32(7)]
    return numbers


def subnormal(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Around the smallest normal number, and down to the smallest number there is."""
    info = limits(dtype)
    exponents = (codes % np.uint32(info.nmant + 4)).astype(np.float64) - (info.nmant + 1)
    wide = np.dtype(np.longdouble) if dtype == np.float64 else np.dtype(np.float64)
    numbers = _unit(codes).astype(wide) * np.asarray(info.smallest_normal) * np.exp2(exponents.astype(wide))
    return numbers.astype(dtype)


def extreme(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Within a few powers of two of the largest finite number."""
    scale = float(limits(dtype).max) * np.exp2(-(codes & np.uint32(7)).astype(np.float64))
    numbers = _unit(codes) * scale
    return numbers.astype(dtype)


def wide(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Every binary exponent the dtype has, alike often."""
    info = limits(dtype)
    span = info.maxexp - info.minexp
    numbers = np.ldexp(_unit(codes), (codes % np.uint32(span)).astype(np.int32) + info.minexp)
    return numbers.astype(dtype)


def offset(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """One large mean and a variance that is tiny beside it."""
    base = 1000.0 if limits(dtype).nmant > 10 else 16.0
    return (base + _unit(codes) * base / 2**6).astype(dtype)


def constant(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """One number, everywhere."""
    numbers = np.empty(codes.shape, dtype)
    numbers[:] = ordinary(codes[:1], dtype)
    return numbers


def tails(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Magnitudes 4 to 1024, where functions of exponentials saturate, underflow and overflow."""
    magnitudes = np.exp2(2 + 8 * (_unit(codes ^ np.uint32(0x55555555)) + 1) / 2)
    return (np.sign(_unit(codes)) * magnitudes).astype(dtype)


def kinks(codes: Codes, dtype: np.dtype[Any], points: Sequence[float] = ()) -> Array:
    """Exactly on a point of interest of the operator, and up to three steps of the dtype to either side."""
    near = _near(tuple(points) or (0.0,), dtype)
    return near[codes % np.uint32(near.size)]


@lru_cache
def _near(points: tuple[float, ...], dtype: np.dtype[Any]) -> Array:
    """The points, then their neighbours: one step above, one below, two above, and so on."""
    grid = np.array(points, dtype)
    rows = [grid]
    for towards in np.tile(np.array([np.inf, -np.inf], dtype), 3):
        rows.append(np.nextafter(rows[max(len(rows) - 2, 0)], towards))
    return np.concatenate(rows)


REGIONS: dict[str, Region] = {
    f.__name__: f for f in (ordinary, ties, special, subnormal, extreme, wide, offset, constant, tails, kinks)
}
"""Every region by its name; the first is the simplest."""
