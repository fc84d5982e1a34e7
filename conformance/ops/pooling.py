"""Average and maximum pooling on trial, in one, two and three dimensions."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import refimpl
from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.pooling import windows
from conformance.draw.tape import Tape
from conformance.law import Law
from conformance.ops import moves
from conformance.ops.laws import DOUBLED, RISING
from refimpl.pooling.geometry import FIRST, LAST, fixed


def _average(tape: Tape, layout: str) -> dict[str, Any]:
    shape, arguments = windows(tape, layout)
    arguments |= {"exclusive": not tape.flag()}
    if len(layout) > 3:
        arguments |= {"divisor_override": tape.one_of(None, None, 1, 3, 7), "data_format": layout}
    return {"x": Tensor(shape), **arguments}


def _maximum(tape: Tape, layout: str) -> dict[str, Any]:
    shape, arguments = windows(tape, layout)
    mask = layout[1] == "C" and tape.one_of(False, False, True)  # much of what it does is known to be wrong
    arguments |= {"return_mask": mask} | ({"data_format": layout} if len(layout) > 3 else {})
    return {"x": Tensor(shape), **arguments}


def facts(arguments: Arguments) -> dict[str, Any]:
    """Where the windows lie: `before` and `after` are the paddings of each axis; `clipped` says that a window holds
    fewer cells of the input than the kernel has, `overhanging` that one sticks out of the padded input, `late` that one
    more would start in the padding behind the input (ceil_mode).
    """
    shape, names = arguments["x"].shape, ("kernel_size", "stride", "padding", "ceil_mode")
    layout = arguments.get("data_format", FIRST[len(shape) - 2])
    kernel, stride, padding, ceil_mode = (arguments[name] for name in names)
    axes = fixed(shape, kernel, stride, padding, ceil_mode, layout).axes
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


def _maximum_facts(name: str, arguments: Arguments) -> dict[str, Any]:
    """Where the windows lie; `hollow` says that one holds no number above the lowest of float32, if they are asked for
    positions; `maximum`, that windows give their maximum.
    """
    hollow = False
    if arguments["return_mask"]:
        x = np.where(np.isnan(arguments["x"]), -np.inf, arguments["x"])
        lowest = np.finfo(np.float32).min
        hollow = bool((getattr(refimpl, name)(**{**arguments, "x": x, "return_mask": False}) <= lowest).any())
    return facts(arguments) | {"hollow": hollow, "maximum": True}


def meaningless(arguments: Arguments) -> list[changes.Change]:
    """Sizes, paddings and layouts that there are not, and what the other arguments do not allow."""
    x, axes = arguments["x"], arguments["x"].ndim - 2
    last = arguments.get("data_format", FIRST[axes]) == LAST[axes]
    return [
        *changes.sizes("kernel_size", axes),
        *changes.each("kernel_size", None),
        {"kernel_size": max(x.shape) + 100, "stride": 1, "padding": 0, "ceil_mode": False},
        *changes.sizes("stride", axes),
        *changes.paddings(axes, last),
        {"padding": "VALID", "ceil_mode": True},
        *changes.ranks("x", x),
        *changes.truths("x", x),
        *(changes.layouts() if "data_format" in arguments else []),
        *(changes.each("divisor_override", "1", [1]) if "divisor_override" in arguments else []),
        *(changes.each("return_mask", True) if last and "return_mask" in arguments else []),
        *(changes.each("norm_type", 0, None) if "norm_type" in arguments else []),
    ]


def options(arguments: Arguments) -> dict[str, Any]:
    """What a layer is made with: all but x."""
    return {name: value for name, value in arguments.items() if name != "x"}


def layouts(axes: int) -> tuple[str, ...]:
    """The layouts in which averages and maxima are taken along so many axes."""
    return (FIRST[axes],) if axes == 1 else (FIRST[axes], LAST[axes])


def laws(axes: int, most: int) -> tuple[Law, ...]:
    """What holds of all pooling by windows of one size along so many axes, with operators along `most`."""
    return *moves.general(axes, most), moves.TRANSLATED, *((moves.LAYOUT,) if len(layouts(axes)) > 1 else ())


def _averages(axes: int) -> Operator:
    return Operator(
        name=f"avg_pool{axes}d",
        family="pooling",
        draw=_average,
        layouts=layouts(axes),
        layer=Layer({"any": f"AvgPool{axes}D"}, options),
        facts=facts,
        laws=(*laws(axes, 3), moves.ADDITIVE, moves.CELLS, DOUBLED, RISING),
        meaningless=meaningless,
        slower=1 if axes == 2 else SLOWER,
    )


def _maxima(axes: int) -> Operator:
    name = f"max_pool{axes}d"
    return Operator(
        name=name,
        family="pooling",
        draw=_maximum,
        layouts=layouts(axes),
        outputs=("out", "mask"),
        layer=Layer({"any": f"MaxPool{axes}D"}, options),
        facts=partial(_maximum_facts, name),
        laws=(*laws(axes, 3), moves.CELLS, DOUBLED, RISING),
        meaningless=meaningless,
        slower=1 if axes == 2 else SLOWER,
    )


SLOWER = 4
"""Two dimensions are the main witness: what they share with one and three is tried there."""

OPERATORS = tuple(declared(axes) for axes in (2, 1, 3) for declared in (_averages, _maxima))
