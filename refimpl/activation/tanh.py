"""The hyperbolic tangent: tanh, stanh with its two scales, and tanhshrink, what it takes away from x."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp, written
from refimpl.activation._exact import parameter_product
from refimpl.activation._exponential import logistic_slope, multiple


def tanh(x: ArrayLike) -> Array:
    """(e^x - e^-x) / (e^x + e^-x), cell by cell, for any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.tanh`.

    >>> tanh([-0.4, 0.0, 0.3])
    array([-0.37994896,  0.        ,  0.29131261])
    """
    return written(_tanh, x)


def tanh_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `tanh`: grad_out * (1 - tanh(x)^2), without the subtraction.

    >>> tanh_vjp([1.0, 1.0], [0.0, 300.0])
    (array([1.00000000e+000, 1.06015862e-260]),)
    """
    return pointwise_vjp(_slope, grad_out, x)  # ACT-TANH-2


def stanh(x: ArrayLike, scale_a: float = 0.67, scale_b: float = 1.7159) -> Array:
    """scale_b * tanh(scale_a * x), cell by cell, for any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for scales that are not finite. Source:
    `paddle.stanh`.

    >>> stanh([1.0, 2.0, 3.0], scale_b=1.72)
    array([1.0061654 , 1.49927627, 1.65933099])
    """
    a, b = number("scale_a", scale_a), number("scale_b", scale_b)
    return pointwise(lambda x: b * np.tanh(a * _within(x, a)), x)  # ACT-STANH-1


def stanh_vjp(grad_out: ArrayLike, x: ArrayLike, scale_a: float = 0.67, scale_b: float = 1.7159) -> tuple[Array]:
    """The gradient for x of `stanh`: grad_out * scale_a * scale_b * (1 - tanh(scale_a * x)^2).

    >>> stanh_vjp([1.0], [0.0], scale_a=0.5, scale_b=3.0)
    (array([1.5]),)
    """
    a, b = number("scale_a", scale_a), number("scale_b", scale_b)

    def derivative(x: Array) -> Array:  # ACT-STANH-2
        z, rest = multiple(_within(x, a), a)
        slope: Array = parameter_product(a, b, x.dtype) * (_slope(z) * (1 - 2 * rest * np.tanh(z)))
        return slope

    return pointwise_vjp(derivative, grad_out, x)


def tanhshrink(x: ArrayLike) -> Array:
    """x - tanh(x), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Near 0 it is x c / (1 + c) with Lambert's fraction c = x^2 / (3 + x^2 / (5 + x^2 / (7 + ...))), which has no
    difference of nearly equal numbers. Raises TypeError for a dtype that is not floating. Source:
    `paddle.nn.functional.tanhshrink`.

    >>> tanhshrink([-0.4, 1e-5, 20.0])
    array([-2.00510377e-02,  3.33333333e-16,  1.90000000e+01])
    """
    return pointwise(lambda x: np.where(np.abs(x) < NEAR, _shrink_near(x), x - np.tanh(x)), x)  # ACT-TSHRINK-1


def tanhshrink_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `tanhshrink`: grad_out * tanh(x)^2, in the shape and dtype of x.

    >>> tanhshrink_vjp([1.0, 1.0], [1e-5, 20.0])
    (array([1.e-10, 1.e+00]),)
    """
    return pointwise_vjp(lambda x: np.square(np.tanh(x)), grad_out, x)  # ACT-TSHRINK-2


NEAR = 2
LEVELS = 15  # of the fraction; at |x| = 2 the rest is below half a unit of 64 bits


def _tanh(out: Array, x: Array) -> None:  # ACT-TANH-1
    np.tanh(x, out=out)


def _within(x: Array, scale: float) -> Array:
    """x as far as a scale of 0 needs it: finite, so that 0 times it is its limit at infinity."""
    limits = np.finfo(x.dtype)
    return np.clip(x, limits.min, limits.max) if scale == 0 else x


def _slope(x: Array) -> Array:
    """1 - tanh(x)^2, which is four times the slope of the logistic function at 2x."""
    return 4 * logistic_slope(2 * x)


def _shrink_near(x: Array) -> Array:
    square = np.square(np.clip(x, -NEAR, NEAR))
    fraction = np.zeros_like(x)
    for odd in range(2 * LEVELS + 1, 1, -2):
        fraction = square / (odd + fraction)
    shrunk: Array = x * fraction / (1 + fraction)
    return shrunk
