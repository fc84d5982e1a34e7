"""Errors: arguments without meaning raise an exception of the documented class; its text is not judged."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

from conformance.case import Case
from conformance.checks.judgement import Judgement
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison

PACE = Pace(slower=4, predicts=False, meant=False, alone=True)

ALLOWED = ("ValueError", "TypeError", "IndexError", "RuntimeError", "AssertionError", "ZeroDivisionError")
"""The classes of exceptions that are raised on purpose; Paddle's documentation of the operators on trial names none."""


def applies(operator: Operator) -> bool:
    """Whether the operator declares arguments without meaning."""
    return operator.meaningless is not None


def prepare(case: Case) -> None:
    """Put something without meaning in the place of one argument of a call that has one."""
    if case.tape is None:
        return
    assert case.operator.meaningless is not None
    changes = case.tape.one_of(*case.operator.meaningless(case.call.arguments))
    case.call = replace(case.call, arguments={**case.call.arguments, **changes}, layer=None)


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: the argument that the reference refuses."""
    try:
        case.operator.reference(case.call, case.call.arguments)
    except (TypeError, ValueError) as error:
        return {"refused": re.split(" is | has ", str(error), maxsplit=1)[0]}
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """Whether the call raises, and what."""
    error, expected = subject.forward(case.call).error, " or ".join(ALLOWED)
    if error is None:
        return _judged("no error where there should be one", "a result", expected)
    if not {kind.__name__ for kind in type(error).__mro__} & set(ALLOWED):
        return _judged("an error of another class", type(error).__name__, expected)
    return Judgement("the call")


def _judged(problem: str, got: str, expected: str) -> Judgement:
    return Judgement("the call", Comparison(problem, (), got, expected, math.nan, math.inf))
