"""Activations on trial."""

from __future__ import annotations

from typing import Any

from conformance.declaration import Layer, Operator, Tensor
from conformance.draw.shapes import any_shape
from conformance.draw.tape import Tape


def _elementwise(tape: Tape, layout: str) -> dict[str, Any]:
    return {"x": Tensor(any_shape(tape))}


def _no_options(arguments: Any) -> dict[str, Any]:
    return {}


OPERATORS = (
    Operator(name="relu", family="activation", draw=_elementwise, layer=Layer({"any": "ReLU"}, _no_options)),
    Operator(name="sigmoid", family="activation", draw=_elementwise, layer=Layer({"any": "Sigmoid"}, _no_options)),
)
