"""The adjoint of summing windows: every cell sums the windows that hold it."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Block, Box, Side, load
from refimpl.pooling.geometry import Windows
from refimpl.pooling.windows import ADD, Plan, plan, reduce


def spread(windows: Array, box: Box) -> Array:
    """What cells receive if each window of a box gives its value to all that it holds; which cells says `landing`."""
    cells = _sums(windows, tuple(side.sizes[0] if side.even and side.stride == 1 else 1 for side in box.sides))
    for number in range(len(box.sides), 0, -1):
        side = box.sides[number - 1]
        if side.stride > 1:
            cells = _spread_evenly(cells, side, number)
        elif not side.even:
            cells = _spread_unevenly(cells, side, number)
        cells = cells[(*(slice(None),) * number, _landing(box)[1][number])]
    return cells


def landing(box: Box) -> tuple[slice, ...]:
    """Which cells of the input in a box its windows may hold."""
    return _landing(box)[0]


@lru_cache(maxsize=1024)
def _landing(box: Box) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The cells of the input that lie within the span of the windows: of those in the box, and of the span."""
    inputs, spans = [slice(None)], [slice(None)]
    for side in box.sides:
        low, high = side.span
        start = max(low, side.start)
        stop = max(min(high, side.stop), start)
        inputs.append(slice(start - side.start, stop - side.start))
        spans.append(slice(start - low, stop - low))
    return tuple(inputs), tuple(spans)


def _sums(windows: Array, counts: tuple[int, ...]) -> Array:
    """The sums of the last `counts` windows along each axis, up to each of them and beyond the last one."""
    if max(counts) == 1:
        return windows
    block, backward = _backward(windows.shape, counts)
    return reduce(load(windows, block, -0.0, windows.dtype), backward, ADD)  # type: ignore[no-any-return]


@lru_cache(maxsize=1024)
def _backward(shape: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Block, Plan]:
    """The windows as the cells of a box, with as much padding before and after them as `counts` reach back."""
    sides = []
    for length, count in zip(shape[1:-1], counts, strict=True):
        cells = length + 2 * (count - 1)
        sides.append(Side(range(length + count - 1), (count,), cells, count - 1, count - 1 + length, cells))
    box = Box(shape[0], tuple(sides), shape[-1], copied=True)
    everything = (slice(None),) * len(shape)
    return Block(shape, everything, everything, box, 0), plan(box, overlapping=False)


def _spread_evenly(windows: Array, axis: Windows, number: int) -> Array:
    """At stride s, of the s cells of a step the first ones are held by `most` windows and the others by one less."""
    size, stride = axis.sizes[0], axis.stride
    most = -(-size // stride)
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    steps = windows.shape[number] + most - 1
    cells: Any = np.zeros((*before, steps, stride, *after), windows.dtype)
    rest = size - (most - 1) * stride
    for held, first, last in ((most, 0, rest), (most - 1, rest, stride)):
        if held:
            sums = _sums(windows, tuple(held if i == number else 1 for i in range(1, windows.ndim - 1)))
            reached = (*lead, slice(sums.shape[number]))
            if prod(after) > 1:
                cells[(*reached, slice(first, last))] = np.expand_dims(sums, number + 1)
            else:  # a broadcast would be walked through place by place
                for place in range(first, last):
                    cells[(*reached, place)] = sums
    return cells.reshape(*before, steps * stride, *after)  # type: ignore[no-any-return]


def _spread_unevenly(windows: Array, axis: Windows, number: int) -> Array:
    low, high = axis.span
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells: Array = np.zeros((*before, high - low, *after), windows.dtype)
    for i, (start, size) in enumerate(zip(axis.starts, axis.sizes, strict=True)):
        cells[(*lead, slice(start - low, start - low + size))] += windows[(*lead, slice(i, i + 1))]
    return cells
