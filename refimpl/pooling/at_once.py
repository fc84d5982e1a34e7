"""Windows that are not walked to: those of a small box, where calls cost more than cells, and sums of few cells."""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite, prod
from typing import Any

import numpy as np

from refimpl._arguments import Array
from refimpl.pooling.boxes import Box, Side


class Gathered:
    """All cells of all windows at once."""

    def __init__(self, box: Box, taps: Array, overlapping: bool) -> None:
        sizes = [-1] if overlapping else [side.sizes[0] for side in box.sides]  # sums round axis by axis
        self.taps = np.ascontiguousarray(taps.T).reshape(*sizes, len(taps))
        self.shape = (box.shape[0], *map(len, box.sides), box.shape[-1])

    def __call__(self, row: Array, join: Any, out: Array | None = None) -> Any:
        cells = row.take(self.taps)
        while cells.ndim > 1:
            cells = join.ufunc.reduce(cells, axis=0, initial=join.initial)
        return cells.reshape(self.shape)


class Multiplied:
    """The sums of all windows as products with a matrix of 0 and 1 for each axis: those of their cells, and zeros.

    But 0 times what is not finite is not 0, and a sum of -0 and 0 is not -0. Where there may be such cells the windows
    are found `otherwise`, from the same row.
    """

    def __init__(self, box: Box, otherwise: Callable[[Array], Array]) -> None:
        self.box = box
        self.otherwise = otherwise
        self.shape = (box.shape[0], box.shape[-1], *map(len, box.sides))
        self.matrices: dict[np.dtype[Any], list[tuple[Array, int, int]]] = {}

    def __call__(self, row: Array, join: Any, out: Array | None = None) -> Any:
        channels = self.shape[1]
        sums = row if channels == 1 else np.moveaxis(row.reshape(self.box.shape), -1, 1)
        for matrix, length, inner in self._matrices(row.dtype):
            sums = sums.reshape(-1, length).dot(matrix) if inner == 1 else matrix @ sums.reshape(-1, length, inner)
        if not exact(sums, row):
            return self.otherwise(row)
        return np.moveaxis(sums.reshape(self.shape), 1, -1)

    def _matrices(self, dtype: np.dtype[Any]) -> list[tuple[Array, int, int]]:
        """The matrix of each axis, inner ones first, its length, and how far its neighbours are apart by then."""
        if dtype not in self.matrices:
            self.matrices[dtype] = found = []
            inner = 1
            for side in reversed(self.box.sides):
                matrix = incidence(side, dtype)
                found.append((matrix if inner > 1 else np.ascontiguousarray(matrix.T), side.cells, inner))
                inner *= len(side)
        return self.matrices[dtype]


def incidence(side: Side, dtype: np.dtype[Any]) -> Array:
    """The matrix (windows, cells) whose entries are 1 where a window holds a cell, and 0 elsewhere."""
    starts, sizes, cells = np.asarray(side.starts)[:, None], np.asarray(side.each)[:, None], np.arange(side.cells)
    holds: Array = (cells >= starts) & (cells < starts + sizes)
    return holds.astype(dtype)


def exact(sums: Array, terms: Array) -> bool:
    """Whether products of terms with matrices of 0 and 1 are sums of those terms, up to rounding."""
    flat = sums.reshape(-1)
    if not isfinite(flat.dot(flat)):  # or it overflows, though the sums do not
        return False
    return bool(flat.all()) or not bool((np.signbit(terms) & (terms == 0)).any())


def taps(box: Box, most: int) -> Array | None:
    """The cells of every window of a box in row-major order, (all windows, cells of the widest), if they are no more
    than so many. A smaller window repeats its last cells: harmless for a maximum, where the first of equals counts."""
    planes, *_, channels = box.shape
    count = planes * prod(map(len, box.sides)) * channels
    if count * prod(max(side.sizes) for side in box.sides) > most:
        return None
    cells = np.arange(planes)[:, None] * prod(box.shape[1:])  # windows so far, and their cells so far
    for number, side in enumerate(box.sides, start=1):
        sizes = np.asarray(side.each)[:, None]
        along = np.asarray(side.starts)[:, None] + np.minimum(np.arange(sizes.max()), sizes - 1)
        along = along * prod(box.shape[number + 1 :])
        cells = (cells[:, None, :, None] + along[:, None, :]).reshape(len(cells) * len(along), -1)
    return (cells[:, None] + np.arange(channels)[:, None]).reshape(count, -1)
