"""The one kernel of all pooling: reduce every window of a box of cells, one axis after another.

Three ideas make it fast, and all of them are here. A window of k cells is made of two narrower ones, so that it costs
about log2(k) passes. A pass does not walk row by row: it combines the flattened box with itself, shifted; where that
crosses the end of a row the result belongs to no window and is never read. And the work is cut into blocks small enough
to stay in the cache, which also bounds the memory that is needed beyond the result.

The kernel knows neither sums nor maxima. It is given a `Join`, which combines neighbouring windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.geometry import Axis, Geometry

BLOCK = 1 << 17  # bytes of one temporary; a pass has three of them alive


class Join(Protocol):
    """How two neighbouring windows become one."""

    overlapping: bool  # whether a cell may be counted twice, as in a maximum

    def __call__(self, left: Any, right: Any, out: Any, axis: int, reach: int) -> None:
        """Write to `out` the windows `left` joined with the windows `right`, which lie `reach` cells further along."""

    def empty(self, like: Any, shape: tuple[int, ...]) -> Any:
        """Room for results."""


class Values:
    """The join of plain numbers by a ufunc."""

    def __init__(self, ufunc: np.ufunc, *, overlapping: bool) -> None:
        self.ufunc = ufunc
        self.overlapping = overlapping

    def __call__(self, left: Array, right: Array, out: Array, axis: int, reach: int) -> None:
        self.ufunc(left, right, out=out)

    def empty(self, like: Array, shape: tuple[int, ...]) -> Array:
        return np.empty(shape, like.dtype)


class Block(NamedTuple):
    """A part of the work: the windows `outputs` along `axes`, which read `inputs`, placed at `place` in a box of `shape`."""

    inputs: tuple[slice, ...]
    outputs: tuple[slice, ...]
    axes: tuple[Axis, ...]
    shape: tuple[int, ...]
    place: tuple[slice, ...]
    padded: bool


@lru_cache(maxsize=1024)
def blocks(geometry: Geometry, itemsize: int) -> tuple[Block, ...]:
    """The work cut into groups of planes or, where one plane is large, into bands along its first axis."""
    planes, *_, channels = geometry.view
    plane = itemsize * channels * prod(high - low for low, high in (axis.extent for axis in geometry.axes))
    count = len(geometry.axes[0].starts)
    group = max(1, BLOCK // max(1, plane))
    band = max(1, min(count, count * BLOCK // max(1, plane)))
    return tuple(
        _block(geometry, slice(p, min(p + group, planes)), slice(w, min(w + band, count)))
        for p in range(0, planes, group)
        for w in range(0, count, band)
    )


def _block(geometry: Geometry, planes: slice, band: slice) -> Block:
    first, *others = geometry.axes
    axes = (first.part(band.start, band.stop), *others)
    everything = slice(None)
    inputs, place, shape = [planes], [everything], [planes.stop - planes.start]
    for axis in axes:
        low, high = axis.extent
        shape.append(high - low)
        start = min(max(low, 0), axis.length)
        stop = max(start, min(high, axis.length))
        inputs.append(slice(start, stop))
        place.append(slice(start - low, stop - low))
    padded = any(s.stop - s.start != cells for s, cells in zip(inputs[1:], shape[1:], strict=True))
    outputs = (planes, band, *(everything for _ in others))
    return Block(tuple(inputs), outputs, axes, (*shape, geometry.view[-1]), tuple(place), padded)


def load(x: Array, block: Block, padding: float, dtype: np.dtype[Any]) -> Array:
    """The cells of a block, contiguous and surrounded by padding; a copy only where it must be one."""
    cells = x[block.inputs]
    if not block.padded:
        return np.ascontiguousarray(cells, dtype)
    box = np.full(block.shape, padding, dtype)
    box[block.place] = cells
    return box


def reduce(cells: Any, axes: Sequence[Axis], join: Join, order: Sequence[int]) -> Any:
    """Every window of `cells`, of shape (planes, *extents, channels), reduced axis by axis in this order."""
    for number in order:
        along = _even if axes[number].even else _uneven
        cells = along(cells, axes[number], number + 1, join)
    return cells[(slice(None), *(slice(len(axis.starts)) for axis in axes))]


def _even(cells: Any, axis: Axis, number: int, join: Join) -> Any:
    """Windows of one size at even steps. The result may hold more cells than windows: the surplus means nothing."""
    assert isinstance(axis.starts, range)
    size, stride = axis.sizes[0], axis.starts.step
    if size == 1:
        return cells[(*(slice(None),) * number, slice(None, None, stride))]
    lines = cells.reshape(-1, *cells.shape[number + 1 :])
    *narrow, last = _doublings(size, join.overlapping)
    if stride > 1 and size - 1 <= stride * len(narrow) + 1:  # few cells a window: join them one by one
        result = _joined(lines, lines, 1, stride, number, join)
        for reach in range(2, size):
            right = lines[reach::stride]
            join(result[: len(right)], right, result[: len(right)], number, reach)
    else:
        left = lines
        for reach, twice in narrow:
            left = _joined(left, left if twice else lines, reach, 1, number, join)
        reach, twice = last
        result = _joined(left, left if twice else lines, reach, stride, number, join)
    return result.reshape(*cells.shape[:number], -1, *cells.shape[number + 1 :])


def _uneven(cells: Any, axis: Axis, number: int, join: Join) -> Any:
    """Windows of any size anywhere: for each size, reduce at every cell and pick the windows of that size."""
    lead = (slice(None),) * number
    starts, sizes = np.asarray(axis.starts) - axis.extent[0], np.asarray(axis.sizes)
    result = join.empty(cells, (*cells.shape[:number], len(starts), *cells.shape[number + 1 :]))
    for size in sorted(set(axis.sizes)):
        dense = _even(cells, Axis(axis.length, 0, 0, range(cells.shape[number]), (size,)), number, join)
        chosen = sizes == size
        result[(*lead, chosen)] = dense[(*lead, starts[chosen])]
    return result


def _joined(left: Any, right: Any, reach: int, stride: int, number: int, join: Join) -> Any:
    """Every `stride`-th line of `left` joined with the line of `right` that lies `reach` further along."""
    left, right = left[::stride], right[reach::stride]
    result = join.empty(left, left.shape)
    n = len(right)
    join(left[:n], right, result[:n], number, reach)
    if n < len(left):  # the last lines have nothing to join and belong to no window
        result[n:] = left[n:]
    return result


@lru_cache(maxsize=256)
def _doublings(size: int, overlapping: bool) -> tuple[tuple[int, bool], ...]:
    """How windows of one cell grow to `size` cells: how far away the right part starts, and whether it is as wide as the
    left one or a single cell."""
    if size == 1:
        return ()
    if overlapping:
        half = (size + 1) // 2
        return (*_doublings(half, overlapping), (size - half, True))
    if size % 2:
        return (*_doublings(size - 1, overlapping), (size - 1, False))
    return (*_doublings(size // 2, overlapping), (size // 2, True))


def spread(cells: Array, axis: Axis, number: int) -> Array:
    """The adjoint of summing the windows along one axis: every cell is the sum of the windows that hold it."""
    low, high = axis.extent
    lead = (slice(None),) * number
    box = np.zeros((*cells.shape[:number], high - low, *cells.shape[number + 1 :]), cells.dtype)
    sizes = axis.sizes * len(axis.starts) if axis.even else axis.sizes
    for i, (start, size) in enumerate(zip(axis.starts, sizes, strict=True)):
        box[(*lead, slice(start - low, start - low + size))] += cells[(*lead, slice(i, i + 1))]
    return box
