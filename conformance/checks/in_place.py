"""In place: the variant gives back the tensor that it was given, with the values and the gradient of the operator.

The tensor is a copy of one that needs a gradient, so that the gradient passes through it; that one itself must be
refused where its value would be gone.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.checks import gradient
from conformance.checks.judgement import Judgement, judge_forward, judge_gradient, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison

PACE = Pace(slower=4, seen=("in_place", "forward", "gradient"))


def applies(operator: Operator) -> bool:
    """Whether Paddle can compute it in place."""
    return operator.in_place is not None


def prepare(case: Case) -> None:
    """Draw the cotangent, and call the variant."""
    assert case.operator.in_place is not None
    case.call = replace(case.call, layer=None)
    gradient.prepare(case)
    for name in PACE.seen:
        case.views.append(replace(case, cell=replace(case.cell, property=name), views=[]))
    variant = case.operator.in_place
    arguments = {**case.call.arguments, **variant.options}
    case.call = replace(case.call, api=f"{case.operator.module}.{variant.name}", arguments=arguments)


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: its cotangent."""
    return dict(case.extras)


def judge(case: Case, subject: Any) -> Judgement:
    """The worst of values, gradients and identities."""
    whole, forward, backward = case.views
    if not whole.claimed:
        return Judgement()
    answer = subject.in_place(case.call, case.extras["cotangent"])
    if answer.error is not None:
        return raised(answer)
    noise = case.operator.noise_of(forward.call)
    unchanged = np.array_equal(answer.arrays["0"], next(iter(case.call.arrays.values())), equal_nan=True)
    verdicts = {
        "the object": _held(answer.arrays["same"], "another object", "the tensor that was given"),
        "a leaf that needs its gradient": _held(answer.arrays["refused"] or unchanged, "a result", "an error"),
    }
    if forward.claimed:
        verdicts |= judge_forward(forward, answer.arrays, noise)
    if backward.claimed:
        verdicts |= judge_gradient(backward, answer.arrays, noise, case.extras["cotangent"])
    return worst(verdicts)


def _held(right: Any, got: str, expected: str) -> Comparison:
    return Comparison() if right else Comparison(f"{got} came back", (), got, expected, math.nan, math.inf)
