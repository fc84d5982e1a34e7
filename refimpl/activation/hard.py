"""Straight pieces in place of a curve: hardsigmoid, hardswish and hardtanh."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._exact import two_product
from refimpl.activation._pieces import indicator


def hardsigmoid(x: ArrayLike, slope: float = 0.1666667, offset: float = 0.5) -> Array:
    """0 where x <= -3, 1 where x >= 3, else slope * x + offset, as documented also for other slopes and offsets.

    x has any shape and any floating dtype, the result both. Raises TypeError for a dtype that is not floating,
    ValueError for parameters that are not finite. Source: `paddle.nn.functional.hardsigmoid`.

    >>> hardsigmoid([-4.0, 5.0, 1.0])
    array([0.       , 1.       , 0.6666667])
    """
    slope, offset = number("slope", slope), number("offset", offset)

    def formula(x: Array) -> Array:  # ACT-HSIGMOID-1
        product, rest = two_product(x, x.dtype.type(slope))
        return np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (product + offset) + rest))

    return pointwise(formula, x)


def hardsigmoid_vjp(grad_out: ArrayLike, x: ArrayLike, slope: float = 0.1666667, offset: float = 0.5) -> tuple[Array]:
    """The gradient for x of `hardsigmoid`: slope times grad_out where -3 < x < 3, 0 times it elsewhere.

    >>> hardsigmoid_vjp([4.0, 4.0], [3.0, 1.0], slope=0.25)
    (array([0., 1.]),)
    """
    slope = number("slope", slope)
    number("offset", offset)
    return pointwise_vjp(lambda x: slope * indicator(np.abs(x) < 3, x), grad_out, x)  # ACT-HSIGMOID-2


def hardswish(x: ArrayLike) -> Array:
    """-0 where x <= -3, x where x >= 3, else x * (x + 3) / 6; any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.hardswish`.

    >>> hardswish([-4.0, 5.0, 1.0])
    array([-0.        ,  5.        ,  0.66666667])
    """

    def formula(x: Array) -> Array:  # ACT-HSWISH-1
        return np.where(x <= -3, -0.0, np.where(x >= 3, x, x * (x + 3) / 6))

    return pointwise(formula, x)


def hardswish_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `hardswish`: grad_out times 0 where x <= -3, 1 where x >= 3, else (2x + 3) / 6.

    >>> hardswish_vjp([4.0, 4.0, 4.0], [-3.0, 0.0, 3.0])
    (array([0., 2., 4.]),)
    """

    def derivative(x: Array) -> Array:  # ACT-HSWISH-2
        return np.where(x <= -3, 0.0, np.where(x >= 3, 1.0, (2 * x + 3) / 6))

    return pointwise_vjp(derivative, grad_out, x)


def hardtanh(x: ArrayLike, min: float = -1.0, max: float = 1.0) -> Array:
    """max where x > max, min where x < min, else x; any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for bounds that are NaN or the wrong way round.
    Source: `paddle.nn.functional.hardtanh`.

    >>> hardtanh([-1.5, 0.3, 2.5])
    array([-1. ,  0.3,  1. ])
    """
    low, high = _bounds(min, max)
    return pointwise(lambda x: np.where(x > high, high, np.where(x < low, low, x)), x)  # ACT-HTANH-1


def hardtanh_vjp(grad_out: ArrayLike, x: ArrayLike, min: float = -1.0, max: float = 1.0) -> tuple[Array]:
    """The gradient for x of `hardtanh`: grad_out where min <= x <= max, 0 times it elsewhere.

    >>> hardtanh_vjp([5.0, 5.0, 5.0], [-1.5, 0.3, 1.0])
    (array([0., 5., 5.]),)
    """
    low, high = _bounds(min, max)
    return pointwise_vjp(lambda x: indicator((x >= low) & (x <= high), x), grad_out, x)  # ACT-HTANH-2


def _bounds(min: float, max: float) -> tuple[float, float]:
    low = number("min", min, "a number", lambda v: v == v)
    return low, number("max", max, f"a number of at least min = {low}", lambda v: v >= low)  # ACT-HTANH-3
