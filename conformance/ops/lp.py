"""Lp pooling on trial: powers of any exponent, and the maximum, which is their limit."""

from __future__ import annotations

import math
from typing import Any

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw.pooling import windows
from conformance.draw.tape import Tape
from conformance.ops import moves
from conformance.ops.pooling import SLOWER, facts, laws, meaningless, options
from refimpl.pooling.geometry import FIRST, LAST

_NORMS = (2.0, 1, 3.0, math.inf, 0.5, 2, 2.5, 1.1, -1.0)
_CANCELLING = (3.0, -1.0)
"""Powers of negative numbers are negative: their sums cancel, and the root of what is left may be anything."""


def _draw(tape: Tape, layout: str) -> dict[str, Any]:
    shape, arguments = windows(tape, layout)
    norm_type = tape.one_of(*_NORMS)
    positive = norm_type in _CANCELLING or tape.flag()
    return {"x": Tensor(shape, positive=positive), "norm_type": norm_type, **arguments, "data_format": layout}


def _facts(arguments: Arguments) -> dict[str, Any]:
    """Where the windows lie; `maximum` says that they give their maximum, whose position nobody asks for (`hollow`)."""
    return facts(arguments) | {"maximum": arguments["norm_type"] == math.inf, "hollow": False}


def _operator(axes: int) -> Operator:
    return Operator(
        name=f"lp_pool{axes}d",
        family="pooling",
        draw=_draw,
        layouts=(FIRST[axes], LAST[axes]),
        layer=Layer({"any": f"LPPool{axes}D"}, options),
        facts=_facts,
        laws=(*laws(axes, 2), *((moves.LAYOUT,) if axes == 1 else ())),
        meaningless=meaningless,
        slower=SLOWER // 2 if axes == 2 else SLOWER,
    )


OPERATORS = tuple(_operator(axes) for axes in (2, 1))
