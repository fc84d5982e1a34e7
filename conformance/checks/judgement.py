"""What a property says of one case, and the steps that all properties share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from conformance.call import Answer
from conformance.case import Case
from conformance.declaration import widen
from conformance.floats import is_floating, limits
from conformance.judge import precision
from conformance.judge.bounds import Facts, Row
from conformance.judge.compare import Comparison, compare
from conformance.judge.table import TABLE
from conformance.judge.within import WITHIN
from conformance.record import Chance, Scaling

Array = NDArray[Any]


@dataclass(frozen=True)
class Judgement:
    """The worst element over all outputs of a case."""

    output: str = ""  # "out", "gradient of x", "_mean after step 2"
    comparison: Comparison = field(default_factory=Comparison)
    lacks: str = ""  # the kernel that Paddle does not have in this dtype
    chance: Chance | None = None  # of the statistical tests among what was judged
    scalings: tuple[Scaling, ...] = ()  # what was measured beside

    @property
    def fails(self) -> bool:
        """Whether the case diverges."""
        return bool(self.comparison.problem)

    @property
    def kind(self) -> tuple[str, str]:
        """What has to stay the same while an example shrinks."""
        return self.output, self.comparison.problem


def wide_arguments(case: Case) -> dict[str, Any]:
    """The arguments of a case in the precision of its reference; its numbers as the kernel may know them."""
    wide = widen(case.call.arguments, precision.reference_dtype(case.dtype))
    return {name: precision.attribute(v, case.dtype) if isinstance(v, float) else v for name, v in wide.items()}


def raised(answer: Answer) -> Judgement:
    """The judgement of a call that should have worked and raised."""
    error = answer.error
    text = " ".join(str(error).split())
    got = f"{type(error).__name__}: {text[-200:]}"
    problem = Comparison("an error where there should be a result", (), got, "a result", np.inf, np.inf)
    return Judgement("the call", problem, answer.lacks)


class Claim(msgspec.Struct, frozen=True):
    """What an output should be, and how far it may be from that."""

    expected: Array
    allowed: Any
    free: Any  # where nothing is claimed
    dtype: np.dtype[Any]
    signed_zero: bool

    def judge(self, got: Array | None) -> Comparison:
        """What Paddle gave, which is nothing where it is missing, against it."""
        return compare(got, self.expected, self.allowed, self.dtype, signed_zero=self.signed_zero, free=self.free)


def claims(
    case: Case,
    rows: Mapping[str, Row],
    arguments: Mapping[str, Any],
    compute: Callable[..., Mapping[str, Array]],
    cotangent: Array | None = None,
    noise: Mapping[str, Any] | None = None,
) -> dict[str, Claim]:
    """What is claimed of every output that the reference has, by its row of the table.

    `compute(**changes)` is the reference: its outputs by name, for the arguments of the case with these changes.
    `noise` takes the place of what the call's seed would give.
    """
    known = case.operator.noise_of(case.call, noise)
    if not case.operator.settled(arguments, known):
        return {}

    def claim(name: str, value: Array) -> Claim:
        dtype = case.dtype if is_floating(value.dtype) else value.dtype
        facts = Facts(
            name, arguments, value, precision.uncertainty(case.dtype), precision.underflow(case.dtype),
            float(limits(case.dtype).max), lambda **changes: compute(**changes)[name], cotangent, known,
        )  # fmt: skip
        return Claim(value, *_allowed(case, rows[name], facts), dtype, rows[name].signed_zero)

    with np.errstate(all="ignore"):
        return {name: claim(name, value) for name, value in compute().items()}


def judge_outputs(
    case: Case,
    rows: Mapping[str, Row],
    got: Mapping[str, Array],
    arguments: Mapping[str, Any],
    compute: Callable[..., Mapping[str, Array]],
    cotangent: Array | None = None,
    noise: Mapping[str, Any] | None = None,
) -> dict[str, Comparison]:
    """Every output of `claims` in what Paddle gave; what is missing there is a divergence."""
    claimed = claims(case, rows, arguments, compute, cotangent, noise)
    return {name: claim.judge(got.get(name)) for name, claim in claimed.items()}


def judge_forward(case: Case, got: Mapping[str, Array], noise: Mapping[str, Any]) -> dict[str, Comparison]:
    """The outputs of a call with this noise; `got` has them by position."""
    operator, arguments = case.operator, wide_arguments(case)
    named = {operator.outputs[int(key)]: value for key, value in got.items() if key.isdigit()}
    named |= {name: got[name] for name in operator.updates if name in got}

    def compute(**changes: Any) -> dict[str, Array]:
        return operator.reference(case.call, {**arguments, **changes}, noise)

    return judge_outputs(case, TABLE[operator.name].outputs, named, arguments, compute, noise=noise)


def judge_gradient(
    case: Case, got: Mapping[str, Array], noise: Mapping[str, Any], cotangent: Array, inexact: int = 0
) -> dict[str, Comparison]:
    """The gradients of a call with this noise, which is off by `inexact` roundings."""
    operator, arguments, prefix = case.operator, wide_arguments(case), "gradient of "
    named = {key.removeprefix(prefix): value for key, value in got.items() if key.startswith(prefix)}
    wide = cotangent.astype(precision.reference_dtype(case.dtype))

    def compute(cotangent: Array = wide, **changes: Any) -> dict[str, Array]:
        return operator.reference_gradients(case.call, cotangent, {**arguments, **changes}, noise)

    rows = {name: _relaxed(row, inexact) for name, row in TABLE[operator.name].gradients.items()}
    found = judge_outputs(case, rows, named, arguments, compute, wide, noise)
    return {prefix + name: comparison for name, comparison in found.items()}


def _relaxed(row: Row, roundings: int) -> Row:
    """The bound where the noise is off by so many roundings."""
    return replace(row, allowed=lambda f: row.allowed(f) + f.rounding(roundings, f.expected)) if roundings else row


def _allowed(case: Case, row: Row, facts: Facts) -> tuple[Any, Any]:
    """The largest error of each element, and where nothing is claimed."""
    allowed, free = row.allowed(facts), False
    for entry in case.within:
        known = WITHIN[entry].allowed(facts)
        allowed, free = allowed + known, np.isinf(known) | free
    return allowed, free


def worst(judgements: Mapping[str, Comparison]) -> Judgement:
    """The judgement of the output that is furthest outside its bound, or nearest to it."""
    name = max(judgements, key=lambda n: judgements[n].share, default="")
    return Judgement(name, judgements[name]) if name else Judgement()
