"""Where a dropout draws one number for many elements: the shape of its mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from refimpl._arguments import Array, accumulator, bad, integer, one_of, wrong_kind

Shape = tuple[int, ...]
_BLOCK = 1 << 18  # bytes of an intermediate result


def varying(shape: Sequence[int], axis: int | Sequence[int] | None) -> Shape:
    """The mask's shape when it varies along `axis` (None: along all) and is shared along the others."""
    if axis is None:
        return tuple(shape)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    allowed = f"one or more axes in [0, {len(shape) - 1}]"
    if len(axes) == 0 or len(axes) > len(shape):
        raise bad("axis", axis, allowed)
    for one in axes:
        if integer("axis", one, 0) >= len(shape):
            raise bad("axis", axis, allowed)
    return tuple(length if i in axes else 1 for i, length in enumerate(shape))  # DROP-A1


def by_channel(shape: Sequence[int], channel: int) -> Shape:
    """The mask's shape when it varies along the batch and the channels."""  # DROP-C1
    return varying(shape, [0, channel])


def channel_axis(shape: Sequence[int], data_format: str, allowed: tuple[str, str]) -> int:
    """The channel's axis, after a check of the layout and the rank it asks for."""  # DROP-E3
    one_of("data_format", data_format, allowed)
    if len(shape) != len(data_format):
        raise bad("the rank of x", len(shape), f"{len(data_format)}, as {data_format} says")
    return data_format.index("C")


def checked(mask: Any, shape: Shape, needed: bool) -> Array | None:
    """The keep mask, if it is boolean and fits; None where no mask is needed."""  # DROP-E2
    if mask is None:
        if needed:
            raise bad("mask", None, f"booleans of shape {shape} (True keeps) when training with 0 < p < 1")
        return None
    array = np.asarray(mask)
    if array.dtype != np.bool_:
        raise wrong_kind("mask", mask, "a boolean array, True where an element is kept")
    if array.ndim != len(shape) or any(m not in (1, s) for m, s in zip(array.shape, shape, strict=True)):
        raise bad("the shape of mask", array.shape, f"{shape}, or 1 in place of a length")
    return array


def kept(x: Array, keep: Array, divisor: Any = 1) -> Array:
    """x / divisor where `keep` holds, in at least float32 and rounded once, and +0 elsewhere, whatever x is there.

    Chosen by bits where integers are as wide as x: a product would make NaN of a dropped NaN (DROP-M3), and choosing by
    random booleans is slow.
    """
    out, wide = np.empty(x.shape, x.dtype), accumulator(x.dtype)
    bits = np.dtype(f"i{x.dtype.itemsize}") if x.dtype.itemsize <= 8 else None
    cells, values, keeps = (np.ravel(array) for array in (out, x, np.broadcast_to(keep, x.shape)))
    for start in range(0, x.size, _BLOCK // x.dtype.itemsize):
        block = slice(start, start + _BLOCK // x.dtype.itemsize)
        part = values[block]
        if divisor != 1:
            part = np.divide(part, wide.type(divisor), dtype=wide).astype(x.dtype, copy=False)
        if bits is None:
            cells[block] = np.where(keeps[block], part, 0)
        else:
            ones = keeps[block].astype(bits)
            np.negative(ones, out=ones)  # all of them where an element is kept
            np.bitwise_and(part.view(bits), ones, out=cells[block].view(bits))
    return out
