"""Batch normalisation on trial, functional and as BatchNorm1D, BatchNorm2D, BatchNorm3D and SyncBatchNorm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.declaration import Arguments, Layer, Operator, Tensor
from conformance.draw import changes
from conformance.draw.tape import Tape
from conformance.ops import moves

_LAYERS = {
    "NC": "BatchNorm1D",
    "NCL": "BatchNorm1D",
    "NLC": "BatchNorm1D",
    "NCHW": "BatchNorm2D",
    "NHWC": "BatchNorm2D",
    "NCDHW": "BatchNorm3D",
    "NDHWC": "BatchNorm3D",
}
_STATE = {"weight": "weight", "bias": "bias", "_mean": "running_mean", "_variance": "running_var"}


def _draw(tape: Tape, layout: str) -> dict[str, Any]:
    channels, batch = tape.integer(1, 4), tape.integer(1, 6)
    inner = tape.integers(len(layout) - 2, 1, 4)
    shape = (batch, *inner, channels) if layout[-1] == "C" and inner else (batch, channels, *inner)
    affine = tape.one_of((False, False), (True, True), (True, False), (False, True))
    training = tape.flag()
    return {
        "x": Tensor(shape),
        "running_mean": Tensor((channels,), "ordinary"),
        "running_var": Tensor((channels,), "ordinary", positive=True),
        "weight": Tensor((channels,), "ordinary") if affine[0] else None,
        "bias": Tensor((channels,), "ordinary") if affine[1] else None,
        "training": training,
        "momentum": tape.one_of(0.9, 0.5, 0.1, 0.0, 1.0, 0.99),
        "epsilon": tape.one_of(1e-5, 1e-3, 1e-4, 1e-6),
        "data_format": layout,
        "use_global_stats": tape.one_of(None, None, False, True),
    }


def _facts(arguments: Arguments) -> dict[str, Any]:
    """`count` is the number of values per channel; `evaluating` says that the call is not in training."""
    x, channels = arguments["x"], len(arguments["running_mean"])
    return {"count": x.size // channels, "evaluating": not arguments["training"]}


def _meaningless(arguments: Arguments) -> list[changes.Change]:
    x, rows = arguments["x"], [name for name in _STATE.values() if arguments[name] is not None]
    return [
        *[change for name in rows for change in changes.rows(name, arguments[name])],
        *changes.no_numbers("epsilon", "momentum"),
        *changes.each("running_mean", None),
        *changes.each("running_var", None),
        {"x": x.ravel()},
        {"x": x.reshape((1,) * (6 - x.ndim) + x.shape)},
        *changes.truths("x", x),
        *changes.layouts(),
    ]


def _options(arguments: Arguments) -> dict[str, Any]:
    layout = arguments["data_format"]
    return {
        "num_features": len(arguments["running_mean"]),
        "momentum": arguments["momentum"],
        "epsilon": arguments["epsilon"],
        "weight_attr": None if arguments["weight"] is not None else False,
        "bias_attr": None if arguments["bias"] is not None else False,
        "data_format": "NCL" if layout == "NC" else layout,
        "use_global_stats": arguments["use_global_stats"],
    }


def _legacy(arguments: Arguments) -> dict[str, Any] | None:
    """nn.BatchNorm, of images only; what use_global_stats=False asks for in evaluation has a name of its own there."""
    if arguments["data_format"] not in _IMAGES:
        return None
    return {
        "num_channels": len(arguments["running_mean"]),
        "momentum": arguments["momentum"],
        "epsilon": arguments["epsilon"],
        "param_attr": None if arguments["weight"] is not None else False,
        "bias_attr": None if arguments["bias"] is not None else False,
        "data_layout": arguments["data_format"],
        "use_global_stats": arguments["use_global_stats"] is True,
        "trainable_statistics": arguments["use_global_stats"] is False,
    }


def _meant(options: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the options of nn.BatchNorm stand for."""
    own = False if options["trainable_statistics"] else None
    return {
        "data_format": options["data_layout"],
        "use_global_stats": True if options["use_global_stats"] else own,
    }


def _draw_synchronised(tape: Tape, layout: str) -> dict[str, Any]:
    """Always with weight and bias, which SyncBatchNorm keeps (as constants) where it should have none."""
    drawn = _draw(tape, layout)
    parameters = {name: Tensor(drawn["running_mean"].shape, "ordinary") for name in ("weight", "bias")}
    return {**drawn, **parameters, "use_global_stats": None}


def _synchronised(arguments: Arguments) -> dict[str, Any]:
    options = _options(arguments)
    return {name: value for name, value in options.items() if name != "use_global_stats"}


_IMAGES = ("NCHW", "NHWC")
_LEGACY = Layer(dict.fromkeys(_IMAGES, "BatchNorm"), _legacy, _STATE, implied=_meant)

OPERATORS = (
    Operator(
        name="batch_norm",
        family="normalization",
        draw=_draw,
        layouts=tuple(_LAYERS),
        differentiable=("x", "weight", "bias"),
        updates=("running_mean", "running_var"),
        layer=Layer(_LAYERS, _options, _STATE, also=(_LEGACY,)),
        facts=_facts,
        laws=(moves.PERMUTED, moves.LAYOUT, moves.HIGHER, moves.SHIFTED, moves.SCALED, moves.WEIGHED),
        meaningless=_meaningless,
        slower=4,  # seven layouts share what others try
    ),
    Operator(
        name="sync_batch_norm",
        function="batch_norm",
        family="normalization",
        draw=_draw_synchronised,
        layouts=_IMAGES,
        differentiable=("x", "weight", "bias"),
        updates=("running_mean", "running_var"),
        layer=Layer(dict.fromkeys(_IMAGES, "SyncBatchNorm"), _synchronised, _STATE),
        facts=_facts,
        dtypes=(),  # the CPU has no kernel
        narrow=("float32", "float64"),
    ),
)
