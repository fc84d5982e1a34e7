"""Adaptive average and maximum pooling: as many windows as asked for, of nearly equal size.

Along an axis of L cells window i of O spans floor(i L / O) up to ceil((i + 1) L / O). O may exceed L.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, integer, rank, real
from refimpl.pooling.average import average, average_vjp
from refimpl.pooling.geometry import FIRST, Geometry, axis_of, is_channel_last, spatial
from refimpl.pooling.maximum import maximum_or_both, maximum_vjp

OutputSize = int | list[int | None] | tuple[int | None, ...]


def adaptive_avg_pool1d(x: ArrayLike, output_size: OutputSize) -> Array:
    """The average of each of `output_size` windows of (N, C, L) arrays; see `adaptive_avg_pool2d`.

    >>> adaptive_avg_pool1d([[[1.0, 2.0, 3.0, 4.0, 5.0]]], 2)
    array([[[2., 4.]]])
    """
    x = rank("x", floating("x", x), 3)
    return average(x, adaptive(x.shape, output_size, FIRST[1]))


def adaptive_avg_pool1d_vjp(grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize) -> tuple[Array]:
    """The gradient of `adaptive_avg_pool1d` with respect to `x`."""
    x = rank("x", floating("x", x), 3)
    return (average_vjp(grad_out, x, adaptive(x.shape, output_size, FIRST[1])),)


def adaptive_avg_pool2d(x: ArrayLike, output_size: OutputSize, data_format: str = "NCHW") -> Array:
    """The average of each of `output_size` windows of (N, C, H, W) arrays, or of (N, H, W, C) ones with "NHWC".

    `output_size` is one number or one an axis, None keeping the axis as it is. The result has x's dtype; sums are
    kept in at least float32. Raises TypeError and ValueError, naming the argument, for what has no meaning: sizes
    below 1, an axis without cells. Source: documentation of paddle.nn.functional.adaptive_avg_pool2d; clauses D
    of the specification.

    >>> adaptive_avg_pool2d([[[[1.0, 2.0], [3.0, 6.0]]]], (1, None))
    array([[[[2., 4.]]]])
    """
    x = rank("x", floating("x", x), 4)
    return average(x, adaptive(x.shape, output_size, data_format))


def adaptive_avg_pool2d_vjp(
    grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize, data_format: str = "NCHW"
) -> tuple[Array]:
    """The gradient of `adaptive_avg_pool2d` with respect to `x`, in its shape and dtype."""
    x = rank("x", floating("x", x), 4)
    return (average_vjp(grad_out, x, adaptive(x.shape, output_size, data_format)),)


def adaptive_avg_pool3d(x: ArrayLike, output_size: OutputSize, data_format: str = "NCDHW") -> Array:
    """The average of each of `output_size` windows of (N, C, D, H, W) arrays, or "NDHWC"; see `adaptive_avg_pool2d`."""
    x = rank("x", floating("x", x), 5)
    return average(x, adaptive(x.shape, output_size, data_format))


def adaptive_avg_pool3d_vjp(
    grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize, data_format: str = "NCDHW"
) -> tuple[Array]:
    """The gradient of `adaptive_avg_pool3d` with respect to `x`."""
    x = rank("x", floating("x", x), 5)
    return (average_vjp(grad_out, x, adaptive(x.shape, output_size, data_format)),)


def adaptive_max_pool1d(
    x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> Array | tuple[Array, Array]:
    """The maximum of each of `output_size` windows of (N, C, L) arrays; see `adaptive_max_pool2d`."""
    x = rank("x", real("x", x), 3)
    return maximum_or_both(x, adaptive(x.shape, output_size, FIRST[1]), return_mask)


def adaptive_max_pool1d_vjp(
    grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> tuple[Array]:
    """The gradient of `adaptive_max_pool1d` with respect to `x`."""
    x = rank("x", floating("x", x), 3)
    return (maximum_vjp(grad_out, x, adaptive(x.shape, output_size, FIRST[1])),)


def adaptive_max_pool2d(
    x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> Array | tuple[Array, Array]:
    """The maximum of each of `output_size` windows of (N, C, H, W) arrays and, if `return_mask`, their positions.

    Positions are int32 and count the cells of a plane in row-major order; of equal maxima it is the first. The result
    has x's dtype. `output_size` and the errors are those of `adaptive_avg_pool2d`. Source: documentation of
    paddle.nn.functional.adaptive_max_pool2d; clauses D and M of the specification.

    >>> adaptive_max_pool2d([[[[1.0, 2.0], [3.0, 6.0]]]], (2, 1), return_mask=True)
    (array([[[[2.],
             [6.]]]]), array([[[[1],
             [3]]]], dtype=int32))
    """
    x = rank("x", real("x", x), 4)  # POOL-D5
    return maximum_or_both(x, adaptive(x.shape, output_size, FIRST[2]), return_mask)


def adaptive_max_pool2d_vjp(
    grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> tuple[Array]:
    """The gradient of `adaptive_max_pool2d` with respect to `x`: that of each window goes to its first maximum."""
    x = rank("x", floating("x", x), 4)
    return (maximum_vjp(grad_out, x, adaptive(x.shape, output_size, FIRST[2])),)


def adaptive_max_pool3d(
    x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> Array | tuple[Array, Array]:
    """The maximum of each of `output_size` windows of (N, C, D, H, W) arrays; see `adaptive_max_pool2d`."""
    x = rank("x", real("x", x), 5)
    return maximum_or_both(x, adaptive(x.shape, output_size, FIRST[3]), return_mask)


def adaptive_max_pool3d_vjp(
    grad_out: ArrayLike, x: ArrayLike, output_size: OutputSize, return_mask: bool = False
) -> tuple[Array]:
    """The gradient of `adaptive_max_pool3d` with respect to `x`."""
    x = rank("x", floating("x", x), 5)
    return (maximum_vjp(grad_out, x, adaptive(x.shape, output_size, FIRST[3])),)


def adaptive(shape: tuple[int, ...], output_size: Any, data_format: str) -> Geometry:
    """The geometry of adaptive windows."""
    channel_last = is_channel_last(data_format, len(shape) - 2)
    return _adaptive(shape, output_counts(output_size, spatial(shape, channel_last)), channel_last)


def output_counts(output_size: Any, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """The number of windows along each axis of these lengths."""
    if 0 in lengths:  # POOL-D4
        raise bad("the shape of x", lengths, "at least one cell along each spatial axis")
    if not isinstance(output_size, (list, tuple)):
        return (integer("output_size", output_size, 1),) * len(lengths)
    if len(output_size) != len(lengths):
        raise bad("output_size", output_size, f"one integer or {len(lengths)} of them, or None in place of one")
    pairs = zip(output_size, lengths, strict=True)
    return tuple(length if o is None else integer("output_size", o, 1) for o, length in pairs)  # POOL-D2


@lru_cache(maxsize=1024)
def _adaptive(shape: tuple[int, ...], counts: tuple[int, ...], channel_last: bool) -> Geometry:
    pairs = zip(spatial(shape, channel_last), counts, strict=True)
    axes = [axis_of(m, [(i * m // o, -(-(i + 1) * m // o)) for i in range(o)]) for m, o in pairs]  # POOL-D1, POOL-D3
    return Geometry(shape, tuple(axes), channel_last)
