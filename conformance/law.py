"""A law: what an operator's results have to do with one another, whatever they are. It needs no reference.

A law makes calls of a drawn one and says what the last of them should give, from what Paddle gave for the others. How
far that may be off follows from the bounds of all these calls: a `Ball` is an array known up to an error, and what is
computed from balls carries their errors along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Ball:
    """Numbers known up to an error each; one whose error is infinite is not known at all."""

    value: Array
    radius: Any

    def at(self, move: Callable[[Array], Array]) -> Ball:
        """The same numbers in other places."""
        return Ball(move(self.value), move(np.broadcast_to(self.radius, self.value.shape)))

    def __add__(self, other: Ball | Array | float) -> Ball:
        other = _ball(other)
        return _known(self.value + other.value, self.radius + other.radius, self.unknown | other.unknown)

    def __sub__(self, other: Ball | Array | float) -> Ball:
        other = _ball(other)
        return _known(self.value - other.value, self.radius + other.radius, self.unknown | other.unknown)

    def __mul__(self, factor: Array | float) -> Ball:
        return _known(self.value * factor, self.radius * np.abs(factor), self.unknown | np.isnan(factor))

    def sum(self, axis: int) -> Ball:
        """The sum along an axis, which stays."""
        radius = np.broadcast_to(self.radius, self.value.shape).sum(axis, keepdims=True)
        return _known(self.value.sum(axis, keepdims=True), radius, self.unknown.any(axis, keepdims=True))

    def exp(self) -> Ball:
        """e to these numbers."""
        power = np.exp(self.value)
        return _known(power, power * np.expm1(self.radius), self.unknown)

    @property
    def unknown(self) -> Array:
        """Which of them are NaN."""
        return np.isnan(self.value)


def _ball(numbers: Ball | Array | float) -> Ball:
    return numbers if isinstance(numbers, Ball) else Ball(np.asarray(numbers), 0.0)


def _known(value: Array, radius: Any, unknown: Any) -> Ball:
    """Infinity less infinity or times zero, a NaN that is made of none, is not known."""
    return Ball(value, np.where((np.isnan(value) & ~unknown) | np.isnan(radius), np.inf, radius))


@dataclass(frozen=True)
class Seen:
    """A call of a law, its arguments in the reference's precision, and what Paddle gave for it."""

    arguments: Arguments
    outputs: Mapping[str, Ball]

    @property
    def out(self) -> Ball:
        """The first output."""
        return next(iter(self.outputs.values()))


@dataclass(frozen=True)
class Law:
    """`calls(name, arguments, number)` are the calls, each an operator and its arguments, of which the first is of the
    operator of this name; none where the law says nothing of such arguments. `number` below 256 is drawn, for what is
    free. `expected(seen, number)` is what the outputs of the last call should be. A law is `exact` where all of its
    calls are made of the same roundings.
    """

    name: str  # "f(-x) = -f(x)"
    calls: Callable[[str, Arguments, int], Sequence[tuple[str, Arguments]] | None]
    expected: Callable[[Sequence[Seen], int], Mapping[str, Ball]]
    exact: bool = False
