"""No argument of the installed Paddle's functions and layers is left at one value, or it is said why."""

from __future__ import annotations

import inspect
from fnmatch import fnmatchcase
from functools import cache

import numpy as np
import pytest

from conformance import case as cases
from conformance.cell import Cell
from conformance.draw.tape import SIZE, Tape
from conformance.ops import OPERATORS

paddle = pytest.importorskip("paddle")
from conformance.subject.device import function  # noqa: E402  (needs paddle)

TAPES = 1500
LABELS = {"name", "self", "args", "kwargs"}
WIDELY = {"out", "weight_attr", "bias_attr"}  # where a result or a parameter is kept, and how it is first made
LEFT = {
    "max_unpool?d data_format": "one layout only",
    "*softmax dtype": "aliases holds it to an x that was cast before",
    "dropout1d inplace": "ignored, as a warning says",
    "BatchNorm act": "another operator, applied to the result",
    "BatchNorm in_place": "without effect but in static programs of old",
    "BatchNorm moving_*_name": "labels",
    "BatchNorm do_model_average_*": "of optimisers",
    "BatchNorm dtype": "of the parameters, which get the dtype under test otherwise",
    "BatchNorm is_test": "of static programs of old; eval() says it",
    "Dropout inplace": "handed to the function, which is tried in place",
    "Silu inplace": "handed to the function, which is tried in place",
    "MaxUnPool?D data_format": "one layout only",
    "PReLU init": "the weight before it is set to that of the call",
}
"""Arguments that are left at one value, and why."""

FUNCTIONS = [name for name, operator in OPERATORS.items() if function(operator.api) and not operator.function]
LAYERS = sorted(
    {
        (name, key)
        for key, operator in OPERATORS.items()
        if operator.layer
        for one in operator.layer.all
        for name in one.names.values()
    }
)


@cache
def tried(name: str) -> tuple[dict[str, set[str]], dict[str, dict[str, set[str]]]]:
    """The values that each argument takes in calls of the function, and each option in the making of its layers."""
    functions: dict[str, set[str]] = {}
    layers: dict[str, dict[str, set[str]]] = {}
    operator, rng = OPERATORS[name], np.random.default_rng(3)
    for layout in operator.layouts:
        cell = Cell(name, "forward", "float32", "eager", layout, "cpu")
        for _ in range(TAPES // len(operator.layouts)):
            call = cases.draw(cell, operator, Tape.cut(rng.bytes(SIZE))).call
            places = [functions] if call.layer is None else [functions, layers.setdefault(call.layer.name, {})]
            for place, values in zip(places, (call.arguments, call.layer.options if call.layer else {}), strict=False):
                for argument, value in values.items():
                    place.setdefault(argument, set()).add("an array" if isinstance(value, np.ndarray) else repr(value))
    if operator.in_place:
        for option, value in operator.in_place.options.items():
            functions.setdefault(option, set()).update(("its default", repr(value)))
    return functions, layers


def fits(reason: str, name: str, argument: str) -> bool:
    """Whether an entry of LEFT is about this argument."""
    return fnmatchcase(f"{name} {argument}", reason)


def left(name: str, argument: str) -> bool:
    """Whether there is a reason not to try an argument."""
    return any(fits(reason, name, argument) for reason in LEFT)


def untried(signature: inspect.Signature, values: dict[str, set[str]]) -> set[str]:
    """The parameters that have one value only, or are not given at all."""
    needed = {p.name for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD} - LABELS - WIDELY
    return {name for name in needed if len(values.get(name, ())) < 2 and values.get(name) != {"an array"}}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_of_a_function_is_tried(name: str) -> None:
    found = untried(inspect.signature(function(OPERATORS[name].api)), tried(name)[0])
    assert {argument for argument in found if not left(name, argument)} == set()


@pytest.mark.parametrize(("layer", "name"), LAYERS)
def test_every_option_of_a_layer_is_tried(layer: str, name: str) -> None:
    if not hasattr(paddle.nn, layer):
        pytest.skip(f"Paddle {paddle.__version__} has no {layer}")
    found = untried(inspect.signature(getattr(paddle.nn, layer)), tried(name)[1].get(layer, {}))
    assert {argument for argument in found if not left(layer, argument)} == set()


def test_what_is_left_is_there() -> None:
    """A reason that stands for nothing would hide the next argument of that name."""
    installed = paddle.__version__.startswith("3.3")
    found = [(name, untried(inspect.signature(function(OPERATORS[name].api)), tried(name)[0])) for name in FUNCTIONS]
    found += [
        (layer, untried(inspect.signature(getattr(paddle.nn, layer)), tried(name)[1].get(layer, {})))
        for layer, name in LAYERS
        if hasattr(paddle.nn, layer)
    ]
    used = {
        reason for name, arguments in found for argument in arguments for reason in LEFT if fits(reason, name, argument)
    }
    assert not installed or used == LEFT.keys()
