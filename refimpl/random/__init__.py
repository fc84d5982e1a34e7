"""Paddle's CPU random stream, reproduced from a seed: the generator, and what each operator draws from it."""

from refimpl.random.draws import (
    alpha_dropout_mask,
    dropout1d_mask,
    dropout2d_mask,
    dropout3d_mask,
    dropout_mask,
    feature_alpha_dropout_mask,
    fractional_u,
    gumbel_uniforms,
    rrelu_slopes,
)
from refimpl.random.generator import Generator, State

__all__ = [
    "Generator",
    "State",
    "alpha_dropout_mask",
    "dropout1d_mask",
    "dropout2d_mask",
    "dropout3d_mask",
    "dropout_mask",
    "feature_alpha_dropout_mask",
    "fractional_u",
    "gumbel_uniforms",
    "rrelu_slopes",
]
