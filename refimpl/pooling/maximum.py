"""Maximum pooling in one, two and three dimensions, with the place of every maximum."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, rank, same_shape
from refimpl.pooling import windows
from refimpl.pooling.geometry import LAST, Geometry, Padding, Sizes, fixed

MAXIMUM = windows.Values(np.maximum, overlapping=True)


class Ranked:
    """Cells with the distance, in cells of the plane, from the start of their window to the maximum they stand for."""

    def __init__(self, values: Array, distances: Array) -> None:
        self.values = values
        self.distances = distances
        self.shape = values.shape

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Ranked:
        return Ranked(self.values[index], self.distances[index])

    def __setitem__(self, index: Any, cells: Ranked) -> None:
        self.values[index] = cells.values
        self.distances[index] = cells.distances

    def reshape(self, *shape: int) -> Ranked:
        return Ranked(self.values.reshape(shape), self.distances.reshape(shape))


class First:
    """The join of ranked cells: the larger one wins, NaN is larger than any number, and of equals the left one wins."""

    overlapping = True

    def __init__(self, steps: tuple[int, ...], nan: bool) -> None:
        self.steps = steps  # the cells of the plane between neighbours along each axis
        self.nan = nan

    def __call__(self, left: Ranked, right: Ranked, out: Ranked, axis: int, reach: int) -> None:
        later = right.values > left.values  # POOL-M4
        if self.nan:
            later |= np.isnan(right.values) & ~np.isnan(left.values)  # POOL-M3
        np.maximum(left.values, right.values, out=out.values)
        step = right.distances + left.distances.dtype.type(reach * self.steps[axis - 1])
        step -= left.distances
        step *= later
        np.add(left.distances, step, out=out.distances)

    def empty(self, like: Ranked, shape: tuple[int, ...]) -> Ranked:
        return Ranked(np.empty(shape, like.values.dtype), np.empty(shape, like.distances.dtype))


def max_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    return_mask: bool = False,
    ceil_mode: bool = False,
    data_format: str = "NCHW",
) -> Array | tuple[Array, Array]:
    """The maximum of every window."""
    x = rank("x", floating("x", x), 4)
    if return_mask and data_format == LAST[2]:
        raise bad("data_format", data_format, "'NCHW', if return_mask is true")
    return _maximum(x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format), return_mask)


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
    """The gradient: each window's goes to its first maximum."""
    x = rank("x", floating("x", x), 4)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (_maximum_vjp(floating("grad_out", grad_out), x, geometry),)


def _maximum(x: Array, geometry: Geometry, return_mask: bool) -> Any:
    view = x.reshape(geometry.view)
    out = np.empty(geometry.out_view, x.dtype)
    mask = np.empty(geometry.out_view, np.int32)
    for block in windows.blocks(geometry, x.dtype.itemsize):
        if return_mask:
            out[block.outputs], mask[block.outputs] = _ranked(view, block, geometry)
        else:
            cells = windows.load(view, block, -np.inf, x.dtype)  # POOL-M1
            out[block.outputs] = windows.reduce(cells, block.axes, MAXIMUM, range(len(block.axes)))
    out = out.reshape(geometry.out_shape)
    return (out, mask.reshape(geometry.out_shape)) if return_mask else out


def _ranked(view: Array, block: windows.Block, geometry: Geometry) -> tuple[Array, Array]:
    """The maximum of every window of a block and its position in the plane of the input; -1 for windows of padding only."""
    cells = windows.load(view, block, -np.inf, view.dtype)
    lengths = geometry.view[1:-1]
    steps = tuple(prod(lengths[i + 1 :]) for i in range(len(lengths)))
    ranked = Ranked(cells, np.zeros(cells.shape, np.int64))
    nan = bool(np.isnan(cells).any())
    best = windows.reduce(ranked, block.axes, First(steps, nan), range(len(block.axes))[::-1])
    corner = first = inside = np.int64(0)
    for axis, step in zip(block.axes, steps, strict=True):
        starts = np.asarray(axis.starts)
        corner = np.add.outer(corner, starts * step)
        first = np.add.outer(first, np.maximum(-starts, 0) * step)
        inside = np.multiply.outer(inside if axis is not block.axes[0] else np.int64(1), axis.cells(padded=False))
    position = corner[..., None] + np.maximum(best.distances, first[..., None])
    return best.values, np.where(inside[..., None] > 0, position, -1)


def _maximum_vjp(g: Array, x: Array, geometry: Geometry) -> Array:
    same_shape("grad_out", g, geometry.out_shape)
    view = x.reshape(geometry.view)
    g = g.reshape(geometry.out_view)
    planes, channels = geometry.view[0], geometry.view[-1]
    out = np.zeros((planes, prod(geometry.view[1:-1]), channels), np.promote_types(x.dtype, np.float32))
    for block in windows.blocks(geometry, x.dtype.itemsize):
        _, position = _ranked(view, block, geometry)
        plane, *_, channel = np.indices(position.shape, sparse=True)
        plane, channel, position = np.broadcast_arrays(plane + block.outputs[0].start, channel, position)
        held = position >= 0
        np.add.at(out, (plane[held], position[held], channel[held]), g[block.outputs][held])
    return out.reshape(x.shape).astype(x.dtype, copy=False)
