"""The normal distribution far into its tail: e^(-u^2/2), and u times the probability of lying above u.

Near 0, where most numbers are, fewer coefficients do, and the rounded square is exact enough for its exponential.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array
from refimpl.activation._exact import halves
from refimpl.activation._exponential import patch

SHIFT = 5
NEAR = 2.1875  # up to this u, rounding u^2/2 moves u e^(-u^2/2) by less than 1.5 units in its last place
# From these u on, u e^(-u^2/2) rounds to 0 in the dtype.
LIMITS = {"float32": 14.7, "float64": 38.7, "longdouble": 152.0}


def magnitude(x: Array) -> Array:
    """|x|, but no more than the limit, beyond which the tail is 0."""
    _, limit = _approximation(x.dtype)
    u: Array = np.clip(x, -limit, limit)
    return np.abs(u, out=u)


def tail(share: Array) -> Array:
    """(u + SHIFT) e^(u^2/2) P(X > u) for a standard normal X and u / (u + SHIFT) = share, u in [0, limit].

    It is a polynomial in share - 1/2, so that times share it gives u P(X > u) to full relative accuracy near 0 as well.
    """
    coefficients, _ = _approximation(share.dtype)
    centred = share - share.dtype.type(0.5)
    value: Array = centred * coefficients[-1]
    for coefficient in coefficients[-2:0:-1]:
        value += coefficient
        value *= centred
    value += coefficients[0]
    return value


def has_near(dtype: np.dtype[Any]) -> bool:
    """Whether `near_tail` has coefficients for a dtype."""
    return _kind(dtype) in NEAR_TABLES


def serves_above(dtype: np.dtype[Any]) -> bool:
    """Whether what `near_tail` gives for a u above NEAR is less wrong than half an ulp of u."""
    return NEAR_TABLES[_kind(dtype)].serves_above


def near_tail(u: Array, share: Array, centred: Array, out: Array) -> None:
    """u P(X > u) for a standard normal X and u in [0, NEAR], written to `out`; `share` and `centred` are room."""
    shift, centre, coefficients = _near_approximation(u.dtype)
    np.add(u, shift, out=share)
    np.divide(u, share, out=share)
    np.subtract(share, centre, out=centred)
    np.multiply(centred, coefficients[-1], out=out)
    for coefficient in coefficients[-2:0:-1]:
        out += coefficient
        out *= centred
    out += coefficients[0]
    out *= share
    gaussian = np.square(u, out=centred)
    gaussian *= -0.5
    out *= np.exp(gaussian, out=gaussian)


def times_gaussian(factor: Array, u: Array) -> Array:
    """factor * e^(-u^2/2); where the exponential is subnormal only the last of four equal steps may be."""
    subnormal = u > np.sqrt(-2 * np.log(np.finfo(u.dtype).tiny))
    product = _gaussian(u)
    product *= factor
    return patch(product, subnormal, _in_quarters, factor, u)


def _in_quarters(factor: Array, u: Array) -> Array:
    quarter = _gaussian(u / 2)
    return factor * quarter * quarter * quarter * quarter


def _gaussian(u: Array) -> Array:
    """e^(-u^2/2) from the exact square: its rounding would become a relative error as large as the square."""
    if u.dtype == np.float32:
        wide = u.astype(np.float64)
        wide *= wide
        wide *= -0.5
        return np.exp(wide, out=wide).astype(np.float32)
    high, low = halves(u)
    large, small = high * high, (u + high) * low  # u^2 is their sum, the first of them exact
    square = large + small
    large -= square
    large += small  # what the sum lost
    square *= -0.5
    value: Array = np.exp(square, out=square)
    large *= value
    large *= 0.5
    value -= large
    return value


@cache
def _approximation(dtype: np.dtype[Any]) -> tuple[list[Any], Any]:
    """The coefficients of p and the limit of u for a dtype; a wider one than 64 bits gets those of 64 bits."""
    kind = _kind(dtype)
    return [dtype.type(text) for text in COEFFICIENTS[kind]], dtype.type(LIMITS[kind])


@cache
def _near_approximation(dtype: np.dtype[Any]) -> tuple[Any, Any, list[Any]]:
    """The shift, the centre and the coefficients of `near_tail` for a dtype."""
    table = NEAR_TABLES[_kind(dtype)]
    return dtype.type(table.shift), dtype.type(table.centre), [dtype.type(text) for text in table.coefficients]


def _kind(dtype: np.dtype[Any]) -> str:
    eps = np.finfo(dtype).eps
    return "float32" if eps > 1e-10 else "float64" if eps > 1e-17 else "longdouble"


# Lowest first; tests/refimpl/activation/mills.py derives them. Errors 2^-26, 2^-54 and 2^-65.
COEFFICIENTS = {
    "float32": (
        "7.691930401e-1",
        "-1.3307649",
        "1.981226331",
        "-2.508278595",
        "2.64006637",
        "-2.211542141",
        "1.336999744",
        "-3.79750503e-1",
        "-2.553630271e-1",
        "2.005312985e-1",
    ),
    "float64": (
        "7.69193049750062966e-1",
        "-1.33076500578011359",
        "1.98122246387989686",
        "-2.50826525337037152",
        "2.64032585872795852",
        "-2.21179643860802966",
        "1.33088427504765061",
        "-3.8315222640533612e-1",
        "-2.04254560055549725e-1",
        "2.78988318905624082e-1",
        "-6.08008861843879456e-2",
        "-1.01914301941339988e-1",
        "6.8328265469555271e-2",
        "3.26136238899121201e-2",
        "-4.53891837359650947e-2",
        "-1.10577395708257781e-2",
        "2.8473762678887659e-2",
        "5.7316602210106879e-3",
        "-1.74889499778892964e-2",
        "-5.56574599692981617e-3",
        "8.01892611633368636e-3",
        "4.6776790469784694e-3",
    ),
    "longdouble": (
        "7.69193049750062959645e-1",
        "-1.330765005780113704112",
        "1.981222463879904103806",
        "-2.508265253370298478488",
        "2.640325858726562716548",
        "-2.211796438620377077332",
        "1.33088427514773556145",
        "-3.83152225492921173426e-1",
        "-2.042545633901366215164e-1",
        "2.789882830305303177671e-1",
        "-6.080083584503742474976e-2",
        "-1.019134752639286828375e-1",
        "6.832820005300728500812e-2",
        "3.2601967117272358539e-2",
        "-4.539862534750498771766e-2",
        "-1.09570311227524575271e-2",
        "2.86262330136703841274e-2",
        "5.226770931266906591717e-3",
        "-1.862804866132015616842e-2",
        "-4.367360697906751140443e-3",
        "1.245297158494730030137e-2",
        "4.734319302534252213865e-3",
        "-8.043479823761699282487e-3",
        "-4.820542135422736368024e-3",
        "4.356239651908021577252e-3",
        "3.71673557766044298054e-3",
        "-1.408897295882262776048e-3",
        "-1.541065676628991376366e-3",
    ),
}


class NearTable(NamedTuple):
    """The same polynomial for u up to NEAR, in powers of u / (u + shift) - centre."""

    serves_above: bool
    shift: int
    centre: float
    coefficients: tuple[str, ...]


# Errors 2^-26 and 2^-54; of the shifts and centres nearby these leave the least rounding errors.
NEAR_TABLES = {
    "float32": NearTable(
        True,
        4,
        0.15625,
        (
            "1.430986614",
            "-2.974758829",
            "3.806537365",
            "-2.846423655",
            "7.830752142e-1",
            "4.902090969e-1",
            "-3.48707777e-1",
        ),
    ),
    "float64": NearTable(
        False,
        6,
        0.15625,
        (
            "1.75679523084229665",
            "-5.37603246949388119",
            "1.22617889757016033e+1",
            "-2.16546007432618057e+1",
            "2.99395210906174891e+1",
            "-3.20644382245269874e+1",
            "2.55121114990475669e+1",
            "-1.33435212072052188e+1",
            "2.39053642884693579",
            "2.43409961237424903",
            "-1.81818964301354306",
            "-1.18380277214929732e-1",
            "6.30473409018908015e-1",
        ),
    ),
}
