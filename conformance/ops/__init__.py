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
    unpool,
)

_FAMILIES = (
    pooling,
    adaptive,
    lp,
    unpool,
    fractional,
    activation,
    random_activation,
    normalization,
    regularization,
)
OPERATORS: dict[str, Operator] = {operator.name: operator for family in _FAMILIES for operator in family.OPERATORS}
