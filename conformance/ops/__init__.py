"""Every operator on trial, by name."""

from conformance.declaration import Operator
from conformance.ops import activation, normalization, pooling, regularization

WAITING = frozenset({"alpha_dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout"})
"""Declared, but not on trial before what Paddle does with them is in the register."""

OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for family in (pooling, activation, normalization, regularization)
    for operator in family.OPERATORS
    if operator.name not in WAITING
}
