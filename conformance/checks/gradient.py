"""Gradient: the derivative of sum(out * cotangent) with respect to every differentiable array, for a drawn cotangent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_output, raised, wide_arguments, worst
from conformance.declaration import Operator
from conformance.judge.table import TABLE


def applies(operator: Operator) -> bool:
    """Whether the operator has anything to differentiate by."""
    return bool(operator.differentiable)


def judge(case: Case, subject: Any) -> Judgement:
    """The worst gradient of one call."""
    operator, arguments = case.operator, wide_arguments(case)
    out = operator.reference(case.call, arguments)[operator.outputs[0]]
    cotangent = case.extra("cotangent", out.shape, "special" if case.region == "special" else "ordinary")
    answer = subject.gradient(case.call, cotangent)
    if answer.error is not None:
        return raised(case, answer)
    wide = cotangent.astype(out.dtype)

    def reference(name: str, changed: NDArray[Any] = wide, **changes: Any) -> NDArray[Any]:
        return operator.reference_gradients(case.call, changed, {**arguments, **changes})[name]

    rows = TABLE[operator.name].gradients
    with np.errstate(all="ignore"):
        expected = operator.reference_gradients(case.call, wide, arguments)
    return worst({
        f"gradient of {name}": judge_output(
            case, rows[name], answer.arrays.get(name), value, arguments=arguments, cotangent=wide,
            reference=lambda cotangent=wide, name=name, **changes: reference(name, cotangent, **changes),
        )
        for name, value in expected.items()
    })  # fmt: skip
