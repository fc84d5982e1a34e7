"""Pooling on trial."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw.pooling import windows
from conformance.draw.tape import Tape
from refimpl import max_pool2d
from refimpl.pooling.geometry import fixed


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
    mask = layout[1] == "C" and tape.one_of(False, False, True)  # much of what it does is known to be wrong
    return {"x": Tensor(shape), **arguments, "return_mask": mask, "data_format": layout}


def _facts(arguments: Arguments) -> dict[str, Any]:
    """Where the windows lie: `before` and `after` are the paddings of each axis; `clipped` says that a window holds
    fewer cells of the input than the kernel has, `overhanging` that one sticks out of the padded input, `late` that one
    more would start in the padding behind the input (ceil_mode).
    """
    names = ("kernel_size", "stride", "padding", "ceil_mode", "data_format")
    axes = fixed(arguments["x"].shape, *(arguments[name] for name in names)).axes
    before, after = (np.array([getattr(axis, side) for axis in axes]) for side in ("before", "after"))
    first, end = np.array([axis.span for axis in axes]).T
    length = np.array([axis.length for axis in axes])
    return {
        "before": before,
        "after": after,
        "clipped": bool(((first < 0) | (end > length)).any()),
        "overhanging": bool((end > length + after).any()),
        "late": arguments["ceil_mode"] and bool((end < length + after).any()),
    }


def _maximum_facts(arguments: Arguments) -> dict[str, Any]:
    """Where the windows lie; `hollow` says that one holds no number above the lowest of float32, if they are asked for
    positions.
    """
    x, others = arguments["x"], {name: value for name, value in arguments.items() if name not in ("x", "return_mask")}
    least = np.finfo(np.float32).min
    hollow = arguments["return_mask"] and (max_pool2d(np.where(np.isnan(x), -np.inf, x), **others) <= least).any()
    return _facts(arguments) | {"hollow": bool(hollow)}


def _options(arguments: Arguments) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != "x"}


OPERATORS = (
    Operator(
        name="avg_pool2d",
        family="pooling",
        draw=_average,
        layouts=("NCHW", "NHWC"),
        layer=Layer({"any": "AvgPool2D"}, _options),
        facts=_facts,
    ),
    Operator(
        name="max_pool2d",
        family="pooling",
        draw=_maximum,
        layouts=("NCHW", "NHWC"),
        outputs=("out", "mask"),
        layer=Layer({"any": "MaxPool2D"}, _options),
        facts=_maximum_facts,
    ),
)
