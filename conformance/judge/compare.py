"""One array against its reference: dtype, shape, NaN, infinities, signs of zero, then the error against its bound."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from conformance.floats import is_floating, limits

Array = NDArray[Any]


class Comparison(msgspec.Struct, frozen=True):
    """The worst element, and what is wrong with it (nothing, if `problem` is empty)."""

    problem: str = ""
    index: tuple[int, ...] = ()
    got: str = ""
    expected: str = ""
    ulp: float = 0.0  # error in units in the last place of the expected value; infinite for errors of kind
    share: float = 0.0  # error as a share of the allowed error; above 1 is a failure


def compare(
    got: Array | None,
    expected: Array,
    allowed: Array | float,
    dtype: np.dtype[Any],
    *,
    signed_zero: bool = False,
    free: Array | bool = False,
) -> Comparison:
    """Judge `got` by `expected` (computed in a wider dtype), element by element.

    `dtype` is the dtype that the contract promises for the output. `allowed` is the largest absolute error of each
    element. A NaN must be a NaN, an infinity the same infinity; a finite value may come out as infinity only where
    the expected value is within its allowed error of the overflow threshold. The sign of a zero counts where
    `signed_zero` says so. Where `free` is true nothing is claimed; an output that is free everywhere may be missing.
    """
    if free is not False and np.size(free) and np.all(free):
        return Comparison()
    if got is None:
        return _broken("the output is missing", "nothing", f"shape {expected.shape}")
    if got.dtype != dtype:
        return _broken("the dtype is wrong", str(got.dtype), str(dtype))
    if got.shape != expected.shape:
        return _broken("the shape is wrong", str(got.shape), str(expected.shape))
    if not got.size:
        return Comparison()
    if not is_floating(dtype):
        return _exact(got, expected, free)
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(expected.dtype) - expected)
        if not (signed_zero or error.any()):  # by far the most frequent case for operators that only choose
            return Comparison()
        share = _shares(error, got, expected, np.asarray(allowed), dtype, signed_zero)
        if free is not False:
            share = np.where(free, 0, share)
        worst = int(share.argmax())
        return _worst(got, expected, worst, float(share.flat[worst]), dtype)


def _shares(
    error: Array, got: Array, expected: Array, allowed: Array, dtype: np.dtype[Any], signed_zero: bool
) -> Array:
    share = np.where(error == 0, 0, error / allowed)
    if signed_zero:
        share = np.where((error == 0) & (expected == 0) & (np.signbit(got) != np.signbit(expected)), np.inf, share)
    plain = np.isfinite(error)
    if plain.all():
        return share
    same = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return np.where(plain, share, np.where(same | _overflowed(got, expected, allowed, dtype), 0, np.inf))


def _overflowed(got: Array, expected: Array, allowed: Array, dtype: np.dtype[Any]) -> Array:
    """Where an infinity is the right rounding, within the allowed error, of a finite expected value."""
    info, wide = limits(dtype), expected.dtype.type
    threshold = wide(info.max) + np.ldexp(wide(1), info.maxexp - info.nmant - 2)  # half a unit beyond the largest
    return np.isinf(got) & (np.signbit(got) == np.signbit(expected)) & (np.abs(expected) + allowed >= threshold)


def _worst(got: Array, expected: Array, worst: int, share: float, dtype: np.dtype[Any]) -> Comparison:
    g, e = got.flat[worst], expected.flat[worst]
    index = tuple(map(int, np.unravel_index(worst, got.shape)))
    ulp = in_ulp(g, e, dtype) if share else 0.0
    if share <= 1:  # an infinity that is allowed is the right rounding, and what is free has no error
        return Comparison("", index, "", "", ulp if math.isfinite(ulp) else 0.0, share)
    share = np.inf if np.isnan(share) else share  # a bound that is no number allows nothing
    return Comparison(_kind(g, e, dtype), index, str(g), spell(e, dtype), ulp, share)


def _kind(got: Any, expected: Any, dtype: np.dtype[Any]) -> str:
    if np.isnan(expected):
        return "a NaN was lost"
    if np.isnan(got):
        return "a NaN where there should be a number"
    if np.isinf(got) and not np.isinf(expected):
        return "an infinity where there should be a finite number"
    if np.isinf(expected):
        return "the infinity is missing or has the wrong sign"
    if got == 0 and expected == 0:
        return "the sign of a zero is wrong"
    return "the error is larger than allowed"


def in_ulp(got: Any, expected: Any, dtype: np.dtype[Any]) -> float:
    """The error in units in the last place that `dtype` has at the expected value."""
    if got == expected or (np.isnan(got) and np.isnan(expected)):
        return 0.0
    if not np.isfinite(got) or not np.isfinite(expected):
        return float("inf")
    info, frexp = limits(dtype), math.frexp if isinstance(expected, float) else np.frexp
    exponent = max(frexp(expected)[1], info.minexp + 1) if expected else info.minexp + 1
    return float(np.ldexp(abs(type(expected)(got) - expected), info.nmant + 1 - exponent))


def spell(value: Any, dtype: np.dtype[Any]) -> str:
    """A reference value with the digits that matter, and its rounding to the dtype."""
    rounded = dtype.type(value)
    return str(rounded) if value == rounded or not np.isfinite(value) else f"{rounded!s} ({value:.12g} before rounding)"


def _exact(got: Array, expected: Array, free: Array | bool) -> Comparison:
    wrong = np.flatnonzero((got != expected) & ~np.asarray(free))
    if not wrong.size:
        return Comparison()
    index = tuple(int(i) for i in np.unravel_index(int(wrong[0]), got.shape))
    return Comparison("the value is wrong", index, str(got[index]), str(expected[index]), float("inf"), float("inf"))


def _broken(problem: str, got: str, expected: str) -> Comparison:
    return Comparison(problem, (), got, expected, float("inf"), float("inf"))
