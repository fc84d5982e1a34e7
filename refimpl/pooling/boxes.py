"""The work cut into blocks: small enough to stay in the cache and to need little memory beyond the result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.geometry import Axis, Geometry, Windows

BLOCK = 1 << 18  # bytes of one temporary


@dataclass(frozen=True)
class Side(Windows):
    """The windows along one axis of a box of so many cells. From `start` up to `stop` they are cells of the input, from
    0 up to `end` those of the padded input; windows may reach beyond."""

    cells: int
    start: int
    stop: int
    end: int

    def counts(self, *, padded: bool) -> Array:
        """The number of cells of each window that lie in the input, or in the padded input."""
        low, high = (0, self.end) if padded else (self.start, self.stop)
        starts = np.asarray(self.starts)
        return np.maximum(np.minimum(starts + np.asarray(self.sizes), high) - np.maximum(starts, low), 0)  # type: ignore[no-any-return]


class Box:
    """A box of cells that holds all that its windows read: `copied`, or a stretch of the input as it is."""

    def __init__(self, planes: int, sides: tuple[Side, ...], channels: int, *, copied: bool) -> None:
        self.sides = sides
        self.shape = (planes, *(side.cells for side in sides), channels)
        self.size = prod(self.shape)
        self.copied = copied
        self.place = (slice(None), *(slice(side.start, side.stop) for side in sides))  # of the input in the box


class Block(NamedTuple):
    """A part of the work: the windows `outputs` of the result read `inputs` of the array, seen in the shape `view`, as
    a box. The first input is at `offset` of the flattened array."""

    view: tuple[int, ...]
    inputs: tuple[slice, ...]
    outputs: tuple[slice, ...]
    box: Box
    offset: int


@lru_cache(maxsize=128)
def blocks(geometry: Geometry, cost: float) -> tuple[Block, ...]:
    """The work as groups of planes or, where a plane is large, some of its channels or bands along its first axis.

    `cost` is the bytes of a temporary for each cell of a plane."""
    planes, *lengths, channels = geometry.view
    if not prod(geometry.out_view):  # POOL-G5
        return ()
    first, *others = geometry.axes
    group, share, band = _division(geometry, cost)
    copied = share < channels or any(axis.span[0] < 0 or axis.span[1] > axis.length for axis in geometry.axes)
    boxes: dict[Any, Box] = {}
    result = []
    for p, c, w in product(range(0, planes, group), range(0, channels, share), range(0, len(first), band)):
        which, some = slice(p, min(p + group, planes)), slice(c, min(c + share, channels))
        axes = (first.part(w, min(w + band, len(first))), *others)
        spans = [axis.span if copied else (0, axis.length) for axis in axes]
        if group == 1:  # a plane may be cut anywhere along its first axis without a copy
            spans[0] = axes[0].span
        inputs, sides = zip(*map(_side, axes, spans), strict=True)
        key = (which.stop - p, sides, some.stop - c)
        if key not in boxes:  # all but those at the edges are alike
            boxes[key] = Box(*key, copied=copied)
        outputs = (which, slice(w, w + len(axes[0])), *(slice(None) for _ in others), some)
        offset = p
        for length, cells in zip(lengths, inputs, strict=True):
            offset = offset * length + cells.start
        offset = offset * channels + c
        result.append(Block(geometry.view, (which, *inputs, some), outputs, boxes[key], offset))
    return tuple(result)


def _division(geometry: Geometry, cost: float) -> tuple[int, int, int]:
    """How many planes, how many of their channels, and how many windows along their first axis make a block."""
    planes, _, *_, channels = geometry.view
    first, *others = geometry.axes
    line = cost * channels * prod(max(axis.span[1] - axis.span[0], axis.length) for axis in others)
    lines = max(first.span[1] - first.span[0], first.length)
    if line * lines <= BLOCK:
        return min(planes, int(BLOCK / (line * lines))), channels, len(first)
    share = int(channels * BLOCK / (line * lines))
    if share >= 4:
        return 1, share, len(first)
    reach = max(first.sizes)  # what a band must read beyond its own lines; at most as many as these
    return 1, channels, max(1, max(int(BLOCK / line) - reach, reach) * len(first) // lines)


def _side(axis: Axis, span: tuple[int, int]) -> tuple[slice, Side]:
    """The cells of the input between two positions of an axis, and the windows as those of a box of these positions."""
    low, high = span
    start = min(max(low, 0), axis.length)
    stop = max(start, min(high, axis.length))
    end = min(high, axis.length + axis.after)
    return slice(start, stop), Side(axis.moved(-low), axis.sizes, high - low, start - low, stop - low, end - low)


def load(x: Array, block: Block, padding: Any, dtype: np.dtype[Any]) -> Array:
    """The cells of a block of a contiguous x in a row, surrounded by padding; a copy only if it must be one."""
    box = block.box
    if not box.copied and x.dtype == dtype:
        row = x.reshape((-1,))
        return row if box.size == x.size else row[block.offset : block.offset + box.size]
    padded = np.empty(box.shape, dtype)
    if box.copied:
        padded.fill(padding)
    padded[box.place] = x.reshape(block.view)[block.inputs]
    return padded.reshape((-1,))


def assembled(
    geometry: Geometry,
    cost: float,
    dtype: np.dtype[Any],
    to: np.dtype[Any],
    compute: Callable[[Block, Array | None], Array],
) -> Array:
    """The windows of all blocks, in the shape of the result. They are computed in one dtype and rounded to another;
    `compute` is given room for them, if there is, but need not use it."""
    parts = blocks(geometry, cost)
    if len(parts) == 1:
        windows = compute(parts[0], None)
        return np.ascontiguousarray(windows, to).reshape(geometry.out_shape)
    out = np.empty(geometry.out_view, to)
    for block in parts:
        room = out[block.outputs]
        _fill(room, compute(block, room if dtype == to else None))  # so that nothing of a block outlives it
    return out.reshape(geometry.out_shape)


def _fill(room: Array, windows: Array) -> None:
    if windows is not room:
        room[...] = windows
