"""The work cut into blocks: small enough to stay in the cache and to need little memory beyond the result."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

from refimpl.pooling.geometry import Axis, Geometry

BLOCK = 1 << 18  # bytes of one temporary


class Box:
    """The cells that the windows of some axes read: `inputs` of the array, at `place` in a box of `shape`."""

    def __init__(self, planes: int, axes: tuple[Axis, ...], channels: int) -> None:
        self.axes = axes
        low, high = zip(*(axis.extent for axis in axes), strict=True)
        start = [min(max(a, 0), axis.length) for a, axis in zip(low, axes, strict=True)]
        stop = [max(min(b, axis.length), a) for a, b, axis in zip(start, high, axes, strict=True)]
        self.shape = (planes, *(b - a for a, b in zip(low, high, strict=True)), channels)
        self.size = prod(self.shape)
        self.inputs = tuple(map(slice, start, stop))
        self.place = (slice(None), *(slice(a - c, b - c) for a, b, c in zip(start, stop, low, strict=True)))
        self.padded = self.shape[1:-1] != tuple(b - a for a, b in zip(start, stop, strict=True))


class Block(NamedTuple):
    """A part of the work: the windows `outputs` of the result, which read `inputs` of the array as a box.

    The inputs of two blocks are `shared` if they may overlap.
    """

    inputs: tuple[slice, ...]
    outputs: tuple[slice, ...]
    box: Box
    shared: bool


@lru_cache(maxsize=1024)
def blocks(geometry: Geometry, itemsize: int) -> tuple[Block, ...]:
    """The work as groups of planes or, where one plane is large, as bands along its first axis."""
    planes, *_, channels = geometry.view
    if not prod(geometry.out_view):
        return ()
    plane = itemsize * Box(1, geometry.axes, channels).size
    count = len(geometry.axes[0].starts)
    group = min(planes, max(1, BLOCK // plane))
    band = min(count, max(1, count * BLOCK // plane))

    @lru_cache
    def box(size: int, first: int, last: int) -> Box:
        return Box(size, (geometry.axes[0].part(first, last), *geometry.axes[1:]), channels)

    result = []
    for p in range(0, planes, group):
        for w in range(0, count, band):
            these, those = slice(p, min(p + group, planes)), slice(w, min(w + band, count))
            cells = box(these.stop - p, w, those.stop)
            result.append(Block((these, *cells.inputs), (these, those), cells, band < count))
    return tuple(result)
