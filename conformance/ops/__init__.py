"""Every operator on trial, by name."""

from conformance.declaration import Operator
from conformance.ops import (
    activation,
    adaptive,
    fractional,
    lp,
    normalization,
    pooling,
    random_activation,
    regularization,
)

OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for family in (pooling, adaptive, lp, fractional, activation, random_activation, normalization, regularization)
    for operator in family.OPERATORS
}
