"""Dropout on trial: its mask is predicted from the seed."""

from __future__ import annotations

from typing import Any

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw.shapes import any_shape
from conformance.draw.tape import Tape
from refimpl import random


def _dropout(tape: Tape, layout: str) -> dict[str, Any]:
    shape = any_shape(tape)
    axes = [axis for axis in range(len(shape)) if tape.flag()]
    return {
        "x": Tensor(shape),
        "p": tape.one_of(0.5, 0.0, 0.1, 0.25, 0.3, 0.9, 1.0),
        "axis": axes or None,
        "training": not tape.flag(),
        "mode": tape.one_of("upscale_in_train", "downscale_in_infer"),
    }


def _options(arguments: Arguments) -> dict[str, Any]:
    return {name: arguments[name] for name in ("p", "axis", "mode")}


def _mask(seed: int, arguments: Arguments) -> dict[str, Any]:
    if not arguments["training"]:
        return {}
    stream = random.Generator(seed)
    return {"mask": random.dropout_mask(stream, arguments["x"].shape, arguments["p"], arguments["axis"])}


OPERATORS = (
    Operator(
        name="dropout",
        family="regularization",
        draw=_dropout,
        layer=Layer({"any": "Dropout"}, _options),
        noise=_mask,
    ),
)
