"""Bounds of activations that are curves: what the rounded arguments inside their formulas cost.

Notation as in conformance/judge/activation.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.bounds import Facts, Row, Rows, roundings

Array = NDArray[Any]


def logistic(z: Array) -> Array:
    """1/(1+e^-z)."""
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def bump(z: Array) -> Array:
    """The derivative of the logistic function, at most e^-|z|."""
    return logistic(z) * logistic(-z)


def density(x: Array) -> Array:
    """The normal density."""
    return np.exp(-np.square(x) / 2) / np.sqrt(2 * np.pi)


def near(x: Array, limit: float = 1e5) -> Array:
    """x, but a number where it is infinite: the terms that it multiplies have vanished there."""
    return np.clip(x, -limit, limit)


def celu(f: Facts) -> Array:
    """alpha expm1(z) with z = x/alpha rounded, which costs |x e^z|."""
    alpha = f.arguments["alpha"]
    below = np.minimum(f.arguments["x"], 0)
    moved = np.where(below == 0, 0, near(below) * np.exp(np.maximum(below / alpha, -1e4)))
    return f.rounding(6, f.expected) + f.unit * np.abs(moved)


def celu_slope(f: Facts) -> Array:
    """g e^z, whose relative error is that of z times |z|."""
    z = np.minimum(f.arguments["x"], 0) / f.arguments["alpha"]
    return f.rounding(5 + np.where(np.isinf(z), 0, np.abs(z)), f.expected)


def gelu(f: Facts) -> Array:
    """x erfc(-x/sqrt(2))/2, or x/(1+e^-z) with z = sqrt(8/pi) (x + 0.044715 x^3)."""
    x = near(f.arguments["x"])
    if by_tanh(f):
        z, _ = exponent(x)
        return f.rounding(8, f.expected) + 6 * f.unit * np.abs(x * z) * bump(z)
    return f.rounding(7, f.expected) + 2 * f.unit * np.square(x) * density(x)


def gelu_slope(f: Facts) -> Array:
    """Phi + x phi, or s + x z' s (1-s)."""
    x, g = near(f.arguments["x"]), np.abs(f.cotangent)
    if by_tanh(f):
        z, slope = exponent(x)
        second = np.abs(x * slope) * bump(z)
        terms = 6 * logistic(z) + 6 * np.abs(z) * bump(z) + (20 + 6 * np.abs(z)) * second
    else:
        second = np.abs(x) * density(x)
        terms = 6 * probability(x) + 2 * second + (8 + np.square(x)) * second
    return f.rounding(3, f.expected) + f.unit * g * terms + 20 * f.tiny * (1 + g)


def by_tanh(f: Facts) -> bool:
    """Whether a call asks for the approximation by tanh."""
    return f.arguments["approximate"] in (True, "tanh")


def probability(x: Array) -> Array:
    """A bound of Phi, 1/2 or 1 above 0 and phi(x) min(1/|x|, 5/4) below (Mills' ratio lies under both)."""
    return np.where(x < 0, density(x) * np.minimum(1 / np.maximum(np.abs(x), 1e-300), 1.26), 1.0)


def exponent(x: Array) -> tuple[Array, Array]:
    """z and its derivative. Computed, z has six roundings: two constants, a square, three products or sums."""
    root = np.sqrt(8 / np.pi)
    return root * (x + 0.044715 * x**3), root * (1 + 3 * 0.044715 * np.square(x))


def silu_slope(f: Facts) -> Array:
    """s + x s (1-s): 6 u of s, 12 + 2 of x s (1-s), the sum and the product with g."""
    x, g = near(f.arguments["x"]), np.abs(f.cotangent)
    if f.arguments.get("y") is not None:
        g = g * np.abs(f.arguments["y"])
    terms = 6 * logistic(x) + 14 * np.abs(x) * bump(x)
    return f.rounding(4, f.expected) + f.unit * g * terms + 20 * f.tiny * (1 + g) * (1 + tail(x))


def tail(x: Array) -> Array:
    """|x| as it may magnify what is subnormal: no more than 1000, beyond which nothing is left of e^x."""
    return np.minimum(np.abs(x), 1000)


def mish_slope(f: Facts) -> Array:
    """w + x (1-w^2) s for w = n/(n+2), n = e^x (e^x + 2): 11 u of n, twice that of 1-w^2 = 4(n+1)/(n+2)^2, 6 of s."""
    x, g = near(f.arguments["x"]), np.abs(f.cotangent)
    t = np.exp(-np.abs(x))
    n, d = np.where(x < 0, t * (2 + t), 1 + 2 * t), np.where(x < 0, 2 + t * (2 + t), 1 + 2 * t + 2 * t * t)
    sech = 4 * np.where(x < 0, np.square(1 + t), np.square(t * (1 + t))) / np.square(d)
    terms = 13 * n / d + 32 * np.abs(x) * sech * logistic(x)
    return f.rounding(3, f.expected) + f.unit * g * terms + 40 * f.tiny * (1 + g)


def softplus(f: Facts) -> Array:
    """log1p(e^z)/beta with z = beta x rounded, which costs |z| s/beta; at the threshold the rounded z decides."""
    x, beta = near(f.arguments["x"]), float(f.arguments["beta"])
    z = beta * x
    return f.rounding(11, f.expected) + f.unit * np.abs(x) * logistic(z) + threshold(f, np.exp(-np.abs(z)) / beta)


def softplus_slope(f: Facts) -> Array:
    """g s(z), whose relative error is that of z times |z| (1-s)."""
    z = float(f.arguments["beta"]) * near(f.arguments["x"])
    count = 7 + np.abs(z) * logistic(-z)
    return f.rounding(count, f.expected) + threshold(f, np.exp(-np.abs(z)) * np.abs(f.cotangent))


def threshold(f: Facts, jump: Array) -> Array:
    """The jump from the curve to the line, where x is within two roundings of threshold/beta."""
    apart = np.abs(float(f.arguments["beta"]) * f.arguments["x"] - float(f.arguments["threshold"]))
    return np.where(apart <= 2 * f.unit * float(f.arguments["threshold"]), jump, 0)


def stanh_slope(f: Facts) -> Array:
    """4 a b g t/(1+t)^2 with t = e^-2|z|, whose relative error is that of z = a x times 2|z|."""
    z = np.abs(f.arguments["scale_a"] * f.arguments["x"])
    return f.rounding(12 + 2 * np.where(np.isinf(z), 0, z), f.expected)


def tanhshrink(f: Facts) -> Array:
    """x - tanh(x) where |x| >= 1, where tanh(x) is at most 3.2 times as large; a series in x^2 below."""
    hidden = np.minimum(np.abs(np.tanh(f.arguments["x"])), 4 * np.abs(f.expected))
    return f.rounding(1, f.expected) + f.rounding(4, hidden)


def glu_slope(f: Facts) -> Array:
    """Both halves at once; what is subnormal before it is multiplied by g, or by g and a, keeps that error."""
    first, _ = np.split(f.arguments["x"], 2, f.arguments["axis"])
    g = np.abs(f.cotangent)
    sizes = np.concatenate([g, g * np.maximum(np.abs(first), 1)], f.arguments["axis"])
    return f.rounding(15, f.expected) + 15 * f.tiny * sizes


def swiglu_slope(f: Facts) -> Array:
    """As silu's; without y the halves of x are both factors, and their gradients stand side by side."""
    if f.arguments.get("y") is not None:
        return silu_slope(f) + f.rounding(1, f.expected)
    x, y = np.split(f.arguments["x"], 2, axis=-1)
    g = np.abs(f.cotangent)
    terms = 6 * logistic(x) + 14 * np.abs(near(x)) * bump(x)
    first = f.unit * g * np.abs(y) * terms + 20 * f.tiny * (1 + g * np.abs(y)) * (1 + tail(x))
    return np.concatenate([first, 8 * f.tiny * g], axis=-1) + f.rounding(8, f.expected)


def slope(count: float, why: str) -> Row:
    """A derivative with a relative error of `count` roundings, times the cotangent; it may be subnormal before that."""
    return Row(lambda f: f.rounding(count, f.expected) + count * f.tiny * np.abs(f.cotangent), why)


_SILU = Rows(
    {"out": roundings(7, "x s")},
    {"x": Row(silu_slope, "s + x s (1-s): 6u of s, 12u and two products beside it")},
)

ROWS: dict[str, Rows] = {
    "sigmoid": Rows(
        {"out": roundings(6, "exp 4u, weighted by at most 1; the addition and the division")},
        {"x": roundings(9, "y (1-y) g with y and 1-y = sigmoid(-x) to full accuracy; two products")},
    ),
    "celu": Rows(
        {"out": Row(celu, "alpha expm1(z): 4+1 u, and |x e^z| u from the rounded z = x/alpha")},
        {"x": Row(celu_slope, "g e^z: 4+1 u, and |z| u from the rounded z")},
    ),
    "elu": Rows(
        {"out": roundings(5, "alpha expm1(x): 4+1 u")}, {"x": slope(6, "alpha e^x g: 4u and two products")}
    ),
    "selu": Rows(
        {"out": roundings(6, "scale alpha expm1(x): 4u and two products")},
        {"x": slope(7, "scale alpha e^x g: 4u and three products")},
    ),
    "gelu": Rows(
        {"out": Row(gelu, "x erfc(-x/sqrt(2))/2: 7u, and x^2 phi 2u from the rounded x/sqrt(2), the root being one; "
                          "by tanh x/(1+e^-z): 8u, and |x z| s (1-s) 6u from z (see exponent)")},
        {"x": Row(gelu_slope, "Phi + x phi: erfc and its argument, e^(-x^2/2) with |x^2/2| u from the square; "
                              "by tanh s + x z' s (1-s): 6u of s and 1-s each, 5u of z', what z moves them by")},
    ),
    "silu": _SILU,
    "swish": _SILU,
    "mish": Rows(
        {"out": roundings(14, "x n/(n+2) with n = e^x (e^x+2): 4u of e^x twice, and two more, in n; three more")},
        {"x": Row(mish_slope, "w + x (1-w^2) s: 13u of w, 32u of the product")},
    ),
    "softplus": Rows(
        {"out": Row(softplus, "max(z, 0) + log1p(e^-|z|), over beta: 11u, and |z| s u from the rounded z")},
        {"x": Row(softplus_slope, "g s(z): 7u, and |z| (1-s) u from the rounded z")},
    ),
    "log_sigmoid": Rows(
        {"out": roundings(9, "min(x, 0) - log1p(e^-|x|): 4u of e^x, 4u of log1p, the sum")},
        {"x": slope(7, "g / (1+e^x)")},
    ),
    "tanh": Rows(
        {"out": roundings(4, "one elementary function")},
        {"x": slope(10, "4t/(1+t)^2 g with t = e^-2|x|: 4u, the sum twice, a square, a division, a product")},
    ),
    "stanh": Rows(
        {"out": roundings(6, "b tanh(a x): 4u, and two products; tanh magnifies no relative error")},
        {"x": Row(stanh_slope, "4 a b g t/(1+t)^2 with t = e^-2|z|: 12u, and 2|z| u from the rounded z = a x")},
    ),
    "tanhshrink": Rows(
        {"out": Row(tanhshrink, "x - tanh(x): 4u of tanh(x) and the difference; below 1 a series, 17u")},
        {"x": slope(10, "tanh(x)^2 g: 4u twice and two products")},
    ),
    "glu": Rows(
        {"out": roundings(7, "a s(b)")},
        {"x": Row(glu_slope, "g s(b), and g a s(b) (1-s(b)): 6u twice and three products")},
    ),
    "swiglu": Rows(
        {"out": roundings(8, "x s(x) y")},
        {"x": Row(swiglu_slope, "silu's derivative times y g, and silu times g"), "y": slope(8, "x s(x) g")},
    ),
}  # fmt: skip
