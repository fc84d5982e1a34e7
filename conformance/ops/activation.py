"""Activations on trial."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from conformance.declaration import Arguments, InPlace, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.shapes import any_shape, channels
from conformance.draw.tape import Tape
from conformance.law import Law
from conformance.ops import moves
from conformance.ops.laws import (
    AGAIN,
    AXES_REVERSED,
    DOUBLED,
    ELSEWHERE,
    ODD,
    PERMUTED,
    REFLECTED,
    RISING,
    SHIFTED,
    SUM,
    by,
    only,
    same_as,
    tamed,
)

Points = Callable[[Arguments], Sequence[float]]


def _pointwise(
    name: str,
    layer: str,
    points: Points | Sequence[float] = (0.0,),
    module: str = "paddle.nn.functional",
    in_place: InPlace | None = None,
    laws: tuple[Law, ...] = (),
    wrong: Sequence[changes.Change] = (),
    **choices: Sequence[Any],
) -> Operator:
    """An operator of one array, cell by cell; `choices` are the values of its other arguments, the simplest first.

    `wrong` are changes that have no meaning, beside those that put something else in the place of a number.
    """

    def draw(tape: Tape, layout: str) -> dict[str, Any]:
        return {"x": Tensor(any_shape(tape))} | {n: tape.one_of(*values) for n, values in choices.items()}

    def options(arguments: Arguments) -> dict[str, Any]:
        return {n: arguments[n] for n in choices}

    numbers = [n for n, values in choices.items() if not isinstance(values[0], bool)]

    def meaningless(arguments: Arguments) -> list[changes.Change]:
        return [*changes.truths("x", arguments["x"]), *changes.no_numbers(*numbers), *wrong]

    return Operator(
        name=name,
        family="activation",
        draw=draw,
        meaningless=meaningless,
        layer=Layer({"any": layer}, options) if layer else None,
        points=points if callable(points) else lambda arguments: points,
        module=module,
        in_place=in_place,
        laws=(ELSEWHERE, *laws),
    )


def _thresholds(arguments: Arguments) -> Sequence[float]:
    return (-arguments["threshold"], arguments["threshold"], 0.0)


def _hardsigmoid(tape: Tape, layout: str) -> dict[str, Any]:
    shape = any_shape(tape)
    slope, offset = tape.one_of(*[(0.1666667, 0.5)] * 3, (0.2, 0.5), (0.1, 0.7))
    return {"x": Tensor(shape), "slope": slope, "offset": offset}


def _default_only(arguments: Arguments) -> dict[str, Any] | None:
    """Hardsigmoid, the layer, has no options."""
    return {} if (arguments["slope"], arguments["offset"]) == (0.1666667, 0.5) else None


def _prelu(tape: Tape, layout: str) -> dict[str, Any]:
    n, channels, *inner = *tape.integers(2, 1, 6), *tape.integers(len(layout) - 2, 1, 3)
    shape = (n, *inner, channels) if layout[-1] == "C" and inner else (n, channels, *inner)
    return {
        "x": Tensor(shape),
        "weight": Tensor((tape.one_of(1, channels),), "ordinary"),
        "data_format": layout,
    }


def _prelu_options(arguments: Arguments) -> dict[str, Any]:
    return {"num_parameters": arguments["weight"].size, "data_format": arguments["data_format"]}


def _maxout(tape: Tape, layout: str) -> dict[str, Any]:
    n, height, width = tape.integers(3, 1, 4)
    groups, axis = tape.integer(2, 4), tape.one_of(1, 3, -1)
    channels = groups * tape.integer(1, 3)
    shape = (n, channels, height, width) if axis == 1 else (n, height, width, channels)
    return {"x": Tensor(shape), "groups": groups, "axis": axis}


def _maxout_options(arguments: Arguments) -> dict[str, Any]:
    return {"groups": arguments["groups"], "axis": arguments["axis"]}


def _glu(tape: Tape, layout: str) -> dict[str, Any]:
    shape = list(any_shape(tape)) or [1]
    axis = tape.integer(0, len(shape) - 1)
    shape[axis] *= 2
    return {"x": Tensor(tuple(shape)), "axis": axis - len(shape) if tape.flag() else axis}


def _swiglu(tape: Tape, layout: str) -> dict[str, Any]:
    shape = any_shape(tape)
    if shape and tape.flag():
        return {"x": Tensor((*shape[:-1], 2 * shape[-1])), "y": None}
    return {"x": Tensor(shape), "y": Tensor(shape)}


def _along_axis(tape: Tape, layout: str) -> dict[str, Any]:
    """Along any axis of any shape; every fourth time along the channels of images, which Softmax2D needs."""
    if tape.integer(0, 3) == 3:
        shape = channels(tape, tape.one_of("NCHW", "CHW"))
        axis = len(shape) - 3
    else:
        shape = any_shape(tape)
        axis = tape.integer(0, max(len(shape) - 1, 0))
    return {"x": Tensor(shape), "axis": axis - (len(shape) or 1) if tape.flag() else axis}


def _axis(arguments: Arguments) -> dict[str, Any]:
    return {"axis": arguments["axis"]}


def _channels_only(arguments: Arguments) -> dict[str, Any] | None:
    """Softmax2D has no options: it goes along the channels of images, alone or in a batch."""
    ndim = arguments["x"].ndim
    return {} if ndim in (3, 4) and arguments["axis"] % ndim == ndim - 3 else None


def _off_axis(arguments: Arguments) -> list[changes.Change]:
    x = arguments["x"]
    return [*changes.axes_out_of(x.ndim), *changes.truths("x", x)]


def _bad_softmax(arguments: Arguments) -> list[changes.Change]:
    return [*_off_axis(arguments), *changes.dtypes()]


def _bad_glu(arguments: Arguments) -> list[changes.Change]:
    x, axis = arguments["x"], arguments["axis"]
    odd = np.zeros([n + (i == axis % x.ndim) for i, n in enumerate(x.shape)], x.dtype)
    return [*_off_axis(arguments), {"x": odd}]


def _bad_swiglu(arguments: Arguments) -> list[changes.Change]:
    x, y = arguments["x"], arguments["y"]
    odd = {"x": np.zeros((*x.shape[:-1], 2 * x.shape[-1] + 1 if x.ndim else 1), x.dtype), "y": None}
    if not x.size:  # then Paddle gives an empty result, whatever y is
        return [odd]
    other = [] if y is None else [{"y": np.zeros((*x.shape[:-1], x.shape[-1] + 2 if x.ndim else 2), x.dtype)}]
    return [*changes.truths("x", x), odd, *other]


def _bad_prelu(arguments: Arguments) -> list[changes.Change]:
    return [*changes.rows("weight", arguments["weight"]), *changes.truths("x", arguments["x"]), *changes.layouts()]


def _bad_maxout(arguments: Arguments) -> list[changes.Change]:
    x, channels = arguments["x"], arguments["x"].shape[arguments["axis"]]
    return [
        *changes.each("groups", 0, -1, channels + 1, "2", 1.5, None),
        *changes.axes_out_of(4),
        *changes.each("axis", 0, 2, -2),
        *changes.ranks("x", x),
        *changes.truths("x", x),
    ]


_SOFTMAX_2D = Layer({"any": "Softmax2D"}, _channels_only, implied=lambda options: {"axis": -3})
_ALPHAS = (1.0, 0.1, 0.7, 2.0)
_SLOPES = (0.01, 0.1, 0.7, 0.0, 1.0, 2.0, -0.3)
_THRESHOLDS = (0.5, 0.1, 0.7, 0.0, 2.0)

_SOFTMAX = by(
    "softmax(x) = e^f(x)", "softmax", lambda a, n: {"x": a["x"], "axis": a["axis"]}, lambda own, last: own.out.exp()
)
_TWICE_ELU = by(
    "selu(x, 2, alpha) = 2 f(x)",
    "selu",
    lambda a, n: {"x": a["x"], "scale": 2.0, "alpha": a["alpha"]},
    lambda own, last: own.out * 2.0,
)
_GATED = by(
    "swiglu(x, y) = f(x) y",
    "swiglu",
    lambda a, n: {"x": a["x"], "y": np.flip(tamed(a["x"])).copy()},
    lambda own, last: own.out * last.arguments["y"],
)
_LEAKY = same_as("leaky_relu(x, weight) = f(x)", "leaky_relu", lambda a: {"negative_slope": float(a["weight"][0])})

OPERATORS = (
    _pointwise("relu", "ReLU", laws=(REFLECTED, DOUBLED, AGAIN, RISING), in_place=InPlace("relu_")),
    _pointwise(
        "sigmoid",
        "Sigmoid",
        laws=(
            RISING,
            by("tanh(x) = 2 f(2x) - 1", "tanh", lambda a, n: {"x": a["x"] / 2}, lambda own, last: own.out * 2.0 - 1.0),
        ),
    ),
    _pointwise(
        "relu6",
        "ReLU6",
        (0.0, 6.0),
        laws=(AGAIN, RISING, same_as("hardtanh(x, 0, 6) = f(x)", "hardtanh", lambda a: {"min": 0.0, "max": 6.0})),
    ),
    _pointwise(
        "leaky_relu",
        "LeakyReLU",
        negative_slope=_SLOPES,
        in_place=InPlace("leaky_relu_"),
        laws=(DOUBLED, only(lambda a: a["negative_slope"] >= 0, RISING)),
    ),
    _pointwise(
        "thresholded_relu",
        "ThresholdedReLU",
        lambda arguments: (arguments["threshold"],),
        in_place=InPlace("thresholded_relu_"),
        laws=(AGAIN, only(lambda a: a["value"] <= a["threshold"], RISING)),
        threshold=(1.0, 0.1, 0.7, 0.0, -0.3),
        value=(0.0, 0.7, -0.1, 5.0),
    ),
    _pointwise("hardshrink", "Hardshrink", _thresholds, threshold=_THRESHOLDS, laws=(ODD, AGAIN, RISING)),
    _pointwise(
        "softshrink",
        "Softshrink",
        _thresholds,
        wrong=changes.each("threshold", -0.5, math.nan),
        threshold=_THRESHOLDS,
        laws=(ODD, RISING),
    ),
    _pointwise(
        "hardtanh",
        "Hardtanh",
        lambda arguments: (arguments["min"], arguments["max"]),
        in_place=InPlace("hardtanh_"),
        laws=(AGAIN, RISING, only(lambda a: a["min"] == -a["max"], ODD)),
        min=(-1.0, -0.1, -2.0, 0.1),
        max=(1.0, 0.7, 6.0),
        wrong=[{"min": 2.0, "max": 1.0}],
    ),
    Operator(
        name="hardsigmoid",
        family="activation",
        draw=_hardsigmoid,
        meaningless=lambda a: [*changes.truths("x", a["x"]), *changes.no_numbers("slope", "offset")],
        layer=Layer({"any": "Hardsigmoid"}, _default_only),
        points=lambda arguments: (-3.0, 3.0, 0.0),
        laws=(ELSEWHERE,),
    ),
    _pointwise("hardswish", "Hardswish", (-3.0, 3.0, 0.0, -1.5), laws=(REFLECTED,)),
    _pointwise("softsign", "Softsign", laws=(ODD, RISING)),
    _pointwise(
        "celu",
        "CELU",
        wrong=changes.each("alpha", 0.0),
        alpha=(*_ALPHAS, -0.3),
        laws=(
            only(lambda a: a["alpha"] > 0, RISING),
            only(lambda a: a["alpha"] == 1, same_as("elu(x) = f(x)", "elu", lambda a: {"alpha": 1.0})),
        ),
    ),
    _pointwise(
        "elu",
        "ELU",
        alpha=(*_ALPHAS, -0.3),
        in_place=InPlace("elu_"),
        laws=(only(lambda a: a["alpha"] > 0, RISING), only(lambda a: a["alpha"] >= 0, _TWICE_ELU)),
    ),
    _pointwise(
        "selu",
        "SELU",
        wrong=[*changes.each("scale", 1.0, 0.5, math.nan), *changes.each("alpha", -0.5, math.nan)],
        scale=(1.0507009873554805, 1.1, 2.0),
        alpha=(1.6732632423543772, 0.7, 1.0, 0.0),
        laws=(RISING,),
    ),
    _pointwise(
        "gelu",
        "GELU",
        (0.0, -0.75, -5.0, -14.0),
        wrong=changes.each("approximate", "erf", 2),
        approximate=(False, True),
        laws=(REFLECTED,),
    ),
    _pointwise(
        "silu",
        "Silu",
        (0.0, -1.278, -88.0),
        in_place=InPlace("silu", {"inplace": True}),
        laws=(REFLECTED, _GATED, same_as("swish(x) = f(x)", "swish", lambda a: {})),
    ),
    _pointwise("swish", "Swish", (0.0, -1.278, -88.0), laws=(REFLECTED,)),
    _pointwise("mish", "Mish", (0.0, -1.192, -20.0, 20.0)),
    _pointwise(
        "softplus",
        "Softplus",
        lambda arguments: (arguments["threshold"] / arguments["beta"], 0.0),
        beta=(1, 0.1, 0.7, 3.0),
        threshold=(20, 15.3, 0.7),
    ),
    _pointwise("log_sigmoid", "LogSigmoid", laws=(RISING, REFLECTED)),
    _pointwise("tanh", "Tanh", laws=(ODD, RISING), in_place=InPlace("tanh_")),
    _pointwise(
        "stanh",
        "",
        module="paddle",
        scale_a=(0.67, 0.1, 1.0, -2.0),
        scale_b=(1.7159, 0.7, 1.0, -2.0),
        laws=(ODD, only(lambda a: a["scale_a"] * a["scale_b"] > 0, RISING)),
    ),
    _pointwise("tanhshrink", "Tanhshrink", (0.0, 1.0), laws=(ODD, RISING)),
    Operator(
        name="softmax",
        meaningless=_bad_softmax,
        family="activation",
        draw=_along_axis,
        layer=Layer({"any": "Softmax"}, _axis, also=(_SOFTMAX_2D,)),
        in_place=InPlace("softmax_"),
        laws=(AXES_REVERSED, SHIFTED, SUM, PERMUTED),
    ),
    Operator(
        name="log_softmax",
        family="activation",
        draw=_along_axis,
        layer=Layer({"any": "LogSoftmax"}, _axis),
        laws=(AXES_REVERSED, SHIFTED, PERMUTED, _SOFTMAX),
        meaningless=_bad_softmax,
    ),
    Operator(
        name="glu",
        family="activation",
        draw=_glu,
        layer=Layer({"any": "GLU"}, _axis),
        meaningless=_bad_glu,
        laws=(AXES_REVERSED,),
    ),
    Operator(
        name="swiglu",
        family="activation",
        draw=_swiglu,
        differentiable=("x", "y"),
        meaningless=_bad_swiglu,
        laws=(moves.BATCH,),
    ),
    Operator(
        name="prelu",
        family="activation",
        draw=_prelu,
        layouts=("NC", "NCL", "NLC", "NCHW", "NHWC", "NCDHW", "NDHWC"),
        differentiable=("x", "weight"),
        slower=4,  # seven layouts share what others try
        meaningless=_bad_prelu,
        layer=Layer({"any": "PReLU"}, _prelu_options, {"_weight": "weight"}),
        laws=(moves.PERMUTED, moves.LAYOUT, moves.HIGHER, DOUBLED, only(lambda a: a["weight"].size == 1, _LEAKY)),
    ),
    Operator(
        name="maxout",
        family="activation",
        draw=_maxout,
        meaningless=_bad_maxout,
        layer=Layer({"any": "Maxout"}, _maxout_options),
        laws=(moves.BATCH, DOUBLED, RISING),
    ),
)
