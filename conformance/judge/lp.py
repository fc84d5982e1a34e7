"""How far careful lp pooling may be from the exact one, and how far its known divergences may go.

y = (sum of x^p)^(1/p) over a window of at most k cells, Y the same of |x|. A careful kernel scales the cells of a
window before it takes powers, so that none overflows: a rounding of x, thus p of x^p, and 4 of the power itself. k-1
additions follow; the root divides what has gathered by p, has an error of its own, and rounds its exponent 1/p, which
costs |ln y|; the scale is multiplied back. Declarations draw no negative numbers where sums of powers cancel and p is
not 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge.bounds import Facts, Row, Rows
from conformance.judge.pooling import SINGLE, planes, window

SMALLEST, LARGEST = 2.0**-118, 2.0**127
"""Between these float32 has sums of powers with all their digits: each term is off by half of 2**-149 at most. The norm
and, in a gradient, the share of a cell in it keep to the same range."""


def _roundings(f: Facts, logarithm: Any) -> Any:
    """Of y, relative to Y."""
    p = abs(f.arguments["norm_type"])
    return (window(f) + 3 + p) / p + 5 + logarithm


def _norm(f: Facts, unit: float) -> Any:
    if f.arguments["norm_type"] == np.inf:
        return 0.0
    size = f.reference(x=np.abs(f.arguments["x"]))
    logarithm = np.where((size > 0) & np.isfinite(size), np.abs(np.log(size)), 0)
    return _roundings(f, logarithm) * (unit * size + f.tiny)


def _slope(f: Facts, unit: float) -> Any:
    p, g = f.arguments["norm_type"], np.abs(f.cotangent)
    if p == np.inf:
        return f.rounding(window(f) - 1, f.reference(cotangent=g))
    size, apart = np.abs(f.arguments["x"]), abs(p - 1)
    lowest, highest, logarithm = _extremes(f)
    count = apart * (_roundings(f, logarithm) + 2 + 2 * logarithm) + window(f) + 6
    vanishing = apart * f.tiny * (1 / lowest + highest / np.where(size > 0, size, np.inf))
    largest = g[np.isfinite(g)].max(initial=0)
    return count * (unit + vanishing) * np.abs(f.reference(cotangent=g)) + count * f.tiny * (1 + largest)


def _extremes(f: Facts) -> tuple[Any, Any, Any]:
    """Between what y lies in windows that are not all zeros, and the largest |ln y|."""
    size, many = np.abs(f.arguments["x"]), np.log(window(f)) / abs(f.arguments["norm_type"])
    some = size[(size > 0) & np.isfinite(size)]
    if not some.size:
        return 1.0, 1.0, 0.0
    lowest, highest = some.min(), some.max()
    return lowest / np.exp(many), highest * np.exp(many), max(abs(np.log(lowest)), abs(np.log(highest))) + many


ROWS: dict[str, Rows] = {
    f"lp_pool{axes}d": Rows(
        {"out": Row(lambda f: _norm(f, f.unit),
                    "(k+3+p)/p + 5 + |ln y| roundings of Y: powers of scaled cells, their sum, its root")},
        {"x": Row(lambda f: _slope(f, f.unit),
                  "g (x/y)^(p-1): |p-1| times the roundings of y and x/y, also where these are subnormal, and of p-1 "
                  "times |ln(x/y)|; the power, products, k-1 additions")},
    )
    for axes in (1, 2)
}  # fmt: skip


def _beyond(f: Facts) -> Any:
    """Where float32 has not the sum of powers: by window or, in a gradient, by plane."""
    p, x = f.arguments["norm_type"], np.abs(f.arguments["x"])
    if f.cotangent is None:
        size = f.reference(x=x)
        total = size**p
        return (size > 0) & np.isfinite(size) & ((total < SMALLEST) | (total > LARGEST))
    power, some = x**p, (x > 0) & np.isfinite(x)
    highest = _extremes(f)[1]
    beyond = (power < SMALLEST) | (power > LARGEST / window(f)) | (highest > LARGEST) | (x < SMALLEST * highest)
    return planes(f, some & beyond)


def _range(f: Facts) -> Any:
    return np.where(_beyond(f), np.inf, np.zeros(f.expected.shape))


def _single(f: Facts) -> Any:
    error = _norm(f, 2 * SINGLE) if f.cotangent is None else _slope(f, 2 * SINGLE)
    error += 2 * (1 + _extremes(f)[2]) * SINGLE * np.abs(f.expected)
    rounded = f.reference(x=f.arguments["x"].astype(np.float32).astype(f.arguments["x"].dtype))
    same = (rounded == f.expected) | (np.isnan(rounded) & np.isnan(f.expected))
    apart = np.where(same, 0, np.abs(rounded - f.expected))
    return np.where(_beyond(f) | ~np.isfinite(apart), np.inf, error + apart)


def _zero(f: Facts) -> Any:
    return np.where(f.arguments["x"] == 0, np.inf, 0.0)


LOSSES: dict[str, Row] = {
    "lp-pool-range": Row(
        _range, "the sum of powers in float32: nothing is claimed where it exceeds float32's range, or has lost digits"
    ),
    "lp-pool-single": Row(
        _single, "powf: the bound for float32, the exponent rounded to it, and nothing where that overflows"
    ),
    "lp-pool-zero": Row(_zero, "0/0 in the gradient: nothing is claimed of cells that are 0"),
}
