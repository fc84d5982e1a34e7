"""The first maximum of every window, and where it lies.

The kernel reduces `Ranked` cells: values with their distance from the first cell of their window, counted in cells of
the plane of the input. So the place of a maximum costs no search, and equal cells are told apart as they are joined.
"""

from __future__ import annotations

import math
from functools import lru_cache, reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling import windows
from refimpl.pooling.at_once import taps
from refimpl.pooling.boxes import Block, Box, load
from refimpl.pooling.geometry import Geometry

SMALL, LOOKED_AT = 1 << 10, 1 << 16  # windows, and their cells, up to which a look at each costs less than many calls
FEW = 32  # cells for each window from which on it pays to search the windows one by one


class Ranked:
    """Cells, and how far in the plane of the input each lies from the first cell of its window; None stands for 0.

    The larger of two cells is worked out only when it is asked for: of the last ones often just the distance matters.
    """

    __slots__ = ("_rivals", "_values", "distances")

    def __init__(self, values: Array | None, distances: Array | None, rivals: tuple[Array, ...] = ()) -> None:
        self._values = values
        self._rivals = rivals
        self.distances = distances

    @property
    def values(self) -> Array:
        """The cells."""
        if self._values is None:
            self._values = np.maximum(*self._rivals)
        return self._values

    def seen(self, view: windows.View) -> Ranked:
        """The cells through a view."""
        distances = None if self.distances is None else view(self.distances)
        if self._values is None and all(rival.flags.c_contiguous for rival in self._rivals):
            return Ranked(None, distances, tuple(map(view, self._rivals)))
        return Ranked(view(self.values), distances)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Ranked:
        return Ranked(self.values[index], None if self.distances is None else self.distances[index])

    def __setitem__(self, index: Any, cells: Ranked) -> None:
        self.values[index] = cells.values
        if self.distances is not None:
            self.distances[index] = 0 if cells.distances is None else cells.distances

    def copy(self) -> Ranked:
        return Ranked(self.values.copy(), None if self.distances is None else self.distances.copy())

    def reshape(self, shape: tuple[int, ...]) -> Ranked:
        return Ranked(self.values.reshape(shape), None if self.distances is None else self.distances.reshape(shape))


class First:
    """The join of ranked cells: the larger one wins, NaN being the largest of all, and of equals the nearer one.

    That is the left one, the first in row-major order, if inner axes are reduced before outer ones.
    """

    overlapping = True

    def __init__(self, steps: tuple[int, ...], dtype: np.dtype[Any], *, nan: bool, inner_first: bool) -> None:
        self.steps = steps  # how far apart in the plane neighbours along each axis are
        self.dtype = dtype
        self.nan = nan
        self.inner_first = inner_first

    def __call__(self, left: Ranked, right: Ranked, axis: int, reach: int, out: None = None) -> Ranked:
        left_values, right_values = left.values, right.values
        later = right_values > left_values  # POOL-M4
        if self.nan:
            later |= np.isnan(right_values) & ~np.isnan(left_values)  # POOL-M3
        further: Any = _number(reach * self.steps[axis - 1], self.dtype)
        if right.distances is not None:
            further = right.distances + further
        if left.distances is None:
            distances = later.view(np.uint8) * further
        elif self.inner_first or axis == 1:  # what wins from the right lies further on than all of the left
            distances = later.view(np.uint8) * further
            np.maximum(distances, left.distances, out=distances)
        else:
            equal = left_values == right_values
            if self.nan:
                equal |= np.isnan(left_values) & np.isnan(right_values)
            later |= equal & (further < left.distances)
            further -= left.distances  # modulo the range of the dtype, as the sum below
            distances = later.view(np.uint8) * further
            distances += left.distances
        return Ranked(None, distances, (left_values, right_values))

    def look(self, row: Ranked, view: windows.View) -> Ranked:
        return row.seen(view)

    def empty(self, like: Ranked, shape: tuple[int, ...]) -> Ranked:
        return Ranked(np.empty(shape, like.values.dtype), np.empty(shape, self.dtype))


@lru_cache(maxsize=1024)
def _number(value: int, dtype: np.dtype[Any]) -> Array:
    """A number as an array, which costs a ufunc less than a scalar."""
    return np.array(value, dtype)


class Layout(NamedTuple):
    """Where the windows of a box start, counted from the first cell of the input that is in the box."""

    steps: tuple[int, ...]  # how far apart in the plane neighbouring cells along each axis are
    dtype: np.dtype[Any]  # of distances
    channels: int  # of the input, of which the box may have but some
    planes: Array  # where each plane starts in the flattened array: (planes, 1, ..., 1)
    cells: Array  # in the flattened array: (planes, *windows, channels)
    nearest: Array | None  # how far from there the first cell of the input in each window is, unless it is that one
    held: Array | None  # which windows hold a cell of the input at all, unless all do: (*windows)
    taps: Array | None  # the cells of each window in the box, if there are few: (all windows, cells)
    found: Array | None  # in the flattened array, where the window has its maximum if it is that of `taps`


@lru_cache(maxsize=16)
def layout(box: Box, lengths: tuple[int, ...], channels: int) -> Layout:
    """The layout of a box in planes of these lengths and channels."""
    steps = tuple(prod(lengths[i + 1 :]) for i in range(len(lengths)))
    starts = [np.asarray(side.starts) - side.start for side in box.sides]
    reach = sum((max(side.sizes) - 1) * step for side, step in zip(box.sides, steps, strict=True))
    dtype = np.min_scalar_type(reach)
    corners = _total([start * step for start, step in zip(starts, steps, strict=True)])
    planes = np.arange(box.shape[0]).reshape(-1, *(1,) * corners.ndim) * (prod(lengths) * channels)
    cells = planes + corners * channels + np.arange(box.shape[-1])
    nearest = _total([np.maximum(-start, 0) * step for start, step in zip(starts, steps, strict=True)]).astype(dtype)
    held = np.asarray(reduce(np.logical_and.outer, [side.counts(padded=False) > 0 for side in box.sides]))
    few = taps(box, LOOKED_AT) if cells.size <= SMALL else None
    first = cells + nearest.astype(np.intp) * channels
    return Layout(
        *(steps, dtype, channels, planes, cells),
        nearest=nearest if nearest.any() else None,
        held=None if held.all() else held,
        taps=few,
        found=None if few is None else _found(few, box, (*lengths, channels), first),
    )


def _found(taps: Array, box: Box, lengths: tuple[int, ...], first: Array) -> Array:
    """The cells of the input that stand for these cells of the box: the first one of the window for all padding."""
    plane, *places, channel = np.unravel_index(taps, box.shape)
    flat, inside = plane, np.ones(taps.shape, bool)
    for place, side, length in zip(places, box.sides, lengths, strict=False):
        flat = flat * length + (place - side.start)
        inside &= (place >= side.start) & (place < side.stop)
    return np.where(inside, flat * lengths[-1] + channel, first.reshape(-1, 1)).reshape(-1)


def _total(tables: list[Array]) -> Array:
    return np.asarray(reduce(np.add.outer, tables))[..., None]


def first_maxima(x: Array, block: Block, lowest: Any, *, apart: bool) -> tuple[Array, Layout]:
    """Where in the flattened array, from the block's first cell on, the first maximum of each of its windows lies, and
    where its windows lie. For a window without cells that is no cell of it."""
    where = layout(block.box, block.view[1:-1], block.view[-1])
    if apart:
        distances = _one_by_one(x.reshape(block.view)[block.inputs], block.box, where)
        return _cells(distances, where), where
    values = load(x, block, lowest, x.dtype)
    if where.taps is not None and where.found is not None:
        best = values.take(where.taps).argmax(axis=1)  # NaN is the largest for NumPy too, and of equals the first
        best += _every(where.taps.shape)
        return where.found.take(best).reshape(where.cells.shape), where
    inner_first = all(side.stride <= 2 for side in block.box.sides)  # long strides leave little of the outer axes
    first = First(where.steps, where.dtype, nan=math.isnan(np.maximum.reduce(values)), inner_first=inner_first)
    best = windows.reduce(Ranked(values, None), windows.axis_by_axis(block.box, True, inner_first), first)
    distances = np.zeros(best.values.shape, where.dtype) if best.distances is None else best.distances
    if where.nearest is not None:  # a cell of the padding wins only as the first one of a window of nothing but -inf
        distances = np.maximum(distances, where.nearest)  # POOL-M1
    return _cells(distances, where), where


def _cells(distances: Array, where: Layout) -> Array:
    return where.cells + (distances if where.channels == 1 else np.multiply(distances, where.channels, dtype=np.intp))


@lru_cache(maxsize=64)
def _every(shape: tuple[int, int]) -> Array:
    """The first entry of every line of a table, in the flattened table."""
    return np.arange(shape[0]) * shape[1]


@lru_cache(maxsize=1024)
def apart(geometry: Geometry) -> bool:
    """Whether there are so few windows, all of them inside the input, that each is best searched on its own."""
    inside = all(axis.span[0] >= 0 and axis.span[1] <= axis.length for axis in geometry.axes)
    return inside and FEW * prod(map(len, geometry.axes)) <= prod(axis.length for axis in geometry.axes)


def _one_by_one(cells: Array, box: Box, where: Layout) -> Array:
    """The distances, found by argmax in one window after the other."""
    planes, *_, channels = cells.shape
    cells = np.moveaxis(cells, -1, 1)
    distances = np.empty((planes, *map(len, box.sides), channels), where.dtype)
    along = [list(zip(side.moved(-side.start), side.each, strict=True)) for side in box.sides]
    for place in np.ndindex(distances.shape[1:-1]):
        bounds = [axis[i] for axis, i in zip(along, place, strict=True)]
        inside: Any = (..., *(slice(start, start + size) for start, size in bounds))
        window = np.ascontiguousarray(cells[inside])
        best = window.reshape(planes * channels, -1).argmax(axis=1)
        found = _distances(tuple(size for _, size in bounds), where.steps, where.dtype)[best]
        distances[(slice(None), *place)] = found.reshape(planes, channels)
    return distances


@lru_cache(maxsize=64)
def _distances(sizes: tuple[int, ...], steps: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """How far each cell of a window is from the first one, in row-major order."""
    along = [np.arange(size) * step for size, step in zip(sizes, steps, strict=True)]
    return _total(along).reshape(-1).astype(dtype)
