"""Pooling on trial."""

from __future__ import annotations

from typing import Any

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw.pooling import windows
from conformance.draw.tape import Tape


def _average(tape: Tape, layout: str) -> dict[str, Any]:
    shape, arguments = windows(tape, layout)
    return {
        "x": Tensor(shape),
        **arguments,
        "exclusive": not tape.flag(),
        "divisor_override": tape.one_of(None, None, 1, 3, 7),
        "data_format": layout,
    }


def _maximum(tape: Tape, layout: str) -> dict[str, Any]:
    shape, arguments = windows(tape, layout)
    mask = layout[1] == "C" and not isinstance(arguments["padding"], str) and tape.flag()
    return {"x": Tensor(shape), **arguments, "return_mask": mask, "data_format": layout}


def _options(arguments: Arguments) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "x"}


OPERATORS = (
    Operator(
        name="avg_pool2d",
        family="pooling",
        draw=_average,
        layouts=("NCHW", "NHWC"),
        layer=Layer({"any": "AvgPool2D"}, _options),
    ),
    Operator(
        name="max_pool2d",
        family="pooling",
        draw=_maximum,
        layouts=("NCHW", "NHWC"),
        outputs=("out", "mask"),
        layer=Layer({"any": "MaxPool2D"}, _options),
    ),
)
