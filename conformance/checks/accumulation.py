"""Accumulation: what backward passes leave in the tensors adds up, until it is cleared.

After a first pass the gradient is that of its cotangent, after a second one through the same graph exactly the rounded
sum of both, and after `clear_gradient` and a pass through a new graph that of the second cotangent alone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.checks import gradient
from conformance.checks.judgement import Judgement, judge_gradient, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison, compare

PACE = Pace(batch=16, slower=8, seen=("gradient",), whole=True, profile="standard")

PASSES = ("after one pass", "after two passes", "after clear_gradient")


def applies(operator: Operator) -> bool:
    """Whether the operator has gradients."""
    return gradient.applies(operator)


def prepare(case: Case) -> None:
    """Draw two cotangents, and make a case of each, which the register may know."""
    gradient.prepare(case)
    first = case.extras["cotangent"]
    case.extras = {"cotangent": first, "second cotangent": case.extra("second cotangent", first.shape, "ordinary")}
    for cotangent in case.extras.values():
        view = replace(case, cell=replace(case.cell, property="gradient"), extras={"cotangent": cotangent}, views=[])
        case.views.append(view)


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing, its two parts are asked."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst gradient after each pass."""
    answer = subject.accumulated(case.call, tuple(case.extras.values()))
    if answer.error is not None:
        return raised(answer)
    noise = case.operator.noise_of(case.call)
    one, two, cleared = (
        {k.removesuffix(f" {p}"): v for k, v in answer.arrays.items() if k.endswith(p)} for p in PASSES
    )
    verdicts: dict[str, Comparison] = {}
    for view, got, when in zip(case.views, (one, cleared), PASSES[::2], strict=True):
        found = judge_gradient(view, got, noise, view.extras["cotangent"])
        verdicts |= {f"{name} {when}": comparison for name, comparison in found.items()}
    with np.errstate(all="ignore"):
        for name in one.keys() & cleared.keys():
            if not verdicts[f"{name} {PASSES[2]}"].problem:
                total = one[name] + cleared[name]
                verdicts[f"{name} {PASSES[1]}"] = compare(two.get(name), total, 0.0, total.dtype)
    return worst(verdicts)
