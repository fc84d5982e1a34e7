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
from refimpl.pooling.boxes import Block, Box, load


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
        if self.distances is not None:
            self.distances[index] = 0 if cells.distances is None else cells.distances

    def copy(self) -> Ranked:
        return Ranked(self.values.copy(), None if self.distances is None else self.distances.copy())

    def reshape(self, shape: tuple[int, ...]) -> Ranked:
        return Ranked(self.values.reshape(shape), None if self.distances is None else self.distances.reshape(shape))


class First:
    """The join of ranked cells: the larger one wins, NaN being the largest of all, and of equals the left one.

    The innermost axis must be reduced first: then the left one is the first in row-major order.
    """

    overlapping = True

    def __init__(self, steps: tuple[int, ...], dtype: np.dtype[Any], *, nan: bool) -> None:
        self.steps = steps  # how far apart in the plane neighbours along each axis are
        self.dtype = dtype
        self.nan = nan

    def __call__(self, left: Ranked, right: Ranked, axis: int, reach: int) -> Ranked:
        later = right.values > left.values  # POOL-M4
        if self.nan:
            later |= np.isnan(right.values) & ~np.isnan(left.values)  # POOL-M3
        further = self.dtype.type(reach * self.steps[axis - 1])
        if right.distances is not None:
            further = right.distances + further
        if left.distances is not None:
            further = further - left.distances  # modulo the range of the dtype, as the sum below
        distances = later * further
        if left.distances is not None:
            distances += left.distances
        return Ranked(np.maximum(left.values, right.values), distances)

    def look(self, row: Ranked, view: windows.View) -> Ranked:
        return Ranked(view(row.values), None if row.distances is None else view(row.distances))

    def empty(self, like: Ranked, shape: tuple[int, ...]) -> Ranked:
        return Ranked(np.empty(shape, like.values.dtype), np.empty(shape, self.dtype))


class Layout(NamedTuple):
    """How the windows of a box lie in a plane."""

    steps: tuple[int, ...]  # how far apart neighbouring cells along each axis are
    dtype: np.dtype[Any]  # of distances
    corners: (
        Array  # how far the first cell of each window is from the first cell of the input in the box: (*windows, 1)
    )
    nearest: Array | None  # how far the first cell of the input in each window is from its corner, unless it is that
    held: Array | None  # which windows hold a cell of the input at all, unless all do: (*windows)


@lru_cache(maxsize=16)
def layout(box: Box, lengths: tuple[int, ...]) -> Layout:
    """The layout of a box in a plane of these lengths."""
    steps = tuple(prod(lengths[i + 1 :]) for i in range(len(lengths)))
    starts = [np.asarray(side.starts) - side.start for side in box.sides]
    dtype = np.min_scalar_type(sum(side.cells * step for side, step in zip(box.sides, steps, strict=True)))
    corners = _total([start * step for start, step in zip(starts, steps, strict=True)])
    nearest = _total([np.maximum(-start, 0) * step for start, step in zip(starts, steps, strict=True)])
    held = np.asarray(reduce(np.logical_and.outer, [side.counts(padded=False) > 0 for side in box.sides]))
    return Layout(steps, dtype, corners, nearest.astype(dtype) if nearest.any() else None, None if held.all() else held)


def _total(tables: list[Array]) -> Array:
    return np.asarray(reduce(np.add.outer, tables))[..., None]


def first_maxima(x: Array, block: Block, lowest: Any) -> tuple[Array, Array, Array | None]:
    """The maximum of every window of a block of x and its position in the plane, which means nothing where a window
    holds no cell; and which windows hold any, unless all do."""
    lengths = block.view[1:-1]
    plan = windows.plan(block.box, overlapping=True, inner_first=True)
    values = load(x, block, lowest, x.dtype)
    steps, dtype, corners, nearest, held = layout(block.box, lengths)
    nan = math.isnan(np.maximum.reduce(values))
    best = windows.reduce(Ranked(values, None), plan, First(steps, dtype, nan=nan))
    distances = np.zeros(best.values.shape, dtype) if best.distances is None else best.distances
    if nearest is not None:  # a cell of the padding wins only as the corner of a window of nothing but -inf
        distances = np.maximum(distances, nearest)  # POOL-M1
    origin = sum(cells.start * step for cells, step in zip(block.inputs[1:-1], steps, strict=True))
    return best.values, corners + distances if not origin else corners + origin + distances, held
