"""Statistics: what a random operator does to large arrays, call after call, whatever its generator is.

The noise behind the outputs is recovered from them. With that noise the outputs and the gradients must be what the
reference says, so that values are scaled and masks are used again exactly; and the noise itself must look as
documented: how often, where, and independently of its neighbours and of the call before. docs/randomness.md gives the
formulas.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Answer, Call, Step
from conformance.case import Case
from conformance.checks.judgement import Judgement, judge_outputs, raised, wide_arguments, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge import events
from conformance.judge.bounds import Row
from conformance.judge.compare import Comparison
from conformance.judge.events import Finding
from conformance.judge.precision import reference_dtype
from conformance.judge.table import TABLE
from conformance.record import Chance
from conformance.sample import Event, Sample, Uniform

Array = NDArray[Any]

PACE = Pace(batch=1, shrinks=False, predicts=False)

BUDGET = 1e-6
"""The probability with which a whole run may raise a false alarm through these checks, at most."""

CASES = 1 << 16
"""How many cases share the budget; a run that plans fewer leaves the rest of it unspent."""

SITES, CALLS = 1 << 18, 1 << 11
"""How many sites a case looks at, and in how many calls at most."""


def applies(operator: Operator) -> bool:
    """Whether the operator is random and says how its randomness shows."""
    return operator.sample is not None


def prepare(case: Case) -> None:
    """Give the first array values that let the outputs tell what was drawn, and the case a seed of its own."""
    name = next(iter(case.call.arguments))
    x = _sample(case).values(case.call.arguments).astype(case.dtype)
    seed = case.call.seed if case.tape is None else zlib.crc32(str(case.tape).encode())
    case.call = replace(case.call, arguments={**case.call.arguments, name: x}, seed=seed)


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst of the exact and the statistical tests of a sample."""
    sample, call = _sample(case), replace(case.call, seed=None)
    count = max(2, min(-(-SITES // max(math.prod(sample.sites(call.arguments)), 1)), CALLS))
    answers = subject.script(_steps(call, case.call.seed or 0, count))
    for answer in answers:
        if answer.error is not None:
            return raised(answer)
    calls, again = answers[2 : 2 + count], answers[-1]
    verdicts = _repeated(calls[0], again)
    if any(answer.arrays["0"].shape != calls[0].arrays["0"].shape for answer in calls):
        return Judgement("out", Comparison("the shape changes from call to call", share=math.inf))
    outs = np.stack([answer.arrays["0"] for answer in calls])
    noise = sample.recover(call.arguments, outs)
    verdicts |= _exact(case, calls, noise)
    looks = sample.look(call.arguments, outs, noise)
    if not looks:
        verdicts |= _idle(answers[1], answers[2 + count])
    findings = [finding for look in looks for finding in _findings(look)]
    return _together(verdicts, findings + list(_moments(sample, call, outs)))


def _sample(case: Case) -> Sample:
    assert case.operator.sample is not None
    return case.operator.sample


def _steps(call: Call, seed: int, count: int) -> list[Step]:
    """Many calls in a row, the first with its gradient; then the first again from the same seed."""
    first = Step("call", call, np.ones_like(next(iter(call.arrays.values()))))
    return [
        Step("seed", seed=seed), Step("peek"), first, *[Step("call", call)] * (count - 1), Step("peek"),
        Step("seed", seed=seed), Step("call", call),
    ]  # fmt: skip


def _repeated(first: Answer, again: Answer) -> dict[str, Comparison]:
    """The same seed gives the same numbers, bit for bit."""
    one, other = first.arrays["0"], again.arrays["0"]
    same = one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return {"out of the same seed": Comparison() if same else Comparison("the numbers differ", share=math.inf)}


def _idle(before: Answer, after: Answer) -> dict[str, Comparison]:
    """A call without randomness takes nothing from the generator."""
    one, other = float(before.arrays["next"][0]), float(after.arrays["next"][0])
    moved = Comparison("the generator has moved on", (), f"{other} next", f"{one} next", math.nan, math.inf)
    return {"the generator": Comparison() if one == other else moved}


def _exact(case: Case, calls: Sequence[Answer], noise: Mapping[str, Array] | None) -> dict[str, Comparison]:
    """The first and the last call by the reference with the noise that was found in them."""
    verdicts: dict[str, Comparison] = {}
    if noise is None:
        return verdicts
    for name, at in (("first", 0), ("last", -1)):
        own = {key: value[at] for key, value in noise.items()}
        found = _forward(case, calls[at], own) | (_gradient(case, calls[at], own) if at == 0 else {})
        verdicts |= {f"{output} of the {name} call": comparison for output, comparison in found.items()}
    return verdicts


def _forward(case: Case, answer: Answer, noise: Mapping[str, Array]) -> dict[str, Comparison]:
    operator, arguments = case.operator, wide_arguments(case)
    got = {operator.outputs[int(k)]: value for k, value in answer.arrays.items() if k.isdigit()}

    def compute(**changes: Any) -> dict[str, Array]:
        return operator.reference(case.call, {**arguments, **changes}, noise)

    return judge_outputs(case, TABLE[operator.name].outputs, got, arguments, compute, noise=noise)


def _gradient(case: Case, answer: Answer, noise: Mapping[str, Array]) -> dict[str, Comparison]:
    operator, arguments, prefix = case.operator, wide_arguments(case), "gradient of "
    got = {key.removeprefix(prefix): value for key, value in answer.arrays.items() if key.startswith(prefix)}
    ones = np.ones(answer.arrays["0"].shape, reference_dtype(case.dtype))

    def compute(cotangent: Array = ones, **changes: Any) -> dict[str, Array]:
        return operator.reference_gradients(case.call, cotangent, {**arguments, **changes}, noise)

    rows = {name: _relaxed(row, _sample(case).inexact) for name, row in TABLE[operator.name].gradients.items()}
    found = judge_outputs(case, rows, got, arguments, compute, ones, noise)
    return {prefix + name: comparison for name, comparison in found.items()}


def _relaxed(row: Row, roundings: int) -> Row:
    """The bound where the noise itself is off by so many roundings."""
    return replace(row, allowed=lambda f: row.allowed(f) + (f.rounding(roundings, f.expected) if roundings else 0.0))


def _findings(look: Event | Uniform) -> Iterator[Finding]:
    if isinstance(look, Event):
        return events.tests(look.name, look.happened, look.probability)
    return iter([events.uniformity(look.name, look.cells, look.resolution)])


_MOMENTS = {
    "expectation": lambda x, out: x * out,
    "mean": lambda x, out: out,
    "variance": lambda x, out: np.square(out),
}
"""The term of each element in the sum that estimates a moment."""


def _moments(sample: Sample, call: Call, outs: Array) -> Iterator[Finding]:
    """The moments that outputs keep, by the extremes between which the draws of a site move them."""
    x, sites = next(iter(call.arrays.values())).astype(np.float64), sample.sites(call.arguments)
    if sample.extremes is None or x.size % 2:  # only an even number of the sample's values has mean 0
        return
    shared = tuple(axis for axis, length in enumerate(sites) if length == 1)
    for kept in sample.keeps(call.arguments):
        one, other = (_MOMENTS[kept](x, out) for out in sample.extremes(call.arguments))
        total, expected = _MOMENTS[kept](x, outs.astype(np.float64)).sum(), len(outs) * _MOMENTS[kept](x, x).sum()
        yield events.moment(kept, float(total), float(expected), (one - other).sum(axis=shared), len(outs))


def _together(verdicts: Mapping[str, Comparison], findings: Sequence[Finding]) -> Judgement:
    """The worst of all; every statistical test has an equal part of the case's part of the budget."""
    if not findings:
        return worst(verdicts)
    log_alpha = math.log(BUDGET / CASES / len(findings))
    judgement = worst({**verdicts, **{finding.name: _compared(finding, log_alpha) for finding in findings}})
    draws = max(finding.samples for finding in findings)
    chance = Chance(
        budget=BUDGET, alarm=BUDGET / CASES, tests=len(findings), draws=draws, power=_power(findings, log_alpha)
    )
    return replace(judgement, chance=chance)


def _power(findings: Sequence[Finding], log_alpha: float) -> dict[str, list[float]]:
    """The smallest deviations that the largest and the smallest test of each kind catch."""
    power: dict[str, list[float]] = {}
    for kind in {finding.power for finding in findings if finding.power}:
        ranked = sorted((f for f in findings if f.power == kind), key=lambda f: f.samples)
        found = [min(events.smallest(finding, log_alpha), 1.0) for finding in (ranked[0], ranked[-1])]
        power[kind] = [min(found), max(found)]
    return power


def _compared(finding: Finding, log_alpha: float) -> Comparison:
    share = finding.log_p / log_alpha
    if share <= 1:
        return Comparison(share=share)
    chance = f"this has a probability below 1e{math.ceil(max(finding.log_p, -1e9) / math.log(10))}"
    return Comparison(chance, (), finding.got, finding.expected, math.nan, share)
