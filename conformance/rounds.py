"""A run with a budget: round after round over the cells, each with fresh seeds, until the time is spent."""

from __future__ import annotations

import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import msgspec

from conformance.cell import Cell
from conformance.known.register import Entry
from conformance.record import Record, Verdict
from conformance.trial import Rules

BATCHES = 16
"""Of each cell in one round, at most: so every cell has a turn before any has many."""


@dataclass(frozen=True)
class Budget:
    """Until when a run goes on, by `time.monotonic`, and how its user said it."""

    until: float
    said: str

    def spent(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.until

    def refusal(self, cell: Cell) -> Record:
        """The record of a cell that had no turn."""
        reason = f"the budget of {self.said} was spent before its turn"
        return Record(**asdict(cell), verdict=Verdict.NOT_RUN, reason=reason)


Judge = Callable[[Sequence[Cell | Entry], Rules], Iterable[Record]]
"""The records of these tasks, in any order; a cell is refused when the budget is spent."""


def records(tasks: Sequence[Cell | Entry], rules: Rules, budget: Budget, judge: Judge) -> Iterator[Record]:
    """The records of round after round. That of a cell that had several rounds has all of them in it, and comes again
    after each; a cell that did not pass has no further round."""
    passed: dict[tuple[str, ...], Record] = {}
    number = 0
    while tasks and not (number and budget.spent()):
        for record in judge(tasks, of_round(rules, number)):
            before = passed.pop(record.key, None)
            if before and record.verdict is Verdict.NOT_RUN:
                continue
            told = together(before, record) if before else record
            if told.verdict is Verdict.PASS:
                passed[told.key] = told
            yield told
        tasks = [task for task in tasks if isinstance(task, Cell) and (*asdict(task).values(), "") in passed]
        number += 1


def of_round(rules: Rules, number: int) -> Rules:
    """The rules of one round; the first has the run's own seed."""
    seed = zlib.crc32(f"{rules.seed} round {number}".encode()) if number else rules.seed
    return replace(rules, seed=seed, profile=replace(rules.profile, batches=min(rules.profile.batches, BATCHES)))


def together(one: Record, other: Record) -> Record:
    """Two records of one cell as one; the verdict is that of the later."""
    worst = max(one, other, key=lambda record: record.worst_share)
    return msgspec.structs.replace(
        other,
        rounds=one.rounds + other.rounds,
        cases=one.cases + other.cases,
        excluded=one.excluded + other.excluded,
        seconds=round(one.seconds + other.seconds, 3),
        worst_ulp=max(one.worst_ulp, other.worst_ulp),
        worst_share=worst.worst_share,
        worst_call=worst.worst_call,
        drift=one.drift or other.drift,
        regions=_sum(one.regions, other.regions),
        arguments={name: _sum(one.arguments.get(name, {}), values) for name, values in other.arguments.items()},
        chance=one.chance + other.chance if one.chance and other.chance else one.chance or other.chance,
        scalings=one.scalings or other.scalings,
    )


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(Counter(one) + Counter(other))
