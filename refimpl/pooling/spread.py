"""The adjoint of summing windows: every cell sums the windows that hold it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Block, Box, Side, load
from refimpl.pooling.geometry import Windows
from refimpl.pooling.windows import ADD, Plan, plan, reduce


def spread(windows: Array, box: Box) -> Array:
    """What the cells of the input in a box receive, if each of its windows gives its value to every cell it holds.

    They reach as far as windows do, see `landing`; the cells of the input beyond are held by none.
    """
    cells = _sums(windows, tuple(side.sizes[0] if side.even and side.stride == 1 else 1 for side in box.sides))
    for number in range(len(box.sides), 0, -1):
        side = box.sides[number - 1]
        if side.stride > 1:
            cells = _spread_evenly(cells, side, number)
        elif not side.even:
            cells = _spread_unevenly(cells, side, number)
    return cells[
        (slice(None), *(slice(a - s.span[0], b - s.span[0]) for s, (a, b) in zip(box.sides, _held(box), strict=True)))
    ]


def landing(block: Block) -> tuple[slice, ...]:
    """Which cells of the array the windows of a block hold."""
    pairs = zip(block.inputs[1:], block.box.sides, _held(block.box), strict=True)
    return (block.inputs[0], *(slice(i.start + a - s.start, i.start + b - s.start) for i, s, (a, b) in pairs))


def _held(box: Box) -> list[tuple[int, int]]:
    """The cells of the input among those that the windows of a box span, axis by axis."""
    return [(max(s.span[0], s.start), max(min(s.span[1], s.stop), s.span[0], s.start)) for s in box.sides]


def _sums(windows: Array, counts: tuple[int, ...]) -> Array:
    """The sums of the last `counts` windows along each axis, up to each of them and beyond the last one."""
    if max(counts) == 1:
        return windows
    block, backward = _backward(windows.shape, counts)
    return reduce(load(windows, block, -0.0, windows.dtype), backward, ADD)  # type: ignore[no-any-return]


@lru_cache(maxsize=1024)
def _backward(shape: tuple[int, ...], counts: tuple[int, ...]) -> tuple[Block, Plan]:
    planes, *lengths, channels = shape
    sides = [
        Side(range(m + n - 1), (n,), m + 2 * n - 2, n - 1, m + n - 1) for m, n in zip(lengths, counts, strict=True)
    ]
    box = Box(planes, tuple(sides), channels, padded=True)
    everything = (slice(None),) * len(shape)
    return Block(shape, everything, everything, box, 0), plan(box, overlapping=False)


def _spread_evenly(windows: Array, axis: Windows, number: int) -> Array:
    """At stride s, of the s cells of a step the first ones are held by `most` windows and the others by one less."""
    size, stride, count = axis.sizes[0], axis.stride, len(axis)
    most = -(-size // stride)
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells = np.zeros((*before, count + most - 1, stride, *after), windows.dtype)
    rest = size - (most - 1) * stride
    for held, first, last in ((most, 0, rest), (most - 1, rest, stride)):
        if held:
            sums = _sums(windows, tuple(held if i == number else 1 for i in range(1, windows.ndim - 1)))
            for place in range(first, last):
                cells[(*lead, slice(sums.shape[number]), place)] = sums
    return cells.reshape(*before, (count + most - 1) * stride, *after)


def _spread_unevenly(windows: Array, axis: Windows, number: int) -> Array:
    low, high = axis.span
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells = np.zeros((*before, high - low, *after), windows.dtype)
    for i, (start, size) in enumerate(zip(axis.starts, axis.sizes, strict=True)):
        cells[(*lead, slice(start - low, start - low + size))] += windows[(*lead, slice(i, i + 1))]
    return cells
