"""Adaptive pooling on trial: as many windows as asked for, also more than there are cells."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import refimpl
from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.pooling import LONGEST
from conformance.draw.shapes import images
from conformance.draw.tape import Tape
from conformance.law import Law
from conformance.ops import moves
from conformance.ops.laws import DOUBLED, RISING
from conformance.ops.pooling import SLOWER, layouts, options
from refimpl.pooling.geometry import FIRST


def _draw(tape: Tape, layout: str) -> dict[str, Any]:
    axes = len(layout) - 2
    extents = tape.integers(axes, 1, LONGEST[axes])
    size: Any = tape.integer(1, LONGEST[axes] + 2)
    if tape.flag():
        keeps = axes > 1  # adaptive_avg_pool1d and adaptive_max_pool1d know no None
        size = [None if keeps and tape.integer(0, 7) == 7 else tape.integer(1, LONGEST[axes] + 2) for _ in extents]
    return {"x": Tensor(images(tape, layout, extents)), "output_size": size}


def _average(tape: Tape, layout: str) -> dict[str, Any]:
    return _draw(tape, layout) | ({"data_format": layout} if len(layout) > 3 else {})


def _maximum(tape: Tape, layout: str) -> dict[str, Any]:
    return _draw(tape, layout) | {"return_mask": tape.flag()}


def _meaningless(arguments: Arguments) -> list[changes.Change]:
    x = arguments["x"]
    return [
        *changes.sizes("output_size", x.ndim - 2, 0),
        *changes.ranks("x", x),
        *changes.truths("x", x),
        *(changes.layouts() if "data_format" in arguments else []),
    ]


def _facts(name: str, arguments: Arguments) -> dict[str, Any]:
    """`hollow` says that a window holds no number above the lowest of float32: positions are always looked for;
    `maximum`, that windows give their maximum.
    """
    x = np.where(np.isnan(arguments["x"]), -np.inf, arguments["x"])
    highest = getattr(refimpl, name)(x, arguments["output_size"])
    return {"hollow": bool((highest <= np.finfo(np.float32).min).any()), "maximum": True}


def _laws(axes: int) -> tuple[Law, ...]:
    return *moves.general(axes, 3), moves.CELLS, DOUBLED, RISING


def _averages(axes: int) -> Operator:
    return Operator(
        name=f"adaptive_avg_pool{axes}d",
        family="pooling",
        draw=_average,
        layouts=layouts(axes),
        layer=Layer({"any": f"AdaptiveAvgPool{axes}D"}, options),
        laws=(*_laws(axes), moves.ADDITIVE, *((moves.LAYOUT,) if axes > 1 else ())),
        meaningless=_meaningless,
        slower=SLOWER // 2 if axes == 2 else SLOWER,
    )


def _maxima(axes: int) -> Operator:
    name = f"adaptive_max_pool{axes}d"
    return Operator(
        name=name,
        family="pooling",
        draw=_maximum,
        layouts=(FIRST[axes],),
        outputs=("out", "mask"),
        layer=Layer({"any": f"AdaptiveMaxPool{axes}D"}, options),
        facts=partial(_facts, name),
        moves=True,
        laws=_laws(axes),
        meaningless=_meaningless,
        slower=SLOWER // 2 if axes == 2 else SLOWER,
    )


OPERATORS = tuple(declared(axes) for axes in (2, 1, 3) for declared in (_averages, _maxima))
