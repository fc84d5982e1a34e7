"""The one kernel of all pooling: reduce every window of a box of cells, one axis after another.

Two ideas make it fast, and both are here. A window of k cells is made of two narrower ones, so that it costs about
log2(k) passes. And a pass does not walk row by row: it joins the box, as one long row of cells, with itself, shifted;
where that crosses the end of a row of the box the result belongs to no window and is never looked at. Only where
windows do not start at every cell does the last pass along an axis pick its windows row by row.

In a small box, where calls cost more than cells, all windows are looked at cell by cell instead, and where windows are
few their sums are products with matrices.

The kernel knows neither sums nor maxima. It is given a `Join`, which combines neighbouring windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, Protocol

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.at_once import Gathered, Summed, taps
from refimpl.pooling.boxes import Box
from refimpl.pooling.geometry import Geometry, Windows

Step = tuple[int, bool]
Pass = tuple[bool, slice, slice, int]

TINY = 1 << 12  # cells up to which a call costs more than a look at each
SPARSE = 16  # cells for each window from which on products with matrices are quick
MATRIX = 1 << 14  # entries that a matrix may have


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

    def __call__(self, left: Any, right: Any, axis: int, reach: int, out: Any = None) -> Any:
        """The windows `left` joined with those of `right`, which lie `reach` cells further along the axis; put into
        `out`, if that is given."""

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

    def __call__(self, left: Array, right: Array, axis: int, reach: int, out: Array | None = None) -> Any:
        return self.ufunc(left, right) if out is None else self.ufunc(left, right, out=out)

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
        self.passes = _passes(_steps(axis.sizes[0], overlapping), cells.steps[number])
        self.windows = cells.along(number, len(axis), axis.starts[0], axis.stride)

    def __call__(self, row: Any, join: Join, out: Any = None) -> Any:
        return _everywhere(row, self.passes, self.number, join)


class Strided:
    """A walk to windows that lie further apart. The last step is taken for them alone, row by row."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        *steps, (self.reach, self.doubled) = _steps(axis.sizes[0], overlapping) or ((0, True),)
        self.number = number
        self.passes = _passes(steps, cells.steps[number])
        self.left = cells.along(number, len(axis), axis.starts[0], axis.stride)
        self.right = cells.along(number, len(axis), axis.starts[0] + self.reach, axis.stride)
        self.windows = View.whole(self.left.shape)

    def __call__(self, row: Any, join: Join, out: Any = None) -> Any:
        wide = _everywhere(row, self.passes, self.number, join)
        left = join.look(wide if self.doubled else row, self.left)
        return join(left, join.look(wide, self.right), self.number, self.reach, out) if self.reach else left.copy()


class Sieved:
    """A walk along the lines of a box to windows whose stride divides the length of a line: the last step is taken for
    every so many cells of the whole row, and lines become shorter."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        *steps, (self.reach, self.doubled) = _steps(axis.sizes[0], overlapping) or ((0, True),)
        first, stride = axis.starts[0], axis.stride
        self.number = number
        self.passes = _passes(steps, 1)
        self.left, self.right = slice(first, None, stride), slice(first + self.reach, None, stride)
        lines = cells.along(number, len(axis))
        self.windows = View(lines.shape, [*(step // stride for step in lines.steps[:number]), 1, 1])

    def __call__(self, row: Any, join: Join, out: Any = None) -> Any:
        wide = _everywhere(row, self.passes, self.number, join)
        left, right = (wide if self.doubled else row)[self.left], wide[self.right]
        return join(left[: len(right)], right, self.number, self.reach) if self.reach else left.copy()


class Uneven:
    """A walk to windows of any size anywhere: for each size, those that start everywhere, of which some are picked."""

    def __init__(self, number: int, axis: Windows, cells: View, overlapping: bool) -> None:
        starts, sizes = np.asarray(axis.starts), np.asarray(axis.sizes)
        lead, length = (slice(None),) * number, cells.shape[number]
        self.number = number
        self.windows = View.whole(cells.along(number, len(starts)).shape)
        self.sizes = []
        for size in sorted(set(axis.sizes)):
            places, picked = (*lead, sizes == size), (*lead, starts[sizes == size])
            passes = _passes(_steps(size, overlapping), cells.steps[number])
            self.sizes.append((passes, cells.along(number, length - size + 1), places, picked))

    def __call__(self, row: Any, join: Join, out: Any = None) -> Any:
        windows = join.empty(row, self.windows.shape) if out is None else out
        for passes, view, places, picked in self.sizes:
            windows[places] = join.look(_everywhere(row, passes, self.number, join), view)[picked]
        return windows


def _everywhere(row: Any, passes: Sequence[Pass], number: int, join: Join) -> Any:
    """The windows along an axis, one from each cell but the last ones of the row."""
    wide = row
    for doubled, front, back, reach in passes:
        wide = join((wide if doubled else row)[front], wide[back], number, reach)
    return wide


def _passes(steps: Sequence[Step], inner: int) -> tuple[Pass, ...]:
    """The parts of a row that each step joins, for an axis whose cells are `inner` apart in the row."""
    passes, lost = [], 0
    for reach, doubled in steps:
        lost += reach * inner
        passes.append((doubled, slice(-reach * inner if doubled else -lost), slice(reach * inner, None), reach))
    return tuple(passes)


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


Walk = Dense | Strided | Sieved | Uneven
Plan = tuple[tuple[Walk, ...], Walk | Gathered | Summed, View | None]


@lru_cache(maxsize=1024)
def plan(box: Box, overlapping: bool) -> Plan:
    """The walk to the windows of a box: axis by axis, or at once where that is quicker."""
    even = all(side.even for side in box.sides)
    short = even and max(side.sizes[0] for side in box.sides) <= 3
    if (short or (even and overlapping)) and (cells := taps(box, TINY)) is not None:  # short sums round no more often
        return (), Gathered(box, cells, overlapping), None
    if not overlapping and multiplied(box) and (not short or sparse(box.sides)):
        otherwise = axis_by_axis(box, overlapping)
        return (), Summed(box, lambda row: reduce(row, otherwise, ADD)), None
    near = all(side.stride <= 2 for side in box.sides)  # else few lines are left when the inner axes have their turn
    return axis_by_axis(box, overlapping, near and box.sides[-1].stride > 1)


def multiplied(box: Box) -> bool:
    """Whether sums are best found as products with matrices: of few windows, of uneven ones, and in small boxes."""
    few = box.size <= TINY or sparse(box.sides) or not all(side.even for side in box.sides)
    return few and all(len(side) * side.cells <= MATRIX for side in box.sides)


@lru_cache(maxsize=1024)
def cost(geometry: Geometry, itemsize: int, *, overlapping: bool) -> float:
    """Bytes of temporaries for each cell of a plane: for one of its size or, if the first pass leaves less, half."""
    pairs = all(axis.even and axis.stride == axis.sizes[0] == 2 for axis in geometry.axes)
    return itemsize / 2 if pairs or (sparse(geometry.axes) and not overlapping) else itemsize


@lru_cache(maxsize=1024)
def sparse(axes: tuple[Windows, ...]) -> bool:
    """Whether windows are so few that the last steps towards them cost next to nothing."""
    return SPARSE * prod(map(len, axes)) <= prod(axis.span[1] - axis.span[0] for axis in axes)


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
        kind: type[Walk] = Uneven
        if axis.even:
            whole = inner_first and number == len(order) and box.shape[-1] == 1 and axis.cells % axis.stride == 0
            late = axis.stride <= 2 and axis.sizes[0] > 1  # a short stride is taken last, as one
            kind = Sieved if whole and axis.stride > 1 else Dense if late else Strided
        walks.append(kind(number, axis, cells, overlapping))
        cells = walks[-1].windows
    return tuple(walks[:-1]), walks[-1], cells if kind in (Dense, Sieved) else None


def reduce(row: Any, plan: Plan, join: Join, out: Any = None) -> Any:
    """Every window of a box, whose cells are given in a row: in `out`, if that is given and of use, or elsewhere."""
    walks, last, windows = plan
    for walk in walks:
        row = walk(row, join).reshape((-1,))
    row = last(row, join, out)
    return row if windows is None else join.look(row, windows)
