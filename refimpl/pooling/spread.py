"""The adjoint of summing windows: every cell of a box sums the windows that hold it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Box
from refimpl.pooling.geometry import Axis
from refimpl.pooling.windows import ADD, Plan, load, plan, reduce


def spread(windows: Array, box: Box) -> Array:
    """What the cells of the input in a box receive, if each of its windows gives its value to every cell it holds."""
    strides = [axis.starts.step if isinstance(axis.starts, range) else 0 for axis in box.axes]
    sizes = [axis.sizes[0] if stride == 1 else 1 for axis, stride in zip(box.axes, strides, strict=True)]
    cells = _sums(windows, tuple(sizes))
    for number in range(len(strides), 0, -1):
        if strides[number - 1] > 1:
            cells = _spread_evenly(cells, box.axes[number - 1], number)
        elif strides[number - 1] == 0:
            cells = _spread_unevenly(cells, box.axes[number - 1], number)
    return cells[box.place]


def _sums(windows: Array, counts: tuple[int, ...]) -> Array:
    """The sums of the last `counts` windows along each axis, up to each of them and beyond the last one."""
    if max(counts) == 1:
        return windows
    backward = _backward(windows.shape, counts)
    return reduce(load(windows, backward, -0.0, windows.dtype), backward, ADD)


@lru_cache(maxsize=1024)
def _backward(shape: tuple[int, ...], counts: tuple[int, ...]) -> Plan:
    planes, *lengths, channels = shape
    axes = [Axis(m, 0, 0, range(1 - n, m), (n,)) for m, n in zip(lengths, counts, strict=True)]
    return plan(Box(planes, tuple(axes), channels), False)


def _spread_evenly(windows: Array, axis: Axis, number: int) -> Array:
    """At stride s, of the s cells of a step the first ones are held by `most` windows and the others by one less."""
    assert isinstance(axis.starts, range)
    size, stride, count = axis.sizes[0], axis.starts.step, len(axis.starts)
    most = -(-size // stride)
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells = np.zeros((*before, count + most - 1, stride, *after), windows.dtype)
    for held in {most, most - 1} - {0}:
        sums = _sums(windows, tuple(held if i == number else 1 for i in range(1, windows.ndim - 1)))
        first, last = (0, size - (most - 1) * stride) if held == most else (size - (most - 1) * stride, stride)
        for place in range(first, last):
            cells[(*lead, slice(sums.shape[number]), place)] = sums
    return cells.reshape(*before, (count + most - 1) * stride, *after)


def _spread_unevenly(windows: Array, axis: Axis, number: int) -> Array:
    low, high = axis.extent
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells = np.zeros((*before, high - low, *after), windows.dtype)
    for i, (start, size) in enumerate(zip(axis.starts, axis.sizes, strict=True)):
        cells[(*lead, slice(start - low, start - low + size))] += windows[(*lead, slice(i, i + 1))]
    return cells
