"""silu, which Paddle also calls swish."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array
from refimpl.activation._blocks import pointwise_vjp, written
from refimpl.activation._exponential import (
    any_vanishing,
    bounded,
    logistic,
    logistic_slope,
    one_and_exp,
    patch,
    times_exp,
    vanishing,
)


def silu(x: ArrayLike) -> Array:
    """x / (1 + e^-x), cell by cell, for an array of any shape and any floating dtype; the result has both.

    Raises TypeError for a dtype that is not floating. Source: `paddle.nn.functional.silu`.

    >>> silu([1.0, 2.0, 3.0])
    array([0.73105858, 1.76159416, 2.85772238])
    """
    return written(_silu, x, 1, _far_gate)


def silu_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `silu`: grad_out * s * (1 + x * (1 - s)) with s = 1 / (1 + e^-x).

    >>> silu_vjp([1.0, 1.0], [0.0, 2.0])
    (array([0.5       , 1.09078425]),)
    """
    return pointwise_vjp(gate_slope, grad_out, x)


def swish(x: ArrayLike) -> Array:
    """The same function as `silu`. Source: `paddle.nn.functional.swish`.

    >>> swish([-2.0, 0.0, 1.0])
    array([-0.23840584,  0.        ,  0.73105858])
    """
    return silu(x)  # ACT-SWISH-1


def swish_vjp(grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The gradient for x of `swish`, that of `silu`.

    >>> swish_vjp([1.0], [0.0])
    (array([0.5]),)
    """
    return silu_vjp(grad_out, x)


def gate(x: Array) -> Array:
    """silu of a block."""
    return patch(x / (1 + np.exp(-x)), vanishing(x), _far_gate, x)


def _silu(out: Array, x: Array, divisor: Array) -> Array | None:  # ACT-SILU-1
    np.divide(x, one_and_exp(x, divisor), out=out)
    return any_vanishing(x)


def _far_gate(x: Array) -> Array:
    """silu where e^-x would overflow: x * e^x, its limit -0 included."""
    return times_exp(bounded(x), x)


def gate_slope(x: Array) -> Array:
    """The derivative of silu on a block, s + x s (1 - s)."""
    slope = logistic(x) + x * logistic_slope(x)
    return patch(slope, vanishing(-np.abs(x)), far_slope, x)  # ACT-SILU-2


def far_slope(x: Array) -> Array:
    """The derivative where e^-|x| vanishes, of every function that is x on one side and x * e^x on the other."""
    return np.where(x > 0, x.dtype.type(1), times_exp(1 + bounded(x), x))
