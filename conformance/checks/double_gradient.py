"""Double gradient: the gradient of a gradient, where Paddle has one, by x and by the cotangent.

No formula of second derivatives is needed for the truth. By the cotangent g it is the derivative of the output along v,
and by x that of the gradient along v. Where the operator's derivative is symmetric, or the operator linear, the former
is a result of the reference itself; the latter is a difference of the reference's gradients in long double,
extrapolated to a step of zero. How far the last two extrapolations are apart, and what rounding can make of them, is
allowed besides the bound of conformance/judge/double.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.case import Case, fill
from conformance.checks import gradient
from conformance.checks.judgement import Judgement, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator, Tensor, widen
from conformance.judge import precision
from conformance.judge.bounds import Facts
from conformance.judge.compare import compare
from conformance.judge.double import SECOND
from conformance.judge.table import TABLE
from conformance.judge.within import WITHIN

Array = NDArray[Any]

SEEN = ("forward", "gradient", "double_gradient")

PACE = Pace(batch=16, slower=8, seen=SEEN, whole=True, optional=True, profile="standard")

REGIONS = ("ordinary", "tails")
"""Where differences have digits."""

STEP, STEPS = 2.0**-3, 5
"""The largest step of the differences, of which each is half the one before: functions that are analytic within 1.5
around x leave 2**-50 of the eleventh term of their series, which is far below float64's roundoff."""

APART = 0.25
"""How far x stays from kinks: twice the largest step."""

ALONG = "cotangent of the gradient"

Derivative = tuple[Array, Array]
"""The numbers, and how far off they may be."""


def applies(operator: Operator) -> bool:
    """Whether there is a bound for the second derivative."""
    return operator.name in SECOND


def prepare(case: Case) -> None:
    """Draw numbers away from kinks, the cotangent, and the cotangent of the gradient; numbers among the
    arguments are such as float32 has, for what others cost is judged elsewhere.
    """
    name, x = next(iter(case.call.arrays.items()))
    arguments = {n: float(np.float32(v)) if isinstance(v, float) else v for n, v in case.call.arguments.items()}
    case.region = case.region if case.region in REGIONS else REGIONS[0]
    if case.tape is not None:
        drawn = fill(Tensor(x.shape), case.codes(0, x.size), case.region, case.dtype, ())
        arguments[name] = _smooth(drawn, case.operator.points(arguments))
    case.call = replace(case.call, arguments=arguments, layer=None)
    gradient.prepare(case)
    along = case.extra(ALONG, x.shape, "ordinary")
    for seen, extras in zip(SEEN, ({}, {"cotangent": along}, case.extras), strict=True):
        case.views.append(replace(case, cell=replace(case.cell, property=seen), extras=extras, views=[]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worse of the two derivatives."""
    cotangents = {"g": case.extras["cotangent"], "v": case.extras[ALONG]}
    answer = subject.double(case.call, *cotangents.values())
    if answer.error is not None:
        return raised(answer)
    truth = Truth(case, {name: value.astype(np.longdouble) for name, value in cotangents.items()})
    with np.errstate(all="ignore"):
        return worst(
            {
                f"gradient of the gradient of {truth.x} {way}": compare(
                    answer.arrays[way], expected, allowed, case.dtype, free=np.isinf(allowed)
                )
                for way, (expected, allowed) in (("by the cotangent", truth.by_cotangent()), ("by x", truth.by_x()))
            }
        )


class Truth:
    """The second derivatives of a case and their bounds; everything in long double."""

    def __init__(self, case: Case, cotangents: Mapping[str, Array]) -> None:
        wide = widen(case.call.arguments, np.dtype(np.longdouble))
        self.arguments = {n: precision.attribute(a, case.dtype) if isinstance(a, float) else a for n, a in wide.items()}
        self.case, self.cotangents, self.x = case, cotangents, next(iter(case.call.arrays))
        self.second, self.rows = SECOND[case.operator.name], TABLE[case.operator.name]

    def by_cotangent(self) -> Derivative:
        """The derivative of the output along v."""
        v = self.cotangents["v"]
        if self.second.linear:
            arguments, output = {**self.arguments, self.x: v}, self.case.operator.outputs[0]

            def outputs(**changes: Any) -> Array:
                return self.case.operator.reference(self.case.call, {**arguments, **changes})[output]

            expected = outputs()
            facts = self._facts(output, arguments, expected, None, outputs)
            return expected, self.rows.outputs[output].allowed(facts) + self._known(facts, 0, 2)
        expected = self._slopes(v)
        facts = self._facts(self.x, self.arguments, expected, v, lambda cotangent=v, **c: self._slopes(cotangent, **c))
        return expected, self.rows.gradients[self.x].allowed(facts) + self._known(facts, 1, 2)

    def by_x(self) -> Derivative:
        """The derivative of the gradient along v."""
        x, (g, v) = self.arguments[self.x], self.cotangents.values()
        product = g * v if g.shape == v.shape else None
        facts = self._facts(self.x, self.arguments, v, product, self._slopes)
        step = self.second.step(facts)
        expected, apart = derivative(lambda t: self._slopes(g, **{self.x: x + t * step * v}))
        return expected / step, self.second.allowed(facts) + apart / step + self._known(facts, 2)

    def _known(self, facts: Facts, *seen: int) -> Any:
        """What known divergences of these of `SEEN` add."""
        return sum(WITHIN[row].allowed(facts) for place in seen for row in self.case.views[place].within)

    def _slopes(self, cotangent: Array, **changes: Array) -> Array:
        return self.case.operator.reference_gradients(self.case.call, cotangent, {**self.arguments, **changes})[self.x]

    def _facts(
        self, name: str, arguments: Mapping[str, Any], expected: Array, cotangent: Any, compute: Callable[..., Array]
    ) -> Facts:
        dtype = self.case.dtype
        unit, tiny = precision.uncertainty(dtype), precision.underflow(dtype)
        largest = float(np.finfo(dtype).max)
        return Facts(name, arguments, expected, unit, tiny, largest, compute, cotangent, self.cotangents)


def derivative(curve: Callable[[float], Array]) -> Derivative:
    """The derivative of a curve at 0, by central differences with ever smaller steps, extrapolated (Richardson).

    It is trusted as far as the last two extrapolations agree, and as 64 roundings of the curve allow.
    """
    steps = [STEP / 2**n for n in range(STEPS)]
    sides = [(curve(step), curve(-step)) for step in steps]
    column = [(right - left) / (2 * step) for step, (right, left) in zip(steps, sides, strict=True)]
    for order in range(1, STEPS):
        before, factor = column[-1], 4**order
        column = [(factor * fine - coarse) / (factor - 1) for coarse, fine in pairwise(column)]
    size = np.maximum(*np.abs(sides[0])) if column[-1].size else 0.0
    rounding = 64 * precision.unit_roundoff(np.dtype(np.longdouble)) * size / steps[-1]
    return column[-1], 2 * np.abs(column[-1] - before) + rounding


def _smooth(x: Array, points: Sequence[float]) -> Array:
    """x with every number that is near a kink moved up, until it is near none."""
    for _ in range(4 * (1 + len(points))):
        near = np.any([np.abs(x - point) < APART for point in points], axis=0)
        x = np.where(near, x + x.dtype.type(2 * APART), x)
    return x
