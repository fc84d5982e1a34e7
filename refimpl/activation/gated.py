"""Gated linear units: one half of the input, or one of two inputs, opens and closes for the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, axis, bad, floating, same_shape
from refimpl.activation._blocks import elementwise
from refimpl.activation._exponential import bounded, logistic_slope, patch, times_exp, vanishing
from refimpl.activation.silu import gate, gate_slope


def glu(x: ArrayLike, axis: int = -1) -> Array:
    """a / (1 + e^-b) for the first half a and the second half b of x along an axis, which comes out half as long.

    x has at least one dimension and any floating dtype, the result the same dtype. Raises TypeError for a dtype that is
    not floating, ValueError for an axis that x does not have or whose length is odd. Source:
    `paddle.nn.functional.glu`.

    >>> glu([3.0, -1.0, 0.0, 2.0])
    array([ 1.5       , -0.88079708])
    """
    a, b, _ = _halves(x, axis)
    return elementwise(_glu, a.dtype, a, b)  # ACT-GLU-1


def glu_vjp(grad_out: ArrayLike, x: ArrayLike, axis: int = -1) -> tuple[Array]:
    """The gradient for x of `glu`: grad_out * s for the first half, grad_out * a * s * (1 - s) for the second.

    >>> glu_vjp([4.0], [3.0, 0.0])
    (array([2., 3.]),)
    """
    a, b, along = _halves(x, axis)
    g = same_shape("grad_out", floating("grad_out", grad_out), a.shape)
    content = elementwise(_glu, a.dtype, g, b)
    opening = elementwise(lambda g, a, b: g * _glu_slope(a, b), a.dtype, g, a, b)
    return (np.concatenate([content, opening], axis=along),)  # ACT-GLU-2


def swiglu(x: ArrayLike, y: ArrayLike | None = None) -> Array:
    """silu(x) * y; without y, x and y are the halves of x along its last axis.

    x has any shape and any floating dtype, y the same; the result has the shape of the two factors. Raises TypeError
    for a dtype that is not floating, ValueError for unequal shapes or a last axis of odd length. Source:
    `paddle.nn.functional.swiglu`.

    >>> swiglu([1.0, 2.0])
    array([1.46211716])
    >>> swiglu([1.0, 2.0], [1.0, 2.0])
    array([0.73105858, 3.52318831])
    """
    first, second = _factors(x, y)
    return elementwise(_swiglu, first.dtype, first, second)  # ACT-SWIGLU-1


def swiglu_vjp(grad_out: ArrayLike, x: ArrayLike, y: ArrayLike | None = None) -> tuple[Array, ...]:
    """The gradients for x and y of `swiglu`, or for x alone without y: grad_out * silu'(x) * y, grad_out * silu(x).

    >>> swiglu_vjp([4.0], [0.0, 3.0])
    (array([6., 0.]),)
    """
    first, second = _factors(x, y)
    g = same_shape("grad_out", floating("grad_out", grad_out), first.shape)
    grad_x = elementwise(lambda g, x, y: g * _swiglu_slope(x, y), first.dtype, g, first, second)
    grad_y = elementwise(_swiglu, second.dtype, first, g)
    return (np.concatenate([grad_x, grad_y], axis=-1),) if y is None else (grad_x, grad_y)  # ACT-SWIGLU-2


def _glu(a: Array, b: Array) -> Array:
    """a / (1 + e^-b); a * e^b where e^b is subnormal but the product need not be."""
    return patch(a / (1 + np.exp(-b)), vanishing(b), times_exp, a, b)


def _glu_slope(a: Array, b: Array) -> Array:
    """a s (1 - s) for s = 1 / (1 + e^-b)."""
    far = vanishing(-np.abs(b))
    return patch(a * logistic_slope(b), far, lambda a, b: times_exp(a, -np.abs(b)), a, b)


def _swiglu(x: Array, y: Array) -> Array:
    """silu(x) y; x y e^x where e^x is subnormal but the product need not be."""
    return patch(gate(x) * y, vanishing(x), lambda x, y: times_exp(bounded(x), x, y), x, y)


def _swiglu_slope(x: Array, y: Array) -> Array:
    """silu'(x) y, likewise."""
    return patch(gate_slope(x) * y, vanishing(x), lambda x, y: times_exp(1 + bounded(x), x, y), x, y)


def _halves(x: ArrayLike, along: int) -> tuple[Array, Array, int]:
    """The first and the second half of x along an axis, and the axis."""
    array = floating("x", x)
    along = axis("axis", along, array.ndim)
    if array.shape[along] % 2:
        raise bad(f"the length of axis {along} of x", array.shape[along], "an even number")  # ACT-GLU-3
    first, second = np.split(array, 2, axis=along)
    return first, second, along


def _factors(x: ArrayLike, y: ArrayLike | None) -> tuple[Array, Array]:
    if y is None:
        return _halves(x, -1)[:2]
    first = floating("x", x)
    return first, same_shape("y", floating("y", y), first.shape)  # ACT-SWIGLU-3
