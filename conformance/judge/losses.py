"""What activations lose: the errors that the causes of known divergences add to the bounds of a careful kernel.

Notation as in conformance/judge/activation.py. A kernel that evaluates a formula as it is written loses relative
accuracy where the formula subtracts nearly equal numbers; what it loses is then as large as the roundings of those
numbers. Where an intermediate number overflows, or an infinity meets a zero, nothing can be claimed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge import shares
from conformance.judge.bounds import Facts, Row
from conformance.judge.curves import by_tanh, exponent, logistic, near

Array = NDArray[Any]

SINGLE = 2.0**-24
"""The unit roundoff of float32."""


LEAST = (-128, -1024)
"""The exponents of Eigen's smallest e^x, in float32 and float64."""

LOWEST = float(np.finfo(np.float32).min)


def free(where: Any) -> Any:
    """Nothing is claimed of these elements."""
    return np.where(where, np.inf, 0.0)


def single_attributes(f: Facts) -> Any:
    """As far as the reference moves when every number among the arguments is rounded to float32."""
    rounded = {name: float(np.float32(v)) for name, v in f.arguments.items() if isinstance(v, float)}
    moved = f.reference(**rounded)
    apart = np.abs(moved - f.expected)
    apart = np.where(np.isnan(apart), free(np.isnan(moved) != np.isnan(f.expected)), apart)
    return np.where(apart > 0, apart + f.rounding(1, np.where(np.isfinite(moved), moved, 0)), 0)


def nan(f: Facts) -> Any:
    """Nothing is claimed where x is NaN, nor of a sum over such cells."""
    lost = np.isnan(f.arguments["x"])
    return free(lost) if lost.shape == f.expected.shape else free(np.full(f.expected.shape, lost.any()))


def infinite(f: Facts) -> Any:
    """Nothing is claimed where an infinity meets the zero of its gate."""
    return free(np.isinf(gate(f)) | np.isinf(content(f)))


def gate(f: Facts) -> Array:
    """The argument of the curve, for every element of an output: x, its second half in glu, its first in swiglu."""
    return _halves(f)[0]


def content(f: Facts) -> Array:
    """What the gate is multiplied by, for every element of an output: x itself, or the other half."""
    return _halves(f)[1]


def _halves(f: Facts) -> tuple[Array, Array]:
    x, y = f.arguments["x"], f.arguments.get("y")
    if y is not None or f.arguments.keys() & {"axis", "y"} == set():
        return x * f.arguments.get("beta", 1.0), x if y is None else y
    halves = np.split(x, 2, f.arguments.get("axis", -1))
    opening, kept = halves if "y" in f.arguments else halves[::-1]
    return (opening, kept) if f.cotangent is None else (_twice(f, opening), _twice(f, kept))


def _twice(f: Facts, half: Array) -> Array:
    return np.concatenate([half, half], f.arguments.get("axis", -1))


def weight(f: Facts) -> Any:
    """|g| in a gradient, else 1; twice along the halves of glu."""
    if f.cotangent is None:
        return 1.0
    g = np.abs(f.cotangent)
    return g if g.shape == f.expected.shape else _twice(f, g)


def _amplitude(f: Facts) -> float:
    """scale |alpha|, of elu and its kin."""
    return abs(float(f.arguments["alpha"]) * float(f.arguments.get("scale", 1.0)))


def expm1(f: Facts) -> Any:
    """elu and its kin near 0; celu divides by alpha first."""
    below = np.minimum(f.arguments["x"], 0)
    divisor = f.arguments["alpha"] if f.expected is not None and "scale" not in f.arguments else 1.0
    return 7 * f.unit * _amplitude(f) * np.exp(np.maximum(below, below / divisor))


def elu_output(f: Facts) -> Any:
    return 15 * f.unit * _amplitude(f) * weight(f)


def selu_single(f: Facts) -> Any:
    return single_attributes(f) + SINGLE * _amplitude(f) * weight(f)


def tanh_output(f: Facts) -> Any:
    scale = abs(f.arguments.get("scale_a", 1.0) * f.arguments.get("scale_b", 1.0))
    return 12 * f.unit * scale * weight(f)


def log_of_sum(f: Facts) -> Any:
    """softplus, log_sigmoid and mish far below (log_sigmoid: far above) 0."""
    if "beta" in f.arguments:
        return 2 * f.unit / float(f.arguments["beta"])
    return 6 * f.unit


def mish_log(f: Facts) -> Any:
    x = np.minimum(np.abs(near(f.arguments["x"])), 40)
    return 3 * f.unit * x if f.cotangent is None else f.unit * (3 + 12 * x) * weight(f)


def erf(f: Facts) -> Any:
    """gelu from 1 + erf or 1 + tanh, which are 0 or nearly so far below 0."""
    x = np.clip(f.arguments["x"], -10, 10)
    if f.cotangent is None:
        return np.where(x < 0, 3 * f.unit * np.abs(x), 0)
    if not by_tanh(f):
        return np.where(x < 0, 3 * f.unit * weight(f), 0)
    z, steepness = exponent(x)
    unsaturated = f.unit * (3 + 3 * np.abs(x * steepness)) * weight(f)
    return np.where(np.abs(z) < 40, unsaturated, np.where(x < 0, np.abs(f.expected), 0))


def gelu_square(f: Facts) -> Any:
    return free(np.abs(f.arguments["x"]) >= np.sqrt(f.largest) / 4)


def gate_tail(f: Facts) -> Any:
    """1/(1+e^-x) where e^-x overflows."""
    return np.where(np.exp(-gate(f)) * (1 + 8 * f.unit) * 4 > f.largest, np.abs(f.expected), 0)


def gate_nan(f: Facts) -> Any:
    """x e^-x/(1+e^-x) where the products overflow."""
    x = gate(f)
    return free((x < 0) & (np.exp(-np.maximum(x, -1e4)) * np.maximum(np.abs(x), 1) * 4 >= f.largest))


def exponential_floor(f: Facts) -> Any:
    """e^x as it is where it should vanish: a quarter of the smallest normal number."""
    return np.ldexp(1 + 2.0**-6, LEAST[f.largest > 1e39]) * weight(f)


def silu_floor(f: Facts) -> Any:
    """x e^-x, likewise, for large x."""
    return exponential_floor(f) * np.abs(near(f.arguments["x"], f.largest))


def celu_overflow(f: Facts) -> Any:
    """e^z, times g in a gradient, where z = x/alpha is above 0 and not wanted; or times a negative alpha, too late."""
    z = f.arguments["x"] / f.arguments["alpha"]
    lost = np.exp(np.minimum(z, 1e4)) * np.maximum(weight(f), 1) * 4 >= f.largest
    return free(lost & (f.arguments["x"] < 0) if f.cotangent is None else lost)


def celu_twice(f: Facts) -> Any:
    """The same in a second derivative, e^z g v / alpha."""
    return _power_lost(f, f.arguments["x"] / f.arguments["alpha"], 1 / f.arguments["alpha"])


def elu_twice(f: Facts) -> Any:
    """alpha e^x g v for x above 0, where it is not wanted."""
    return _power_lost(f, f.arguments["x"], f.arguments["alpha"])


def _power_lost(f: Facts, z: Any, factor: float) -> Any:
    return free(np.exp(np.minimum(z, 1e4)) * np.maximum(weight(f), 1) * max(abs(factor), 1) * 4 >= f.largest)


def elu_floor(f: Facts) -> Any:
    """In a second derivative, the floor of e^z times alpha, or over it."""
    return exponential_floor(f) * max(abs(f.arguments["alpha"]), 1 / abs(f.arguments["alpha"]))


def infinite_cotangent(f: Facts) -> Any:
    """0 times an infinite cotangent in the piece that is not taken."""
    return free(np.isinf(f.cotangent))


def swish_output(f: Facts) -> Any:
    """out + s (1 - out), or s (1 + x - out) times y in swiglu; the gradient for y has no such terms."""
    if f.name == "y":
        return 0.0
    x, y = f.arguments["x"], f.arguments.get("y", np.ones(()))
    if y is None:
        x, y = np.split(x, 2, -1)
    lost = 10 * f.unit * np.where(np.isinf(x), 0, np.maximum(x, 0)) * np.abs(y) * np.abs(f.cotangent)
    return lost if lost.shape == f.expected.shape else np.concatenate([lost, np.zeros_like(lost)], -1)


def product(f: Facts) -> Any:
    """x y g in swiglu, before the division by 1 + e^-x; a g in glu, before it is multiplied by s (1-s)."""
    sizes = np.abs(content(f)) * np.maximum(weight(f), 1)
    return free((sizes * np.maximum(np.abs(gate(f)), 1) if "y" in f.arguments else sizes) * 2 >= f.largest)


def tanh_fraction(f: Facts) -> Any:
    """tanh as a quotient of polynomials, in a gradient squared."""
    return 8 * f.unit * np.abs(f.expected) * (1 if f.cotangent is None else 2)


def tanh_difference(f: Facts) -> Any:
    return 5 * f.unit * np.minimum(np.abs(f.arguments["x"]), 1)


def sigmoid_output(f: Facts) -> Any:
    """The second half of glu, its gate: y (1-y) from the rounded y."""
    first, second = np.split(f.arguments["x"], 2, f.arguments["axis"])
    lost = 8 * f.unit * logistic(second) * np.abs(near(first, f.largest)) * np.abs(f.cotangent)
    return np.concatenate([np.zeros_like(lost), lost], f.arguments["axis"])


def clipped(f: Facts) -> Any:
    """hardsigmoid as min(max(slope x + offset, 0), 1): as far as that is from the documented pieces."""
    product, offset = f.arguments["slope"] * near(f.arguments["x"]), f.arguments["offset"]
    line = product + offset
    inside = np.abs(line - 0.5) - 0.5
    apart = ((inside < 0) != (np.abs(f.arguments["x"]) < 3)) | (np.abs(inside) < 1e-6)
    if f.cotangent is None:
        rounded = (f.unit + SINGLE) * (np.abs(product) + abs(offset))
        return np.where(apart, np.abs(np.clip(line, 0, 1) - f.expected) + rounded, 0)
    return np.where(apart, np.abs(f.arguments["slope"] * f.cotangent) * (1 + f.unit + SINGLE), 0)


def at_threshold(f: Facts) -> Any:
    """hardshrink of the threshold itself, kept instead of 0."""
    x, threshold = np.abs(f.arguments["x"]), f.arguments["threshold"]
    kept = (x == threshold) | (x == float(np.float32(threshold)))
    return np.where(kept, x if f.cotangent is None else np.abs(f.cotangent), 0)


def leaky_at_zero(f: Facts) -> Any:
    """leaky_relu of 0, with the slope for its derivative."""
    lost = np.abs((1 - f.arguments["negative_slope"]) * f.cotangent)
    return np.where(f.arguments["x"] == 0, lost + f.rounding(2, f.cotangent), 0)


def at_bounds(f: Facts) -> Any:
    """hardtanh of min or max itself, with no gradient."""
    x, bounds = f.arguments["x"], (f.arguments["min"], f.arguments["max"])
    there = np.isin(x, [b for v in bounds for b in (v, float(np.float32(v)))])
    return np.where(there, np.abs(f.cotangent), 0)


def before_scaling(f: Facts) -> Any:
    """x times at most 6 overflows before it is divided again."""
    return free(6 * np.abs(f.arguments["x"]) >= f.largest)


def rounded_sum(f: Facts) -> Any:
    """hardswish where x + 3 is rounded to 6: the derivative jumps there from 3/2 to 1."""
    return np.where(np.abs(f.arguments["x"] - 3) <= 12 * f.unit, 0.6 * np.abs(f.cotangent), 0)


def prelu_overflow(f: Facts) -> Any:
    """A sum of terms g x whose magnitudes add up to more than the largest number may be infinite, or NaN."""
    finite = np.where(np.isfinite(f.arguments["x"]), f.arguments["x"], 0)
    terms = np.abs(f.reference(x=finite, cotangent=np.abs(f.cotangent)))
    return free(terms >= f.largest) if f.name == "weight" else 0.0


def prelu_skipped(f: Facts) -> Any:
    """The gradient for the weight where the cotangent of some x > 0 is not finite."""
    return free(np.isnan(f.expected)) if f.name == "weight" else 0.0


def maxout_nan(f: Facts) -> Any:
    """Nothing is claimed of groups with NaN."""
    return free(np.isnan(f.expected)) if f.name == "out" else free(in_groups(f, np.isnan(f.arguments["x"])))


def maxout_lowest(f: Facts) -> Any:
    """Groups below float32's lowest number come out as that, without a gradient."""
    if f.name == "out":
        return np.where(f.expected < LOWEST, np.abs(f.expected - LOWEST), 0)
    return free(~in_groups(f, ~(f.arguments["x"] < LOWEST)))


def in_groups(f: Facts, where: Array) -> Array:
    """Every member of the groups of maxout in which this holds anywhere."""
    axis, groups = f.arguments["axis"] % 4, f.arguments["groups"]
    shape = where.shape
    members = where.reshape(*shape[:axis], shape[axis] // groups, groups, *shape[axis + 1 :])
    return np.broadcast_to(members.any(axis + 1, keepdims=True), members.shape).reshape(shape)


def softsign_square(f: Facts) -> Any:
    lost = np.square(1 + np.abs(f.arguments["x"])) * (1 + 4 * f.unit) >= f.largest
    return np.where(lost, np.abs(f.expected), 0)


ROWS: dict[str, Row] = {
    "single-attributes": Row(single_attributes, "numbers kept in float32: as far as that moves the exact result"),
    "nan": Row(nan, "a choice by comparisons, which NaN fails: nothing is claimed where x is NaN"),
    "infinite": Row(infinite, "an infinity times 0, or over itself: nothing is claimed where x is infinite"),
    "expm1": Row(expm1, "a e^z - a: 4u of e^z and its products, of the size of a e^z, where the difference may be 0"),
    "elu-output": Row(elu_output, "out + alpha from the rounded out: its 6u, 7u of its own cancellation, a sum"),
    "selu-single": Row(selu_single, "scale and alpha kept in float32, and their product rounded to it"),
    "tanh-output": Row(tanh_output, "1 - y^2 from the rounded y: twice 4u of y^2, its rounding, and three products"),
    "log-of-sum": Row(log_of_sum, "log(1 + e^z): 1 + e^z is rounded, or its two terms, 5u; the logarithm may be 0"),
    "mish-log": Row(mish_log, "tanh(log(1 + e^x)): 3u of a result that may be 0; 1 - w^2 has 8u, times |x|"),
    "erf": Row(erf, "x (1 + erf)/2: 4u of erf and the sum's u; 1 - t^2 has 12u, times x z'/4"),
    "gelu-square": Row(gelu_square, "x^2 overflows in the derivative by tanh: nothing is claimed"),
    "gate-tail": Row(gate_tail, "1/(1 + e^-x) where e^-x overflows: all of the result is lost"),
    "gate-nan": Row(gate_nan, "x e^-x over e^-x where they overflow: nothing is claimed"),
    "exponential-floor": Row(exponential_floor, "e^x no smaller than a quarter of the smallest normal number"),
    "silu-floor": Row(silu_floor, "x e^-x with e^-x no smaller than a quarter of the smallest normal number"),
    "celu-overflow": Row(celu_overflow, "e^z overflows and is multiplied by 0, or by alpha: nothing is claimed"),
    "celu-twice": Row(celu_twice, "e^z / alpha overflows and is multiplied by 0: nothing is claimed"),
    "elu-twice": Row(elu_twice, "alpha e^x overflows and is multiplied by 0: nothing is claimed"),
    "elu-floor": Row(elu_floor, "e^z no smaller than a quarter of the smallest normal number, times or over alpha"),
    "infinite-cotangent": Row(infinite_cotangent, "0 times infinity in the piece not taken: nothing is claimed"),
    "product": Row(product, "x y g or a g overflows before it is divided: nothing is claimed"),
    "tanh-fraction": Row(tanh_fraction, "a quotient of polynomials with 7 and 4 terms: 8u beyond 4u of tanh"),
    "swish-output": Row(swish_output, "out + s (1 - out): 6u of s and 4 operations on terms of the size of |x| s"),
    "tanh-difference": Row(tanh_difference, "x - tanh(x): 4u of tanh(x), and the difference"),
    "sigmoid-output": Row(sigmoid_output, "y (1-y) from the rounded y, which is off by 6u y, and 1-y by as much"),
    "clipped": Row(clipped, "slope x + offset clipped to [0, 1]: as far as that is from the pieces"),
    "at-threshold": Row(at_threshold, "x itself, where |x| is the threshold or its float32"),
    "leaky-at-zero": Row(leaky_at_zero, "the other piece's derivative at 0: as far as the slope is from 1"),
    "at-bounds": Row(at_bounds, "no gradient where x is a bound or its float32"),
    "before-scaling": Row(before_scaling, "6 x or 2 x overflows before the division: nothing is claimed"),
    "rounded-sum": Row(rounded_sum, "x + 3 rounded to 6: the next piece's derivative, 1 for 3/2"),
    "prelu-overflow": Row(prelu_overflow, "a sum whose magnitudes exceed the largest number: nothing is claimed"),
    "prelu-skipped": Row(prelu_skipped, "cells with x > 0 are skipped, where the reference adds 0 times the cotangent"),
    "maxout-nan": Row(maxout_nan, "comparisons, which NaN fails: nothing is claimed of groups with NaN"),
    "maxout-lowest": Row(maxout_lowest, "the search starts from float32's lowest number: what is below is that"),
    "softsign-square": Row(softsign_square, "(1+|x|)^2 overflows: all of the result is lost"),
    **shares.LOSSES,
}  # fmt: skip
