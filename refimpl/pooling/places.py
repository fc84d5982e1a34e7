"""The first maximum of every window, and where it lies.

The kernel reduces `Ranked` cells: values with their distance from the first cell of their window, counted in cells of
the plane of the input. So the place of a maximum costs no search, and equal cells are told apart as they are joined.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from math import prod
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling import windows
from refimpl.pooling.boxes import Box


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

    def __call__(self, left: Ranked, right: Ranked, out: Ranked | None, axis: int, reach: int) -> Ranked:
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
        if out is None or out.distances is None:
            return Ranked(np.maximum(left.values, right.values), distances)
        np.maximum(left.values, right.values, out=out.values)
        out.distances[...] = distances
        return out

    def empty(self, like: Ranked, size: int) -> Ranked:
        return Ranked(np.empty(size, like.values.dtype), np.empty(size, self.dtype))


class Layout(NamedTuple):
    """How the windows of a box lie in the plane of the input."""

    steps: tuple[int, ...]  # how far apart neighbouring cells along each axis are
    dtype: np.dtype[Any]  # of distances
    corners: Array  # the place of the first cell of each window, were there no padding: (*windows, 1)
    nearest: Array | None  # how far from its corner the first cell of the input is, unless it is the corner always
    held: Array | None  # which windows hold a cell of the input at all, unless all do: (*windows)


@lru_cache(maxsize=1024)
def layout(box: Box) -> Layout:
    """The layout of a box."""
    lengths = [axis.length for axis in box.axes]
    steps = tuple(prod(lengths[i + 1 :]) for i in range(len(lengths)))
    starts = [np.asarray(axis.starts) for axis in box.axes]
    dtype = np.min_scalar_type(sum(cells * step for cells, step in zip(box.shape[1:], steps, strict=False)))
    corners = _total([start * step for start, step in zip(starts, steps, strict=True)])
    nearest = _total([np.maximum(-start, 0) * step for start, step in zip(starts, steps, strict=True)])
    held = reduce(np.logical_and.outer, [axis.cells(padded=False) > 0 for axis in box.axes])
    return Layout(steps, dtype, corners, nearest.astype(dtype) if nearest.any() else None, None if held.all() else held)


def _total(tables: list[Array]) -> Array:
    return np.asarray(reduce(np.add.outer, tables))[..., None]


def first_maxima(cells: Array, box: Box, lowest: Any) -> tuple[Array, Array]:
    """The maximum of every window of a box, and its distance from the first cell of the window."""
    plan = windows.plan(box, overlapping=True, inner_first=True)
    values = windows.load(cells, plan, lowest, cells.dtype)
    steps, dtype, _, nearest, _ = layout(box)
    best = windows.reduce(Ranked(values, None), plan, First(steps, dtype, nan=bool(np.isnan(values.max()))))
    distances = np.zeros(best.values.shape, dtype) if best.distances is None else best.distances
    if nearest is not None:  # a cell of the padding wins only as the corner of a window of nothing but -inf
        distances = np.maximum(distances, nearest)  # POOL-M1
    return best.values, distances
