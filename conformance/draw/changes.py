"""Changes that leave a call without meaning, by the kind of argument that they change."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Change = dict[str, Any]


def each(name: str, *values: Any) -> list[Change]:
    """One argument, with each of these values in turn."""
    return [{name: value} for value in values]


def no_numbers(*names: str) -> list[Change]:
    """What is no number, in the place of one."""
    return [{name: value} for name in names for value in ("0.1", None, [0.1])]


def sizes(name: str, axes: int, low: int = 1) -> list[Change]:
    """Too small for every axis or for one, no whole number, and too many or too few of them."""
    one = [low] * (axes - 1)
    return each(name, low - 1, -7, [*one, -1], [-1] * axes, "2", low + 0.5, [low] * (2 * axes + 1), [])


def paddings(axes: int, channel_last: bool) -> list[Change]:
    """In no form that there is, and along the batch or the channels; a negative padding can be read as a cut."""
    none, outer = [[0, 0]] * axes, [0, 1]
    channels = [[0, 0], *none, outer] if channel_last else [[0, 0], outer, *none]
    pairs = ([*none, [0, 0]], [outer, *none, [0, 0]], channels)
    return each("padding", "FULL", "2", None, 0.5, [], [0] * (2 * axes + 1), *pairs)


def axes_out_of(ndim: int) -> list[Change]:
    """Axes that an array of so many dimensions does not have, or that are no whole numbers."""
    count = max(ndim, 1)
    return each("axis", count, -count - 1, 1 << 40, "0", 0.5, [0, 0])


def dtypes() -> list[Change]:
    """Words that name no floating dtype."""
    return each("dtype", "int32", "bool", "real", 1)


def layouts() -> list[Change]:
    """Words that name no layout."""
    return each("data_format", "NCWH", "", None, 1)


def ranks(name: str, x: Array) -> list[Change]:
    """An axis less, and an axis more."""
    return [{name: np.zeros(x.shape[1:], x.dtype)}, {name: x[None]}]


def truths(name: str, x: Array) -> list[Change]:
    """Truth values in the place of numbers."""
    return each(name, np.zeros([max(n, 1) for n in x.shape], bool))


def rows(name: str, row: Array) -> list[Change]:
    """More numbers in a row than there are channels, none, an axis more, and truth values."""
    return [*each(name, np.resize(row, row.size + 8), row[:0], row[None, None]), *truths(name, row)]
