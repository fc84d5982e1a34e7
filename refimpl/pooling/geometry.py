"""Where the windows lie: layouts, paddings and output lengths, once for every kind of pooling.

An array is seen as (planes, *lengths, channels): a channel-first array folds batch and channel into `planes` and has
one channel left, a channel-last array folds only the batch. The windows of one axis are an `Axis`, those of an
operator a `Geometry`. Nothing here touches data.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod
from typing import Any

from refimpl._arguments import bad, integers, one_of

Sizes = int | Sequence[int]
Padding = int | str | Sequence[int] | Sequence[Sequence[int]]

FIRST = {1: "NCL", 2: "NCHW", 3: "NCDHW"}
LAST = {1: "NLC", 2: "NHWC", 3: "NDHWC"}


@dataclass(frozen=True)
class Windows:
    """Windows along an axis: where they start and how many cells they have.

    Windows of one size at even steps have a range for their starts and a single entry in `sizes`; all others list both,
    window by window.
    """

    starts: range | tuple[int, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def even(self) -> bool:
        """Whether all windows have one size and lie at even steps."""
        return isinstance(self.starts, range)

    @cached_property
    def stride(self) -> int:
        """The cells from one window to the next, if they lie at even steps, and otherwise 1."""
        return self.starts.step if isinstance(self.starts, range) else 1

    @property
    def each(self) -> tuple[int, ...]:
        """The size of every window."""
        return self.sizes * len(self) if self.even else self.sizes

    def moved(self, by: int) -> range | tuple[int, ...]:
        """The starts, so many cells further on."""
        if isinstance(self.starts, range):
            return range(self.starts.start + by, self.starts.stop + by, self.starts.step)
        return tuple(start + by for start in self.starts)

    @cached_property
    def span(self) -> tuple[int, int]:
        """The cells from the first one of any window up to the last one."""
        if self.even:
            return self.starts[0], self.starts[-1] + self.sizes[0]
        return min(self.starts), max(map(sum, zip(self.starts, self.sizes, strict=True)))


@dataclass(frozen=True)
class Axis(Windows):
    """The windows along an axis of the input, counted from its first cell; they may start and stop in its padding."""

    length: int
    before: int = 0
    after: int = 0

    def part(self, first: int, last: int) -> Axis:
        """The windows from `first` up to `last` alone."""
        sizes = self.sizes if self.even else self.sizes[first:last]
        return Axis(self.starts[first:last], sizes, self.length, self.before, self.after)


def axis_of(length: int, windows: Iterable[tuple[int, int]]) -> Axis:
    """The axis of windows given one by one as (start, stop), inside the input."""
    starts, stops = zip(*windows, strict=True)
    sizes = tuple(stop - start for start, stop in zip(starts, stops, strict=True))
    step = starts[1] - starts[0] if len(starts) > 1 else sizes[0]
    even = range(starts[0], starts[0] + len(starts) * step, step) if step > 0 else range(0)
    if tuple(even) == starts and len(set(sizes)) == 1:
        return Axis(even, sizes[:1], length)
    return Axis(starts, sizes, length)


class Geometry:
    """The windows of an operator over arrays of one shape. A geometry equals itself alone, so that it can be a key."""

    def __init__(self, shape: tuple[int, ...], axes: tuple[Axis, ...], channel_last: bool) -> None:
        self.axes = axes
        counts = tuple(map(len, axes))
        planes, channels = (shape[0], shape[-1]) if channel_last else (prod(shape[:2]), 1)
        self.view = (planes, *(axis.length for axis in axes), channels)
        self.out_view = (planes, *counts, channels)
        self.out_shape = (shape[0], *counts, shape[-1]) if channel_last else (*shape[:2], *counts)


def is_channel_last(data_format: Any, n: int) -> bool:
    """Whether the layout of `n` spatial axes keeps the channels last."""
    return bool(one_of("data_format", data_format, (FIRST[n], LAST[n])) == LAST[n])  # POOL-L1


def spatial(shape: tuple[int, ...], channel_last: bool) -> tuple[int, ...]:
    """The lengths of the axes between or behind batch and channel."""
    return shape[1:-1] if channel_last else shape[2:]


def fixed(
    shape: tuple[int, ...],
    kernel_size: Sizes,
    stride: Sizes | None,
    padding: Padding,
    ceil_mode: bool,
    data_format: str,
) -> Geometry:
    """The geometry of windows with one size, one stride and one padding an axis."""
    plain = type(kernel_size) is int and type(padding) in (int, str) and (stride is None or type(stride) is int)
    return (_fixed_once if plain else _fixed)(shape, kernel_size, stride, padding, ceil_mode, data_format)


def _fixed(
    shape: tuple[int, ...], kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, data_format: Any
) -> Geometry:
    n = len(shape) - 2
    channel_last = is_channel_last(data_format, n)
    size = integers("kernel_size", kernel_size, n, 1)
    step = size if stride is None else integers("stride", stride, n, 1)  # POOL-G1
    sides = _sides(padding, spatial(shape, channel_last), size, step, ceil_mode, channel_last)
    return _fixed_axes(shape, size, step, sides, ceil_mode, channel_last)


_fixed_once = lru_cache(maxsize=1024)(_fixed)


@lru_cache(maxsize=1024)
def _fixed_axes(
    shape: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    sides: tuple[tuple[int, int], ...],
    ceil_mode: bool,
    channel_last: bool,
) -> Geometry:
    axes = []
    for length, k, s, (before, after) in zip(spatial(shape, channel_last), size, stride, sides, strict=True):
        count = output_length(length, k, s, before, after, ceil_mode)
        if count < 1:  # POOL-G6
            raise bad("kernel_size", k, f"at most the padded length of its axis, {length + before + after}")
        step = s if count > 1 else k
        axes.append(Axis(range(-before, count * step - before, step), (k,), length, before, after))
    return Geometry(shape, tuple(axes), channel_last)


def output_length(length: int, size: int, stride: int, before: int, after: int, ceil_mode: bool) -> int:
    """floor((length + before + after - size) / stride) + 1; in ceil_mode ceil, if such a window starts early enough."""
    room = length + before + after - size
    if not ceil_mode:
        return room // stride + 1  # POOL-G2
    return min(-(-room // stride) + 1, -(-(length + before) // stride))  # POOL-G3, POOL-G4


def _sides(
    padding: Any,
    lengths: tuple[int, ...],
    size: tuple[int, ...],
    stride: tuple[int, ...],
    ceil_mode: bool,
    channel_last: bool,
) -> tuple[tuple[int, int], ...]:
    n = len(lengths)
    if not isinstance(padding, str):
        return _explicit_sides(padding, n, channel_last)
    name = one_of("padding", padding.upper(), ("SAME", "VALID"))  # POOL-P5
    if name == "SAME":  # POOL-P6
        totals = [max((-(-m // s) - 1) * s + k - m, 0) for m, k, s in zip(lengths, size, stride, strict=True)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if ceil_mode:  # POOL-P7
        raise bad("ceil_mode", ceil_mode, "False, if padding is 'VALID'")
    return ((0, 0),) * n


def _explicit_sides(padding: Any, n: int, channel_last: bool) -> tuple[tuple[int, int], ...]:
    """The padding before and after each axis, from one number, n, 2n or n + 2 pairs."""
    several = isinstance(padding, (list, tuple))
    pairs = several and any(isinstance(entry, (list, tuple)) for entry in padding)
    if several and len(padding) not in ((n + 2,) if pairs else (n, 2 * n)):
        raise bad("padding", padding, f"an integer, {n} or {2 * n} integers, {n + 2} pairs, 'SAME' or 'VALID'")
    if pairs:  # POOL-P4
        sides = [integers("padding", pair, 2, 0) for pair in padding]
        batch, channel = sides.pop(0), sides.pop(-1 if channel_last else 0)
        if any(batch + channel):
            raise bad("padding", padding, "no padding of batch and channel")
        return tuple((before, after) for before, after in sides)
    if several and len(padding) == 2 * n:  # POOL-P3
        flat = integers("padding", padding, 2 * n, 0)
        return tuple(zip(flat[::2], flat[1::2], strict=True))
    return tuple((p, p) for p in integers("padding", padding, n, 0))  # POOL-P1, POOL-P2
