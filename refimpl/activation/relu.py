"""Rectifiers: relu, relu6 and thresholded_relu."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._pieces import indicator


def relu(x: ArrayLike) -> Array:
    """max(x, 0), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.relu`.

    >>> relu([-2.0, 0.0, 1.0])
    array([0., 0., 1.])
    """
    return pointwise(lambda cells: np.maximum(cells, 0) + 0.0, x)  # ACT-RELU-1: -0 + 0 is +0


def relu_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `relu`: grad_out where x > 0, 0 times it elsewhere, in the shape and dtype of x.

    >>> relu_vjp([5.0, 5.0, 5.0], [-2.0, 0.0, 1.0])
    (array([0., 0., 5.]),)
    """
    return pointwise_vjp(lambda cells: np.sign(np.maximum(cells, 0)), grad_out, x)  # ACT-RELU-2


def relu6(x: ArrayLike) -> Array:
    """min(max(0, x), 6), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.relu6`.

    >>> relu6([-1.0, 0.3, 6.5])
    array([0. , 0.3, 6. ])
    """
    return pointwise(lambda cells: np.minimum(np.maximum(cells, 0), 6) + 0.0, x)  # ACT-RELU6-1


def relu6_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `relu6`: grad_out where 0 < x < 6, 0 times it elsewhere.

    >>> relu6_vjp([5.0, 5.0, 5.0], [0.0, 0.3, 6.0])
    (array([0., 5., 0.]),)
    """
    return pointwise_vjp(lambda cells: indicator((cells > 0) & (cells < 6), cells), grad_out, x)  # ACT-RELU6-2


def thresholded_relu(x: ArrayLike, threshold: float = 1.0, value: float = 0.0) -> Array:
    """x where x > threshold, else `value`, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for a threshold that is NaN or a value that is not
    finite. Source: `paddle.nn.functional.thresholded_relu`.

    >>> thresholded_relu([2.0, 0.0, 1.0])
    array([2., 0., 0.])
    """
    threshold = number("threshold", threshold, "a number", lambda v: v == v)
    value = number("value", value)
    return pointwise(lambda cells: np.where(cells <= threshold, value, cells), x)  # ACT-TRELU-1


def thresholded_relu_vjp(grad_out: ArrayLike, x: ArrayLike, threshold: float = 1.0, value: float = 0.0) -> tuple[Array]:
    """The gradient for x of `thresholded_relu`: grad_out where x > threshold, 0 times it elsewhere.

    >>> thresholded_relu_vjp([5.0, 5.0, 5.0], [2.0, 0.0, 1.0])
    (array([5., 0., 0.]),)
    """
    threshold = number("threshold", threshold, "a number", lambda v: v == v)
    number("value", value)
    return pointwise_vjp(lambda cells: indicator(cells > threshold, cells), grad_out, x)  # ACT-TRELU-2
