"""How far an array is from exact values, in units in the last place of the exact value's dtype."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

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
    """|got - want| in ulps of max(|want|, scale); an infinity stands for all numbers of its sign beyond the largest."""
    if np.isinf(got) and want * int(np.sign(got)) > exact(np.finfo(got.dtype).max):
        return 0.0
    if not np.isfinite(got):
        return INFINITELY_FAR
    return float(abs(exact(got) - want) / unit(max(abs(want), abs(scale)), got.dtype))


def errors(got: np.ndarray, want: np.ndarray, scale: np.ndarray | float = 0.0) -> np.ndarray:
    """The same for an array of a narrow dtype against one of a wider dtype; two equal NaN or infinities are 0 apart."""
    narrow = got.dtype
    with np.errstate(all="ignore"):
        rounded = np.maximum(np.abs(want), scale).astype(narrow)
        units = np.spacing(np.minimum(rounded, np.finfo(narrow).max)).astype(want.dtype)
        apart = np.abs(got.astype(want.dtype) - want) / units
        same = (np.isnan(got) & np.isnan(want)) | (np.isinf(got) & (got == want.astype(narrow)))
    return np.where(same, 0.0, np.where(np.isnan(apart), INFINITELY_FAR, apart))


def near(want: Any, relative: float) -> Any:
    """What equals `want` but for a relative error, however small `want` is (pytest.approx allows 1e-12 besides)."""
    return pytest.approx(want, rel=relative, abs=0)
