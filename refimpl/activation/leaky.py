"""Rectifiers with a slope below zero: leaky_relu with a given one, rrelu with a random one for each cell."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, number, same_shape
from refimpl.activation._blocks import elementwise, pointwise, pointwise_vjp

THIRD = 1.0 / 3.0


def leaky_relu(x: ArrayLike, negative_slope: float = 0.01) -> Array:
    """x where x >= 0, else negative_slope * x, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for a slope that is not finite. Source:
    `paddle.nn.functional.leaky_relu`.

    >>> leaky_relu([-2.0, 0.0, 1.0])
    array([-0.02,  0.  ,  1.  ])
    """
    slope = number("negative_slope", negative_slope)

    def formula(x: Array) -> Array:  # ACT-LEAKY-1
        falling = np.maximum(x, np.finfo(x.dtype).min) if slope == 0 else x  # ACT-LEAKY-3
        return np.where(x >= 0, x, slope * falling)

    return pointwise(formula, x)


def leaky_relu_vjp(grad_out: ArrayLike, x: ArrayLike, negative_slope: float = 0.01) -> tuple[Array]:
    """The gradient for x of `leaky_relu`: grad_out where x >= 0, negative_slope times it elsewhere.

    >>> leaky_relu_vjp([5.0, 5.0], [-2.0, 0.0])
    (array([0.05, 5.  ]),)
    """
    slope = number("negative_slope", negative_slope)
    return pointwise_vjp(lambda cells: _two_slopes(cells, slope), grad_out, x)  # ACT-LEAKY-2


def rrelu(
    x: ArrayLike,
    lower: float = 0.125,
    upper: float = THIRD,
    training: bool = True,
    *,
    noise: ArrayLike | None = None,
) -> Array:
    """x where x >= 0, else a * x; `noise` is a, one slope drawn uniformly from (lower, upper) for each cell.

    x has any shape and any floating dtype, the result both. noise has the shape of x and is read where x < 0 only.
    Outside training every a is the mean of lower and upper and there is no noise. Raises TypeError for dtypes that are
    not floating, ValueError for bounds that are not 0 <= lower <= upper <= 1, for noise that is missing in training or
    given outside it, and for slopes outside the bounds. Source: `paddle.nn.functional.rrelu`.

    >>> rrelu([-2.0, 3.0, -4.0], noise=[0.25, 0.0, 0.125])
    array([-0.5,  3. , -0.5])
    >>> rrelu([-2.0, 3.0, -4.0], 0.25, 0.75, training=False)
    array([-1.,  3., -2.])
    """
    cells = floating("x", x)
    slope = _slope(cells, lower, upper, training, noise)
    return elementwise(lambda x, a: np.where(x >= 0, x, a * x), cells.dtype, cells, slope)  # ACT-RRELU-1


def rrelu_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    lower: float = 0.125,
    upper: float = THIRD,
    training: bool = True,
    *,
    noise: ArrayLike | None = None,
) -> tuple[Array]:
    """The gradient for x of `rrelu` with the same noise: grad_out where x >= 0, a times it elsewhere.

    >>> rrelu_vjp([8.0, 8.0], [-2.0, 0.0], noise=[0.25, 0.25])
    (array([2., 8.]),)
    """
    cells = floating("x", x)
    g = same_shape("grad_out", floating("grad_out", grad_out), cells.shape)
    slope = _slope(cells, lower, upper, training, noise)
    return (elementwise(lambda g, x, a: g * _two_slopes(x, a), cells.dtype, g, cells, slope),)  # ACT-RRELU-2


def _two_slopes(x: Array, below: Any) -> Array:
    return np.where(x >= 0, x.dtype.type(1), np.where(x < 0, below, x))


def _slope(x: Array, lower: float, upper: float, training: bool, noise: ArrayLike | None) -> Array:
    """The slope of every cell."""
    lower = number("lower", lower, "a number in [0, 1]", lambda v: 0 <= v <= 1)
    upper = number("upper", upper, f"a number in [lower, 1] = [{lower}, 1]", lambda v: lower <= v <= 1)
    if not training:  # ACT-RRELU-3
        if noise is not None:
            raise bad("noise", noise, "None outside training")
        return np.broadcast_to(x.dtype.type((np.longdouble(lower) + upper) * 0.5), x.shape)
    if noise is None:
        raise bad("noise", noise, f"slopes of shape {x.shape} in training")
    slopes = same_shape("noise", floating("noise", noise), x.shape)
    used = slopes[x < 0]
    rounding = 2 * np.finfo(slopes.dtype).eps  # a slope rounded to its dtype may lie just outside
    outside = used[~((used >= lower * (1 - rounding)) & (used <= upper * (1 + rounding)))]
    if outside.size:  # ACT-RRELU-4
        raise bad("noise", outside[0], f"slopes in [lower, upper] = [{lower}, {upper}] where x < 0")
    return slopes
