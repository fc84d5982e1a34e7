"""The allowed errors: one table, operator by operator, with the derivation beside each row.

A row says how far an output may be from the exact value, as an absolute error per element. It is derived from what a
careful kernel has to do, never from what a kernel was seen to do: u is the unit roundoff
(conformance/judge/precision.py), one correctly rounded operation has a relative error of at most u, and n additions
in any order have an error of at most (n-1) u times the sum of the magnitudes (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 4.2), to first order in u. Elementary functions (exp, log, tanh, ...) are
allowed 4 u, that is 2 ULP at most, which the vectorised libraries in use promise. In the subnormal range each
rounding is off by up to half of the smallest number; `Facts.rounding` adds that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Facts(NamedTuple):
    """What a row may use: the case in the reference's precision, and the reference itself."""

    name: str  # of the output, or of the argument whose gradient this is
    arguments: Mapping[str, Any]
    expected: Array
    unit: float  # the unit roundoff u
    tiny: Any  # half of the dtype's smallest positive number, in the reference's precision
    largest: float  # the dtype's largest finite number
    reference: Callable[..., Array]  # this output for other arguments: facts.reference(x=abs(x))
    cotangent: Any = None  # an array, where this is a gradient
    noise: Mapping[str, Any] = MappingProxyType({})  # what a random operator drew

    def rounding(self, count: Any, magnitude: Any) -> Any:
        """The error of `count` roundings of numbers of this magnitude."""
        return count * (self.unit * np.abs(magnitude) + self.tiny)


@dataclass(frozen=True)
class Row:
    """The bound of one output, and why."""

    allowed: Callable[[Facts], Any]
    why: str
    signed_zero: bool = False
    shared: tuple[int, ...] = ()  # axes along which random draws are known to be the same


@dataclass(frozen=True)
class Rows:
    """The bounds of one operator: by output, and by argument for gradients."""

    outputs: Mapping[str, Row]
    gradients: Mapping[str, Row]


def roundings(count: float, why: str, *, signed_zero: bool = False) -> Row:
    """A relative error of `count` roundings."""
    return Row(lambda f: f.rounding(count, f.expected), why, signed_zero)


def exact(why: str, *, signed_zero: bool = False) -> Row:
    """No error at all."""
    return Row(lambda f: 0.0, why, signed_zero)
