"""How a property is tried: in which ways to execute, and how many cases at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace

from conformance.search import BATCH, PROFILES
from conformance.subject import MODES

SAMPLE, SAMPLED = 8, 16
"""Of a mode whose calls are dear: the cases in a batch, which share a program, and one batch for so many of others."""

EXPERIMENTS = 4
"""One whole experiment in such a mode for so many eager ones."""


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
    alone: bool = False  # whether one dtype stands for all
    several: bool = False  # whether a case calls several operators
    seen: tuple[str, ...] = ()  # the properties as which the register sees a case, in place of this one
    alike: int = 1  # cases in a row that have all but their values in common, and so share a program
    whole: bool = False  # whether a case is left out where nothing is claimed of a part of it
    everywhere: bool = False  # whether all modes are tried, whatever the profile
    optional: bool = False  # whether Paddle need not have it of every operator
    profile: str = "quick"  # the least profile that tries it

    def in_mode(self, mode: str) -> Pace:
        """The same for a mode in which a call costs many eager ones."""
        if MODES[mode].profile == "quick":
            return self
        if self.everywhere:
            return replace(self, slower=EXPERIMENTS * self.slower)
        return replace(self, batch=SAMPLE, alike=SAMPLE, slower=SAMPLED)

    def tried(self, mode: str, profile: str) -> bool:
        """Whether a run of this profile tries it in a mode."""
        order = list(PROFILES)
        least = self.profile if self.everywhere else max(self.profile, MODES[mode].profile, key=order.index)
        return order.index(least) <= order.index(profile)

    def batches(self, wanted: int, slower: int = 1) -> int:
        """How many batches are tried where the profile wants so many, of an operator that is slower by itself."""
        return min(-(-wanted // (self.slower * slower)), self.most)
