"""Scaling: by how much a random operator multiplies in training and in evaluation, and what it keeps on average.

Every setting that the operator's declaration wants to be seen side by side is called once in training and once in
evaluation, on ones; the report shows what came out of Paddle and of the reference with the same draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Step
from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_forward, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison
from conformance.record import Scaling

Array = NDArray[Any]

PACE = Pace(batch=1, most=1, shrinks=False, predicts=False)

SHAPE = (128, 128)


def applies(operator: Operator) -> bool:
    """Whether settings are declared that should be seen side by side."""
    return bool(operator.settings)


def prepare(case: Case) -> None:
    """Make a call of every setting, in training and in evaluation, whatever was drawn but for the seed."""
    name, *others = case.operator.signature.parameters.values()
    defaults = {parameter.name: parameter.default for parameter in others}
    for setting in case.operator.settings:
        for training in (True, False):
            arguments = {name.name: np.ones(SHAPE, case.dtype), **defaults, **setting, "training": training}
            call = replace(case.call, arguments=arguments, layer=None)
            case.sequence.append(replace(case, call=call, sequence=[]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output of all settings, and what they multiplied by."""
    scalings: list[Scaling] = []
    verdicts: dict[str, Comparison] = {}
    for number, part in enumerate(case.sequence):
        answer = subject.script([Step("seed", seed=part.call.seed or 0), Step("call", part.call)])[-1]
        if answer.error is not None:
            return raised(answer)
        noise = _noise(part, answer.arrays["0"])
        found = judge_forward(part, answer.arrays, noise)
        verdicts |= {f"{output} of call {number + 1}": comparison for output, comparison in found.items()}
        right = part.operator.reference(part.call, part.call.arguments, noise)["out"]
        scalings.append(_scaling(part, case.operator.settings[number // 2], answer.arrays["0"], right))
    return replace(worst(verdicts), scalings=tuple(scalings))


def _noise(part: Case, out: Array) -> Mapping[str, Any]:
    """The draws of a call, found in its output."""
    assert part.operator.sample is not None
    found = part.operator.sample.recover(part.call.arguments, out[None]) or {}
    return {name: value[0] for name, value in found.items()}


def _scaling(part: Case, setting: Mapping[str, Any], out: Array, right: Array) -> Scaling:
    return Scaling(
        setting={name: str(value) for name, value in setting.items()},
        training=bool(part.call.arguments["training"]),
        factor=[float(np.abs(values).max()) for values in (out, right)],
        mean=[float(values.mean(dtype=np.float64)) for values in (out, right)],
    )
