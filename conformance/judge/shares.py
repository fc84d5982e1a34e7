"""Bounds of softmax and its logarithm, along any axis."""

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
        self.below = near(self.x - self.x.max(self.axis, keepdims=True))
        powers = np.exp(self.below)
        first = self.x.argmax(self.axis, keepdims=True)
        others = powers.copy()
        np.put_along_axis(others, first, 0, self.axis)
        self.total = powers.sum(self.axis, keepdims=True)
        self.rest = others.sum(self.axis, keepdims=True)
        self.y = powers / self.total
        self.complement = 1 - self.y
        np.put_along_axis(self.complement, first, self.rest / self.total, self.axis)
        # e^d has a relative error of 4u and |d| u; so has the sum of all, n-1 additions more.
        spread = (self.y * np.abs(self.below)).sum(self.axis, keepdims=True)
        self.roundings = np.abs(self.below) + spread + self.count + 8
        self.others = (others * np.abs(self.below)).sum(self.axis, keepdims=True) + (self.count + 4) * self.rest


def softmax(f: Facts) -> Any:
    """y, the quotient of e^d and their sum."""
    return f.rounding(Shares(f).roundings.reshape(f.expected.shape), f.expected) if f.expected.size else 0.0


def softmax_slope(f: Facts) -> Any:
    """y_i (g_i - sum of g y): y_i (1-y_i) g_i and, of the others, y_i g_j y_j, each with its own error."""
    if not f.expected.size:
        return 0.0
    p, g = Shares(f), np.abs(f.cotangent).reshape(Shares(f).y.shape)
    terms = g * p.y * (p.roundings + p.count)
    elsewhere = terms.sum(p.axis, keepdims=True) - terms
    own = g * p.complement * (2 * p.roundings + p.count)
    total = (g * p.y).sum(p.axis, keepdims=True) - g * p.y
    size = p.y * (own + elsewhere + p.roundings * np.maximum(total, 0))
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
    total = g.sum(p.axis, keepdims=True)
    size = g * p.complement * (p.roundings + 3) + p.y * (total - g) * (p.roundings + p.count + 2)
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
