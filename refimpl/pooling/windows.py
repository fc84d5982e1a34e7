"""The one kernel of all pooling: reduce every window of a box of cells, one axis after another.

Two ideas make it fast, and both are here. A window of k cells is made of two narrower ones, so that it costs about
log2(k) passes. And a pass does not walk row by row: it joins the box, as one long row of cells, with itself, shifted;
where that crosses the end of a row of the box the result belongs to no window and is never looked at. Only where
windows do not start at every cell does the last pass along an axis pick its windows row by row.

In a small box, where calls cost more than cells, all windows are looked at cell by cell instead.

The kernel knows neither sums nor maxima. It is given a `Join`, which combines neighbouring windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, Protocol

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Box
from refimpl.pooling.geometry import Windows

Step = tuple[int, bool]

GATHERED = 1 << 12  # cells in windows up to which a call costs more than a look at each


class View:
    """Some of the cells of a row, looked at as a box: `shape`, the steps along each axis and the first cell."""

    def __init__(self, shape: Sequence[int], steps: Sequence[int], first: int = 0) -> None:
        self.shape = tuple(shape)
        self.steps = tuple(steps)
        self.first = first
        self.bytes: dict[int, Any] = {}  # for each size of item, what an array needs to know

    @classmethod
    def whole(cls, shape: Sequence[int]) -> View:
        """The row as a box of this shape."""
        return cls(shape, [prod(shape[i + 1 :]) for i in range(len(shape))])

    def along(self, number: int, count: int, first: int = 0, stride: int = 1) -> View:
        """Every `stride`-th cell of this view along an axis, `count` of them from `first` on."""
        shape, steps = list(self.shape), list(self.steps)
        shape[number] = count
        steps[number] *= stride
        return View(shape, steps, self.first + first * self.steps[number])

    def __call__(self, row: Array) -> Array:
        size = row.itemsize
        if size not in self.bytes:
            self.bytes[size] = self.first * size, tuple(step * size for step in self.steps)
        return np.ndarray(self.shape, row.dtype, row, *self.bytes[size])


class Join(Protocol):
    """How two neighbouring windows become one. Cells and windows are whatever can be sliced."""

    overlapping: bool  # whether a cell may be counted twice, as in a maximum

    def __call__(self, left: Any, right: Any, axis: int, reach: int) -> Any:
        """The windows `left` joined with those of `right`, which lie `reach` cells further along the axis."""

    def look(self, row: Any, view: View) -> Any:
        """A row of cells through a view."""

    def empty(self, like: Any, shape: tuple[int, ...]) -> Any:
        """Room for windows."""


class Values:
    """The join of plain numbers by a ufunc."""

    def __init__(self, ufunc: np.ufunc, *, overlapping: bool, initial: float | None) -> None:
        self.ufunc = ufunc
        self.overlapping = overlapping
        self.initial = initial  # what changes nothing, not even the sign of a zero

    def __call__(self, left: Array, right: Array, axis: int, reach: int) -> Any:
        return self.ufunc(left, right)

    def look(self, row: Array, view: View) -> Array:
        return view(row)

    def empty(self, like: Array, shape: tuple[int, ...]) -> Array:
        return np.empty(shape, like.dtype)


ADD = Values(np.add, overlapping=False, initial=-0.0)
MAXIMUM = Values(np.maximum, overlapping=True, initial=None)


class Dense:
    """A walk along one axis to windows from every cell. They stay where their first cells are."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        self.number = number
        self.inner = cells.steps[number]
        self.steps = _steps(axis.sizes[0], overlapping)
        self.windows = cells.along(number, len(axis), axis.starts[0], axis.stride)

    def __call__(self, row: Any, join: Join) -> Any:
        return _everywhere(row, self.steps, self.number, self.inner, join)


class Strided:
    """A walk to windows that lie further apart. The last step is taken for them alone, row by row."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        *self.steps, (self.reach, self.doubled) = _steps(axis.sizes[0], overlapping) or ((0, True),)
        self.number = number
        self.inner = cells.steps[number]
        self.left = cells.along(number, len(axis), axis.starts[0], axis.stride)
        self.right = cells.along(number, len(axis), axis.starts[0] + self.reach, axis.stride)
        self.windows = View.whole(self.left.shape)

    def __call__(self, row: Any, join: Join) -> Any:
        wide = _everywhere(row, self.steps, self.number, self.inner, join)
        left = join.look(wide if self.doubled else row, self.left)
        return join(left, join.look(wide, self.right), self.number, self.reach) if self.reach else left.copy()


class Uneven:
    """A walk to windows of any size anywhere: for each size, those that start everywhere, of which some are picked."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        starts, sizes = np.asarray(axis.starts), np.asarray(axis.sizes)
        lead, length = (slice(None),) * number, cells.shape[number]
        self.number = number
        self.inner = cells.steps[number]
        self.windows = View.whole(cells.along(number, len(starts)).shape)
        self.sizes = []
        for size in sorted(set(axis.sizes)):
            places, picked = (*lead, sizes == size), (*lead, starts[sizes == size])
            self.sizes.append((_steps(size, overlapping), cells.along(number, length - size + 1), places, picked))

    def __call__(self, row: Any, join: Join) -> Any:
        windows = join.empty(row, self.windows.shape)
        for steps, view, places, picked in self.sizes:
            windows[places] = join.look(_everywhere(row, steps, self.number, self.inner, join), view)[picked]
        return windows


class Gathered:
    """All cells of all windows of a small box at once, of plain numbers alone, joined one after the other."""

    def __init__(self, box: Box, taps: Array) -> None:
        self.taps = np.ascontiguousarray(taps.T).reshape(*(side.sizes[0] for side in box.sides), -1)
        self.windows = View.whole((box.shape[0], *map(len, box.sides), box.shape[-1]))

    def __call__(self, row: Array, join: Any) -> Array:
        cells = row.take(self.taps)
        while cells.ndim > 1:
            cells = join.ufunc.reduce(cells, axis=0, initial=join.initial)
        return cells.reshape(self.windows.shape)


def taps(box: Box, most: int) -> Array | None:
    """The cells of every window of a box in row-major order, (all windows, cells of the widest), if they are no more
    than so many. A smaller window repeats its last cells: harmless for a maximum, where the first of equals counts."""
    planes, *_, channels = box.shape
    count = planes * prod(map(len, box.sides)) * channels
    if count * prod(max(side.sizes) for side in box.sides) > most:
        return None
    steps = View.whole(box.shape).steps
    cells = np.arange(planes)[:, None] * steps[0]  # windows so far, and their cells so far
    for side, step in zip(box.sides, steps[1:], strict=False):
        sizes = np.asarray(side.each)[:, None]
        along = (np.asarray(side.starts)[:, None] + np.minimum(np.arange(sizes.max()), sizes - 1)) * step
        cells = (cells[:, None, :, None] + along[:, None, :]).reshape(len(cells) * len(along), -1)
    return (cells[:, None] + np.arange(channels)[:, None]).reshape(count, -1)


def _everywhere(row: Any, steps: Sequence[Step], number: int, inner: int, join: Join) -> Any:
    """The windows along an axis whose cells are `inner` apart, one from each cell but the last ones of the row."""
    wide = row
    for reach, doubled in steps:
        further = reach * inner
        left = wide[:-further] if doubled else row[: len(wide) - further]
        wide = join(left, wide[further:], number, reach)
    return wide


@lru_cache(maxsize=1024)
def _steps(size: int, overlapping: bool) -> tuple[Step, ...]:
    """How windows of one cell grow to `size` cells. Each step joins them with windows of the same size that start so
    many cells further on (True), or puts a single cell before windows that start one further on (False)."""
    if size == 1:
        return ()
    if overlapping:
        half = (size + 1) // 2
        return (*_steps(half, overlapping), (size - half, True))
    if size % 2:
        return (*_steps(size - 1, overlapping), (1, False))
    return (*_steps(size // 2, overlapping), (size // 2, True))


Walk = Dense | Strided | Uneven | Gathered
Plan = tuple[tuple[Walk, ...], Walk, View | None]


@lru_cache(maxsize=1024)
def plan(box: Box, overlapping: bool) -> Plan:
    """The walk to the windows of a box: axis by axis, or at once if there are few alike."""
    short = all(side.even and (overlapping or side.sizes[0] <= 3) for side in box.sides)  # a sum rounds no more often
    few = taps(box, GATHERED) if short else None
    return axis_by_axis(box, overlapping) if few is None else ((), Gathered(box, few), None)


@lru_cache(maxsize=1024)
def axis_by_axis(box: Box, overlapping: bool, inner_first: bool = False) -> Plan:
    """The walks along the axes of a box, the outer or the inner ones first, the last one apart, and where that leaves
    the windows, unless it leaves nothing else."""
    order = list(enumerate(box.sides, start=1))
    if inner_first:
        order.reverse()
    walks: list[Walk] = []
    cells = View.whole(box.shape)
    for number, axis in order:
        kind: type[Dense | Strided | Uneven] = Uneven
        if axis.even:  # a stride is taken late, as one, unless it is long
            late = axis.stride == 1 or (axis.stride == 2 and number != order[-1][0])
            kind = Dense if late else Strided
        walks.append(kind(number, axis, cells, overlapping))
        cells = walks[-1].windows
    return tuple(walks[:-1]), walks[-1], cells if kind is Dense else None


def reduce(row: Any, plan: Plan, join: Join, divisor: Array | None = None) -> Any:
    """Every window of a box, whose cells are given in a row; divided by one number, if that is given."""
    walks, last, windows = plan
    for walk in walks:
        row = walk(row, join).reshape((-1,))
    row = last(row, join)
    if divisor is not None:
        row = row / divisor
    return row if windows is None else join.look(row, windows)
