"""rrelu and gumbel_softmax on trial: their noise is predicted from the seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.shapes import any_shape
from conformance.draw.tape import Tape
from conformance.sample import Event, Sample, Spread, standard, uniform
from refimpl import random
from refimpl.random import Generator

Array = NDArray[Any]


def _rrelu(tape: Tape, layout: str) -> dict[str, Any]:
    lower, upper = tape.one_of((1 / 8, 1 / 3), (0.1, 0.3), (0.0, 1.0), (0.3, 0.3), (0.0, 0.0), (0.7, 0.9))
    return {"x": Tensor(any_shape(tape)), "lower": lower, "upper": upper, "training": not tape.flag()}


def _rrelu_noise(stream: Generator, arguments: Arguments) -> dict[str, Any]:
    slopes = random.rrelu_slopes(stream, **arguments)
    if slopes is not None and slopes.dtype == np.float64:
        slopes = slopes.astype(np.float32)  # as precise as they are drawn
    return {"noise": slopes}


def _rrelu_sample(tape: Tape, layout: str) -> dict[str, Any]:
    lower, upper = tape.one_of((1 / 8, 1 / 3), (0.1, 0.3), (0.0, 1.0), (0.7, 0.9))
    shape = tuple(2 * (6 + n) for n in tape.integers(3, 0, 6))
    return {"x": Tensor(shape), "lower": lower, "upper": upper, "training": True}


def _mostly_negative(arguments: Arguments) -> Array:
    """Positive in the first row, where nothing is drawn."""
    shape = arguments["x"].shape
    values = -np.abs(standard(shape or (1,)))
    values[:1] *= -1
    return values.reshape(shape)


def _slopes(arguments: Arguments, outs: Array) -> dict[str, Array]:
    if not arguments["training"]:
        return {}
    x, wide = arguments["x"], np.promote_types(outs.dtype, np.longdouble)
    slopes = np.where(x < 0, outs.astype(wide) / x, 1)
    return {"noise": np.clip(slopes, arguments["lower"], arguments["upper"])}


def _slope_events(arguments: Arguments, outs: Array, noise: dict[str, Array]) -> list[Event | Spread]:
    if not noise:
        return []
    lower, upper = arguments["lower"], arguments["upper"]
    u = (noise["noise"][:, 1:].astype(np.float64) - lower) / (upper - lower)
    return [Event("a slope below the middle", u < 0.5, 0.5), uniform("a slope", u)]


def _bad_rrelu(arguments: Arguments) -> list[dict[str, Any]]:
    nan = math.nan
    bounds = ((-0.1, 0.3), (0.5, 0.3), (0.5, 1.5), (nan, 0.3), (0.1, nan), ("0.1", 0.3), (0.1, None))
    return [*[{"lower": lower, "upper": upper} for lower, upper in bounds], *changes.truths("x", arguments["x"])]


def _gumbel(tape: Tape, layout: str) -> dict[str, Any]:
    shape = any_shape(tape)
    axis = tape.integer(0, max(len(shape), 1) - 1)
    return {
        "x": Tensor(shape),
        "temperature": tape.one_of(1.0, 0.5, 2.0, 0.1, 10.0),
        "hard": tape.flag(),
        "axis": axis - (len(shape) or 1) if tape.flag() else axis,
    }


def _gumbel_noise(stream: Generator, arguments: Arguments) -> dict[str, Any]:
    x = arguments["x"]
    uniforms = random.gumbel_uniforms(stream, x.shape, x.dtype)
    return {"noise": np.full((), 0.5, x.dtype) if uniforms is None else uniforms}  # one share of one: any will do


def _gumbel_sample(tape: Tape, layout: str) -> dict[str, Any]:
    axis = tape.integer(0, 2)
    shape = [2 * (10 + n) for n in tape.integers(3, 0, 10)]
    shape[axis] = tape.integer(2, 5)
    return {
        "x": Tensor(tuple(shape)), "temperature": tape.one_of(1.0, 0.5, 2.0), "hard": tape.flag(),
        "axis": axis - 3 if tape.flag() else axis,
    }  # fmt: skip


def _same_rows(arguments: Arguments) -> Array:
    """The same logits in every row."""
    shape, axis = arguments["x"].shape, arguments["axis"]
    logits = standard((shape[axis] if shape else 1,))
    place = [1] * len(shape)
    if shape:
        place[axis] = -1
    return np.broadcast_to(logits.reshape(place), shape).copy()


def _winners(arguments: Arguments, outs: Array) -> dict[str, Array] | None:
    """Noise that makes the same cells the largest; a soft sample tells only differences of it."""
    if not arguments["hard"]:
        return None
    return {"noise": np.where(outs == 1, outs.dtype.type(0.75), outs.dtype.type(0))}


def _gumbel_events(arguments: Arguments, outs: Array, noise: Any) -> list[Event | Spread]:
    axis, t = arguments["axis"] % arguments["x"].ndim, arguments["temperature"]
    logits = np.moveaxis(arguments["x"], axis, -1)[(0,) * (arguments["x"].ndim - 1)].astype(np.float64)
    chances = np.exp(logits) / np.exp(logits).sum()
    rows = np.moveaxis(outs, 1 + axis, -1).astype(np.float64)
    winner = rows.argmax(-1)
    looks: list[Event | Spread] = [
        Event(f"cell {k} is the largest", winner == k, float(chance)) for k, chance in enumerate(chances)
    ]
    if not arguments["hard"]:  # a difference of two Gumbel numbers is logistic
        difference = t * (np.log(rows[..., 0]) - np.log(rows[..., 1])) - (logits[0] - logits[1])
        looks.append(uniform("the logistic function of a difference of noise", 1 / (1 + np.exp(-difference))))
    return looks


def _bad_gumbel(arguments: Arguments) -> list[dict[str, Any]]:
    x = arguments["x"]
    temperatures = changes.each("temperature", -1.0, math.nan, "1", None)
    return [*temperatures, *changes.axes_out_of(x.ndim), *changes.each("axis", None), *changes.truths("x", x)]


OPERATORS = (
    Operator(
        name="rrelu",
        family="activation",
        draw=_rrelu,
        layer=Layer({"any": "RReLU"}, lambda a: {"lower": a["lower"], "upper": a["upper"]}),
        noise=_rrelu_noise,
        sample=Sample(
            draw=_rrelu_sample,
            values=_mostly_negative,
            sites=lambda a: (max(a["x"].shape[0] - 1, 0), *a["x"].shape[1:]) if a["x"].ndim else (1,),
            recover=_slopes,
            look=_slope_events,
            inexact=1,  # the product that it is recovered from is rounded
        ),
        meaningless=_bad_rrelu,
    ),
    Operator(
        name="gumbel_softmax",
        family="activation",
        narrow=(),  # what it would draw is not known
        draw=_gumbel,
        noise=_gumbel_noise,
        sample=Sample(
            draw=_gumbel_sample,
            values=_same_rows,
            sites=lambda a: tuple(n for i, n in enumerate(a["x"].shape) if i != a["axis"] % a["x"].ndim),
            recover=_winners,
            look=_gumbel_events,
            again=False,
        ),
        meaningless=_bad_gumbel,
    ),
)
