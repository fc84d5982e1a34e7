"""softplus."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._exponential import logistic, multiple, patch, times_exp, vanishing


def softplus(x: ArrayLike, beta: float = 1, threshold: float = 20) -> Array:
    """log(1 + e^(beta * x)) / beta where beta * x <= threshold, else x, as documented: it jumps there.

    x has any shape and any floating dtype, the result both. Raises TypeError for a dtype that is not floating,
    ValueError for a beta that is 0 or not finite and for a threshold that is NaN. Source:
    `paddle.nn.functional.softplus`.

    >>> softplus([-0.4, 0.3, 20.0, 21.0])
    array([ 0.51301525,  0.85435524, 20.        , 21.        ])
    """
    beta, threshold = _curve(beta, threshold)

    def formula(x: Array) -> Array:  # ACT-SOFTPLUS-1
        z, rest = multiple(x, beta)
        t = np.exp(-np.abs(z))
        bend = np.log1p(t) - np.sign(z) * rest * t / (1 + t)
        curve = np.where(z > 0, x, 0 * t) + bend / beta
        curve = patch(curve, vanishing(z), lambda z, rest: times_exp((1 + rest) / beta, z), z, rest)
        return np.where(_straight(z, rest, threshold), x, curve)

    return pointwise(formula, x)


def softplus_vjp(grad_out: ArrayLike, x: ArrayLike, beta: float = 1, threshold: float = 20) -> tuple[Array]:
    """The gradient for x of `softplus`: grad_out / (1 + e^(-beta * x)) where beta * x <= threshold, else grad_out.

    >>> softplus_vjp([2.0, 2.0], [0.0, 21.0])
    (array([1., 2.]),)
    """
    beta, threshold = _curve(beta, threshold)

    def derivative(x: Array) -> Array:  # ACT-SOFTPLUS-2
        z, rest = multiple(x, beta)
        curve: Array = logistic(z) * (1 + rest * logistic(-z))
        return np.where(_straight(z, rest, threshold), x.dtype.type(1), curve)

    return pointwise_vjp(derivative, grad_out, x)


def _straight(z: Array, rest: Array, threshold: float) -> Array:
    """Where beta * x, which is z and the rest, is above the threshold."""
    cells: Array = (z > threshold) | ((z == threshold) & (rest > 0))
    return cells


def _curve(beta: float, threshold: float) -> tuple[float, float]:  # ACT-SOFTPLUS-3
    beta = number("beta", beta, "a finite number other than 0", lambda v: v != 0 and math.isfinite(v))
    return beta, number("threshold", threshold, "a number", lambda v: v == v)
