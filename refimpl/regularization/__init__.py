"""Dropout and its relatives, as functions of their mask (True keeps)."""

from refimpl.regularization.alpha_dropout import (
    alpha_dropout,
    alpha_dropout_vjp,
    feature_alpha_dropout,
    feature_alpha_dropout_vjp,
)
from refimpl.regularization.dropout import (
    dropout,
    dropout1d,
    dropout1d_vjp,
    dropout2d,
    dropout2d_vjp,
    dropout3d,
    dropout3d_vjp,
    dropout_vjp,
)

__all__ = [
    "alpha_dropout",
    "alpha_dropout_vjp",
    "dropout",
    "dropout1d",
    "dropout1d_vjp",
    "dropout2d",
    "dropout2d_vjp",
    "dropout3d",
    "dropout3d_vjp",
    "dropout_vjp",
    "feature_alpha_dropout",
    "feature_alpha_dropout_vjp",
]
