"""What activations lose: the errors that the causes of known divergences add to the bounds of a careful kernel.

Notation as in conformance/judge/activation.py. A kernel that evaluates a formula as it is written loses relative
accuracy where the formula subtracts nearly equal numbers; what it loses is then as large as the roundings of those
numbers. Where an intermediate number overflows, or an infinity meets a zero, nothing can be claimed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.bounds import Facts, Row
from conformance.judge.curves import near

Array = NDArray[Any]

SINGLE = 2.0**-24
"""The unit roundoff of float32."""


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
    """Nothing is claimed where x is infinite."""
    return free(np.isinf(f.arguments["x"]))


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
    "clipped": Row(clipped, "slope x + offset clipped to [0, 1]: as far as that is from the pieces"),
    "at-threshold": Row(at_threshold, "x itself, where |x| is the threshold or its float32"),
    "at-bounds": Row(at_bounds, "no gradient where x is a bound or its float32"),
    "before-scaling": Row(before_scaling, "6 x or 2 x overflows before the division: nothing is claimed"),
    "rounded-sum": Row(rounded_sum, "x + 3 rounded to 6: the next piece's derivative, 1 for 3/2"),
    "prelu-overflow": Row(prelu_overflow, "a sum whose magnitudes exceed the largest number: nothing is claimed"),
    "prelu-skipped": Row(prelu_skipped, "cells with x > 0 are skipped, where the reference adds 0 times the cotangent"),
    "maxout-nan": Row(maxout_nan, "comparisons, which NaN fails: nothing is claimed of groups with NaN"),
    "maxout-lowest": Row(maxout_lowest, "the search starts from float32's lowest number: what is below is that"),
    "softsign-square": Row(softsign_square, "(1+|x|)^2 overflows: all of the result is lost"),
}  # fmt: skip
