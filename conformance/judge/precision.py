"""In which precision the reference is computed, and what that leaves uncertain.

float32 and narrower are judged by a float64 reference. float64 is judged by `numpy.longdouble`: the x87 format with
a 64-bit significand on x86, IEEE binary128 on 64-bit Arm Linux. Where long double is double (macOS on Arm, Windows)
the float64 reference has rounding errors of its own; they obey the same bound as the kernel's, so both are allowed
for: the unit roundoff in every bound is that of the dtype under test plus that of the reference.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from conformance.floats import limits


@lru_cache
def reference_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which the reference for outputs of `dtype` is computed."""
    return np.dtype(np.longdouble if dtype == np.float64 else np.float64)


@lru_cache
def unit_roundoff(dtype: np.dtype[Any]) -> float:
    """Half the distance from 1 to the next number."""
    return float(limits(dtype).eps) / 2


@lru_cache
def uncertainty(dtype: np.dtype[Any]) -> float:
    """The unit roundoff that bounds are written in: the kernel's plus the reference's."""
    return unit_roundoff(dtype) + unit_roundoff(reference_dtype(dtype))


@lru_cache
def underflow(dtype: np.dtype[Any]) -> Any:
    """The largest error of a subnormal rounding: half of the smallest number, in the reference's precision."""
    smallest = reference_dtype(dtype).type(limits(dtype).smallest_subnormal)
    return smallest / 2 or smallest


def attribute(value: float, dtype: np.dtype[Any]) -> float:
    """A number among the arguments as it takes part in the computation: in the dtype of the data, at least in float32.

    0.1 is not a number of any binary dtype: for float32 data the operator's parameter is the nearest float32, and a
    threshold of it is met by an element that is that number. For float64 data nothing less than float64 will do.
    """
    return float(np.float32(value)) if limits(dtype).nmant < limits(np.dtype(np.float64)).nmant else value


def describe(dtype: np.dtype[Any]) -> str:
    """The reference's precision in words, for the report."""
    wide = reference_dtype(dtype)
    bits = limits(wide).nmant + 1
    equal = "; its rounding errors are allowed for" if wide != dtype and bits == limits(dtype).nmant + 1 else ""
    return f"{wide.name} ({bits}-bit significand{equal})"
