"""Where a dropout draws one number for many elements: the shape of its mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from refimpl._arguments import Array, bad, integer, one_of, wrong_kind

Shape = tuple[int, ...]


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


def kept(x: Array, keep: Array) -> Array:
    """x where `keep` holds and +0 elsewhere, whatever x is there: no product, so that a dropped NaN is 0 (DROP-M3).

    By bits where integers are as wide as x, for choosing by random booleans is slow.
    """
    if x.dtype.itemsize > 8:
        return np.where(keep, x, x.dtype.type(0))
    bits = np.dtype(f"i{x.dtype.itemsize}")
    ones: Array = np.negative(keep.astype(bits))  # all of them where an element is kept
    return (x.view(bits) & ones).view(x.dtype)
