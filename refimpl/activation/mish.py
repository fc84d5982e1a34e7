"""mish."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._exponential import bounded, patch, times_exp, vanishing
from refimpl.activation.silu import far_slope


def mish(x: ArrayLike) -> Array:
    """x * tanh(log(1 + e^x)), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.mish`.

    >>> mish([-5.0, 0.0, 5.0])
    array([-0.03357624,  0.        ,  4.99955208])
    """
    return pointwise(_mish, x)


def mish_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `mish`: grad_out * (w + x * (1 - w^2) / (1 + e^-x)) with w = tanh(log(1 + e^x)).

    >>> mish_vjp([1.0, 1.0], [0.0, 2.0])
    (array([0.6       , 1.06931793]),)
    """
    return pointwise_vjp(_derivative, grad_out, x)


def _parts(x: Array) -> tuple[Array, Array, Array]:
    """t = e^-|x| and tanh(log(1 + e^x)) as a quotient: e^x (e^x + 2) / (e^x (e^x + 2) + 2), by e^2x above 0."""
    t = np.exp(-np.abs(x))
    numerator = np.where(x < 0, t * (2 + t), 1 + 2 * t)
    return t, numerator, numerator + np.where(x < 0, x.dtype.type(2), 2 * t * t)


def _mish(x: Array) -> Array:  # ACT-MISH-1
    _, numerator, denominator = _parts(x)
    return patch(x * (numerator / denominator), vanishing(x), lambda x: times_exp(bounded(x), x), x)


def _derivative(x: Array) -> Array:  # ACT-MISH-2
    """(n d + 4 x e^x (1 + e^x)) / d^2 for mish = x n / d; above 0 the second term by e^4x as well."""
    t, numerator, denominator = _parts(x)
    second = 4 * x * (1 + t) * np.where(x < 0, t, t * t)
    slope = (numerator * denominator + second) / np.square(denominator)
    return patch(slope, vanishing(-np.abs(x)), far_slope, x)
