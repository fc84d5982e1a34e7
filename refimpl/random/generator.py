"""Paddle's CPU generator: an engine with a place in its stream, and the numbers drawn from it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from refimpl._arguments import bad, integer
from refimpl.random.mersenne import SIZE, Words, continued, seeded_by_sequence, seeded_by_word, tempered


class State(NamedTuple):
    """312 raw words and how many of them are used up: what the C++ engine writes when it is streamed out."""

    words: Words
    position: int


class Generator:
    """The stream that Paddle's random operators draw from on the CPU after `paddle.seed(seed)`.

    Every call continues where the last one stopped, whichever operator made it.

    >>> stream = Generator(2024)
    >>> before = stream.state
    >>> first = stream.uniform((2, 3))
    >>> stream.state = before
    >>> bool((stream.uniform((2, 3)) == first).all())
    True
    """

    def __init__(self, seed: int) -> None:
        self._begin(seeded_by_sequence([_seed(seed) % 2**32]))  # RNG-S1

    @classmethod
    def of_operator(cls, seed: int) -> Generator:
        """The stream of an operator that has its own seed (such as the random_seed of a static program)."""
        stream = cls.__new__(cls)
        stream._begin(seeded_by_word(_seed(seed)))  # RNG-S2
        return stream

    def _begin(self, words: Words) -> None:
        self._words, self._position = words, SIZE

    @property
    def state(self) -> State:
        """A copy of the state; assigning it later resumes the stream here."""  # RNG-T1
        return State(self._words.copy(), self._position)

    @state.setter
    def state(self, state: State) -> None:
        words = np.array(state.words)
        if words.dtype != np.uint64 or words.shape != (SIZE,):
            raise bad("state.words", f"{words.dtype} of shape {words.shape}", f"uint64 of shape ({SIZE},)")
        position = integer("state.position", state.position, 0)
        if position > SIZE:
            raise bad("state.position", position, f"an integer in [0, {SIZE}]")
        self._words, self._position = words, position

    def words(self, count: int) -> Words:
        """The next `count` 64-bit words."""
        return self._drawn(integer("count", count, 0), np.dtype(np.uint64), lambda words: words)

    def uniform(self, shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Numbers in [0, 1) in C order, one word each; float32 or float64."""
        kind = np.dtype(dtype)
        if kind not in (np.float32, np.float64):
            raise bad("dtype", kind.name, "float32 or float64")  # RNG-A1
        one: Any = np.ones((), kind)[()]
        numbers = self._drawn(math.prod(shape), kind, lambda words: words.astype(kind) * (one / 2**64))
        np.minimum(numbers, np.nextafter(one, 0 * one), out=numbers)  # RNG-U1
        return numbers.reshape(shape)

    def reaching(self, shape: Sequence[int], threshold: np.float32) -> NDArray[np.bool_]:
        """Which of the next float32 uniforms are not below a threshold in [0, 1], told from their words alone."""
        first = None if threshold == 1 else _first_reaching(threshold)  # RNG-U1
        reached = self._drawn(
            math.prod(shape), np.dtype(np.bool_), lambda words: False if first is None else words >= first
        )
        return reached.reshape(shape)

    def _drawn(self, count: int, dtype: np.dtype[Any], form: Callable[[Words], Any]) -> NDArray[Any]:
        """`form` of the next `count` words, made of a few thousand at a time, which stay in the cache."""
        out = np.empty(count, dtype)
        first, end = self._position, self._position + count
        blocks = max(-(-end // SIZE) - 1, 0)  # the engine makes 312 more words only when one is asked for
        at = first
        for start, raw in continued(self._words, blocks * SIZE):
            stop = min(end, start + raw.size)
            out[at - first : stop - first] = form(tempered(raw[at - start : stop - start]))
            at = stop
        self._words, self._position = raw[blocks * SIZE - start :][:SIZE].copy(), end - blocks * SIZE
        return out


def _seed(seed: Any) -> int:
    """A seed as Paddle takes it; paddle.seed uses its lower 32 bits, an operator's own seed all 64."""
    if integer("seed", seed, 0) >= 2**64:
        raise bad("seed", seed, "an integer in [0, 2**64)")
    return int(seed)


def _first_reaching(threshold: np.float32) -> np.uint64:
    """The first word whose float32 uniform is not below the threshold: from the middle between the threshold and the
    float32 before it on, words are rounded up, and in the middle itself to the even one of the two."""
    middle = (Fraction(float(threshold)) + Fraction(float(np.nextafter(threshold, 0, dtype=np.float32)))) * 2**63
    word = math.ceil(middle)
    return np.uint64(word + (word == middle and int(threshold.view(np.uint32)) % 2))
