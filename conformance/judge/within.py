"""How far a known divergence may go: cases that the register knows are not let go, but held to a wider bound.

Each row is an error *added* to the operator's bound in conformance/judge/table.py, derived from the cause of the
divergence. An entry of the register names its row in `within`; a case that it matches and that leaves even this
bound is a new divergence. Where a row is infinite nothing is claimed of an element, not even that it is a number, and
of an output that is infinite throughout not even that it is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge import batch_norm, losses, random_losses
from conformance.judge.bounds import Facts, Row
from conformance.judge.table import window

SINGLE = 2.0**-24
"""The unit roundoff of float32."""

LOWEST = float(np.finfo(np.float32).min)


def _free(where: Any) -> Any:
    """Nothing is claimed of these elements."""
    return np.where(where, np.inf, 0.0)


def _relu_nan(f: Facts) -> Any:
    return _free(np.isnan(f.arguments["x"]))


def _sigmoid_tail(f: Facts) -> Any:
    overflows = np.exp(-f.arguments["x"]) * (1 + 8 * f.unit) > f.largest
    return np.where(overflows, np.abs(f.expected), 0.0)


def _sigmoid_derivative(f: Facts) -> Any:
    y = 1 / (1 + np.exp(-f.arguments["x"]))
    return 8 * f.unit * y * np.abs(f.cotangent)


def _average_overflow(f: Facts) -> Any:
    sizes = np.where(np.isfinite(f.arguments["x"]), np.abs(f.arguments["x"]), 0)
    if f.arguments["divisor_override"] is None:
        return _free(f.reference(x=sizes, divisor_override=1.0) >= f.largest)
    return _free(f.reference(x=sizes, exclusive=True, divisor_override=None) * window(f) >= f.largest)


def _average_divisor(f: Facts) -> Any:
    factor = window(f) / f.arguments["divisor_override"]
    sizes = {"x": np.abs(f.arguments["x"])} if f.cotangent is None else {"cotangent": np.abs(f.cotangent)}
    rounded = f.rounding(window(f) + 3, f.reference(divisor_override=None, **sizes))
    return np.abs(f.reference(divisor_override=None) * factor - f.expected) + factor * rounded


def _average_behind(f: Facts) -> Any:
    sizes = {"x": np.abs(f.arguments["x"])} if f.cotangent is None else {"cotangent": np.abs(f.cotangent)}
    fewest = f.reference(exclusive=True, divisor_override=None, **sizes)
    apart = fewest - f.reference(divisor_override=window(f), **sizes)
    factor = window(f) / (f.arguments["divisor_override"] or window(f))
    return factor * (np.abs(apart) + f.rounding(window(f) + 3, fewest))


def _average_gradient_single(f: Facts) -> Any:
    fewest = f.reference(cotangent=np.abs(f.cotangent), exclusive=True, divisor_override=None)
    return 2 * SINGLE * fewest * window(f) / (f.arguments["divisor_override"] or window(f))


def _planes(f: Facts, where: Any) -> Any:
    """Every element of the planes in which this holds anywhere."""
    return where.any((1, 2) if f.arguments["data_format"] == "NHWC" else (2, 3), keepdims=True)


def _maximum_nan(f: Facts) -> Any:
    return _free(np.isnan(f.expected) if f.name == "out" else _planes(f, np.isnan(f.arguments["x"])))


def _maximum_lowest(f: Facts) -> Any:
    if f.name != "out":
        return _free(_planes(f, f.arguments["x"] < LOWEST))
    return np.where(f.expected < LOWEST, np.abs(f.expected - LOWEST), 0.0)


WITHIN: dict[str, Row] = {
    "relu-nan": Row(_relu_nan, "max(x, 0) as a comparison, which NaN fails: nothing is claimed where x is NaN"),
    "sigmoid-tail": Row(
        _sigmoid_tail, "1 / (1 + exp(-x)): where exp(-x) overflows, the result is 0 and all of it is lost"
    ),
    "sigmoid-derivative": Row(
        _sigmoid_derivative,
        "y (1-y) from the rounded y: y is off by 6u y (its row in the table), so 1-y is off by as much, and is rounded",
    ),
    "avg-pool-overflow": Row(
        _average_overflow,
        "the sum of a window, or its average times the kernel's size, before the division: it may be infinite where "
        "the magnitudes add up to more than the largest number",
    ),
    "avg-pool-divisor": Row(
        _average_divisor,
        "the average times the kernel's size over divisor_override, where the average has fewer cells: as far as that "
        "is from the sum over divisor_override, with two more roundings",
    ),
    "avg-pool-behind": Row(
        _average_behind,
        "a divisor between the number of real cells and the kernel's size: between the two averages, of magnitudes",
    ),
    "avg-pool-gradient-single": Row(
        _average_gradient_single, "the reciprocal of the divisor in float32: 2**-24 of every share, and of the divisor"
    ),
    "max-pool-nan": Row(
        _maximum_nan,
        "comparisons, which NaN fails: nothing is claimed of windows with NaN, nor of mask and gradient in their plane",
    ),
    "max-pool-lowest": Row(
        _maximum_lowest,
        "the search starts from float32's lowest number: what is below comes out as that; nothing is claimed of mask "
        "and gradient in its plane",
    ),
    "batch-norm-single-attributes": Row(
        batch_norm.single_attributes,
        "epsilon and momentum kept in float32: each is off by 2**-24 of itself, and the output by what that changes",
    ),
    "batch-norm-eval-updates": Row(
        batch_norm.updated,
        "the running statistics are updated as in training: by 1-momentum of what the batch's are apart from them",
    ),
    "batch-norm-eval-gradient": Row(
        batch_norm.other_statistics,
        "the gradient for constant statistics, and for other ones: only that of the bias does not depend on them",
    ),
    "batch-norm-infinite-cotangent": Row(
        batch_norm.infinite_cotangent, "infinite sums of either sign: their difference depends on the order"
    ),
    "batch-norm-overflow": Row(
        batch_norm.overflow,
        "plain sums of x and of (x-m)**2: nothing is claimed of channels where one of them exceeds the largest number",
    ),
    "batch-norm-lone-parameter": Row(
        batch_norm.lone_parameter, "no gradient at all for a weight without bias, or a bias without weight"
    ),
    **losses.ROWS,
    **random_losses.ROWS,
}
