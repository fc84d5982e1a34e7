"""The adjoint of summing windows: every cell sums the windows that hold it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from functools import reduce as fold
from typing import Any

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.at_once import Multiplied, exact, incidence
from refimpl.pooling.boxes import Block, Box, Side
from refimpl.pooling.geometry import Geometry, Windows
from refimpl.pooling.windows import ADD, Plan, multiplied, plan, reduce

Slices = tuple[slice, ...]


def gradients(geometry: Geometry, dtype: np.dtype[Any], parts: Sequence[Block]) -> Array:
    """Room for what cells receive: of 0, unless every cell is in one block, which will say what it receives."""
    once = parts and parts[-1].outputs[1].start == 0 and _covered(geometry)
    return (np.empty if once else np.zeros)(geometry.view, dtype)


@lru_cache(maxsize=1024)
def spread_cost(geometry: Geometry, itemsize: int) -> float:
    """Bytes of temporaries for each cell: many where windows have room around them, few where they are tiles."""
    if any(map(_dense, geometry.axes)):
        return itemsize * 1.75
    return itemsize * (0.8 if any(map(_phased, geometry.axes)) else 0.5)


@lru_cache(maxsize=1024)
def _covered(geometry: Geometry) -> bool:
    """Whether all cells lie in the span of the windows."""
    return all(axis.span[0] <= 0 and axis.length <= axis.span[1] for axis in geometry.axes)


def spread(windows: Array, box: Box, out: Array | None = None) -> Array:
    """What cells receive if each window of a box gives its value to all that it holds; which cells says `landing`. They
    receive it in `out`, if that is given and of use, or elsewhere."""
    products = _products(box)
    if products is not None and exact(windows, windows):
        return products(windows, out)
    return _axis_by_axis(windows, box, out)


@lru_cache(maxsize=1024)
def _products(box: Box) -> Multiplied | None:
    """The adjoint of sums that are products, which are the quickest if cells are few or windows uneven."""
    if not multiplied(box) or all(side.even and side.stride == side.sizes[0] for side in box.sides):
        return None
    matrices = []
    for side in box.sides:
        start, stop = _within(side)
        matrices.append(incidence(side)[:, start:stop].T)
    return Multiplied(box.shape[0], box.shape[-1], matrices)


def _axis_by_axis(windows: Array, box: Box, out: Array | None) -> Array:
    cells = windows
    inner_first = list(enumerate(box.sides, start=1))[::-1]
    for number, side in inner_first:
        if not side.even:
            cells = _one_by_one(cells, side, number)
        elif _phased(side):
            cells = _in_phases(cells, side, number)
    if any(map(_dense, box.sides)):
        cells = _all_at_once(cells, box)
    for number, side in inner_first:
        size = side.sizes[0]
        if side.even and side.stride == size:
            if number == 1 and out is not None and out.shape == (len(cells), size * cells.shape[1], *cells.shape[2:]):
                for line in range(size):
                    out[:, line::size] = cells
                return out
            cells = np.repeat(cells, size, axis=number)
    return cells[_landing(box)[1]]


def _dense(side: Windows) -> bool:
    """Whether the windows along an axis are all alike but no tiles, which would need no sums."""
    return side.even and side.stride != side.sizes[0] and not _phased(side)


def _phased(side: Windows) -> bool:
    """Whether windows overlap a little, so that it pays to sum the cells of each phase of the stride apart."""
    return side.even and 1 < side.stride < side.sizes[0] <= 4 * side.stride


def landing(box: Box) -> Slices:
    """Which cells of the input in a box its windows may hold."""
    return _landing(box)[0]


@lru_cache(maxsize=1024)
def _landing(box: Box) -> tuple[Slices, Slices]:
    """The cells of the input that lie within the span of the windows: of those in the box, and of the span."""
    inputs, spans = [slice(None)], [slice(None)]
    for side in box.sides:
        start, stop = _within(side)
        inputs.append(slice(start - side.start, stop - side.start))
        spans.append(slice(start - side.span[0], stop - side.span[0]))
    return tuple(inputs), tuple(spans)


def _within(side: Side) -> tuple[int, int]:
    """The cells of the input that lie within the span of the windows, as those of the box."""
    low, high = side.span
    start = max(low, side.start)
    return start, max(min(high, side.stop), start)


def _one_by_one(windows: Array, axis: Windows, number: int) -> Array:
    low, high = axis.span
    lead, before, after = (slice(None),) * number, windows.shape[:number], windows.shape[number + 1 :]
    cells: Array = np.zeros((*before, high - low, *after), windows.dtype)
    for i, (start, size) in enumerate(zip(axis.starts, axis.sizes, strict=True)):
        cells[(*lead, slice(start - low, start - low + size))] += windows[(*lead, slice(i, i + 1))]
    return cells


def _in_phases(windows: Array, side: Windows, number: int) -> Array:
    """The r-th cell from the start of window q on lies in the windows q, q - 1, and so on, as far as they reach."""
    size, stride, count = side.sizes[0], side.stride, len(side)
    before, after = windows.shape[:number], windows.shape[number + 1 :]
    lead, reach = (slice(None),) * number, (size - 1) // stride
    padded: Array = np.full((*before, count + 2 * reach, *after), -0.0, windows.dtype)
    padded[(*lead, slice(reach, reach + count))] = windows
    cells: Array = np.empty((*before, (count + reach) * stride, *after), windows.dtype)
    for r in range(stride):
        summed = range(reach, reach - -(-(size - r) // stride), -1)
        parts = [padded[(*lead, slice(q, q + count + reach))] for q in summed]
        cells[(*lead, slice(r, None, stride))] = fold(np.add, parts)
    return cells[(*lead, slice((count - 1) * stride + size))]


def _all_at_once(windows: Array, box: Box) -> Array:
    """Put where they start, among nothing else, windows are summed backwards."""
    around, starts, padding, backward = _backward(box, windows.shape)
    cells: Any = np.empty(around, windows.dtype)
    cells.fill(padding)
    cells[starts] = windows
    return reduce(cells.reshape((-1,)), backward, ADD)  # type: ignore[no-any-return]


@lru_cache(maxsize=1024)
def _backward(box: Box, shape: tuple[int, ...]) -> tuple[tuple[int, ...], Slices, float, Plan]:
    """A box with the windows at their first cells and, before and after them, as much room as they reach; where they
    are, what is between them, and the sums of all cells, of a window's size back, from each cell of their span."""
    sides, starts, gaps = [], [slice(None)], False
    for side, length in zip(box.sides, shape[1:-1], strict=True):
        size, stride = (side.sizes[0], side.stride) if _dense(side) else (1, 1)
        gaps |= stride > size
        span, reach = (length - 1) * stride + 1, size - 1
        cells = span + 2 * reach
        sides.append(Side(range(span + reach), (size,), cells, 0, cells, cells))
        starts.append(slice(reach, reach + span, stride))
    around = Box(shape[0], tuple(sides), shape[-1], copied=True)
    return around.shape, tuple(starts), 0.0 if gaps else -0.0, plan(around, overlapping=False)
