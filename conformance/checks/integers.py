"""Integers: whole numbers are moved as they are, or give the same bits as in float32.

An operator that computes with them promotes them to Paddle's default dtype, in which the trial judges it; one that only
moves numbers keeps their dtype, and the reference says where each one goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Answer, Call
from conformance.case import Case
from conformance.checks.judgement import Judgement, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.floats import is_floating
from conformance.judge.compare import compare

Array = NDArray[Any]

PACE = Pace(
    batch=16, slower=4, alone=True, predicts=False, seen=("integers", "forward"), whole=True, profile="standard"
)

DTYPES = ("int8", "uint8", "int16", "int32", "int64")


def applies(operator: Operator) -> bool:
    """Every operator may have kernels for whole numbers."""
    return not operator.function


def absent(case: Case, subject: Any) -> str:
    """Why nothing can be judged: the installed Paddle computes with no whole numbers."""
    return "" if any(_answers(case, subject)) else f"the installed Paddle has no {case.operator.name} of whole numbers"


def unjudged(case: Case, subject: Any) -> str:
    """Why nothing is judged: nothing says what numbers that are no whole ones become in the dtype of the result."""
    found = [answer.arrays["0"].dtype.name for _, answer in _answers(case, subject) if not _promoted(answer)]
    if case.operator.moves or not found:
        return ""
    return f"{case.operator.name} gives {', '.join(found)}, and nothing says how it rounds to them"


def prepare(case: Case) -> None:
    """Show the register the case as it is to forward, too."""
    case.call = replace(case.call, layer=None)
    for name in PACE.seen:
        case.views.append(replace(case, cell=replace(case.cell, property=name), views=[]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst of all dtypes; one that fails is shown as the case's call."""
    for call, answer in _answers(case, subject):
        found = _judged(case, call, answer, subject)
        if found.fails:
            case.call = call
            return found
    return Judgement("out")


def _judged(case: Case, call: Call, answer: Answer, subject: Any) -> Judgement:
    if _promoted(answer):
        plain = subject.forward(_of(call, np.dtype("float32")))
        if plain.error:
            return raised(plain)
        expected = plain.arrays["0"]
    else:
        expected = case.operator.reference(call, call.arguments)["out"]
    return worst({"out": compare(answer.arrays.get("0"), expected, 0.0, expected.dtype, signed_zero=True)})


def _promoted(answer: Answer) -> bool:
    return is_floating(answer.arrays["0"].dtype)


def _answers(case: Case, subject: Any) -> Iterator[tuple[Call, Answer]]:
    """The calls with the whole numbers of the case in every dtype that has a kernel, and what came back."""
    for dtype in DTYPES:
        call = _of(case.call, np.dtype(dtype))
        answer = subject.forward(call)
        if answer.error is None:
            yield call, answer


def _of(call: Call, dtype: np.dtype[Any]) -> Call:
    """The call with the first array's numbers made whole, and small enough for every dtype."""
    name, x = next(iter(call.arrays.items()))
    low = 0 if dtype.kind == "u" else -100
    whole = x if not is_floating(x.dtype) else np.clip(np.trunc(np.nan_to_num(x)), low, 100)
    return replace(call, arguments={**call.arguments, name: np.asarray(whole).astype(dtype)}, differentiable=())
