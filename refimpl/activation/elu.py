"""Exponential linear units: x above zero, an exponential that levels off below: elu, celu and selu."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, number
from refimpl.activation._blocks import pointwise, pointwise_vjp
from refimpl.activation._exact import parameter_product
from refimpl.activation._exponential import patch, quotient, times_exp, vanishing

SCALE = 1.0507009873554805
ALPHA = 1.6732632423543772


def elu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha * (e^x - 1), for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for an alpha that is not finite. Source:
    `paddle.nn.functional.elu`.

    >>> elu([-1.0, 6.0], alpha=0.2)
    array([-0.12642411,  6.        ])
    """
    alpha = number("alpha", alpha)
    return pointwise(lambda x: np.where(x > 0, x, alpha * np.expm1(x)), x)  # ACT-ELU-1


def elu_vjp(grad_out: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> tuple[Array]:
    """The gradient for x of `elu`: grad_out where x > 0, alpha * e^x times it elsewhere.

    >>> elu_vjp([4.0, 4.0], [0.0, 1.0], alpha=0.5)
    (array([2., 4.]),)
    """
    alpha = number("alpha", alpha)
    return pointwise_vjp(lambda x: np.where(x > 0, x.dtype.type(1), _below(alpha, x)), grad_out, x)  # ACT-ELU-2


def selu(x: ArrayLike, scale: float = SCALE, alpha: float = ALPHA) -> Array:
    """scale times (x where x > 0, else alpha * (e^x - 1)), for any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError unless scale > 1 and alpha >= 0. Source:
    `paddle.nn.functional.selu`.

    >>> selu([0.0, 1.0, 2.0])
    array([0.        , 1.05070099, 2.10140197])
    """
    scale, alpha = _self_normalising(scale, alpha)

    def formula(x: Array) -> Array:  # ACT-SELU-1
        return np.where(x > 0, scale * x, parameter_product(scale, alpha, x.dtype) * np.expm1(x))

    return pointwise(formula, x)


def selu_vjp(grad_out: ArrayLike, x: ArrayLike, scale: float = SCALE, alpha: float = ALPHA) -> tuple[Array]:
    """The gradient for x of `selu`: scale times grad_out where x > 0, scale * alpha * e^x times it elsewhere.

    >>> selu_vjp([1.0, 1.0], [0.0, 1.0], scale=2.0, alpha=0.5)
    (array([1., 2.]),)
    """
    scale, alpha = _self_normalising(scale, alpha)

    def derivative(x: Array) -> Array:  # ACT-SELU-2
        return np.where(x > 0, x.dtype.type(scale), _below(parameter_product(scale, alpha, x.dtype), x))

    return pointwise_vjp(derivative, grad_out, x)


def celu(x: ArrayLike, alpha: float = 1.0) -> Array:
    """max(0, x) + min(0, alpha * (e^(x / alpha) - 1)), for any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating, ValueError for an alpha that is 0 or not finite. Source:
    `paddle.nn.functional.celu`.

    >>> celu([-1.0, 6.0], alpha=0.2)
    array([-0.19865241,  6.        ])
    """
    alpha = _divisor(alpha)

    def formula(x: Array) -> Array:  # ACT-CELU-1
        z, rest = quotient(x, alpha)
        growth = 1 + rest if alpha < 0 else 1  # where e^z grows, so does its error
        curve = alpha * (np.expm1(z) * growth)
        curve = patch(curve, np.isinf(curve), lambda z, rest: times_exp(alpha * (1 + rest), z), z, rest)
        straight = x > -abs(alpha) * np.finfo(x.dtype).eps / 4  # the curve is x to half an ulp, and x / alpha may be 0
        return np.where(straight, x, curve)

    return pointwise(formula, x)


def celu_vjp(grad_out: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> tuple[Array]:
    """The gradient for x of `celu`: grad_out where x > 0, e^(x / alpha) times it elsewhere.

    >>> celu_vjp([4.0, 4.0], [0.0, -2.0], alpha=2.0)
    (array([4.        , 1.47151776]),)
    """
    alpha = _divisor(alpha)

    def derivative(x: Array) -> Array:  # ACT-CELU-2
        z, rest = quotient(x, alpha)
        slope: Array = np.exp(z) * (1 + rest)
        return np.where(x > 0, x.dtype.type(1), slope)

    return pointwise_vjp(derivative, grad_out, x)


def _below(factor: Any, x: Array) -> Array:
    """factor * e^x, also where e^x is subnormal."""
    return patch(factor * np.exp(x), vanishing(x), lambda x: times_exp(factor, x), x)


def _self_normalising(scale: float, alpha: float) -> tuple[float, float]:  # ACT-SELU-3
    return (
        number("scale", scale, "a finite number greater than 1", lambda v: 1 < v < math.inf),
        number("alpha", alpha, "a finite number of at least 0", lambda v: 0 <= v < math.inf),
    )


def _divisor(alpha: float) -> float:  # ACT-CELU-3
    return number("alpha", alpha, "a finite number other than 0", lambda v: v != 0 and math.isfinite(v))
