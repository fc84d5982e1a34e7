"""Windows that are not walked to: those of a small box, where calls cost more than cells, and sums of few cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """Sums along every axis as products with its matrix of 0 and 1, (results, terms): sums of some terms, and zeros."""

    def __init__(self, planes: int, channels: int, matrices: Sequence[Array]) -> None:
        self.terms = (planes, *(matrix.shape[1] for matrix in matrices), channels)
        self.sums = tuple(matrix.shape[0] for matrix in matrices)
        self.matrices = matrices
        self.factors: dict[np.dtype[Any], list[tuple[Array, int, int]]] = {}

    def __call__(self, terms: Array, out: Array | None = None) -> Array:
        """The sums: in `out`, if that is given and of use, or elsewhere."""
        planes, *_, channels = self.terms
        sums = terms if channels == 1 else np.moveaxis(terms.reshape(self.terms), -1, 1)
        *factors, (last, length, inner) = self._factors(terms.dtype)
        for factor, extent, apart in factors:
            sums = sums.reshape(-1, extent).dot(factor) if apart == 1 else factor @ sums.reshape(-1, extent, apart)
        if out is not None and channels == 1 < inner and out.flags.c_contiguous:
            np.matmul(last, sums.reshape(-1, length, inner), out=out.reshape(planes, -1, inner))
            return out
        sums = sums.reshape(-1, length).dot(last) if inner == 1 else last @ sums.reshape(-1, length, inner)
        if channels == 1:
            return sums.reshape(planes, *self.sums, 1)
        return np.moveaxis(sums.reshape(planes, channels, *self.sums), 1, -1)

    def _factors(self, dtype: np.dtype[Any]) -> list[tuple[Array, int, int]]:
        """The matrix of each axis, inner ones first, its length, and how far its neighbours are apart by then."""
        if dtype not in self.factors:
            self.factors[dtype] = found = []
            inner = 1
            for matrix in reversed(self.matrices):
                factor = np.ascontiguousarray(matrix if inner > 1 else matrix.T, dtype)
                found.append((factor, matrix.shape[1], inner))
                inner *= matrix.shape[0]
        return self.factors[dtype]


class Summed:
    """The sums of all windows as products with matrices or, where those are not exact, found otherwise."""

    def __init__(self, box: Box, otherwise: Callable[[Array], Array]) -> None:
        self.multiplied = Multiplied(box.shape[0], box.shape[-1], [incidence(side) for side in box.sides])
        self.otherwise = otherwise

    def __call__(self, row: Array, join: Any, out: Array | None = None) -> Array:
        sums = self.multiplied(row, out)
        return sums if exact(sums, row) else self.otherwise(row)


def incidence(side: Side) -> Array:
    """The matrix (windows, cells) whose entries are 1 where a window holds a cell, and 0 elsewhere."""
    starts, sizes, cells = np.asarray(side.starts)[:, None], np.asarray(side.each)[:, None], np.arange(side.cells)
    return (cells >= starts) & (cells < starts + sizes)  # type: ignore[no-any-return]


def exact(told: Array, terms: Array) -> bool:
    """Whether products of terms with matrices of 0 and 1 are sums of some of them, up to rounding, as is told by the
    sums or by the terms, whichever are fewer. 0 times what is not finite is not 0, and -0 + 0 is not -0."""
    if not isfinite(np.vdot(told, told)):  # which may overflow though the sums do not
        return False
    return bool(told.all()) or not bool((np.signbit(terms) & (terms == 0)).any())


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
