"""One case: what the register leaves to be claimed of it, what Paddle answers, and the judgement of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from conformance.case import Case
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.checks.judgement import Judgement
from conformance.floats import limits
from conformance.known.register import Entry


def judge_case(case: Case, subject: Any, entries: Sequence[Entry]) -> Judgement | None:
    """The judgement of a case, in the light of the entries of the register; None where nothing is claimed of it."""
    return weigh(case, ask(case, subject)) if judgeable(case, entries) else None


def judgeable(case: Case, entries: Sequence[Entry]) -> bool:
    """Whether the entries of the register leave anything to be claimed of a case; notes in the case what."""
    whole = PROPERTIES[case.cell.property].PACE.whole
    for part in case.parts:
        known = registered(part, entries) if entries else []
        part.claimed = all(entry.within for entry in known)
        if not part.claimed and (part is case or whole):
            return False
        part.within = tuple(entry.within for entry in known if entry.within)
    return True


def ask(case: Case, subject: Any) -> Any:
    """What Paddle answers; the subject itself where the property asks as it goes along."""
    asking = getattr(PROPERTIES[case.cell.property], "ask", None)
    return asking(case, subject) if asking else subject


def weigh(case: Case, answer: Any) -> Judgement | None:
    """The judgement of an answer; None where Paddle lacks a kernel that it need not have."""
    check = PROPERTIES[case.cell.property]
    judgement: Judgement = getattr(check, "weigh", check.judge)(case, answer)
    optional = check.PACE.optional or case.cell.dtype not in case.operator.dtypes
    return None if judgement.lacks and optional else judgement


def registered(case: Case, entries: Sequence[Entry]) -> list[Entry]:
    """The entries that are about a case, or about a call of its sequence."""
    if case.sequence or case.views:
        return [entry for part in case.parts for entry in registered(part, entries)]
    concerned = _concerned(tuple(entries), case.cell)
    named = names(case) if concerned else {}
    return [entry for entry in concerned if entry.matches(named)]


@lru_cache
def _concerned(entries: tuple[Entry, ...], cell: Cell) -> list[Entry]:
    """The entries that are about cases of a cell at all."""
    return [entry for entry in entries if entry.concerns(cell)]


def names(case: Case) -> dict[str, Any]:
    """What a predicate of the register may ask of a case."""
    arguments, check = case.arguments, PROPERTIES[case.cell.property]
    return {
        **arguments,
        **(case.operator.facts({**arguments, **case.operator.noise_of(case.call)}) if check.PACE.meant else {}),
        **check.names(case),
        "dtype": case.cell.dtype,
        "largest": float(limits(case.dtype).max),
        "layout": case.cell.layout,
        "form": "layer" if case.call.layer else "function",
    }
