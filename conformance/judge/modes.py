"""How far known divergences of single ways to execute may go: programs taken apart, the predictor, oneDNN's kernels."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge.bounds import Facts, Row
from conformance.judge.curves import by_tanh, density, exponent, logistic
from conformance.judge.pooling import window

SINGLE = 2.0**-24
"""The unit roundoff of float32."""

FLOAT32 = 2.0**-126
"""The smallest normal number of float32."""


def _flushed(f: Facts, normal: float) -> Any:
    """Twice what subnormal numbers that are 0 move the result by, since what it comes to has an error, too."""
    arrays = {n: v for n, v in f.arguments.items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    zeros = f.reference(**{name: np.where(np.abs(value) < normal, 0, value) for name, value in arrays.items()})
    if f.expected.dtype.kind == "i":
        return np.where(zeros != f.expected, np.inf, 0.0)
    same = (zeros == f.expected) | (np.isnan(zeros) & np.isnan(f.expected))
    return np.where(same, 0, np.nan_to_num(2 * np.abs(zeros - f.expected), nan=np.inf)) + 4 * normal


def _silu_difference(f: Facts) -> Any:
    x = f.arguments["x"]
    return 8 * f.unit * np.abs(x) * logistic(x) * np.abs(f.cotangent)


def _gelu_constants(f: Facts) -> Any:
    x, g = f.arguments["x"], np.abs(f.cotangent)
    if not by_tanh(f):
        return SINGLE * g * np.abs(x) * density(x)
    z, slope = (np.abs(value) / 2 for value in exponent(x))
    return SINGLE * g * (z + np.abs(x) * slope * (1 + 2 * z)) / np.square(np.cosh(z))


def _softplus_threshold(f: Facts) -> Any:
    scaled = f.arguments["x"] * f.arguments["beta"]
    smooth = np.log1p(np.exp(-np.abs(scaled))) / abs(f.arguments["beta"])
    return np.where(scaled > f.arguments["threshold"], smooth + np.maximum(-scaled, 0) / abs(f.arguments["beta"]), 0)


def _not_a_number(f: Facts) -> Any:
    return np.where(np.isnan(f.expected), np.inf, 0.0)


ROWS: dict[str, Row] = {
    "silu-difference": Row(
        _silu_difference, "s (1 + x - y) as written: 1 + x is rounded, and y is off by 6u of itself: 8u of x s"
    ),
    "gelu-single-constants": Row(
        _gelu_constants,
        "the constants are off by 2**-24: x phi(x) by that share; by tanh z and z' by twice that, and 1 - tanh(z)^2",
    ),
    "gelu-floor": Row(
        lambda f: 1.01 * np.abs(f.arguments["x"] * f.cotangent) * density(np.zeros(())) / f.largest,
        "x phi(x) with e^(-x^2/2) no smaller than a quarter of the smallest normal number",
    ),
    "subnormal-flushed": Row(
        lambda f: _flushed(f, 4 / f.largest),
        "subnormal numbers are 0 on their way: twice what that moves the result, four times the least normal one",
    ),
    "subnormal-flushed-single": Row(
        lambda f: _flushed(f, FLOAT32), "the same on the way through float32, by its smallest normal number"
    ),
    "average-flushed": Row(
        lambda f: 4 / f.largest * window(f) / abs(f.arguments["divisor_override"]),
        "the smallest normal number, by which the average is off before it is multiplied by its count over the divisor",
    ),
    "hardswish-quotient": Row(
        lambda f: f.rounding(2, f.arguments["x"]),
        "x (x/6 + 1/2) in place of x (x + 3)/6: two roundings of a factor of at most 1, also where its terms cancel",
    ),
    "softplus-threshold": Row(_softplus_threshold, "ln(1 + e^bx)/b where x is right: ln(1 + e^-bx)/b above it"),
    "softplus-overflow": Row(
        lambda f: np.where(np.abs(f.arguments["x"] * f.arguments["beta"]) > f.largest, np.inf, 0.0),
        "beta x is infinite before it is divided by beta: nothing is claimed",
    ),
    "softplus-difference": Row(
        lambda f: f.rounding(4, np.abs(f.arguments["x"]) + 1 / abs(f.arguments["beta"])),
        "z + ln(1 + e^-z) also where z is negative, and they cancel: two roundings of each",
    ),
    "logarithm": Row(lambda f: 2.0**-17, "a polynomial for the logarithm of the sum, with an error of 2**-17"),
    "no-nan": Row(_not_a_number, "nothing is claimed where there should be NaN"),
}
