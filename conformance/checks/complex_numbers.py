"""Complex numbers: which operators the installed Paddle has of them, and that nothing holds them to a reference yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from conformance.case import Case
from conformance.checks.pace import Pace
from conformance.declaration import Operator

PACE = Pace(alone=True, predicts=False, profile="standard")

DTYPES = ("complex64", "complex128")


def applies(operator: Operator) -> bool:
    """Every operator may have kernels for complex numbers."""
    return not operator.function


def absent(case: Case, subject: Any) -> str:
    """Why there is nothing to judge: the installed Paddle computes with no complex numbers."""
    return "" if _kernels(case, subject) else f"the installed Paddle has no {case.operator.name} of complex numbers"


def unjudged(case: Case, subject: Any) -> str:
    """Why nothing is judged: the references are of real numbers."""
    return f"there is no reference for {' and '.join(_kernels(case, subject))}, which the installed Paddle has"


def prepare(case: Case) -> None:
    """A call is all that there is."""


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: nothing."""
    return {}


def _kernels(case: Case, subject: Any) -> list[str]:
    """The complex dtypes in which the case has a result."""
    return [dtype for dtype in DTYPES if _answers(case, subject, np.dtype(dtype))]


def _answers(case: Case, subject: Any, dtype: np.dtype[Any]) -> bool:
    arrays = {
        name: array.astype(dtype) if array.dtype == case.dtype else array for name, array in case.call.arrays.items()
    }
    call = replace(case.call, arguments={**case.call.arguments, **arrays}, layer=None, differentiable=())
    return subject.forward(call).error is None
