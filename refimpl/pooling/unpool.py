"""Maximum unpooling: every value back to where its maximum was, and zero elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, integer, integers, one_of, rank, real, same_shape, wrong_kind
from refimpl.pooling.geometry import FIRST, Sizes


def max_unpool1d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCL",
    output_size: Sequence[int] | None = None,
) -> Array:
    """The partial inverse of `max_pool1d` with its mask, of (N, C, L) arrays: `max_unpool2d` with one axis.

    >>> max_unpool1d([[[3.0, 2.0]]], [[[1, 2]]], 2)
    array([[[0., 3., 2., 0.]]])
    """
    x = rank("x", real("x", x), 3)
    return _unpool(x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size))


def max_unpool1d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCL",
    output_size: Sequence[int] | None = None,
) -> tuple[Array]:
    """The gradient of `max_unpool1d` with respect to `x`; see `max_unpool2d_vjp`."""
    x = rank("x", floating("x", x), 3)
    return (_unpool_vjp(grad_out, x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size)),)


def max_unpool2d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCHW",
    output_size: Sequence[int] | None = None,
) -> Array:
    """Zeros, but for the values of x, each written to its index: its row-major position in a plane of the result.

    x and the integer `indices` have one shape (N, C, H, W); of values with one index in one plane the last one stays.
    A plane has (L - 1) * stride - 2 * padding + kernel_size cells along an axis of L, or `output_size`: n numbers or
    n + 2, less than one stride away from that. Any floating or integer dtype, and the result has the same.

    Raises TypeError for arguments of the wrong kind and ValueError for those without meaning, such as an index outside
    its plane, naming the argument. Source: documentation of paddle.nn.functional.max_unpool2d; clauses U of the
    specification.

    >>> max_unpool2d([[[[6.0]]]], [[[[2]]]], 2)
    array([[[[0., 0.],
             [6., 0.]]]])
    """
    x = rank("x", real("x", x), 4)  # POOL-U7
    return _unpool(x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size))


def max_unpool2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCHW",
    output_size: Sequence[int] | None = None,
) -> tuple[Array]:
    """The gradient of `max_unpool2d` with respect to `x`: what lies at its index, and 0 for a value overwritten later.

    >>> max_unpool2d_vjp([[[[1.0, 2.0], [3.0, 4.0]]]], [[[[6.0]]]], [[[[2]]]], 2)
    (array([[[[3.]]]]),)
    """
    x = rank("x", floating("x", x), 4)
    return (_unpool_vjp(grad_out, x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size)),)


def max_unpool3d(
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCDHW",
    output_size: Sequence[int] | None = None,
) -> Array:
    """The partial inverse of `max_pool3d` with its mask, of (N, C, D, H, W) arrays: `max_unpool2d` with three axes."""
    x = rank("x", real("x", x), 5)
    return _unpool(x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size))


def max_unpool3d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    indices: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    data_format: str = "NCDHW",
    output_size: Sequence[int] | None = None,
) -> tuple[Array]:
    """The gradient of `max_unpool3d` with respect to `x`; see `max_unpool2d_vjp`."""
    x = rank("x", floating("x", x), 5)
    return (_unpool_vjp(grad_out, x, indices, _lengths(x, kernel_size, stride, padding, data_format, output_size)),)


def _lengths(
    x: Array, kernel_size: Any, stride: Any, padding: Any, data_format: Any, output_size: Any
) -> tuple[int, ...]:
    """The lengths of the spatial axes of the result."""
    n = x.ndim - 2
    one_of("data_format", data_format, (FIRST[n],))  # POOL-U8
    size = integers("kernel_size", kernel_size, n, 1)
    step = size if stride is None else integers("stride", stride, n, 1)
    pad = integers("padding", padding, n, 0)
    natural = [(m - 1) * s - 2 * p + k for m, s, p, k in zip(x.shape[2:], step, pad, size, strict=True)]  # POOL-U3
    if output_size is None:
        lengths = tuple(natural)
    else:
        lengths = _given(output_size, n)
        if any(abs(m - d) >= s for m, d, s in zip(lengths, natural, step, strict=True)):
            raise bad("output_size", output_size, f"less than a stride {step} away from {natural}")  # POOL-U4
    if min(lengths) < 1:
        raise bad("padding", padding, f"small enough for a result with cells, not of lengths {lengths}")
    return lengths


def _given(output_size: Any, n: int) -> tuple[int, ...]:
    allowed = f"{n} or {n + 2} integers, or None"
    if not isinstance(output_size, (list, tuple)):
        raise wrong_kind("output_size", output_size, allowed)
    if len(output_size) not in (n, n + 2):
        raise bad("output_size", output_size, allowed)
    return tuple(integer("output_size", m, 1) for m in output_size[-n:])


def _positions(x: Array, indices: ArrayLike, lengths: tuple[int, ...]) -> Array:
    """The position of each value in the flattened result: (planes, values of a plane)."""
    positions = np.asarray(indices)
    if positions.dtype.kind not in "iu":
        raise TypeError(f"indices has dtype {positions.dtype}; allowed: an integer dtype")
    same_shape("indices", positions, x.shape)
    if positions.size and not (positions.min() >= 0 and positions.max() < prod(lengths)):  # POOL-U5
        worst = positions.min() if positions.min() < 0 else positions.max()
        raise bad("indices", int(worst), f"positions in a plane of {lengths}, from 0 to {prod(lengths) - 1}")
    planes = prod(x.shape[:2])
    return positions.reshape(planes, prod(x.shape[2:])) + np.arange(planes).reshape(-1, 1) * prod(lengths)


def _unpool(x: Array, indices: ArrayLike, lengths: tuple[int, ...]) -> Array:
    out = np.zeros((*x.shape[:2], *lengths), x.dtype)
    out.reshape(-1)[_positions(x, indices, lengths).reshape(-1)] = x.reshape(-1)  # POOL-U1, POOL-U2
    return out


def _unpool_vjp(grad_out: ArrayLike, x: Array, indices: ArrayLike, lengths: tuple[int, ...]) -> Array:
    g = same_shape("grad_out", floating("grad_out", grad_out), (*x.shape[:2], *lengths)).reshape(-1)
    positions = _positions(x, indices, lengths).reshape(-1)
    order = np.arange(positions.size)
    last = np.zeros(g.shape, order.dtype)
    last[positions] = order
    shares = np.where(last[positions] == order, g[positions], 0)  # POOL-U6
    return shares.reshape(x.shape).astype(x.dtype, copy=False)
