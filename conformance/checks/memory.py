"""Memory: arrays that do not lie in memory in order give the same results, and nobody writes to what is only read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.checks import gradient
from conformance.checks.judgement import Judgement, judge_forward, judge_gradient, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import compare

PACE = Pace(batch=32, slower=8, seen=("forward", "gradient"), whole=True)

LAYOUTS = ("transposed", "sliced", "shifted", "expanded")
"""Axes in the reverse order; every second cell; not from the beginning; one slice of the first array for all
along its first axis."""


def applies(operator: Operator) -> bool:
    """Whether the operator has outputs and gradients."""
    return gradient.applies(operator)


def prepare(case: Case) -> None:
    """Draw the cotangent and how the arrays lie, and make two cases of it, which the register may know."""
    case.place = case.tape.one_of(*LAYOUTS) if case.tape else LAYOUTS[0]
    if case.place == "expanded":
        name, x = next(iter(case.call.arrays.items()))
        case.call = replace(case.call, arguments={**case.call.arguments, name: _alike(x)})
    gradient.prepare(case)
    for name in PACE.seen:
        case.views.append(replace(case, cell=replace(case.cell, property=name), views=[]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing, its two parts are asked."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output and gradient, and the worst array after the call."""
    cotangent = case.extras["cotangent"]
    noise, (outputs, gradients) = case.operator.noise_of(case.call), case.views
    answer = subject.placed(case.call, cotangent, case.place)
    if answer.error is not None:
        return raised(answer)
    verdicts = judge_forward(outputs, answer.arrays, noise)
    verdicts |= judge_gradient(gradients, answer.arrays, noise, cotangent)
    for name, before in {**case.call.arrays, "cotangent": cotangent}.items():
        if name not in case.call.updates:
            after = answer.arrays[f"{name} afterwards"]
            verdicts[f"{name} afterwards"] = compare(after, before, 0.0, before.dtype, signed_zero=True)
    return worst(verdicts)


def _alike(x: Any) -> Any:
    """The array with its first slice in the place of all others."""
    return np.broadcast_to(x[:1], x.shape).copy() if x.ndim else x
