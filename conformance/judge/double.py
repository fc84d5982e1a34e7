"""How far careful second derivatives may be from the exact ones.

The gradient of x is G(x, g) for the cotangent g; its own gradient for a cotangent v is, by x, the derivative of G along
v (second derivatives do not depend on their order) and, by g, that of the output along v. The former is judged by the
magnitude that the terms of its formula can have, not by what is left of them: relative accuracy in tails and near zeros
is judged, and where Paddle loses it registered, at the first derivative. Notation as in
conformance/judge/activation.py and conformance/judge/batch_norm.py; to first order in u.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.batch_norm import moments
from conformance.judge.bounds import Facts

Array = NDArray[Any]


@dataclass(frozen=True)
class Second:
    """The bound of the derivative by x, for g v as `f.cotangent`, g and v as `f.noise`.

    By g it is that of the first gradient for the cotangent v, where the operator's derivative is symmetric, or that of
    the output for v, of an operator that is linear in x. `step` is how far the differences of the reference may go
    along v, in every direction that does not concern the others: as far as the operator changes.
    """

    allowed: Callable[[Facts], Any]
    why: str
    linear: bool = False
    step: Callable[[Facts], Any] = lambda f: _each(f, 1.0)


def _each(f: Facts, scale: float) -> Any:
    """So far in every cell."""
    size = np.abs(f.noise["v"])
    return scale / np.where(size > 0, size, 1)


def _terms(count: float, size: Callable[[Facts], Any] = lambda f: 1.0) -> Callable[[Facts], Any]:
    """So many roundings of a term of this size, times g v."""
    return lambda f: f.rounding(count, size(f) * f.cotangent)


def _elu(f: Facts) -> Any:
    """alpha e^x g v."""
    return f.rounding(8, f.arguments["alpha"] * np.exp(np.minimum(f.arguments["x"], 0)) * f.cotangent)


def _celu(f: Facts) -> Any:
    """e^z g v / alpha, whose relative error is that of z = x/alpha times |z|."""
    z = np.minimum(f.arguments["x"], 0) / f.arguments["alpha"]
    return f.rounding(8 + np.abs(z), np.exp(z) / f.arguments["alpha"] * f.cotangent)


def _batch_norm(f: Facts) -> Any:
    """The derivative of a (g - mean(g) - h P), P = mean(g h), along v, with every term by its magnitude: r changes by
    -r^2 mean(h v), h by r (v - mean(v)) - r h mean(h v). |h| counts as r (|x| + |m|), of which it is the difference.
    """
    m, g, v = moments(f), np.abs(f.noise["g"]), np.abs(f.noise["v"])

    def mean(values: Array) -> Array:
        return values.mean(m.axes, keepdims=True)

    h = m.largest_scale * m.magnitude
    along = m.largest_scale * (v + mean(v) + h * mean(h * v))
    inner = m.largest_scale * mean(h * v) * (g + mean(g) + h * mean(g * h)) + along * mean(g * h) + h * mean(g * along)
    size = np.abs(m.largest_scale * m.weight) * inner
    return f.rounding(6 * m.count + 60, size) + 4 * m.scale_error * size


def _deviation(f: Facts) -> Any:
    """A standard deviation in every channel."""
    m = moments(f)
    size = np.abs(f.noise["v"]).max(m.axes, keepdims=True, initial=0)
    return 1 / m.scale / np.where(size > 0, size, 1)


_FLAT = Second(lambda f: 0.0, "the derivative does not change between kinks")
_LINEAR = Second(lambda f: 0.0, "the output is linear in x", linear=True)

SECOND: dict[str, Second] = {
    **dict.fromkeys(("relu", "relu6", "leaky_relu", "thresholded_relu"), _FLAT),
    **dict.fromkeys(("hardshrink", "softshrink", "hardtanh", "hardsigmoid"), _FLAT),
    **{f"{name}_pool{axes}d": _LINEAR for name in ("avg", "adaptive_avg") for axes in (1, 2, 3)},
    "sigmoid": Second(_terms(12), "s (1-s) (1-2s): s off by 6u, s (1-s) by 6u, 1-2s by 13u of 1/4, three products"),
    "tanh": Second(_terms(32), "-2y (1-y^2): y off by 4u, 1-y^2 by 10u of 1, three products"),
    "silu": Second(
        _terms(24, lambda f: 1 + np.abs(f.arguments["x"])),
        "s (1-s) (2 + x (1-2s)): s (1-s) off by 6u, 1-2s by 13u of |x|/4; the sum and four products",
    ),
    "softplus": Second(
        _terms(12, lambda f: float(f.arguments["beta"])),
        "beta s (1-s): 6u, |z| s (1-s) u from the rounded z, three products",
        step=lambda f: _each(f, min(1.0, 1 / float(f.arguments["beta"]))),
    ),
    "elu": Second(_elu, "alpha e^x: 4u and three products"),
    "celu": Second(
        _celu,
        "e^z / alpha: 4u, |z| u from the rounded z, four products",
        step=lambda f: _each(f, min(1.0, abs(f.arguments["alpha"]))),
    ),
    "batch_norm": Second(
        _batch_norm, "sums of n terms, by magnitude: 6n + 60 roundings, and what r is off by", step=_deviation
    ),
}  # fmt: skip
