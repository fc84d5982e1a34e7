"""Sums and products together with what their rounding lost, in any floating dtype (Knuth, Dekker, Veltkamp)."""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import Any

import numpy as np

from refimpl._arguments import Array


def halves(a: Any) -> tuple[Any, Any]:
    """a as the sum of two numbers of half as many digits, whose products are exact."""
    stretched = a * a.dtype.type(2.0 ** (np.finfo(a.dtype).nmant // 2 + 1) + 1)
    high = stretched - (stretched - a)
    return high, a - high


def two_sum(a: Any, b: Any) -> tuple[Array, Array]:
    """The rounded a + b and the rest, so that both together are a + b exactly; the rest of an infinite sum is 0."""
    total = a + b
    shadow = total - a
    return total, _finite((a - (total - shadow)) + (b - shadow))


def two_product(a: Any, b: Any) -> tuple[Array, Array]:
    """The rounded a * b and the rest, so that both together are a * b exactly; the rest of an infinite product is 0."""
    product = a * b
    a_high, a_low = halves(a)
    b_high, b_low = halves(b)
    return product, _finite(((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low)


@cache
def expansion(digits: str, dtype: np.dtype[Any]) -> tuple[Any, Any]:
    """A decimal number as the nearest number of `dtype` and the rest, twice the digits that it has (ACT-G9)."""
    high = dtype.type(digits)
    numerator, denominator = high.as_integer_ratio()
    with localcontext(prec=100):
        return high, dtype.type(str(Decimal(digits) - Decimal(numerator) / denominator))


def parameter_product(a: float, b: float, dtype: np.dtype[Any]) -> Any:
    """a * b for two parameters, rounded to `dtype` from at least 64 bits where the platform has them."""
    return dtype.type(np.longdouble(a) * b)


def _finite(rest: Array) -> Array:
    return np.where(np.isfinite(rest), rest, rest.dtype.type(0))
