"""Forward: every output, and every argument that the call updates, against the reference."""

from __future__ import annotations

from typing import Any

from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_output, raised, wide_arguments, worst
from conformance.declaration import Operator
from conformance.judge.table import TABLE


def applies(operator: Operator) -> bool:
    """Every operator has outputs."""
    return True


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output of one call."""
    answer = subject.forward(case.call)
    if answer.error is not None:
        return raised(case, answer)
    operator, arguments = case.operator, wide_arguments(case)
    got = {operator.outputs[int(k)] if k.isdigit() else k: v for k, v in answer.arrays.items()}
    rows = TABLE[operator.name].outputs
    expected = operator.reference(case.call, arguments)
    return worst({
        name: judge_output(
            case, rows[name], got.get(name), value, arguments=arguments,
            reference=lambda name=name, **changes: operator.reference(case.call, {**arguments, **changes})[name],
        )
        for name, value in expected.items()
    })  # fmt: skip
