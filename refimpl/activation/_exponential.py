"""Exponentials that neither overflow nor lose digits where the result is finite."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refimpl._arguments import Array


def patch(values: Array, cells: Array, formula: Callable[..., Array], *operands: Array) -> Array:
    """`values`, with the few cells where `cells` holds computed by another formula; most blocks have none."""
    if cells.any():
        values[cells] = formula(*(operand[cells] for operand in operands))
    return values


def logistic(x: Array) -> Array:
    """1 / (1 + e^-x); where e^-x would overflow it is e^x, down to the last subnormal number."""
    return patch(1 / (1 + np.exp(-x)), x < -np.log(np.finfo(x.dtype).max), np.exp, x)


def logistic_slope(x: Array) -> Array:
    """The derivative of the logistic function: t / (1 + t)^2 with t = e^-|x|, which subtracts nothing."""
    t: Array = np.exp(-np.abs(x))
    slope: Array = t / np.square(1 + t)
    return slope
