"""How far an array is from exact values, in units in the last place of the exact value's dtype."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mpmath
import numpy as np

INFINITELY_FAR = float("inf")


def exact(number: Any) -> Any:
    """The NumPy number as an mpmath number, without rounding."""
    numerator, denominator = number.as_integer_ratio()
    with mpmath.workprec(200):  # more than any dtype has; the denominator is a power of 2
        return mpmath.mpf(numerator) / denominator


def unit(magnitude: Any, dtype: np.dtype[Any]) -> Any:
    """The distance between neighbouring numbers of `dtype` at a magnitude (the least one below the normal numbers)."""
    info = np.finfo(dtype)
    exponent = mpmath.frexp(magnitude)[1] - 1 if magnitude else info.minexp
    return mpmath.ldexp(1, int(max(exponent, info.minexp)) - info.nmant)


def distance(got: Any, want: Any, scale: Any = 0) -> float:
    """|got - want| in ulps of max(|want|, scale); a value that is not finite is infinitely far."""
    if not np.isfinite(got):
        return INFINITELY_FAR
    return float(abs(exact(got) - want) / unit(max(abs(want), abs(scale)), got.dtype))


def distances(got: Sequence[Any], want: Sequence[Any]) -> np.ndarray:
    return np.array([distance(g, w) for g, w in zip(got, want, strict=True)])
