"""Fractional maximum pooling on trial: where it draws its own random_u, that is predicted from the seed."""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.shapes import images
from conformance.draw.tape import Tape
from conformance.sample import Event, Sample, Spread
from refimpl import random
from refimpl.random import Generator

Array = NDArray[Any]

_ROOM, _STEPS = 65, 48
"""Of the sampled axis: its windows of one cell are 65/48 cells apart on average, two numbers without a common factor,
so that they tell the fraction of 65/48 u to 1/48. u may come to more than 1, where the fraction begins anew."""

_CHANCES = np.where(np.arange(_STEPS) < _ROOM - _STEPS, 2, 1) / _ROOM
"""Of each of the 48 steps of that fraction."""


def _draw(layout: str, tape: Tape, _: str) -> dict[str, Any]:
    extents = tape.integers(len(layout) - 2, 1, 7)
    kernel = [min(size, n) for size, n in zip(tape.integers(len(extents), 1, 3), extents, strict=True)]
    overlapping = tape.flag()
    most = [n - (size - 1 if overlapping else 0) for n, size in zip(extents, kernel, strict=True)]
    return {
        "x": Tensor(images(tape, layout, extents)),
        "output_size": _output_size(tape, most, overlapping),
        "kernel_size": (kernel if tape.flag() else min(kernel)) if overlapping else None,
        "random_u": tape.one_of(None, 0.5, 0.3, 0.9, 0.01),
        "return_mask": tape.flag(),
    }


def _output_size(tape: Tape, most: list[int], overlapping: bool) -> Any:
    """One number for all axes, or a number for each; None keeps an axis, if windows do not overlap."""
    if tape.flag():
        return tape.integer(1, min(most))
    return [None if not overlapping and tape.integer(0, 7) == 7 else tape.integer(1, n) for n in most]


def _axes(arguments: Arguments) -> list[tuple[int, int, int | None]]:
    """Length, number of windows and their size along each axis."""
    lengths, counts, sizes = arguments["x"].shape[2:], arguments["output_size"], arguments["kernel_size"]
    counts = [counts] * len(lengths) if isinstance(counts, int) else counts
    sizes = sizes if isinstance(sizes, (list, tuple)) else [sizes] * len(lengths)
    return [(n, n if c is None else c, k) for n, c, k in zip(lengths, counts, sizes, strict=True)]


def _settled(arguments: Arguments, noise: Arguments) -> bool:
    """Whether no edge of a window is so near to an integer that rounding random_u or the ratio would move it."""
    u = float(noise.get("random_u", arguments["random_u"]))
    for length, count, size in _axes(arguments):
        ratio = length / count if size is None else (length - size) / max(count - 1, 1)
        windows = np.arange(count + 1)
        edges = ratio * (windows + u)
        single = np.float32(ratio) * (windows.astype(np.float32) + np.float32(u))
        if ((np.abs(edges - np.round(edges)) < length * 2.0**-20) & (single != edges)).any():
            return False
    return True


def _facts(arguments: Arguments) -> dict[str, Any]:
    """`moved` says that windows that do not overlap lie elsewhere if u is scaled such that they differ by one cell at
    most and the first starts with the input; `lone` that there is but one window, of a given size and smaller than
    the axis, along one.
    """
    axes, u = _axes(arguments), arguments["random_u"]
    return {
        "moved": any(size is None and _moved(length, count, u) for length, count, size in axes),
        "lone": any(size is not None and count == 1 and size < length for length, count, size in axes),
    }


def _moved(length: int, count: int, u: float | None) -> bool:
    """Whether it makes a difference along one axis; where u is not known, whether it can."""
    if u is None or not length:
        return length > count
    ratio, least = length / count, length // count
    scaled = u * min((least + 2) / ratio - 1, (length + 1 - least) / ratio - (count - 1))
    windows = np.arange(count + 1)
    documented = np.minimum(np.ceil(ratio * (windows + u) - 1), length)
    anchored = np.minimum(np.floor(ratio * (windows + scaled)) - np.floor(ratio * scaled), length)
    return not np.array_equal(documented, anchored)


def _noise(stream: Generator, arguments: Arguments) -> dict[str, Any]:
    drawn = arguments["random_u"] is None and arguments["x"].size
    return {"random_u": random.fractional_u(stream)} if drawn else {}


def _sample(layout: str, tape: Tape, _: str) -> dict[str, Any]:
    rest = [1] * (len(layout) - 3)
    return {
        "x": Tensor((1, 1, _ROOM + 1, *rest)),
        "output_size": [_STEPS + 1, *rest],
        "kernel_size": 1,
        "random_u": None,
        "return_mask": tape.flag(),
    }


def _falling(arguments: Arguments) -> Array:
    """Numbers that fall, so that each window gives its first."""
    shape = arguments["x"].shape
    return -np.arange(math.prod(shape), dtype=np.float64).reshape(shape) / 64


@lru_cache
def _windows() -> Array:
    """Where the windows start if the fraction is in the middle of each step."""
    middles = (np.arange(_STEPS)[:, None] + 0.5) / _STEPS
    return np.floor(_ROOM / _STEPS * np.arange(_STEPS) + middles)


def _steps(outs: Array) -> NDArray[np.int64]:
    """Which step the fraction was in, for each call: that whose windows are most like those seen."""
    starts = np.round(-64 * outs.reshape(len(outs), -1)[:, :_STEPS].astype(np.float64))
    return np.stack([np.abs(starts - windows).sum(1) for windows in _windows()], axis=1).argmin(1)


def _recover(arguments: Arguments, outs: Array) -> dict[str, Array]:
    return {"random_u": (_steps(outs) + 0.5) / _ROOM}


def _look(arguments: Arguments, outs: Array, noise: Any) -> list[Event | Spread]:
    steps, middle = _steps(outs), _STEPS // 2
    return [
        Event("the fraction is below the middle", steps < middle, float(_CHANCES[:middle].sum())),
        Spread("the fraction", steps, _CHANCES),
    ]


def _meaningless(arguments: Arguments) -> list[dict[str, Any]]:
    largest = max(arguments["x"].shape[2:])
    return [
        *changes.each("random_u", 0.0, 1.0, -0.5, 1.5, math.nan, "0.3"),
        *changes.each("output_size", 0, -1, [1], "2", 1.5),
        *[{"kernel_size": size, "output_size": 1} for size in (0, -1, largest + 1, [1], "2")],
        *changes.ranks("x", arguments["x"]),
        *changes.truths("x", arguments["x"]),
    ]


def _operator(name: str, layer: str, layout: str) -> Operator:
    return Operator(
        name=name,
        family="pooling",
        draw=partial(_draw, layout),
        outputs=("out", "mask"),
        layer=Layer({"any": layer}, lambda a: {key: value for key, value in a.items() if key != "x"}),
        facts=_facts,
        noise=_noise,
        settled=_settled,
        sample=Sample(
            draw=partial(_sample, layout),
            values=_falling,
            sites=lambda arguments: (1,),
            recover=_recover,
            look=_look,
        ),
        meaningless=_meaningless,
    )


OPERATORS = (
    _operator("fractional_max_pool2d", "FractionalMaxPool2D", "NCHW"),
    _operator("fractional_max_pool3d", "FractionalMaxPool3D", "NCDHW"),
)
