"""Exponentials that neither overflow nor lose digits where the result is finite (ACT-G6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from refimpl._arguments import Array
from refimpl.activation._exact import two_product, two_sum


def patch(values: Array, cells: Array, formula: Callable[..., Array], *operands: Array) -> Array:
    """`values`, with the few cells where `cells` holds computed by another formula; most blocks have none."""
    if cells.any():
        values[cells] = formula(*(operand[cells] for operand in operands))
    return values


def vanishing(x: Array) -> Array:
    """Where e^x is too small to be a normal number."""
    cells: Array = x < np.log(np.finfo(x.dtype).tiny)
    return cells


def any_vanishing(x: Array) -> Array | None:
    """`vanishing`, or None if no cell is, as in most blocks."""
    return None if x.min() >= np.log(np.finfo(x.dtype).tiny) else vanishing(x)  # NaN is no minimum


def bounded(x: Array) -> Array:
    """x, no lower than where even e^(x/2) is 0: minus infinity becomes a number, and x * e^x its limit, -0 (ACT-G4)."""
    raised: Array = np.maximum(x, 4 * np.log(np.finfo(x.dtype).tiny))
    return raised


def times_exp(factor: Any, x: Array, scale: Any = 1) -> Array:
    """factor * scale * e^x for vanishing e^x, one half e^(x/2) to each, so that only their product may be subnormal."""
    half = np.exp(x / 2)
    product: Array = (factor * half) * (half * scale)
    return product


def multiple(x: Array, factor: float) -> tuple[Array, Array]:
    """factor * x as an exponent: rounded, and what that lost, since e^ turns it into a relative error as large.

    Where the exponent is so large that it lost half or more, e^ is 0 or infinite whatever the rest.
    """
    product, rest = two_product(x, x.dtype.type(factor))
    return product, np.clip(rest, -0.5, 0.5)


def quotient(x: Array, divisor: float) -> tuple[Array, Array]:
    """x / divisor as an exponent: rounded, and what that lost, as for `multiple`."""
    divisor = x.dtype.type(divisor)
    rounded = x / divisor
    product, lost = two_product(rounded, divisor)
    difference, lost_again = two_sum(x, -product)
    rest = (difference + (lost_again - lost)) / divisor
    return rounded, np.where(np.isfinite(rest), np.clip(rest, -0.5, 0.5), x.dtype.type(0))


def logistic(x: Array) -> Array:
    """1 / (1 + e^-x); where e^-x would overflow it is e^x, down to the last subnormal number."""
    return patch(1 / (1 + np.exp(-x)), vanishing(x), np.exp, x)


def one_and_exp(x: Array, out: Array) -> Array:
    """1 + e^-x, by which the logistic function divides, written to `out`."""
    np.negative(x, out=out)
    np.exp(out, out=out)
    out += 1
    return out


def logistic_slope(x: Array) -> Array:
    """The derivative of the logistic function: t / (1 + t)^2 with t = e^-|x|, which subtracts nothing."""
    t: Array = np.exp(-np.abs(x))
    slope: Array = t / np.square(1 + t)
    return slope
