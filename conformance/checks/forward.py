"""Forward: every output, and every argument that the call updates, against the reference."""

from __future__ import annotations

from typing import Any

from conformance.call import Answer
from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_outputs, raised, wide_arguments, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.table import TABLE
from conformance.subject import MODES

PACE = Pace(tuple(MODES), narrow=True)


def applies(operator: Operator) -> bool:
    """Every operator has outputs."""
    return True


def prepare(case: Case) -> None:
    """A call is all that there is."""


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def ask(case: Case, subject: Any) -> Answer:
    """Paddle's outputs."""
    answer: Answer = subject.forward(case.call)
    return answer


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output of one call."""
    return weigh(case, ask(case, subject))


def weigh(case: Case, answer: Answer) -> Judgement:
    """The worst output in what Paddle answered."""
    if answer.error is not None:
        return raised(answer)
    operator, arguments = case.operator, wide_arguments(case)
    got = {operator.outputs[int(k)] if k.isdigit() else k: v for k, v in answer.arrays.items()}

    def compute(**changes: Any) -> dict[str, Any]:
        return operator.reference(case.call, {**arguments, **changes})

    return worst(judge_outputs(case, TABLE[operator.name].outputs, got, arguments, compute))
