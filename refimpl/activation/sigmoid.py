"""Sigmoid."""

from __future__ import annotations

from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._exponential import logistic, logistic_slope


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + e^-x), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.sigmoid`.

    >>> sigmoid([-0.4, 0.0, 0.3])
    array([0.40131234, 0.5       , 0.57444252])
    """
    return pointwise(logistic, x)


def sigmoid_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `sigmoid`: grad_out * e^-|x| / (1 + e^-|x|)^2, in the shape and dtype of x.

    >>> sigmoid_vjp([1.0, 1.0], [0.0, -700.0])
    (array([2.50000000e-001, 9.85967654e-305]),)
    """
    return pointwise_vjp(logistic_slope, grad_out, x)
