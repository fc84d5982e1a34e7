"""How a random operator is looked at where nobody knows what its generator draws: as events of known probability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.draw.tape import Tape

Array = NDArray[Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happens at every site of every call or does not, each time by itself, with one probability."""

    name: str  # "dropped"
    happened: NDArray[np.bool_]  # (calls, *sites)
    probability: float


@dataclass(frozen=True)
class Spread:
    """Numbers of a known distribution, sorted into cells."""

    name: str  # "slope"
    cells: NDArray[np.int64]
    chances: Array  # of each cell


@dataclass(frozen=True)
class Sample:
    """The calls that make a sample, and what their outputs tell.

    `draw(tape, layout)` gives arguments as `Operator.draw` does, for calls of some thousand elements; `values(
    arguments)` the first array in the place of drawn values, such that outputs tell what was drawn; `sites(arguments)`
    the shape of what is drawn for one call. `recover(arguments, outs)`, with the outputs of several calls stacked along
    a first axis, gives the noise that explains them, stacked as well (None, where the outputs do not tell it all).
    `look(arguments, outs, noise)` is what the noise should be like. `keeps(arguments)` names the moments of x that the
    output has on average, "expectation" for each element by itself, "mean" and "variance" for the array; `extremes(
    arguments)` are then the two outputs between which the draws choose, site by site. `inexact` is by how many
    roundings the recovered noise is off. `again` says whether the backward pass uses the draws again.
    """

    draw: Callable[[Tape, str], dict[str, Any]]
    values: Callable[[Arguments], Array]
    sites: Callable[[Arguments], tuple[int, ...]]
    recover: Callable[[Arguments, Array], dict[str, Array] | None]
    look: Callable[[Arguments, Array, Any], list[Event | Spread]]
    keeps: Callable[[Arguments], tuple[str, ...]] = lambda arguments: ()
    extremes: Callable[[Arguments], tuple[Array, Array]] | None = None
    inexact: int = 0
    again: bool = True


def uniform(name: str, numbers: Array) -> Spread:
    """Numbers that should be uniform on [0, 1]."""
    cells = 1 << 12
    return Spread(name, np.clip((numbers * cells).astype(np.int64), 0, cells - 1), np.full(cells, 1 / cells))


def standard(shape: tuple[int, ...]) -> Array:
    """Numbers of mean 0 and variance 1 between 0.5 and 1.5 in magnitude (for an even number of them)."""
    size = int(np.prod(shape))
    magnitudes = np.linspace(0.48, 1.38, (size + 1) // 2)
    magnitudes /= np.sqrt(np.mean(magnitudes**2)) if size else 1
    return np.stack([magnitudes, -magnitudes], axis=1).ravel()[:size].reshape(shape)
