"""Shrinkage: hardshrink keeps what is large, softshrink moves it towards zero."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._pieces import indicator


def hardshrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """x where x > threshold or x < -threshold, else 0; any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for a threshold that is NaN. Source:
    `paddle.nn.functional.hardshrink`.

    >>> hardshrink([-1.0, 0.3, 2.5])
    array([-1. ,  0. ,  2.5])
    """
    threshold = number("threshold", threshold, "a number", lambda v: v == v)
    return pointwise(lambda cells: np.where(np.abs(cells) <= threshold, 0.0, cells), x)  # ACT-HSHRINK-1


def hardshrink_vjp(grad_out: ArrayLike, x: ArrayLike, threshold: float = 0.5) -> tuple[Array]:
    """The gradient for x of `hardshrink`: grad_out where x is kept, 0 times it elsewhere.

    >>> hardshrink_vjp([5.0, 5.0, 5.0], [-1.0, 0.3, 0.5])
    (array([5., 0., 0.]),)
    """
    threshold = number("threshold", threshold, "a number", lambda v: v == v)
    return pointwise_vjp(lambda cells: indicator(np.abs(cells) > threshold, cells), grad_out, x)  # ACT-HSHRINK-2


def softshrink(x: ArrayLike, threshold: float = 0.5) -> Array:
    """x - threshold where x > threshold, x + threshold where x < -threshold, else 0.

    x has any shape and any floating dtype, the result both. Raises TypeError for a dtype that is not floating,
    ValueError for a threshold below 0 or not finite. Source: `paddle.nn.functional.softshrink`.

    >>> softshrink([-0.75, -0.25, 0.75])
    array([-0.25,  0.  ,  0.25])
    """
    shift = _shift(threshold)
    return pointwise(
        lambda cells: np.where(np.abs(cells) <= shift, 0.0, cells - np.copysign(shift, cells)), x
    )  # ACT-SSHRINK-1


def softshrink_vjp(grad_out: ArrayLike, x: ArrayLike, threshold: float = 0.5) -> tuple[Array]:
    """The gradient for x of `softshrink`: grad_out where |x| > threshold, 0 times it elsewhere.

    >>> softshrink_vjp([5.0, 5.0, 5.0], [-0.75, -0.25, 0.5])
    (array([5., 0., 0.]),)
    """
    shift = _shift(threshold)
    return pointwise_vjp(lambda cells: indicator(np.abs(cells) > shift, cells), grad_out, x)  # ACT-SSHRINK-2


def _shift(threshold: float) -> float:
    return number("threshold", threshold, "a finite number of at least 0", lambda v: 0 <= v < math.inf)  # ACT-SSHRINK-3
