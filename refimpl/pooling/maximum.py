"""Maximum pooling in one, two and three dimensions, with the place of every maximum."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, rank, same_shape
from refimpl.pooling import windows
from refimpl.pooling.boxes import Block, assembled, blocks, load
from refimpl.pooling.geometry import FIRST, LAST, Geometry, Padding, Sizes, fixed
from refimpl.pooling.places import apart, first_maxima


def max_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
) -> Array | tuple[Array, Array]:
    """The maximum of every window of (N, C, L) arrays: `max_pool2d` with one axis.

    >>> max_pool1d([[[1.0, 3.0, 2.0, 0.0]]], 2)
    array([[[3., 2.]]])
    """
    x = rank("x", floating("x", x), 3)
    return maximum_or_both(x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1]), return_mask)


def max_pool1d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
) -> tuple[Array]:
    """The gradient of `max_pool1d` with respect to `x`; see `max_pool2d_vjp`."""
    x = rank("x", floating("x", x), 3)
    return (maximum_vjp(grad_out, x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1])),)


def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
    data_format: str = "NCHW",
) -> Array | tuple[Array, Array]:
    """The maximum of every window of (N, C, H, W) arrays, or of (N, H, W, C) ones with data_format "NHWC".

    Windows and their number are those of `avg_pool2d`; padding holds no cells, so that the maximum of a window
    of padding only is -inf. NaN is larger than any number. With `return_mask`, which needs "NCHW", the result is
    (y, mask): int32 positions of the maxima, counted in row-major order in the plane of the input, of equal ones the
    first, and -1 for no cell. Any floating dtype, and y has the same.

    Raises TypeError for arguments of the wrong kind and ValueError for those without meaning, naming the argument.
    Source: documentation of paddle.nn.functional.max_pool2d; clauses M, G and P of the specification.

    >>> max_pool2d([[[[1.0, 2.0], [6.0, 3.0]]]], 2, return_mask=True)
    (array([[[[6.]]]]), array([[[[2]]]], dtype=int32))
    """
    x = rank("x", floating("x", x), 4)
    geometry = _fixed(x, kernel_size, stride, padding, ceil_mode, data_format, return_mask)
    return maximum_or_both(x, geometry, return_mask)


def max_pool2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
    data_format: str = "NCHW",
) -> tuple[Array]:
    """The gradient of `max_pool2d` with respect to `x`: that of each window goes to its first maximum.

    `grad_out` has the shape of the result, the gradient has x's shape and dtype; sums are kept in at least float32.

    >>> max_pool2d_vjp([[[[5.0]]]], [[[[1.0, 2.0], [6.0, 6.0]]]], 2)
    (array([[[[0., 0.],
             [5., 0.]]]]),)
    """
    x = rank("x", floating("x", x), 4)
    geometry = _fixed(x, kernel_size, stride, padding, ceil_mode, data_format, return_mask)
    return (maximum_vjp(grad_out, x, geometry),)


def max_pool3d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
    data_format: str = "NCDHW",
) -> Array | tuple[Array, Array]:
    """The maximum of every window of (N, C, D, H, W) arrays, or "NDHWC": `max_pool2d` with three axes."""
    x = rank("x", floating("x", x), 5)
    geometry = _fixed(x, kernel_size, stride, padding, ceil_mode, data_format, return_mask)
    return maximum_or_both(x, geometry, return_mask)


def max_pool3d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
    data_format: str = "NCDHW",
) -> tuple[Array]:
    """The gradient of `max_pool3d` with respect to `x`; see `max_pool2d_vjp`."""
    x = rank("x", floating("x", x), 5)
    geometry = _fixed(x, kernel_size, stride, padding, ceil_mode, data_format, return_mask)
    return (maximum_vjp(grad_out, x, geometry),)


def _fixed(
    x: Array,
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Padding,
    ceil_mode: bool,
    data_format: str,
    return_mask: bool,
) -> Geometry:
    n = x.ndim - 2
    if return_mask and data_format == LAST[n]:  # POOL-M7
        raise bad("data_format", data_format, f"{FIRST[n]!r}, if return_mask is true")
    return fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)


def maximum_or_both(x: Array, geometry: Geometry, return_mask: bool) -> Array | tuple[Array, Array]:
    """The maximum of every window, alone or with its position in the plane."""
    return maximum_and_mask(x, geometry) if return_mask else maximum(x, geometry)


def maximum(x: Array, geometry: Geometry) -> Array:
    """The maximum of every window."""
    x, lowest = np.ascontiguousarray(x), _lowest(x)

    def compute(block: Block, room: Array | None) -> Any:
        return windows.reduce(load(x, block, lowest, x.dtype), windows.plan(block.box, True), windows.MAXIMUM, room)

    cost = windows.cost(geometry, x.itemsize, overlapping=True)
    return assembled(geometry, cost, x.dtype, x.dtype, compute)


def maximum_and_mask(x: Array, geometry: Geometry) -> tuple[Array, Array]:
    """The maximum of every window and its position in the plane."""
    x = np.ascontiguousarray(x)
    out, mask = np.empty(geometry.out_view, x.dtype), np.empty(geometry.out_view, np.int32)
    for block in blocks(geometry, _cost(x.itemsize, geometry)):
        cells, where = first_maxima(x, block, _lowest(x), apart=apart(geometry))
        held: Any = slice(None) if where.held is None else where.held
        out[block.outputs] = _lowest(x)
        out[block.outputs][:, held] = x.reshape(-1)[block.offset :][cells[:, held]]
        mask[block.outputs] = cells - (where.planes - block.offset % max(1, prod(geometry.view[1:])))  # POOL-M2
        if where.held is not None:
            mask[block.outputs][:, ~where.held] = -1  # POOL-M5
    return out.reshape(geometry.out_shape), mask.reshape(geometry.out_shape)


def maximum_vjp(grad_out: ArrayLike, x: Array, geometry: Geometry) -> Array:
    """The gradient of every window, given to its first maximum."""
    x = np.ascontiguousarray(floating("x", x))
    g = same_shape("grad_out", floating("grad_out", grad_out), geometry.out_shape).reshape(geometry.out_view)
    out = np.zeros(x.size, accumulator(x.dtype))
    for block in blocks(geometry, _cost(x.itemsize, geometry)):
        cells, where = first_maxima(x, block, _lowest(x), apart=apart(geometry))
        shares = g[block.outputs].astype(out.dtype, copy=False)
        if where.held is not None:
            cells, shares = cells[:, where.held], shares[:, where.held]
        np.add.at(out[block.offset :], cells.reshape(-1), shares.reshape(-1))  # POOL-M6
    return out.reshape(x.shape).astype(x.dtype, copy=False)


@lru_cache(maxsize=1024)
def _cost(itemsize: int, geometry: Geometry) -> float:
    """Bytes of temporaries for each cell, and as far as there is one for each, for each window with its place."""
    windows_a_cell = prod(geometry.out_view) / max(1, prod(geometry.view))
    if apart(geometry):
        widest = prod(max(axis.sizes) for axis in geometry.axes)
        return (itemsize * widest / prod(geometry.view[1:-1]) + 24 * windows_a_cell) / 3  # one at a time
    cost = itemsize + 8 * windows_a_cell
    return cost / 2 if geometry.axes[-1].stride > 1 else cost  # only what lies on the way to inner windows is as long


def _lowest(x: Array) -> Any:
    """What no cell of the input is below: padding never wins, and NaN is above all."""
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
