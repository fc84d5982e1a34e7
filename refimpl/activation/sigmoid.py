"""Sigmoid and its logarithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import pointwise, pointwise_vjp, written
from refimpl.activation._exponential import any_vanishing, logistic, logistic_slope, one_and_exp


def sigmoid(x: ArrayLike) -> Array:
    """1 / (1 + e^-x), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.sigmoid`.

    >>> sigmoid([-0.4, 0.0, 0.3])
    array([0.40131234, 0.5       , 0.57444252])
    """
    return written(_sigmoid, x, 1, np.exp)


def sigmoid_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `sigmoid`: grad_out * e^-|x| / (1 + e^-|x|)^2, in the shape and dtype of x.

    >>> sigmoid_vjp([1.0, 1.0], [0.0, -700.0])
    (array([2.50000000e-001, 9.85967654e-305]),)
    """
    return pointwise_vjp(logistic_slope, grad_out, x)  # ACT-SIGMOID-2


def log_sigmoid(x: ArrayLike) -> Array:
    """log(1 / (1 + e^-x)) = min(x, 0) - log(1 + e^-|x|), for any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.log_sigmoid`.

    >>> log_sigmoid([1.0, 4.0, -1000.0])
    array([-3.13261688e-01, -1.81499279e-02, -1.00000000e+03])
    """
    return pointwise(lambda x: -(np.maximum(-x, 0) + np.log1p(np.exp(-np.abs(x)))), x)  # ACT-LSIGMOID-1


def log_sigmoid_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `log_sigmoid`: grad_out / (1 + e^x), in the shape and dtype of x.

    >>> log_sigmoid_vjp([1.0, 1.0], [0.0, 700.0])
    (array([5.00000000e-001, 9.85967654e-305]),)
    """
    return pointwise_vjp(lambda x: logistic(-x), grad_out, x)  # ACT-LSIGMOID-2


def _sigmoid(out: Array, x: Array, divisor: Array) -> Array | None:  # ACT-SIGMOID-1
    np.divide(1, one_and_exp(x, divisor), out=out)
    return any_vanishing(x)
