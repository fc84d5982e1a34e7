"""Gradient: the derivative of sum(out * cotangent) by every differentiable array, for a drawn cotangent."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.call import Answer
from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_outputs, raised, wide_arguments, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.precision import reference_dtype
from conformance.judge.table import TABLE
from conformance.subject import MODES

PACE = Pace(tuple(name for name, mode in MODES.items() if not mode.evaluates), narrow=True)


def applies(operator: Operator) -> bool:
    """Whether the operator has anything to differentiate by."""
    return bool(operator.differentiable)


def prepare(case: Case) -> None:
    """Draw the cotangent."""
    with np.errstate(all="ignore"):
        out = case.operator.reference(case.call, case.arguments)[case.operator.outputs[0]]
    case.extra("cotangent", out.shape, "special" if case.region == "special" else "ordinary")


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: its cotangent."""
    return dict(case.extras)


def ask(case: Case, subject: Any) -> Answer:
    """Paddle's gradients."""
    answer: Answer = subject.gradient(case.call, case.extras["cotangent"])
    return answer


def judge(case: Case, subject: Any) -> Judgement:
    """The worst gradient of one call."""
    return weigh(case, ask(case, subject))


def weigh(case: Case, answer: Answer) -> Judgement:
    """The worst gradient in what Paddle answered."""
    if answer.error is not None:
        return raised(answer)
    operator, arguments = case.operator, wide_arguments(case)
    wide = case.extras["cotangent"].astype(reference_dtype(case.dtype))

    def compute(cotangent: Any = wide, **changes: Any) -> dict[str, Any]:
        return operator.reference_gradients(case.call, cotangent, {**arguments, **changes})

    rows = TABLE[operator.name].gradients
    verdicts = judge_outputs(case, rows, answer.arrays, arguments, compute, wide)
    return worst({f"gradient of {name}": comparison for name, comparison in verdicts.items()})
