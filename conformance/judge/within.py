"""How far a known divergence may go: cases that the register knows are not let go, but held to a wider bound.

Each row is an error *added* to the operator's bound in conformance/judge/table.py, derived from the cause of the
divergence. An entry of the register names its row in `within`; a case that it matches and that leaves even this
bound is a new divergence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge import batch_norm
from conformance.judge.bounds import Facts, Row

SINGLE = 2.0**-24
"""The unit roundoff of float32."""


def _sigmoid_derivative(f: Facts) -> Any:
    y = 1 / (1 + np.exp(-f.arguments["x"]))
    return 8 * f.unit * y * np.abs(f.cotangent)


def _dropout_scale(f: Facts) -> Any:
    p = float(f.arguments["p"])
    return np.abs(f.expected) * SINGLE * (2 + p / (1 - p)) if p < 1 else 0.0


WITHIN: dict[str, Row] = {
    "sigmoid-derivative": Row(
        _sigmoid_derivative,
        "y (1-y) from the rounded y: y is off by 6u y (its row in the table), so 1-y is off by as much, and is rounded",
    ),
    "dropout-scale": Row(
        _dropout_scale,
        "p and 1-p kept in float32: p is off by 2**-24 p, which changes 1-p by p/(1-p) of that, rounded once more",
    ),
    "batch-norm-single-attributes": Row(
        batch_norm.single_attributes,
        "epsilon and momentum kept in float32: each is off by 2**-24 of itself, and the output by what that changes",
    ),
}
