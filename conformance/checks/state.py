"""State: one layer applied several times, switched between training and evaluation; outputs and state after every step."""

from __future__ import annotations

from typing import Any

from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_output, raised, wide_arguments, worst
from conformance.declaration import Operator, widen
from conformance.judge.compare import Comparison
from conformance.judge.precision import reference_dtype
from conformance.judge.table import TABLE

STEPS = 3


def applies(operator: Operator) -> bool:
    """Whether the operator's layer keeps anything from call to call."""
    return bool(operator.updates and operator.layer and operator.layer.state)


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output or state over the steps; the state that Paddle had before a step is the reference's start."""
    operator, layer = case.operator, case.call.layer
    assert layer is not None
    assert case.tape is not None
    training = case.steps or tuple(not case.tape.flag() for _ in range(STEPS))
    case.steps = training
    shape = case.call.arguments["x"].shape
    inputs = [case.extra(f"x of step {i + 1}", shape) for i in range(STEPS)]
    verdicts: dict[str, Comparison] = {}
    before = wide_arguments(case)
    for step, (x, train, answer) in enumerate(zip(inputs, training, subject.steps(case.call, inputs, training), strict=True), 1):
        if answer.error is not None:
            return raised(case, answer)
        arguments = {**before, **widen({"x": x}, reference_dtype(case.dtype)), "training": train}
        expected = operator.reference(case.call, arguments)
        got = {"out": answer.arrays["0"]} | {a: answer.arrays.get(k) for k, a in layer.state.items()}
        for name, value in expected.items():
            verdicts[f"{name} after step {step}"] = judge_output(
                case, TABLE[operator.name].outputs[name], got.get(name), value, arguments=arguments,
                reference=lambda name=name, a=arguments, **c: operator.reference(case.call, {**a, **c})[name],
            )  # fmt: skip
        before |= widen({a: got[a] for a in operator.updates if got[a] is not None}, reference_dtype(case.dtype))
    return worst(verdicts)
