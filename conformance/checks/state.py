"""State: a layer applied several times, in training and evaluation; outputs and state after every step."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_outputs, raised, wide_arguments, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator, widen
from conformance.judge.compare import Comparison
from conformance.judge.precision import reference_dtype
from conformance.judge.table import TABLE

PACE = Pace(("eager", "to_static"), slower=2)

STEPS = 3


def applies(operator: Operator) -> bool:
    """Whether the operator's layer keeps anything from call to call."""
    return bool(operator.updates and operator.layer and operator.layer.state)


def prepare(case: Case) -> None:
    """Draw the inputs of the steps, and whether each is in training."""
    assert case.tape is not None
    case.steps = tuple(not case.tape.flag() for _ in range(STEPS))
    for step in range(1, STEPS + 1):
        case.extra(_input(step), case.call.arguments["x"].shape)


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case: `x` is every input in a row, `training` whether any step trains."""
    inputs = [case.extras[_input(step)] for step in range(1, STEPS + 1)]
    return {"x": np.concatenate(inputs), "training": any(case.steps), "evaluating": not all(case.steps)}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output or state over the steps; each step starts from the state that Paddle had before it."""
    layer = case.call.layer
    assert layer is not None
    inputs = [case.extras[_input(step)] for step in range(1, STEPS + 1)]
    verdicts: dict[str, Comparison] = {}
    wide, before = reference_dtype(case.dtype), wide_arguments(case)
    for step, answer in enumerate(subject.steps(case.call, inputs, case.steps), 1):
        if answer.error is not None:
            return raised(answer)
        arguments = {**before, **widen({"x": inputs[step - 1]}, wide), "training": case.steps[step - 1]}
        got = {"out": answer.arrays["0"]} | {
            a: answer.arrays[key] for key, a in layer.state.items() if key in answer.arrays
        }
        compute = partial(_compute, case, arguments)
        found = judge_outputs(case, TABLE[case.operator.name].outputs, got, arguments, compute)
        verdicts |= {f"{name} after step {step}": comparison for name, comparison in found.items()}
        if any(comparison.problem for comparison in found.values()):
            break  # what follows starts from a wrong state
        before |= widen({name: got[name] for name in case.operator.updates if name in got}, wide)
    return worst(verdicts)


def _compute(case: Case, arguments: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return case.operator.reference(case.call, {**arguments, **changes})


def _input(step: int) -> str:
    return f"x of step {step}"
