"""How far careful activations may be from the exact ones.

Notation: g is the cotangent, s = 1/(1+e^-x) the logistic function, phi the normal density, Phi the probability below
x. To first order in u. Three rules carry most rows:

- An elementary function costs 4 u, and so do expm1, log1p and erfc, which exist to be accurate near 0 and far out; a
  sum of terms of one sign has at most the largest relative error among them, and one rounding more. So 1/(1+e^-x)
  costs 4 + 1 + 1 = 6 u, of s as of 1-s = 1/(1+e^x).
- A rounded argument z of a function F costs |z F'(z)| times the relative error of z. Where z must be computed
  (x/alpha, x/sqrt(2), sqrt(2/pi) (x + 0.044715 x^3)) this is what the formula's conditioning takes from any kernel.
- Where terms of opposite sign are added (the derivatives of gelu, silu and mish near their minimum) each term keeps its
  own error, and the result may be 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge import curves, shares
from conformance.judge.bounds import Facts, Row, Rows, exact, roundings

Array = NDArray[Any]


def hardsigmoid(f: Facts) -> Array:
    """A product of the size of |slope x| and a sum."""
    product = np.where(np.abs(f.arguments["x"]) < 3, f.arguments["slope"] * f.arguments["x"], 0)
    return f.rounding(1, product) + f.rounding(1, f.expected)


def hardswish_slope(f: Facts) -> Array:
    """x/3 + 1/2, whose first term is rounded, or (2x + 3)/6, with four roundings of the result."""
    middle = np.where(np.abs(f.arguments["x"]) < 3, f.arguments["x"] / 3, 0)
    return f.rounding(2, f.cotangent * middle) + f.rounding(4, f.expected)


def prelu_weight(f: Facts) -> Array:
    """A sum over all cells that share a weight; all terms min(0, x) have one sign, so |g| gives their magnitudes."""
    count = f.arguments["x"].size // max(f.arguments["weight"].size, 1)
    return f.rounding(count, f.reference(cotangent=np.abs(f.cotangent)))


_KEPT = "the cotangent or 0"

ROWS: dict[str, Rows] = {
    "relu": Rows(
        {"out": exact("a choice between x and 0; the documentation leaves max(0, -0) open")}, {"x": exact(_KEPT)}
    ),
    "relu6": Rows({"out": exact("a choice between 0, x and 6")}, {"x": exact(_KEPT)}),
    "leaky_relu": Rows({"out": roundings(1, "x, or a product")}, {"x": roundings(1, "g, or a product")}),
    "thresholded_relu": Rows({"out": exact("a choice between x and value")}, {"x": exact(_KEPT)}),
    "hardshrink": Rows({"out": exact("a choice between x and 0")}, {"x": exact(_KEPT)}),
    "softshrink": Rows({"out": roundings(1, "a sum, or 0")}, {"x": exact(_KEPT)}),
    "hardtanh": Rows({"out": exact("a choice between min, x and max")}, {"x": exact(_KEPT)}),
    "hardsigmoid": Rows(
        {"out": Row(hardsigmoid, "slope x + offset: the product is rounded, and the sum; 0 and 1 are exact")},
        {"x": roundings(1, "slope g")},
    ),
    "hardswish": Rows(
        {"out": roundings(4, "x (x+3)/6: a sum, two products, and 1/6 rounded; x itself and 0 are exact")},
        {"x": Row(hardswish_slope, "g (x/3 + 1/2) or g (2x+3)/6: two roundings of x/3; sum, quotient, product")},
    ),
    "softsign": Rows(
        {"out": roundings(2, "a sum and a division")},
        {"x": roundings(5, "g / (1+|x|)^2: the sum twice, two divisions or a square and a division, and a product")},
    ),
    "prelu": Rows(
        {"out": roundings(1, "x, or a product")},
        {
            "x": roundings(1, "g, or a product"),
            "weight": Row(prelu_weight, "n products and n-1 additions of g min(0, x), in any order: n u of |g x|"),
        },
    ),
    "maxout": Rows({"out": exact("a maximum is one of its arguments")}, {"x": exact(_KEPT)}),
    **curves.ROWS,
    **shares.ROWS,
}  # fmt: skip
