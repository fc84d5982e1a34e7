"""gelu: exact, and in the approximation by tanh."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, one_of
from refimpl.activation._blocks import pointwise, pointwise_vjp, written
from refimpl.activation._exact import expansion, two_product, two_sum
from refimpl.activation._exponential import logistic, logistic_slope, patch, times_exp, vanishing
from refimpl.activation._normal import NEAR, SHIFT, has_near, magnitude, near_tail, serves_above, tail, times_gaussian

FORMS = (False, True, "none", "tanh")
DENSITY = "0.3989422804014326779399460599343818684759"  # 1 / sqrt(2 pi)
TWICE_ROOT = "1.595769121605730711759784239737527473903"  # 2 sqrt(2 / pi)
CUBIC = "0.044715"


def gelu(x: ArrayLike, approximate: str | bool = False) -> Array:
    """x times the probability that a standard normal variable is below x, which is (1 + erf(x / sqrt(2))) / 2.

    approximate=True or "tanh" takes x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) instead of the exact form
    (False or "none"). x has any shape and any floating dtype, the result both. Raises TypeError for a dtype that is not
    floating, ValueError for another form. Source: `paddle.nn.functional.gelu`.

    >>> gelu([-1.0, 0.5, -30.0])
    array([-1.58655254e-001,  3.45731231e-001, -1.47201418e-196])
    >>> gelu([-1.0, 0.5], approximate="tanh")
    array([-0.15880801,  0.34571401])
    """
    if _approximated(approximate):
        return pointwise(_by_tanh, x)
    array = floating("x", x)
    return written(_near, array, 4, _exact) if has_near(accumulator(array.dtype)) else pointwise(_exact, array)


def gelu_vjp(grad_out: ArrayLike, x: ArrayLike, approximate: str | bool = False) -> tuple[Array]:
    """The gradient for x of `gelu`: grad_out times the probability below x plus x times its density.

    >>> gelu_vjp([2.0, 2.0], [0.0, 10.0])
    (array([1., 2.]),)
    """
    return pointwise_vjp(_slope_by_tanh if _approximated(approximate) else _exact_slope, grad_out, x)


def _approximated(approximate: str | bool) -> bool:
    return one_of("approximate", approximate, FORMS) in (True, "tanh")  # ACT-GELU-1


def _exact(x: Array) -> Array:  # ACT-GELU-2
    """max(x, 0) less |x| times the probability of lying beyond |x|, on either side."""
    u = magnitude(x)
    share = u / (u + SHIFT)
    share *= tail(share)
    out: Array = np.clip(x, 0, np.inf)
    out -= times_gaussian(share, u)
    return patch(out, out == 0, lambda x: np.copysign(0, x), x)  # ACT-G5


def _near(out: Array, x: Array, u: Array, positive: Array, spare: Array, tail: Array) -> Array:
    """The same where |x| <= NEAR, and above if the tail, wrong there, is too small to matter; returns where not."""
    np.abs(x, out=u)
    near_tail(u, positive, spare, out=tail)
    np.clip(x, 0, np.inf, out=positive)
    np.subtract(positive, tail, out=out)
    if not (u.min() >= np.finfo(x.dtype).tiny and u.max() < np.inf):
        patch(out, out == 0, lambda x: np.copysign(0, x), x)  # ACT-G5
        patch(out, x == np.inf, np.positive, x)
    return x < -NEAR if serves_above(x.dtype) else u > NEAR


def _exact_slope(x: Array) -> Array:  # ACT-GELU-3
    """The tail's probability less |x| times its density is the slope below 0, and 1 minus it the slope above."""
    u = magnitude(x)
    distance = u + SHIFT
    below = times_gaussian(tail(u / distance) / distance - x.dtype.type(DENSITY) * u, u)
    return np.where(x < 0, below, 1 - below)


def _by_tanh(x: Array) -> Array:  # ACT-GELU-4
    """x / (1 + e^-z), since (1 + tanh(z / 2)) / 2 is the logistic function of z."""
    z, rest = _exponent(x)
    gate = patch(x * logistic(z), vanishing(z), lambda x, z: times_exp(_bounded(x), z), x, z)
    out: Array = gate * (1 + rest * logistic(-z))
    return out


def _slope_by_tanh(x: Array) -> Array:  # ACT-GELU-5
    """s + x z' s' with the slope z' of the exponent, s its logistic function and s' that one's slope."""
    z, rest = _exponent(x)
    near = _bounded(x)
    gain = near * x.dtype.type(TWICE_ROOT) * (1 + 3 * x.dtype.type(CUBIC) * near * near)
    s, slope = logistic(z), logistic_slope(z)
    out = s + slope * gain + rest * slope * (1 + gain * (1 - 2 * s))
    return patch(out, vanishing(z), lambda gain, z, rest: times_exp((1 + gain) * (1 + rest), z), gain, z, rest)


def _exponent(x: Array) -> tuple[Array, Array]:
    """z = 2 sqrt(2 / pi) x (1 + 0.044715 x^2) and the rest: an error of z is a relative error of e^z."""
    near = _bounded(x)
    cubic, cubic_rest = expansion(CUBIC, x.dtype)
    root, root_rest = expansion(TWICE_ROOT, x.dtype)
    square, square_rest = two_product(near, near)
    term, term_rest = two_product(square, cubic)
    bracket, bracket_rest = two_sum(x.dtype.type(1), term)
    bracket_rest = bracket_rest + term_rest + cubic * square_rest + cubic_rest * square
    product, product_rest = two_product(near, bracket)
    z, rest = two_product(product, root)
    return z, rest + root * (product_rest + near * bracket_rest) + root_rest * product


def _bounded(x: Any) -> Any:
    """x, but no further than 100 from 0, where e^-|z| has long vanished."""
    return np.clip(x, -100, 100)
