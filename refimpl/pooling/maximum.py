"""Maximum pooling in one, two and three dimensions, with the place of every maximum."""

from __future__ import annotations

from functools import lru_cache, reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, rank, same_shape
from refimpl.pooling import windows
from refimpl.pooling.boxes import Box, blocks
from refimpl.pooling.geometry import LAST, Geometry, Padding, Sizes, fixed


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
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return maximum_and_place(x, geometry) if return_mask else maximum(x, geometry)


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
    return (maximum_vjp(floating("grad_out", grad_out), x, geometry),)


class Ranked:
    """Cells, and how far in the plane of the input each lies from the first cell of its window; None stands for 0."""

    __slots__ = ("distances", "values")

    def __init__(self, values: Array, distances: Array | None) -> None:
        self.values = values
        self.distances = distances

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Ranked:
        return Ranked(self.values[index], None if self.distances is None else self.distances[index])

    def __setitem__(self, index: Any, cells: Ranked) -> None:
        self.values[index] = cells.values
        self.distances[index] = 0 if cells.distances is None else cells.distances

    def reshape(self, shape: tuple[int, ...]) -> Ranked:
        return Ranked(self.values.reshape(shape), None if self.distances is None else self.distances.reshape(shape))


class First:
    """The join of ranked cells: the larger one wins, NaN being the largest, and of equals the left one.

    With the innermost axis first, the left one is the first in row-major order.
    """

    overlapping = True

    def __init__(self, steps: tuple[int, ...], dtype: np.dtype[Any], *, nan: bool) -> None:
        self.steps = steps  # how far apart in the plane neighbours along each axis are
        self.dtype = dtype
        self.nan = nan

    def __call__(self, left: Ranked, right: Ranked, out: Ranked | None, axis: int, reach: int) -> Ranked:
        later = right.values > left.values  # POOL-M4
        if self.nan:
            later |= np.isnan(right.values) & ~np.isnan(left.values)  # POOL-M3
        distance = self.dtype.type(reach * self.steps[axis - 1])
        if right.distances is not None:
            distance = right.distances + distance
        if left.distances is not None:
            distance = distance - left.distances
        distance = later * distance
        if left.distances is not None:
            distance += left.distances
        if out is None:
            return Ranked(np.maximum(left.values, right.values), distance)
        np.maximum(left.values, right.values, out=out.values)
        out.distances[...] = distance
        return out

    def empty(self, like: Ranked, size: int) -> Ranked:
        return Ranked(np.empty(size, like.values.dtype), np.empty(size, self.dtype))


def maximum(x: Array, geometry: Geometry) -> Array:
    """The maximum of every window."""
    view = x.reshape(geometry.view)
    out = np.empty(geometry.out_view, x.dtype)
    for inputs, outputs, box, _ in blocks(geometry, x.dtype.itemsize):
        plan = windows.plan(box, True)
        cells = windows.load(view[inputs], plan, -np.inf, x.dtype)  # POOL-M1
        out[outputs] = windows.reduce(cells, plan, windows.MAXIMUM)
    return out.reshape(geometry.out_shape)


def maximum_and_place(x: Array, geometry: Geometry) -> tuple[Array, Array]:
    """The maximum of every window and its position in the plane."""
    view = x.reshape(geometry.view)
    out, mask = np.empty(geometry.out_view, x.dtype), np.empty(geometry.out_view, np.int32)
    for inputs, outputs, box, _ in blocks(geometry, x.dtype.itemsize):
        best = _best(view[inputs], box)
        out[outputs] = best.values
        corner, held = _corners(box)
        np.add(best.distances, corner, out=mask[outputs], casting="unsafe")
        if held is not None:
            mask[outputs][:, ~held] = -1  # POOL-M6
    return out.reshape(geometry.out_shape), mask.reshape(geometry.out_shape)


def maximum_vjp(g: Array, x: Array, geometry: Geometry) -> Array:
    """The gradient of every window, given to its first maximum."""
    same_shape("grad_out", g, geometry.out_shape)
    view, g = x.reshape(geometry.view), g.reshape(geometry.out_view)
    planes, channels = geometry.view[0], geometry.view[-1]
    out = np.zeros(geometry.view, accumulator(x.dtype))
    flat = out.reshape(-1)
    size = prod(geometry.view[1:])
    for inputs, outputs, box, _ in blocks(geometry, x.dtype.itemsize):
        best = _best(view[inputs], box)
        corner, held = _corners(box)
        index = best.distances + corner
        if channels > 1:
            index *= channels
            index += np.arange(channels)
        first = inputs[0].start
        index += np.arange(first * size, inputs[0].stop * size, size).reshape(-1, *(1,) * (index.ndim - 1))
        share = g[outputs].astype(out.dtype, copy=False)
        if held is not None:
            index, share = index[:, held], share[:, held]
        np.add.at(flat, index.reshape(-1), share.reshape(-1))
    return out.reshape(x.shape).astype(x.dtype, copy=False)


def _best(cells: Array, box: Box) -> Ranked:
    """The first maximum of every window of a box."""
    plan = windows.plan(box, True, True)
    values = windows.load(cells, plan, -np.inf, cells.dtype)
    steps = _steps(box)
    nan = bool(np.isnan(values.max()))
    best = windows.reduce(Ranked(values, None), plan, First(steps, _distance_dtype(box), nan=nan))
    if best.distances is None:
        best.distances = np.zeros(best.values.shape, _distance_dtype(box))
    nearest = _nearest(box)
    if nearest is not None:
        np.maximum(best.distances, nearest, out=best.distances)
    return best


@lru_cache(maxsize=1024)
def _steps(box: Box) -> tuple[int, ...]:
    lengths = [axis.length for axis in box.axes]
    return tuple(prod(lengths[i + 1 :]) for i in range(len(lengths)))


@lru_cache(maxsize=1024)
def _distance_dtype(box: Box) -> np.dtype[Any]:
    reach = sum((high - low) * step for (low, high), step in zip((a.extent for a in box.axes), _steps(box), strict=True))
    return np.min_scalar_type(reach)


@lru_cache(maxsize=1024)
def _nearest(box: Box) -> Array | None:
    """How far the first cell of the input in each window lies from the start of the window."""
    starts = [np.maximum(-np.asarray(axis.starts), 0) for axis in box.axes]
    if not any(start.any() for start in starts):
        return None
    table = reduce(np.add.outer, [start * step for start, step in zip(starts, _steps(box), strict=True)])
    return table[..., None].astype(_distance_dtype(box))


@lru_cache(maxsize=1024)
def _corners(box: Box) -> tuple[Array, Array | None]:
    """Where in the plane each window starts, and which windows hold any cell of the input, unless all do."""
    starts = [np.asarray(axis.starts) * step for axis, step in zip(box.axes, _steps(box), strict=True)]
    held = reduce(np.logical_and.outer, [axis.cells(padded=False) > 0 for axis in box.axes])
    return reduce(np.add.outer, starts)[..., None], None if held.all() else held
