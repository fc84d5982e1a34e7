"""Laws: several calls of Paddle against one another, by the laws that the operator's declaration names.

The last call of a law is held to what the law makes of the others, within the bounds of all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Call
from conformance.case import Case
from conformance.checks.judgement import Claim, Judgement, claims, raised, wide_arguments, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison, compare
from conformance.judge.table import TABLE
from conformance.law import Arguments, Ball, Law, Seen
from conformance.ops import OPERATORS

Array = NDArray[Any]

PACE = Pace(batch=16, slower=4, several=True, seen=("forward",), whole=True)


def applies(operator: Operator) -> bool:
    """Whether the operator's declaration names laws."""
    return bool(operator.laws)


def prepare(case: Case) -> None:
    """Draw a law that speaks of the case, and make its calls, of which the first takes the place of the case's own."""
    drawn, number = (case.tape.integer(0, 255), case.tape.integer(0, 255)) if case.tape else (0, 0)
    laws = case.operator.laws
    for law in (*laws[drawn % len(laws) :], laws[0]):
        with np.errstate(all="ignore"):
            calls = law.calls(case.operator.name, case.call.arguments, number)
        if calls is not None:
            break
    assert calls is not None
    case.law = law, number
    case.sequence = [_part(case, OPERATORS[name], arguments) for name, arguments in calls]
    case.call = case.sequence[0].call
    for place, part in enumerate(case.sequence[1:], 2):
        case.extras |= {f"{name} of call {place}": value for name, value in part.call.arrays.items()}


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output of the last call."""
    assert case.law is not None
    law, number = case.law
    seen: list[Seen] = []
    for place, part in enumerate(case.sequence, 1):
        of_call = f"of call {place} ({part.operator.name})"
        answer = subject.forward(part.call)
        if answer.error is not None:
            return replace(raised(answer), output=f"out {of_call}")
        got = {part.operator.outputs[int(k)] if k.isdigit() else k: value for k, value in answer.arrays.items()}
        claimed = _claims(part)
        for name, claim in claimed.items():
            if broken := _broken(got.get(name), claim):
                return Judgement(f"{name} {of_call}", broken)
        seen.append(Seen(wide_arguments(part), {name: _ball(got[name], claim) for name, claim in claimed.items()}))
    if not all(call.outputs for call in seen):
        return Judgement()
    with np.errstate(all="ignore"):
        expected = law.expected(seen, number)
        found = {
            f"{name} {of_call}, by {law.name}": _compared(law, got[name], seen[-1].outputs[name], ball)
            for name, ball in expected.items()
        }
    return worst(found)


def _part(case: Case, operator: Operator, arguments: Arguments) -> Case:
    """A call of a law, which the register sees as one whose outputs are judged."""
    layout = arguments.get("data_format", operator.layouts[0])
    cell = replace(case.cell, operator=operator.name, property="forward", layout=layout)
    given = {name: np.asarray(v) if isinstance(v, np.generic) else v for name, v in arguments.items()}
    given |= {"return_mask": False} if "return_mask" in given else {}
    call = Call(operator.api, given, operator.differentiable, operator.updates, seed=case.call.seed)
    return Case(cell, operator, call, case.region, case.codes)


def _claims(part: Case) -> Mapping[str, Claim]:
    operator, arguments = part.operator, wide_arguments(part)

    def compute(**changes: Any) -> Mapping[str, Array]:
        return operator.reference(part.call, {**arguments, **changes})

    return claims(part, TABLE[operator.name].outputs, arguments, compute)


def _broken(got: Array | None, claim: Claim) -> Comparison | None:
    """What is wrong with an output beyond its numbers."""
    if got is not None and (got.shape, got.dtype) == (claim.expected.shape, claim.dtype):
        return None
    return claim.judge(got)


def _ball(got: Array, claim: Claim) -> Ball:
    """An output and its bound; where it may overflow, or nothing is claimed, it is not known."""
    overflows = np.isfinite(claim.expected) & (np.abs(claim.expected) + claim.allowed >= np.finfo(claim.dtype).max)
    radius = np.where(np.isfinite(claim.expected), claim.allowed, 0)
    return Ball(got.astype(claim.expected.dtype), np.where(overflows | claim.free | np.isnan(radius), np.inf, radius))


def _compared(law: Law, got: Array, last: Ball, expected: Ball) -> Comparison:
    """An output of the last call against what the law says of it; an exact law leaves no room, but for what is free."""
    room = expected.radius + last.radius
    free = np.isinf(np.broadcast_to(room, got.shape))
    return compare(got, expected.value, 0.0 if law.exact else room, got.dtype, free=free)
