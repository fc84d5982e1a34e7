"""The one kernel of all pooling: reduce every window of a box of cells, one axis after another.

Two ideas make it fast, and both are here. A window of k cells is made of two narrower ones, so that it costs about
log2(k) passes. And a pass does not walk row by row: it combines the flattened box with itself, shifted; where that
crosses the end of a row the result belongs to no window and is never read.

The kernel knows neither sums nor maxima. It is given a `Join`, which combines neighbouring windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple, Protocol

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Box
from refimpl.pooling.geometry import Axis


class Join(Protocol):
    """How two neighbouring windows become one."""

    overlapping: bool  # whether a cell may be counted twice, as in a maximum

    def __call__(self, left: Any, right: Any, out: Any, axis: int, reach: int) -> Any:
        """The windows `left` joined with those of `right`, which lie `reach` cells further on; in `out`, if given."""

    def empty(self, like: Any, size: int) -> Any:
        """Room for `size` windows."""


class Values:
    """The join of plain numbers by a ufunc."""

    def __init__(self, ufunc: np.ufunc, *, overlapping: bool) -> None:
        self.ufunc = ufunc
        self.overlapping = overlapping

    def __call__(self, left: Array, right: Array, out: Array | None, axis: int, reach: int) -> Any:
        return self.ufunc(left, right, out=out)

    def empty(self, like: Array, size: int) -> Array:
        return np.empty(size, like.dtype)


ADD = Values(np.add, overlapping=False)
MAXIMUM = Values(np.maximum, overlapping=True)


class Pass(NamedTuple):
    """One pass over the lines along an axis: `left` of the windows so far are joined with `right` of themselves or, if
    they are not `doubled`, with single cells, and in place."""

    doubled: bool
    left: slice
    right: slice
    reach: int


class Walk(NamedTuple):
    """How the cells along one axis, number `number`, become windows, line by line."""

    number: int
    axis: Axis
    before: tuple[int, ...]  # the shape of the cells
    after: tuple[int, ...]  # the shape of the windows
    stride: int
    passes: tuple[tuple[Pass, ...], ...]  # for each size of window
    lines: tuple[int, ...] = ()  # the shape of the lines, some of them beyond the cells
    cut: slice | None = None  # which cells make up whole lines, unless all do
    room: int = 0  # for how many windows, with those that later walks read beyond the last one


class Plan(NamedTuple):
    """How a box is reduced: the walks along its axes and the slices that crop the result to its windows. Passes read
    beyond the last cell, so that the box needs `room` for more than it has."""

    box: Box
    room: int
    walks: tuple[Walk, ...]
    cut: slice | None
    shape: tuple[int, ...]
    crop: tuple[slice, ...] | None


@lru_cache(maxsize=1024)
def plan(box: Box, overlapping: bool, inner_first: bool = False) -> Plan:
    """The plan of a box for joins that may count a cell twice or may not, its outer or its inner axes first."""
    numbered = list(enumerate(box.axes, start=1))
    shape, walks = box.shape, []
    for number, axis in numbered[::-1] if inner_first else numbered:
        walk = _walk(number, axis, shape, overlapping)
        shape = walk.after
        if walk.before != shape or any(walk.passes):
            walks.append(walk)
    size = room = prod(shape)
    for i in range(len(walks))[::-1]:
        walks[i] = walks[i]._replace(room=room)
        room = _room_before(walks[i])
    have = room
    for i, walk in enumerate(walks):
        walks[i], have = _laid_out(walk, have)
    counts = tuple(len(axis.starts) for axis in box.axes)
    crop = None if shape[1:-1] == counts else (slice(None), *map(slice, counts))
    return Plan(box, room, tuple(walks), None if have == size else slice(size), shape, crop)


def _walk(number: int, axis: Axis, shape: tuple[int, ...], overlapping: bool) -> Walk:
    step = axis.starts.step if isinstance(axis.starts, range) else 1
    count = shape[number] // step if axis.even else len(axis.starts)
    passes = tuple(_passes(size, step, overlapping) for size in sorted(set(axis.sizes)))
    return Walk(number, axis, shape, (*shape[:number], count, *shape[number + 1 :]), step, passes)


@lru_cache(maxsize=1024)
def _passes(size: int, stride: int, overlapping: bool) -> tuple[Pass, ...]:
    """The passes from cells to windows. The last one that doubles takes the stride."""
    steps = _doublings(size, overlapping)
    if stride > 1 and size - 1 <= stride * (len(steps) - 1) + 1:  # few cells a window: join them one by one
        steps = tuple((reach, reach == 1) for reach in range(1, size))
    last = max((i for i, (_, doubled) in enumerate(steps) if doubled), default=0)
    strides = [stride if i >= last else 1 for i in range(len(steps))]
    return tuple(
        Pass(doubled, slice(0, -reach, step), slice(reach, None, step), reach)
        for (reach, doubled), step in zip(steps, strides, strict=True)
    )


@lru_cache(maxsize=1024)
def _doublings(size: int, overlapping: bool) -> tuple[tuple[int, bool], ...]:
    """How windows of one cell grow to `size` cells: how far away the right part starts, and whether it is as wide as
    the left one (True) or a single cell (False)."""
    if size == 1:
        return ()
    if overlapping:
        half = (size + 1) // 2
        return (*_doublings(half, overlapping), (size - half, True))
    if size % 2:
        return (*_doublings(size - 1, overlapping), (size - 1, False))
    return (*_doublings(size // 2, overlapping), (size // 2, True))


def _room_before(walk: Walk) -> int:
    """How many cells a walk must be given to have room for its windows."""
    inner, cells = prod(walk.before[walk.number + 1 :]), prod(walk.before)
    most = 0
    for passes in walk.passes:
        needed = -(-walk.room // inner) if walk.axis.even else cells // inner
        if not passes:
            needed = (needed - 1) * walk.stride + 1
        for _, left, _, reach in reversed([p for p in passes if p.doubled]):
            needed = (needed - 1) * left.step + 1 + reach
        most = max(most, needed)
    return max(most * inner, cells)


def _laid_out(walk: Walk, cells: int) -> tuple[Walk, int]:
    """The walk over this many cells, and how many windows it makes of them."""
    inner = prod(walk.before[walk.number + 1 :])
    count = cells // inner
    lines = (count, inner) if inner > 1 else (count,)
    walk = walk._replace(lines=lines, cut=None if count * inner == cells else slice(count * inner))
    if not walk.axis.even:
        return walk, walk.room
    if not walk.passes[0]:
        return walk, -(-count // walk.stride) * inner
    for doubled, left, _, reach in walk.passes[0]:
        count = -(-(count - reach) // left.step) if doubled else count
    return walk, count * inner


def load(cells: Array, plan: Plan, padding: float, dtype: np.dtype[Any]) -> Array:
    """The cells of a box, contiguous and surrounded by padding, in the room they need; a copy only if need be."""
    box, room = plan.box, plan.room
    if not box.padded and room == box.size:
        return np.ascontiguousarray(cells, dtype)
    flat = np.empty(room, dtype)
    if box.padded:
        flat.fill(padding)
    else:
        flat[box.size :] = padding
    flat[: box.size].reshape(box.shape)[box.place] = cells
    return flat


def reduce(cells: Any, plan: Plan, join: Join) -> Any:
    """Every window of a box of cells."""
    _, _, walks, cut, shape, crop = plan
    for walk in walks:
        lines = (cells if walk.cut is None else cells.reshape((-1,))[walk.cut]).reshape(walk.lines)
        cells = _even(lines, walk, walk.passes[0], join) if walk.axis.even else _uneven(lines, walk, join)
    windows = (cells if cut is None else cells.reshape((-1,))[cut]).reshape(shape)
    return windows if crop is None else windows[crop]


def _even(lines: Any, walk: Walk, passes: Sequence[Pass], join: Join) -> Any:
    """Windows of one size at even steps. There are more than windows, and the surplus means nothing."""
    if not passes:
        return lines[:: walk.stride]
    wide, number = lines, walk.number
    for doubled, left, right, reach in passes:
        if doubled:
            wide = join(wide[left], wide[right], None, number, reach)
        else:
            cells = lines[right]
            part = wide[: len(cells)]
            join(part, cells, part, number, reach)
    return wide


def _uneven(lines: Any, walk: Walk, join: Join) -> Any:
    """Windows of any size anywhere: for each size, reduce at every cell and pick the windows of that size."""
    starts, sizes = np.asarray(walk.axis.starts) - walk.axis.extent[0], np.asarray(walk.axis.sizes)
    lead, size = (slice(None),) * walk.number, prod(walk.after)
    result = join.empty(lines, walk.room)
    result[size:] = lines.reshape((-1,))[:1]  # what later walks read, and what means nothing
    windows = result[:size].reshape(walk.after)
    for k, passes in zip(sorted(set(walk.axis.sizes)), walk.passes, strict=True):
        everywhere = _even(lines, walk, passes, join).reshape((-1,))[: prod(walk.before)].reshape(walk.before)
        windows[(*lead, sizes == k)] = everywhere[(*lead, starts[sizes == k])]
    return result
