"""What a property says of one case, and the steps that all properties share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Answer
from conformance.case import Case
from conformance.declaration import widen
from conformance.judge import precision
from conformance.judge.bounds import Facts, Row
from conformance.judge.compare import Comparison, compare

Array = NDArray[Any]


@dataclass(frozen=True)
class Judgement:
    """The worst element over all outputs of a case."""

    output: str = ""  # "out", "gradient of x", "_mean after step 2"
    comparison: Comparison = Comparison()

    @property
    def fails(self) -> bool:
        """Whether the case diverges."""
        return bool(self.comparison.problem)

    @property
    def kind(self) -> tuple[str, str]:
        """What has to stay the same while an example shrinks."""
        return self.output, self.comparison.problem


def wide_arguments(case: Case) -> dict[str, Any]:
    """The arguments of a case in the precision of its reference."""
    return widen(case.call.arguments, precision.reference_dtype(case.dtype))


def raised(case: Case, answer: Answer) -> Judgement:
    """The judgement of a call that should have worked and raised."""
    error = answer.error
    text = " ".join(str(error).split())
    got = f"{type(error).__name__}: {text[-200:]}"
    return Judgement("the call", Comparison("an error where there should be a result", (), got, "a result", np.inf, np.inf))


def judge_output(
    case: Case,
    row: Row,
    got: Array | None,
    expected: Array,
    *,
    reference: Callable[..., Array],
    cotangent: Array | None = None,
    arguments: Mapping[str, Any],
) -> Comparison:
    """One output against its reference and its row of the table."""
    if expected.dtype.kind not in "fc":
        return compare(got, expected, 0.0, expected.dtype)
    dtype = case.dtype
    facts = Facts(
        arguments, expected, precision.uncertainty(dtype), float(np.finfo(dtype).smallest_subnormal), reference, cotangent
    )
    with np.errstate(all="ignore"):
        allowed = row.allowed(facts)
    return compare(got, expected, allowed, dtype, signed_zero=row.signed_zero)


def worst(judgements: Mapping[str, Comparison]) -> Judgement:
    """The judgement of the output that is furthest outside its bound, or nearest to it."""
    name = max(judgements, key=lambda n: judgements[n].share, default="")
    return Judgement(name, judgements[name]) if name else Judgement()
