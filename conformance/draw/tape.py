"""A tape: the bytes that decide one case.

Hypothesis draws tapes and shrinks them. A declaration reads a case's structure (extents, kernels, flags) from the
head; each array takes its values from a track of its own. A missing byte reads as zero, and zero is always the
simplest choice, so a shorter tape with smaller bytes is a simpler case, and a byte cut out of a track is an element
less. One Hypothesis example holds many tapes, which is what makes thousands of cases a second possible; a failing
case is shrunk alone, as one tape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

HEAD, TRACK, TRACKS = 32, 16, 4
"""Bytes of structure, bytes of values for one array, and the number of such tracks."""

SIZE = HEAD + TRACK * TRACKS

REGION = 1
"""How many bytes of the head come first and say only where values come from."""

_MULTIPLIER = 0x9E3779B1  # odd, so that multiplying permutes the codes and keeps zero

T = TypeVar("T")


@dataclass
class Tape:
    """One tape, read from the front. `Tape(b"")` is the simplest case there is."""

    head: bytes
    tracks: tuple[bytes, ...] = ()
    _at: int = field(default=0, repr=False, compare=False)

    @classmethod
    def cut(cls, data: bytes) -> Tape:
        """The tape that fills `SIZE` bytes."""
        return cls(data[:HEAD], tuple(data[at : at + TRACK] for at in range(HEAD, SIZE, TRACK)))

    @classmethod
    def parse(cls, text: str) -> Tape:
        """The tape that `str()` wrote.

        Raises:
            ValueError: not hexadecimal numbers with points between them.
        """
        try:
            head, *tracks = (bytes.fromhex(part) for part in text.split("."))
        except ValueError:
            raise ValueError(f"{text!r} is not a tape: hexadecimal numbers with points between them") from None
        return cls(head, tuple(tracks))

    def __str__(self) -> str:
        return ".".join(part.hex() for part in (self.head, *self.tracks)).rstrip(".")

    def rewound(self) -> Tape:
        """The same tape, to be read from the front again."""
        return Tape(self.head, self.tracks)

    def integer(self, low: int, high: int) -> int:
        """A whole number in [low, high]; the simplest is `low`."""
        byte = self.head[self._at] if self._at < len(self.head) else 0
        self._at += 1
        return low + byte % (high - low + 1)

    def one_of(self, *options: T) -> T:
        """One of the options; the simplest is the first."""
        return options[self.integer(0, len(options) - 1)]

    def flag(self) -> bool:
        """True or False; the simplest is False."""
        return bool(self.integer(0, 1))

    def integers(self, count: int, low: int, high: int) -> list[int]:
        """`count` whole numbers in [low, high]."""
        return [self.integer(low, high) for _ in range(count)]

    def codes(self, array: int, size: int, salt: int) -> NDArray[np.uint32]:
        """Codes for the elements of the case's `array`-th array, from which a region makes values; 0 is the simplest.

        The salt widens one byte to two, so that more than 256 values are in reach. An array that is longer than its
        track goes round again, every round multiplied by another odd number and its high half folded into the low
        one: zero stays zero, and nothing repeats with the period of the track, not even modulo a power of two.
        Further arrays than there are tracks share one, in other rounds.
        """
        track = self.tracks[array % TRACKS] if array % TRACKS < len(self.tracks) else b""
        if not track:
            return np.zeros(size, np.uint32)
        codes = np.frombuffer(track, np.uint8).astype(np.uint32)
        codes |= (codes != 0) * np.uint32(salt << 8)
        skip, rounds = array // TRACKS, -(-size // len(track))
        if rounds <= 1 and not skip:
            return codes[:size]
        codes = _powers(skip + rounds)[skip:, None] * codes
        return (codes ^ codes >> np.uint32(16)).ravel()[:size]


@lru_cache
def _powers(count: int) -> NDArray[np.uint32]:
    """1, m, m*m, ... modulo 2**32."""
    powers = np.full(count, _MULTIPLIER, np.uint32)
    powers[:1] = 1
    return np.multiply.accumulate(powers, dtype=np.uint32)
