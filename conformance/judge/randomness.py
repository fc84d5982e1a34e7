"""The allowed errors of the random operators, once their randomness is known.

- dropout: x / (1-p) or x (1-p). p rounded to the dtype changes 1-p by u p/(1-p); a subtraction, a division, a product.
- alpha dropout: a x + b, a s + b, a g with s = -alpha lambda, a = ((1-p) (1 + p s^2))^(-1/2), b = -a s p. s is two
  rounded constants and a product: 3u. p s^2 is then off by 8u at most, 1 + p s^2 by 9u, 1-p by u (1 + p/(1-p)), their
  product by 11u + u p/(1-p), of which the root takes half; root and division: a is off by (8 + p/(2 (1-p))) u, and
  b by 6u more (s, p, two products). The dropped value is the sum a s + b of opposite signs: its error is that of
  the terms, not of what is left of them.
- rrelu: the slope is given by the generator, so that a x is one product; in evaluation (lower + upper) * 0.5 is rounded
  three times before it. Neither slope nor product depends on the other cells.
- gumbel_softmax: with G = -log(-log u) and v = (x + G) / t: the inner logarithm's 4u are 4u of G, the outer one's 4u
  |G|; a sum, and t rounded, inverted and multiplied: v is off by d = ((4 + 4 |G| + |x + G|) / t + 3 |v|) u. Softmax: a
  common shift cancels, a difference of size |v - max|, exp, a sum of K terms and a division: y is off by the factor
  e^r with r_i = e_i + sum(y e) + (K + 1) u, e = d + (|v - max| + 4) u. hard: two logits closer than their errors may
  change places. Gradient y (g - sum(g y)) / t: y with its error throughout, K + 4 roundings.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.judge.bounds import Facts, Row, Rows, exact

Array = NDArray[Any]

SATURATION = -1.6732632423543772848 * 1.0507009873554804934


def _scaling(f: Facts) -> float:
    """The roundings of a factor 1-p or 1/(1-p), in units of u; 0 where nothing is scaled."""
    p = float(f.arguments["p"])
    upscale = f.arguments.get("mode", "upscale_in_train") == "upscale_in_train"
    if upscale != bool(f.arguments["training"]) or p in (0, 1):
        return 0
    return 3 + p / (1 - p)


_SCALED = Row(
    lambda f: f.rounding(_scaling(f), f.expected) if _scaling(f) else 0.0,
    "x * (1-p) or x / (1-p): p rounded to the dtype changes 1-p by u p/(1-p), then a subtraction, a division and a "
    "multiplication; where nothing is scaled, nothing is rounded",
)


def _affine(f: Facts) -> tuple[float, float, float]:
    """a, and the errors of a and of b in units of u; 0, 0, 0 where x comes back, or zeros do."""
    p = float(f.arguments["p"])
    if not f.arguments["training"] or p in (0, 1):
        return 0, 0, 0
    error = 8 + p / (1 - p) / 2
    return ((1 - p) * (1 + p * SATURATION**2)) ** -0.5, error, error + 6


def _alpha(f: Facts) -> Any:
    a, a_error, b_error = _affine(f)
    if not a:
        return 0.0
    x = f.arguments["x"]
    kept = f.reference(x=np.ones_like(x)) != f.reference(x=np.zeros_like(x))
    magnitude = a * np.where(kept, np.abs(x), -SATURATION)
    b = abs(a * SATURATION * f.arguments["p"])
    return f.unit * (magnitude * (a_error + 4) + b * b_error + np.abs(f.expected)) + 4 * f.tiny


def _alpha_gradient(f: Facts) -> Any:
    a, a_error, _ = _affine(f)
    return f.rounding(a_error + 1, f.expected) if a else 0.0


_SLOPE = Row(
    lambda f: f.rounding(1 if f.arguments["training"] else 4, f.expected),
    "a product with the slope, which is given; in evaluation the slope is (lower + upper) * 0.5, rounded three times",
)


def _rows(f: Facts, low: float) -> tuple[Array, Array]:
    """The logits v and their errors, with the softmax axis last.

    The errors are larger by what it changes to take w = u (1-low) + low in the place of u, and to round that.
    """
    axis, t = f.arguments["axis"], f.arguments["temperature"]
    x, u = (np.moveaxis(np.atleast_1d(a), axis, -1) for a in (f.arguments["x"], f.noise["noise"]))
    u = u.astype(x.dtype)
    g = -np.log(-np.log(u))
    v = (x + g) / t
    error = ((4 + 4 * np.abs(g) + np.abs(x + g)) / t + 3 * np.abs(v)) * f.unit
    if low:
        w = u * (1 - low) + low
        blur = f.unit * (low + 2 * u + w) / (-np.log(w) * w)  # of log w, relatively
        rounded = np.where(blur < 0.99, -np.log1p(-blur), 1e3)  # beyond that nothing can be said of it
        error += (np.abs(g + np.log(-np.log(w))) + rounded) / t
    return v, error


def _shares(f: Facts, v: Array, error: Array) -> tuple[Array, Array]:
    """The softmax y of logits, and how far that of logits that are so far off may be from it."""
    below = v - v.max(-1, keepdims=True)
    logarithm = below - np.log(np.exp(below).sum(-1, keepdims=True))
    y = np.exp(logarithm)
    each = np.where(np.isinf(v), 0, error + (np.abs(below) + 4) * f.unit)
    relative = each + np.where(y > 0, y * each, 0).sum(-1, keepdims=True) + (v.shape[-1] + 1) * f.unit
    far = np.where(relative > 1, np.exp(logarithm + relative), y * np.expm1(np.minimum(relative, 1)))
    return y, np.minimum(np.where(np.isneginf(v), 0, far), 1) + 4 * f.tiny


def _back(f: Facts, allowed: Array) -> Array:
    return np.moveaxis(allowed, -1, f.arguments["axis"]).reshape(f.expected.shape)


def gumbel(f: Facts, low: float = 0.0) -> Any:
    if not f.expected.size:
        return 0.0
    v, error = _rows(f, low)
    if not f.arguments["hard"]:
        return _back(f, _shares(f, v, error)[1])
    first = v.argmax(-1, keepdims=True)
    top, top_error = np.take_along_axis(v, first, -1), np.take_along_axis(error, first, -1)
    near = top - v <= error + top_error
    return _back(f, np.where(near & (near.sum(-1, keepdims=True) > 1), 1.0, 0.0))


def gumbel_gradient(f: Facts, low: float = 0.0) -> Any:
    if not f.expected.size:
        return 0.0
    v, error = _rows(f, low)
    y, off = _shares(f, v, error)
    g = np.moveaxis(np.atleast_1d(np.abs(f.cotangent)), f.arguments["axis"], -1)
    total = (g * (y + off)).sum(-1, keepdims=True)
    inner = off * (g + total) + (y + off) * ((g * off).sum(-1, keepdims=True))
    rounded = (v.shape[-1] + 4) * f.unit * (y + off) * (g + total)
    return _back(f, (inner + rounded) / f.arguments["temperature"] + 4 * f.tiny) + f.rounding(2, f.expected)


def _picked(f: Facts) -> Any:
    times = f.reference(cotangent=np.ones_like(f.cotangent))
    return f.rounding(np.maximum(times - 1, 0), f.reference(cotangent=np.abs(f.cotangent)))


_WINDOWS = Rows(
    {"out": exact("a maximum is one of its arguments"), "mask": exact("positions are whole numbers")},
    {"x": Row(_picked, "a cell that is the maximum of n windows: n-1 additions")},
)

ROWS: dict[str, Rows] = {
    "dropout": Rows({"out": _SCALED}, {"x": _SCALED}),
    "dropout1d": Rows({"out": _SCALED}, {"input": _SCALED}),
    "dropout2d": Rows({"out": _SCALED}, {"x": _SCALED}),
    "dropout3d": Rows({"out": _SCALED}, {"x": _SCALED}),
    **dict.fromkeys(
        ("alpha_dropout", "feature_alpha_dropout"),
        Rows(
            {"out": Row(_alpha, "a x + b or a s + b with a and b from p: the errors of both terms and of their sum")},
            {"x": Row(_alpha_gradient, "a g with a from p: its error and a product")},
        ),
    ),
    **dict.fromkeys(("fractional_max_pool2d", "fractional_max_pool3d"), _WINDOWS),
    "rrelu": Rows({"out": _SLOPE}, {"x": _SLOPE}),
    "gumbel_softmax": Rows(
        {"out": Row(gumbel, "softmax of logits that two logarithms, a sum and a division have made inexact")},
        {"x": Row(gumbel_gradient, "y (g - sum(g y)) / t with the error of y")},
    ),
}
