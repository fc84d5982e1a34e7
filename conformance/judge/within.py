"""How far a known divergence may go: cases that the register knows are not let go, but held to a wider bound.

Each row is an error *added* to the operator's bound in conformance/judge/table.py, derived from the cause of the
divergence. An entry of the register names its row in `within`; a case that it matches and that leaves even this
bound is a new divergence. Where a row is infinite nothing is claimed of an element, not even that it is a number, and
of an output that is infinite throughout not even that it is there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge import batch_norm, losses, lp, modes, pooling, random_losses
from conformance.judge.bounds import Facts, Row


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


WITHIN: dict[str, Row] = {
    "relu-nan": Row(_relu_nan, "max(x, 0) as a comparison, which NaN fails: nothing is claimed where x is NaN"),
    "sigmoid-tail": Row(
        _sigmoid_tail, "1 / (1 + exp(-x)): where exp(-x) overflows, the result is 0 and all of it is lost"
    ),
    "sigmoid-derivative": Row(
        _sigmoid_derivative,
        "y (1-y) from the rounded y: y is off by 6u y (its row in the table), so 1-y is off by as much, and is rounded",
    ),
    **pooling.LOSSES,
    **lp.LOSSES,
    "batch-norm-single-attributes": Row(
        batch_norm.single_attributes,
        "epsilon and momentum kept in float32: each is off by 2**-24 of itself, and the output by what that changes",
    ),
    "batch-norm-single-complement": Row(
        batch_norm.single_complement, "1 - momentum kept in float32: 2**-24 of its product with the batch's statistic"
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
    **modes.ROWS,
}
