"""What a cell has seen so far: how many cases, of which kinds, and the worst error among them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from conformance import spelling
from conformance.case import Case
from conformance.checks.judgement import Judgement
from conformance.judge.compare import Comparison
from conformance.record import Chance, Scaling


@dataclass
class Worst:
    """The largest error of some cases that passed."""

    cases: int = 0
    share: float = 0.0
    ulp: float = 0.0
    call: str = ""

    def add(self, case: Case, found: Comparison) -> None:
        """Count a case that passed."""
        self.cases += 1
        self.ulp = max(self.ulp, found.ulp)
        if found.share > self.share:
            self.share, self.call = found.share, spelling.call(case.operator, case.call)


@dataclass
class Tally:
    """What a cell has seen so far.

    A case in which a known divergence is allowed for tells of that divergence and not of the kernel's accuracy, so that
    the worst of them counts only where there are no others.
    """

    cases: int = 0
    excluded: int = 0
    plain: Worst = field(default_factory=Worst)
    within: Worst = field(default_factory=Worst)
    regions: Counter[str] = field(default_factory=Counter)
    arguments: dict[str, Counter[str]] = field(default_factory=dict)
    chance: Chance | None = None
    scalings: tuple[Scaling, ...] = ()

    def add(self, case: Case, judgement: Judgement) -> None:
        """Count a case that was judged."""
        self.cases += 1
        self.regions[case.region] += 1
        for name, value in case.call.arguments.items():
            if not hasattr(value, "dtype"):
                text = f"{type(value).__name__} of {len(value)}" if isinstance(value, (list, tuple)) else repr(value)
                self.arguments.setdefault(name, Counter())[text] += 1
        if not judgement.fails:
            (self.within if any(part.within for part in case.parts) else self.plain).add(case, judgement.comparison)
        if judgement.chance is not None:
            self.chance = judgement.chance if self.chance is None else self.chance + judgement.chance
        self.scalings = self.scalings or judgement.scalings

    @property
    def worst(self) -> Worst:
        """The largest error of what passed."""
        return self.plain if self.plain.cases else self.within
