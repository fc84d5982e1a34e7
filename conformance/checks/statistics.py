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
from conformance.checks.judgement import Judgement, judge_forward, judge_gradient, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge import events
from conformance.judge.compare import Comparison
from conformance.judge.events import Finding
from conformance.judge.within import WITHIN
from conformance.record import Chance
from conformance.sample import Event, Sample, Spread

Array = NDArray[Any]

PACE = Pace(batch=1, slower=2, shrinks=False, predicts=False)

BUDGET = 1e-6
"""The probability with which a whole run may raise a false alarm through these checks, at most."""

CASES = 1 << 16
"""How many cases share the budget; a run that plans fewer leaves the rest of it unspent."""

SITES, CALLS = 1 << 18, 1 << 10
"""How many sites a case looks at, and in how many calls at most."""


def applies(operator: Operator) -> bool:
    """Whether the operator is random and says how its randomness shows."""
    return operator.sample is not None


def prepare(case: Case) -> None:
    """Give the first array values that let the outputs tell what was drawn, and the case a seed of its own.

    What is called in training is called in evaluation too.
    """
    name = next(iter(case.call.arguments))
    x = _sample(case).values(case.call.arguments).astype(case.dtype)
    seed = case.call.seed if case.tape is None else zlib.crc32(str(case.tape).encode())
    case.call = replace(case.call, arguments={**case.call.arguments, name: x}, seed=seed)
    if case.call.arguments.get("training"):
        evaluating = replace(case.call, arguments={**case.call.arguments, "training": False})
        case.sequence = [replace(case), replace(case, call=evaluating)]


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst of the exact and the statistical tests of a sample, and of what the same call does in evaluation."""
    found = [_judge(part, subject) for part in case.sequence or [case] if part.claimed]
    if not found:
        return Judgement()
    judgement = max(found, key=lambda j: j.comparison.share)
    where = judgement.output + (", in evaluation" if judgement is not found[0] else "")
    return replace(judgement, output=where, chance=next((j.chance for j in found if j.chance), None))


def _judge(case: Case, subject: Any) -> Judgement:
    sample, call = _sample(case), replace(case.call, seed=None)
    seed = Step("seed", seed=case.call.seed or 0)
    once = subject.script([seed, Step("call", call)])[-1]
    if once.error is not None:
        return raised(once)
    many = subject.script(_steps(seed, call, np.ones_like(once.arrays["0"]), _count(sample, call)))
    _, before, *calls, after = many
    for answer in calls:
        if answer.error is not None:
            return raised(answer)
    verdicts = _repeated(once, calls[0])
    if any(answer.arrays["0"].shape != once.arrays["0"].shape for answer in calls):
        return Judgement("out", Comparison("the shape changes from call to call", share=math.inf))
    outs = np.stack([answer.arrays["0"] for answer in calls])
    noise = sample.recover(call.arguments, outs)
    verdicts |= _exact(case, calls, noise)
    looks = [_shared(case, look) for look in sample.look(call.arguments, outs, noise)]
    if not looks:
        verdicts |= _idle(before, after)
    findings = [finding for look in looks for finding in _findings(look)]
    return _together(verdicts, findings + list(_moments(case, outs)))


def _sample(case: Case) -> Sample:
    assert case.operator.sample is not None
    return case.operator.sample


def _count(sample: Sample, call: Call) -> int:
    """How many calls are needed."""
    if not call.arguments.get("training", True):
        return 2
    sites = math.prod(sample.sites(call.arguments))
    return max(2, min(-(-SITES // max(sites, 1)), CALLS))


def _steps(seed: Step, call: Call, cotangent: Array, count: int) -> list[Step]:
    """Many calls in a row, the first with its gradient."""
    first = Step("call", call, cotangent)
    return [seed, Step("peek"), first, *[Step("call", call)] * (count - 1), Step("peek")]


def _repeated(first: Answer, again: Answer) -> dict[str, Comparison]:
    """The same seed gives the same numbers, bit for bit."""
    one, other = first.arrays["0"], again.arrays["0"]
    same = one.shape == other.shape and np.array_equal(one, other, equal_nan=True)
    return {"out of the same seed": Comparison() if same else Comparison("the numbers differ", share=math.inf)}


def _idle(before: Answer, after: Answer) -> dict[str, Comparison]:
    """A call without randomness takes nothing from the generator, where that can be looked at."""
    if before.error or after.error:
        return {}
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
        found = judge_forward(case, calls[at].arrays, own)
        if at == 0:
            ones = np.ones_like(calls[at].arrays["0"])
            found |= judge_gradient(case, calls[at].arrays, own, ones, _sample(case).inexact)
        verdicts |= {f"{output} of the {name} call": comparison for output, comparison in found.items()}
    return verdicts


def _known_to_share(case: Case) -> set[int]:
    """The axes along which a known divergence gives all sites the same draws."""
    return {axis for entry in case.within for axis in WITHIN[entry].shared}


def _shared(case: Case, look: Event | Spread) -> Event | Spread:
    """One of the sites that are known to share their draws, if that is what they do."""
    for axis in _known_to_share(case):
        if isinstance(look, Event):
            first = look.happened.take([0], 1 + axis)
            look = replace(look, happened=first) if (look.happened == first).all() else look
    return look


def _findings(look: Event | Spread) -> Iterator[Finding]:
    if isinstance(look, Event):
        return events.tests(look.name, look.happened, look.probability)
    return iter([events.distribution(look.name, look.cells, look.chances)])


_MOMENTS = {
    "expectation": lambda x, out: x * out,
    "mean": lambda x, out: out,
    "variance": lambda x, out: np.square(out),
}
"""The term of each element in the sum that estimates a moment."""


def _moments(case: Case, outs: Array) -> Iterator[Finding]:
    """The moments that outputs keep, by the extremes between which the draws of a site move them."""
    sample, arguments = _sample(case), case.call.arguments
    x, sites = next(iter(case.call.arrays.values())).astype(np.float64), sample.sites(arguments)
    if sample.extremes is None or x.size % 2:  # only an even number of the sample's values has mean 0
        return
    shared = tuple({axis for axis, length in enumerate(sites) if length == 1} | _known_to_share(case))
    for kept in sample.keeps(arguments):
        one, other = (_MOMENTS[kept](x, out) for out in sample.extremes(arguments))
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
