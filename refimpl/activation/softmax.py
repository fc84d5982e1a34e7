"""softmax and its logarithm, along any axis, accurate to ACT-A4."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from refimpl._arguments import Array, floating, same_shape, wrong_kind
from refimpl._arguments import axis as axis_of
from refimpl.activation._exact import two_sum
from refimpl.activation._rows import rowwise, total


def softmax(x: ArrayLike, axis: int = -1, dtype: DTypeLike | None = None) -> Array:
    """e^x divided by the sum of e^x along an axis, for an array of any shape and any floating dtype.

    x is cast to `dtype` first, if one is given; the result has its shape and that dtype. An array without dimensions
    counts as one number. Raises TypeError for dtypes that are not floating, ValueError for an axis that x does not
    have. Source: `paddle.nn.functional.softmax`.

    >>> softmax([2.0, 3.0, 4.0, 5.0])
    array([0.0320586 , 0.08714432, 0.23688282, 0.64391426])
    """
    array, along = _arguments(x, axis, dtype)
    return rowwise(shares, along, array.dtype, array)  # ACT-SOFTMAX-1


def softmax_vjp(grad_out: ArrayLike, x: ArrayLike, axis: int = -1, dtype: DTypeLike | None = None) -> tuple[Array]:
    """The gradient for x of `softmax`: y * (g - sum of g * y), in the shape and dtype of x.

    >>> softmax_vjp([1.0, 0.0], [0.0, 0.0])
    (array([ 0.25, -0.25]),)
    """
    array, along = _arguments(x, axis, dtype)
    g = same_shape("grad_out", floating("grad_out", grad_out), array.shape)
    return (rowwise(shares_vjp, along, floating("x", x).dtype, g, array),)  # ACT-SOFTMAX-2


def log_softmax(x: ArrayLike, axis: int = -1, dtype: DTypeLike | None = None) -> Array:
    """The logarithm of `softmax`: x - log(sum of e^x), with the largest x taken out of the sum.

    x is cast to `dtype` first, if one is given; the result has its shape and that dtype. An array without dimensions
    counts as one number. Raises TypeError for dtypes that are not floating, ValueError for an axis that x does not
    have. Source: `paddle.nn.functional.log_softmax`.

    >>> log_softmax([0.0, 100.0])
    array([-1.00000000e+02, -3.72007598e-44])
    """
    array, along = _arguments(x, axis, dtype)
    return rowwise(_logarithms, along, array.dtype, array)  # ACT-LSOFTMAX-1


def log_softmax_vjp(grad_out: ArrayLike, x: ArrayLike, axis: int = -1, dtype: DTypeLike | None = None) -> tuple[Array]:
    """The gradient for x of `log_softmax`: g - softmax(x) * (sum of g), in the shape and dtype of x.

    >>> log_softmax_vjp([1.0, 0.0], [0.0, 0.0])
    (array([ 0.5, -0.5]),)
    """
    array, along = _arguments(x, axis, dtype)
    g = same_shape("grad_out", floating("grad_out", grad_out), array.shape)
    return (rowwise(_logarithms_vjp, along, floating("x", x).dtype, g, array),)  # ACT-LSOFTMAX-2


Index = tuple[Array, Array, Array]


class Exponentials(NamedTuple):
    """e^x along the middle axis, all by one common factor; the first largest apart from the others.

    Apart, it is neither the term that hides the others in a sum nor a difference of nearly equal numbers.
    """

    first: Index
    """Where the first largest x is; what is there has the axis kept."""
    others: Array
    """e^x of all others; 0 at the largest."""
    largest: Array
    rest: Array
    """The sum of the others."""


def exponentials(x: Array) -> Exponentials:
    """Rows near 0 are not shifted: where no e^x can overflow or vanish, a difference would only add its rounding."""
    first = np.arange(x.shape[0])[:, None, None], x.argmax(axis=1, keepdims=True), np.arange(x.shape[2])
    top = x[first]
    limit = np.log(np.finfo(x.dtype).max) / 4
    near = (top <= limit) & (x.min(axis=1, keepdims=True) >= -limit)
    if near.all():
        others, largest = np.exp(x), np.exp(top)
    else:
        shift = np.where(near, x.dtype.type(0), top)
        below, lost = two_sum(x, -shift)
        others = np.exp(below)
        others += others * lost
        largest = np.where(np.isinf(top), x.dtype.type(1), np.exp(top - shift))  # ACT-SOFTMAX-3
    others[first] = 0
    return Exponentials(first, others, largest, total(others))


def shares(x: Array) -> Array:
    """softmax of a block."""
    parts = exponentials(x)
    whole = parts.largest + parts.rest
    out: Array = np.divide(parts.others, whole, out=parts.others)
    out[parts.first] = parts.largest / whole
    return out


def shares_vjp(g: Array, x: Array) -> Array:
    """The shares sum to 1, so g may be measured from that of the largest: nothing cancels when it is nearly all."""
    parts = exponentials(x)
    of_largest = g[parts.first]
    finite = np.isfinite(of_largest)
    relative = g - np.where(finite, of_largest, 0)
    left = np.where(finite, 0 * g.dtype.type(0), of_largest)  # an infinity is nothing to measure from
    relative[parts.first] = 0
    y, share = parts.others / (parts.largest + parts.rest), parts.largest / (parts.largest + parts.rest)
    mean = total(relative * y) + left * share
    out: Array = y * (relative - mean)
    out[parts.first] = (left - mean) * share
    return out


def _logarithms(x: Array) -> Array:
    parts = exponentials(x)
    excess = np.log1p(parts.rest / parts.largest)
    out: Array = (x - x[parts.first]) - excess
    out[parts.first] = 0 - excess  # ACT-LSOFTMAX-3
    return out


def _logarithms_vjp(g: Array, x: Array) -> Array:
    """At the largest share y, 1 - y is the share of the others, taken as such; the sum of an infinite g has no rest."""
    first, others, largest, rest = exponentials(x)
    g_first = g[first]
    elsewhere = g.copy()
    elsewhere[first] = 0
    g_others = total(elsewhere)
    out: Array = g - others / (largest + rest) * (g_first + g_others)
    of_first = (g_first * rest - g_others * largest) / (largest + rest)
    out[first] = np.where(np.isfinite(g_first), of_first, np.nan)
    return out


def _arguments(x: ArrayLike, axis: int, dtype: DTypeLike | None) -> tuple[Array, int]:
    """x in the dtype to compute from, and the axis counted from the front."""
    array = floating("x", x)
    kind: np.dtype[Any] = array.dtype if dtype is None else np.dtype(dtype)
    if kind.kind != "f":
        raise wrong_kind("dtype", dtype, "a floating dtype")
    along = axis_of("axis", axis, max(array.ndim, 1))  # ACT-SOFTMAX-4
    with np.errstate(all="ignore"):
        return array.astype(kind, copy=False), along  # ACT-SOFTMAX-5
