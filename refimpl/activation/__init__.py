"""Activations: each operator beside its vjp, elementwise ones through one blocked loop."""

from refimpl.activation.relu import relu, relu_vjp
from refimpl.activation.sigmoid import sigmoid, sigmoid_vjp

__all__ = ["relu", "relu_vjp", "sigmoid", "sigmoid_vjp"]
