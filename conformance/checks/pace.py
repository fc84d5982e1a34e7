"""How a property is tried: in which ways to execute, and how many cases at a time."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.search import BATCH


@dataclass(frozen=True)
class Pace:
    """How many cases a property takes; those whose cases are whole experiments take fewer, and do not shrink them."""

    modes: tuple[str, ...] = ("eager",)
    batch: int = BATCH  # cases in one of the profile's batches
    slower: int = 1  # one batch where the profile has so many
    most: int = 1 << 30  # batches, whatever the profile
    shrinks: bool = True
    predicts: bool = True  # whether it needs to know what a random operator draws
    meant: bool = True  # whether its calls have a meaning
    narrow: bool = False  # whether dtypes are tried that an operator need not have
    several: bool = False  # whether a case calls several operators

    def batches(self, wanted: int, slower: int = 1) -> int:
        """How many batches are tried where the profile wants so many, of an operator that is slower by itself."""
        return min(-(-wanted // (self.slower * slower)), self.most)
