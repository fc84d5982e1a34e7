"""Bounds of softmax and its logarithm, along any axis, and what known divergences add to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.bounds import Facts, Row, Rows
from conformance.judge.curves import near

Array = NDArray[Any]


class Shares:
    """softmax along an axis: e^d with d = x - max(x), their sum, the shares y, and 1-y without cancellation."""

    def __init__(self, f: Facts) -> None:
        x = f.arguments["x"]
        shape = x.shape or (1,)
        self.axis = f.arguments["axis"]
        self.x = x.reshape(shape)
        self.count = shape[self.axis]
        largest = self.x.max(self.axis, keepdims=True)
        self.difference = np.where(self.x == largest, 0, self.x - largest)
        self.below = near(self.difference)
        powers = np.exp(self.below)
        self.first = first = self.x.argmax(self.axis, keepdims=True)
        others = powers.copy()
        np.put_along_axis(others, first, 0, self.axis)
        self.total = powers.sum(self.axis, keepdims=True)
        self.rest = others.sum(self.axis, keepdims=True)
        self.y = powers / self.total
        self.complement = 1 - self.y
        np.put_along_axis(self.complement, first, self.rest / self.total, self.axis)
        # e^d has a relative error of 4u and |d| u; so has the sum of all, n-1 additions more.
        self.spread = (self.y * np.abs(self.below)).sum(self.axis, keepdims=True)
        self.roundings = np.abs(self.below) + self.spread + self.count + 8
        self.others = (others * np.abs(self.below)).sum(self.axis, keepdims=True) + (self.count + 4) * self.rest

    def elsewhere(self, terms: Array) -> Array:
        """The sum of the other terms along the axis, without cancellation where the largest share's is nearly all."""
        others = terms.copy()
        np.put_along_axis(others, self.first, 0, self.axis)
        sums = terms.sum(self.axis, keepdims=True) - terms
        np.put_along_axis(sums, self.first, others.sum(self.axis, keepdims=True), self.axis)
        return np.maximum(sums, 0)


def softmax(f: Facts) -> Any:
    """y, the quotient of e^d and their sum."""
    return f.rounding(Shares(f).roundings.reshape(f.expected.shape), f.expected) if f.expected.size else 0.0


def softmax_slope(f: Facts) -> Any:
    """y_i (g_i - sum of g y): y_i (1-y_i) g_i and, of the others, y_i g_j y_j, each with its own error."""
    if not f.expected.size:
        return 0.0
    p, g = Shares(f), np.abs(f.cotangent).reshape(Shares(f).y.shape)
    terms = g * p.y * (p.roundings + p.count)
    elsewhere = p.elsewhere(terms)
    own = g * p.complement * (2 * p.roundings + p.count)
    size = p.y * (own + elsewhere + p.roundings * p.elsewhere(g * p.y))
    return (f.unit * size + 8 * p.count * f.tiny * (1 + g)).reshape(f.expected.shape)


def log_softmax(f: Facts) -> Any:
    """d - log1p(the other terms over the largest): each difference is rounded, and the logarithm has its own error."""
    if not f.expected.size:
        return 0.0
    p = Shares(f)
    excess = np.log1p(p.rest / (p.total - p.rest))
    logarithm = 4 * excess + p.others / p.total
    sizes = np.abs(p.below) + logarithm + np.abs(f.expected.reshape(p.y.shape))
    return (f.unit * sizes).reshape(f.expected.shape) + 8 * p.count * f.tiny


def log_softmax_slope(f: Facts) -> Any:
    """g_i - y_i sum(g), of which g_i (1-y_i) has no cancellation."""
    if not f.expected.size:
        return 0.0
    p, g = Shares(f), np.abs(f.cotangent).reshape(Shares(f).y.shape)
    size = g * p.complement * (p.roundings + 3) + p.y * p.elsewhere(g) * (p.roundings + p.count + 2)
    return (f.unit * size).reshape(f.expected.shape) + 8 * p.count * f.tiny


ROWS: dict[str, Rows] = {
    "softmax": Rows(
        {"out": Row(softmax, "e^d/sum(e^d): 4u and |d| u of each e^d, n-1 additions, the division")},
        {"x": Row(softmax_slope, "y_i (1-y_i) g_i and y_i times the others' g_j y_j, with the errors of y")},
    ),
    "log_softmax": Rows(
        {"out": Row(log_softmax, "d - log1p(rest): d and the result are rounded, rest is a sum of e^d")},
        {"x": Row(log_softmax_slope, "g_i (1-y_i) - y_i times the other g: the errors of y, and n additions")},
    ),
}  # fmt: skip


FLOOR = 1.7e-28
"""e^-64, and its rounding."""


def clipped_difference(f: Facts, logarithm: bool) -> Any:
    """softmax and its logarithm with x - max(x) no lower than -64."""
    if not f.expected.size:
        return 0.0
    p = Shares(f)
    if f.cotangent is None:
        lost = np.maximum(-64 - p.difference, 0) * (1 + 8 * f.unit) if logarithm else np.where(p.below < -64, FLOOR, 0)
    else:
        total = np.abs(f.cotangent).reshape(p.y.shape).sum(p.axis, keepdims=True)
        lost = np.where((p.below < -64).any(p.axis, keepdims=True), 2 * FLOOR * total, 0) + 0 * p.y
    return lost.reshape(f.expected.shape)


def softmax_output(f: Facts) -> Any:
    """y (g - sum(g y)) from the rounded y."""
    if not f.expected.size:
        return 0.0
    p, g = Shares(f), np.abs(f.cotangent).reshape(Shares(f).y.shape)
    roundings = p.roundings.max(p.axis, keepdims=True) + p.count + 3
    lost = roundings * f.unit * p.y * (g + (g * p.y).sum(p.axis, keepdims=True))
    return lost.reshape(f.expected.shape)


def log_softmax_sum(f: Facts) -> Any:
    """log(sum(e^d)) of a sum near 1, and g - e^out sum(g) from its result."""
    if not f.expected.size:
        return 0.0
    p = Shares(f)
    if f.cotangent is None:
        lost = f.unit * (p.spread + p.count + 8) + 0 * p.y
    else:
        g = np.abs(f.cotangent).reshape(p.y.shape)
        lost = f.unit * (2 * g + p.y * (p.roundings + p.count + 12) * g.sum(p.axis, keepdims=True))
    return lost.reshape(f.expected.shape)


def infinite_row(f: Facts) -> Any:
    """Rows whose largest number is an infinity."""
    if not f.expected.size:
        return 0.0
    x = f.arguments["x"]
    largest = x.max(f.arguments["axis"] if x.ndim else None, keepdims=True)
    return np.where(np.broadcast_to(np.isinf(largest), x.shape), np.inf, 0.0)


def lost_nan(f: Facts) -> Any:
    """Rows with NaN in them; and a lone number, which is not read."""
    lost = np.isnan(f.expected) if f.expected.ndim == 0 else np.isnan(f.arguments["x"])
    rows = lost.any(f.arguments["axis"] if lost.ndim else None, keepdims=True)
    return np.where(np.broadcast_to(rows, lost.shape), np.inf, 0.0)


LOSSES: dict[str, Row] = {
    "softmax-clip": Row(
        lambda f: clipped_difference(f, False), "x - max(x) no lower than -64: e^-64 in the place of what is smaller"
    ),
    "log-softmax-clip": Row(
        lambda f: clipped_difference(f, True), "x - max(x) no lower than -64: as far as the difference is below that"
    ),
    "softmax-nan": Row(lost_nan, "a maximum by comparisons, which NaN fails: nothing is claimed of rows with NaN"),
    "softmax-output": Row(softmax_output, "y_i (g_i - sum(g y)) from the rounded y, both terms with its errors"),
    "log-softmax-sum": Row(log_softmax_sum, "log(sum(e^d)): the relative error of the sum becomes an absolute one"),
    "infinite-row": Row(infinite_row, "infinity less infinity: nothing is claimed of rows whose maximum is infinite"),
}  # fmt: skip
