"""maxout."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, integer, one_of, rank, same_shape
from refimpl._arguments import axis as axis_of


def maxout(x: ArrayLike, groups: int, axis: int = 1) -> Array:
    """The maximum of every `groups` neighbouring channels, which leaves channels / groups of them.

    x has four dimensions, its channels on axis 1 ([N, C, H, W]) or on axis 3 or -1 ([N, H, W, C]), and any floating
    dtype, which the result has too. Raises TypeError for a dtype that is not floating, ValueError for another rank or
    axis and for groups that do not divide the channels. Source: `paddle.nn.functional.maxout`.

    >>> maxout([[[[1.0]], [[5.0]], [[4.0]], [[3.0]]]], groups=2).ravel()
    array([5., 4.])
    """
    members, along = _members(x, groups, axis)
    largest: Array = members.max(axis=along + 1)  # ACT-MAXOUT-1
    return largest


def maxout_vjp(grad_out: ArrayLike, x: ArrayLike, groups: int, axis: int = 1) -> tuple[Array]:
    """The gradient for x of `maxout`: grad_out at the first channel of its group that has the maximum, 0 elsewhere.

    >>> maxout_vjp([[[[7.0]]]], [[[[1.0]], [[5.0]], [[5.0]]]], groups=3)[0].ravel()
    array([0., 7., 0.])
    """
    members, along = _members(x, groups, axis)
    first = members.argmax(axis=along + 1, keepdims=True)  # ACT-MAXOUT-2
    out_shape = np.delete(members.shape, along + 1)
    g = same_shape("grad_out", floating("grad_out", grad_out), tuple(map(int, out_shape)))
    grad = np.zeros_like(members)
    np.put_along_axis(grad, first, np.expand_dims(g, along + 1).astype(members.dtype), axis=along + 1)
    return (grad.reshape(np.shape(x)),)


def _members(x: ArrayLike, groups: int, axis: int) -> tuple[Array, int]:
    """x with its channels split into [channels / groups, groups], and the axis of the former."""
    array = rank("x", floating("x", x), 4)
    along = axis_of("axis", one_of("axis", axis, (1, 3, -1)), 4)
    groups = integer("groups", groups, 1)
    channels = array.shape[along]
    if channels % groups:
        raise bad("groups", groups, f"a divisor of the {channels} channels")  # ACT-MAXOUT-3
    return array.reshape(*array.shape[:along], channels // groups, groups, *array.shape[along + 1 :]), along
