"""Every small fixed geometry of one axis, combined into planes, and planes of numbers whose sums are exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np

from tests.refimpl.pooling.definition import Axis, count

AXES = [Axis(*axis) for axis in product(range(1, 6), range(1, 4), range(1, 4), range(4), range(4))]
DIVISIBLE = 7560  # by the number of cells of every window in one, two or three dimensions


def geometries(dimensions: int, rounds: int = 1) -> Iterator[tuple[tuple[Axis, ...], bool]]:
    """Geometries of so many axes with either rounding, in every round each axis of `AXES` once in every place.

    Not all axes meet all others. They need not: a window is the product of its ranges along each axis, and those are
    found axis by axis. What one axis does to another is to change how the cells lie that are left for it, which depends
    on lengths, sizes and strides. Those are combined in every way by `neighbours`.
    """
    rng = np.random.default_rng(dimensions)
    for ceil_mode in (False, True):
        usable = [axis for axis in AXES if count(axis, ceil_mode) > 0]
        for _ in range(rounds):
            orders = [rng.permutation(len(usable)) for _ in range(dimensions)]
            yield from ((tuple(usable[order[i]] for order in orders), ceil_mode) for i in range(len(usable)))


def neighbours(dimensions: int, lengths: Iterable[int]) -> Iterator[tuple[tuple[Axis, ...], bool]]:
    """Every length, size and stride beside every other; paddings and rounding as they come."""
    rng = np.random.default_rng(dimensions)
    kinds = list(product(lengths, range(1, 4), range(1, 4)))
    for combination in product(kinds, repeat=dimensions):
        axes = tuple(Axis(*kind, *map(int, rng.integers(0, kind[1], 2))) for kind in combination)
        ceil_mode = bool(rng.integers(2))
        if all(count(axis, ceil_mode) > 0 for axis in axes):
            yield axes, ceil_mode


def numbers(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """Small whole numbers with many ties; some planes hold infinities, NaN or nothing but -inf."""
    x = rng.integers(-3, 4, shape).astype(np.float64)
    kinds = x.reshape(-1, *shape[2:])
    for i, special in enumerate((np.inf, -np.inf, np.nan)):
        if len(kinds) > i + 1:
            kinds[i + 1][rng.random(kinds.shape[1:]) < 0.2] = special
    return x
