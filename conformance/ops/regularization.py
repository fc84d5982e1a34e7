"""Dropout and its relatives on trial: their masks are predicted from the seed."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

import refimpl
from conformance.declaration import Arguments, InPlace, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.shapes import any_shape, channels
from conformance.draw.tape import Tape
from conformance.ops import masks
from refimpl import random
from refimpl.random import Generator

_MODES = ("upscale_in_train", "downscale_in_infer")


def _chance(tape: Tape) -> dict[str, Any]:
    return {"p": tape.one_of(0.5, 0.0, 0.1, 0.25, 0.3, 0.9, 1.0), "training": not tape.flag()}


def _dropout(tape: Tape, layout: str) -> dict[str, Any]:
    shape = any_shape(tape)
    axes = [axis for axis in range(len(shape)) if tape.flag()] if tape.flag() else []
    chance = _chance(tape)
    mode = tape.one_of(*_MODES)
    return {"x": Tensor(shape), "p": chance["p"], "axis": axes or None, "training": chance["training"], "mode": mode}


def _dropout1d(tape: Tape, layout: str) -> dict[str, Any]:
    return {"input": Tensor(channels(tape, tape.one_of("NCL", "CL"))), **_chance(tape)}


def _of_channels(tape: Tape, layout: str) -> dict[str, Any]:
    return {"x": Tensor(channels(tape, layout)), **_chance(tape), "data_format": layout}


def _alpha(tape: Tape, layout: str) -> dict[str, Any]:
    return {"x": Tensor(any_shape(tape)), **_chance(tape)}


def _feature_alpha(tape: Tape, layout: str) -> dict[str, Any]:
    return {"x": Tensor(channels(tape, tape.one_of("NCHW", "NC", "NCL", "NCDHW"))), **_chance(tape)}


def _options(names: tuple[str, ...], arguments: Arguments) -> dict[str, Any]:
    return {name: arguments[name] for name in names}


def _mask(draw: Any, names: tuple[str, ...], stream: Generator, arguments: Arguments) -> dict[str, Any]:
    """The mask of a call; `names` are the arguments that it depends on, beside x and its shape."""
    x = next(iter(arguments.values()))
    return {"mask": draw(stream, x.shape, **{name: arguments[name] for name in names})}


_CHANCE = ("p", "training")


def _dropped_axes(arguments: Arguments) -> tuple[int, ...]:
    axis = arguments["axis"]
    return tuple(range(len(arguments["x"].shape))) if axis is None else tuple(np.atleast_1d(axis).tolist())


def _all_axes(arguments: Arguments) -> tuple[int, ...]:
    return tuple(range(len(arguments["x"].shape)))


def _scaled(arguments: Arguments) -> tuple[str, ...]:
    return ("expectation",) if arguments.get("mode", "upscale_in_train") == "upscale_in_train" else ()


def _normal(arguments: Arguments) -> tuple[str, ...]:
    return ("mean", "variance")


def _bad_chance(arguments: Arguments) -> list[changes.Change]:
    shares = changes.each("p", -0.1, 1.5, math.nan, math.inf, *map(np.array, (0.5, 1.5)))
    return [*shares, *changes.no_numbers("p")]


def _bad_dropout(arguments: Arguments) -> list[changes.Change]:
    ndim = arguments["x"].ndim
    axes = changes.each("axis", ndim, -1, [0, ndim], "0", [], 0.5)
    return [*_bad_chance(arguments), *axes, *changes.each("mode", "upscale", None)]


def _bad_dropout1d(arguments: Arguments) -> list[changes.Change]:
    return [*_bad_chance(arguments), *changes.each("input", arguments["input"][None, None], arguments["input"].ravel())]


def _bad_channels(arguments: Arguments) -> list[changes.Change]:
    return [*_bad_chance(arguments), *changes.layouts(), *changes.ranks("x", arguments["x"])]


def _by_channel(arguments: Arguments) -> dict[str, Any]:
    """The same as dropout along axes."""
    return {"axis": "channels", "mode": "upscale_in_train"}


OPERATORS = (
    Operator(
        name="dropout",
        family="regularization",
        draw=_dropout,
        layer=Layer({"any": "Dropout"}, partial(_options, ("p", "axis", "mode"))),
        in_place=InPlace("dropout", {"inplace": True}),
        noise=partial(_mask, random.dropout_mask, (*_CHANCE, "axis")),
        sample=masks.sample(refimpl.dropout, _dropout, _dropped_axes, _scaled),
        settings=tuple({"mode": mode, "p": p} for mode in _MODES for p in (0.1, 0.25, 0.5, 0.75, 0.9)),
        meaningless=_bad_dropout,
    ),
    Operator(
        name="dropout1d",
        family="regularization",
        draw=_dropout1d,
        differentiable=("input",),
        noise=partial(_mask, random.dropout1d_mask, _CHANCE),
        facts=_by_channel,
        sample=masks.sample(refimpl.dropout1d, _dropout1d, lambda a: tuple(range(len(a["input"].shape) - 1)), _scaled),
        meaningless=_bad_dropout1d,
    ),
    Operator(
        name="dropout2d",
        family="regularization",
        draw=_of_channels,
        layouts=("NCHW", "NHWC"),
        layer=Layer({"any": "Dropout2D"}, partial(_options, ("p", "data_format"))),
        noise=partial(_mask, random.dropout2d_mask, (*_CHANCE, "data_format")),
        facts=_by_channel,
        sample=masks.sample(refimpl.dropout2d, _of_channels, lambda a: (0, a["data_format"].index("C")), _scaled),
        meaningless=_bad_channels,
    ),
    Operator(
        name="dropout3d",
        family="regularization",
        draw=_of_channels,
        layouts=("NCDHW", "NDHWC"),
        layer=Layer({"any": "Dropout3D"}, partial(_options, ("p", "data_format"))),
        noise=partial(_mask, random.dropout3d_mask, (*_CHANCE, "data_format")),
        facts=_by_channel,
        sample=masks.sample(refimpl.dropout3d, _of_channels, lambda a: (0, a["data_format"].index("C")), _scaled),
        meaningless=_bad_channels,
    ),
    Operator(
        name="alpha_dropout",
        family="regularization",
        draw=_alpha,
        layer=Layer({"any": "AlphaDropout"}, partial(_options, ("p",))),
        noise=partial(_mask, random.alpha_dropout_mask, _CHANCE),
        sample=masks.sample(refimpl.alpha_dropout, _alpha, _all_axes, _normal),
        meaningless=_bad_chance,
    ),
    Operator(
        name="feature_alpha_dropout",
        family="regularization",
        draw=_feature_alpha,
        layer=Layer({"any": "FeatureAlphaDropout"}, partial(_options, ("p",))),
        noise=partial(_mask, random.feature_alpha_dropout_mask, _CHANCE),
        sample=masks.sample(refimpl.feature_alpha_dropout, _feature_alpha, lambda a: (0, 1), _normal),
        meaningless=_bad_chance,
    ),
)
