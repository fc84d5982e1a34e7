"""Maximum unpooling on trial, with positions such as maximum pooling gives: each in the window of its value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.declaration import Arguments, Codes, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.pooling import sizes
from conformance.draw.shapes import images
from conformance.draw.tape import Tape
from conformance.ops import moves
from conformance.ops.laws import DOUBLED
from conformance.ops.pooling import SLOWER
from refimpl.pooling.geometry import FIRST

_LONGEST = {1: 9, 2: 4, 3: 3}


def _draw(tape: Tape, layout: str) -> dict[str, Any]:
    axes = len(layout) - 2
    lengths = tape.integers(axes, 1, _LONGEST[axes])
    kernel, stride = sizes(tape, axes, 4), sizes(tape, axes, 3) if tape.flag() else None
    most = [(k - 1) // 2 for k in _each(kernel, axes)]
    paddings = [tape.integer(0, p) for p in most]
    shape = images(tape, layout, lengths)
    arguments = {
        "x": Tensor(shape),
        "indices": Tensor(shape, dtype=tape.one_of("int32", "int64"), values=_positions),
        "kernel_size": kernel,
        "stride": stride,
        "padding": paddings if tape.flag() else min(paddings),
        "data_format": layout,
        "output_size": None,
    }
    form = tape.one_of("none", "none", "axes", "shape")
    if form != "none":
        moves = [tape.integer(0, 2 * s - 2) - s + 1 for _, s, _ in _windows(arguments)]
        size = [max(m + move, 1) for m, move in zip(_lengths(arguments), moves, strict=True)]
        arguments["output_size"] = [*shape[:2], *size] if form == "shape" else size
    return arguments


def _each(value: Any, axes: int) -> list[int]:
    return list(value) if isinstance(value, (list, tuple)) else [value] * axes


def _windows(arguments: Arguments) -> list[tuple[int, int, int]]:
    """Size, stride and padding along each axis."""
    axes, kernel, stride = len(arguments["x"].shape) - 2, arguments["kernel_size"], arguments["stride"]
    columns = (_each(v, axes) for v in (kernel, kernel if stride is None else stride, arguments["padding"]))
    return list(zip(*columns, strict=True))


def _lengths(arguments: Arguments) -> list[int]:
    """The lengths of the result's axes."""
    windows = _windows(arguments)
    if arguments["output_size"] is not None:
        return list(arguments["output_size"][-len(windows) :])
    lengths = arguments["x"].shape[2:]
    return [(m - 1) * s - 2 * p + k for m, (k, s, p) in zip(lengths, windows, strict=True)]


def _positions(codes: Codes, shape: tuple[int, ...], arguments: Arguments) -> NDArray[np.int64]:
    """A cell of the result for each value, in the window that the value was the maximum of."""
    rest, flat, lengths = codes.reshape(shape).astype(np.int64), np.zeros(shape, np.int64), _lengths(arguments)
    places = np.indices(shape)[2:]
    for place, length, (size, stride, padding) in zip(places, lengths, _windows(arguments), strict=True):
        rest, inside = np.divmod(rest, size)
        flat = flat * length + np.clip(place * stride - padding + inside, 0, length - 1)
    return flat


def _facts(arguments: Arguments) -> dict[str, Any]:
    """`overwritten` says that a value is written where a later one of its plane goes as well."""
    planes = np.sort(arguments["indices"].reshape(math.prod(arguments["x"].shape[:2]), -1))
    return {"overwritten": bool((planes[:, 1:] == planes[:, :-1]).any())}


def _options(arguments: Arguments) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in ("x", "indices")}


def _meaningless(arguments: Arguments) -> list[dict[str, Any]]:
    indices, lengths = arguments["indices"], _lengths(arguments)
    return [
        *changes.each(
            "indices", np.full_like(indices, math.prod(lengths)), np.full_like(indices, -1), indices[:, :, :0]
        ),
        *changes.each("kernel_size", 0, -1, "2", [1] * (len(lengths) + 1)),
        *changes.each("stride", 0, -1),
        *changes.each("padding", -1, "SAME", max(lengths) + 4),
        *changes.each("output_size", [m + 8 for m in lengths], [0] * len(lengths), lengths * 4),
        *changes.layouts(),
        *changes.ranks("x", arguments["x"]),
        *changes.truths("x", arguments["x"]),
    ]


def _operator(axes: int) -> Operator:
    return Operator(
        name=f"max_unpool{axes}d",
        family="pooling",
        draw=_draw,
        layouts=(FIRST[axes],),
        layer=Layer({"any": f"MaxUnPool{axes}D"}, _options),
        facts=_facts,
        moves=True,
        laws=(moves.PERMUTED, DOUBLED),
        meaningless=_meaningless,
        slower=SLOWER // 2 if axes == 2 else SLOWER,
    )


OPERATORS = tuple(_operator(axes) for axes in (2, 1, 3))
