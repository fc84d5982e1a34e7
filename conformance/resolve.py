"""What a line calls: the operator on trial, its arguments by name, and the layout under which it is judged."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from conformance import subject
from conformance.declaration import Layer, Operator
from conformance.errors import UserError
from conformance.isolation import isolated
from conformance.line import Applied, Line, TensorSpec
from conformance.ops import OPERATORS

SECONDS = 60.0
"""How long the making of a layer may take."""

_FUNCTIONS = ("paddle.nn.functional", "nn.functional", "F")
_LAYERS = ("paddle.nn", "nn")


@dataclass(frozen=True)
class Resolved:
    """A call with its arguments by name, a `TensorSpec` in the place of every array."""

    api: str  # as it was written
    operator: Operator
    layout: str
    arguments: Mapping[str, Any]
    layer: Layer | None = None
    in_place: bool = False  # whether the result is written over x

    @property
    def x(self) -> TensorSpec:
        """The first argument, whose dtype is the dtype under test."""
        return _x(self.operator, self.arguments)


def resolve(line: Line, device: str) -> Resolved:
    """What a line calls. A layer that keeps something is made on the device, to see what.

    Raises:
        UserError: nothing on trial has this name, or the arguments do not fit its signature.
    """
    return _function(line) if line.applied is None else _layer(line, line.applied, device)


def _function(line: Line) -> Resolved:
    operator, name = _operator(line.api)
    variant = operator.in_place
    options = variant.options if variant else {}
    kwargs = {n: value for n, value in line.kwargs.items() if n not in options}
    in_place = variant is not None and name == variant.name and {**line.kwargs, **options} == dict(line.kwargs)
    arguments = _bind(line.api, operator.signature, line.args, kwargs)
    return Resolved(line.api, operator, _layout(operator, arguments), arguments, in_place=in_place)


def _operator(api: str) -> tuple[Operator, str]:
    """The operator that the name of a function means, itself or its variant in place, and the name alone."""
    module, _, name = api.rpartition(".")
    operator = OPERATORS.get(name) or _variants().get(name)
    if operator and not operator.function and _is_function(module, name, operator):
        return operator, name
    if module in _LAYERS and name in _classes():
        raise UserError(f'{api} is a layer; apply it to a tensor: {api}(...)(Tensor([2, 3],"float32"))')
    raise UserError(f"{api} is no function on trial; there are: {', '.join(OPERATORS)}")


def _is_module(written: str, module: str) -> bool:
    """Whether a module is written in full, or as people import it."""
    return written == module or (module == _FUNCTIONS[0] and written in _FUNCTIONS)


def _is_function(module: str, name: str, operator: Operator) -> bool:
    """Whether this name in this module is the operator's, or another for the same."""
    return _is_module(module, operator.module) or _is_alias(f"{module}.{name}", f"{operator.module}.{name}")


@lru_cache
def _variants() -> dict[str, Operator]:
    """The operators by the names of their variants in place."""
    return {operator.in_place.name: operator for operator in OPERATORS.values() if operator.in_place}


def _is_alias(api: str, name: str) -> bool:
    """Whether Paddle has the same function under this name, as paddle.tanh is paddle.nn.functional.tanh."""
    subject.load()
    from conformance.subject import surface

    return api.startswith("paddle.") and surface.same(api, name)


def _bind(api: str, signature: inspect.Signature, args: Iterable[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name, the defaults filled in; what is given as `name`, which only labels, does not count."""
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    signature = signature.replace(parameters=parameters)
    try:
        bound = signature.bind(*args, **{name: value for name, value in kwargs.items() if name != "name"})
    except TypeError as error:
        raise UserError(f"{api}: {error}; its arguments are {signature}") from None
    bound.apply_defaults()
    return bound.arguments


def _x(operator: Operator, arguments: Mapping[str, Any]) -> TensorSpec:
    name = next(iter(operator.signature.parameters))
    if not isinstance(x := arguments[name], TensorSpec):
        raise UserError(f'{name} is {x!r}; allowed: a Tensor, such as Tensor([2, 3],"float32")')
    return x


def _layout(operator: Operator, arguments: Mapping[str, Any]) -> str:
    """The layout that `data_format` names, or the one that means the same for an x of this rank (NC for NCHW)."""
    if "any" in operator.layouts:
        return "any"
    wanted, rank = arguments.get("data_format"), len(_x(operator, arguments).shape)
    alike = [layout for layout in operator.layouts if _means(layout, wanted, rank)]
    for layout in (*alike, *(layout for layout in operator.layouts if layout == wanted)):
        return layout
    there = ", ".join(operator.layouts)
    raise UserError(f"data_format is {wanted!r}, for an x of rank {rank}; {operator.name} is on trial with: {there}")


def _means(layout: str, wanted: Any, rank: int) -> bool:
    """Whether a layout fits an x of this rank and has the channels where `data_format`, if there is one, has them."""
    return len(layout) == rank and (wanted is None or (layout[1] == "C") == (str(wanted)[1:2] == "C"))


def _layer(line: Line, applied: Applied, device: str) -> Resolved:
    """A line that makes a layer and applies it: it must be the layer that the declaration makes of these arguments."""
    subject.load()
    from conformance.subject import surface

    name = _class(line.api)
    operator, layer = _declared(line.api, name)
    constructor = surface.constructor(name)
    if constructor is None:
        raise UserError(f"the installed Paddle has no {line.api}")
    options = _bind(line.api, constructor, line.args, line.kwargs)
    arguments = _arguments(operator, layer, options, applied)
    if layer.state:
        arguments |= _state(line.api, layer.state, options, device, _x(operator, arguments).dtype)
    made: dict[str, Any] = {}
    own = [layout for layout in operator.layouts if layer.names.get(layout, layer.names.get("any")) == name]
    for layout, placed in _placed(operator, own, arguments, {**layer.implied(options), **options}.get("data_format")):
        if form := layer.form(layout, _filled(placed)):
            made = _bind(line.api, constructor, (), form.options)
            if made == options:
                return Resolved(line.api, operator, layout, placed, layer)
    if other := [f"{n}={value!r}" for n, value in options.items() if made and value != made[n]]:
        raise UserError(f"{line.api} is not on trial with {', '.join(other)}")
    rank = len(_x(operator, arguments).shape)
    raise UserError(f"{line.api} is on trial with {', '.join(own)}, not so on a Tensor of rank {rank}")


def _placed(
    operator: Operator, layouts: Iterable[str], arguments: Mapping[str, Any], wanted: Any
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The layouts that fit, with the arguments in the words of the layout, then in those of the line."""
    rank = len(_x(operator, arguments).shape)
    for layout in layouts:
        if layout == "any" or _means(layout, wanted, rank):
            if wanted is not None:
                yield layout, {**arguments, "data_format": layout}
            yield layout, arguments


def _class(api: str) -> str:
    """The class that a line names, without its module."""
    module, _, name = api.rpartition(".")
    return name if module in _LAYERS else ""


def _declared(api: str, name: str) -> tuple[Operator, Layer]:
    if name not in _classes():
        raise UserError(f"{api} is no layer on trial; there are: {', '.join(sorted(_classes()))}")
    return _classes()[name]


@lru_cache
def _classes() -> dict[str, tuple[Operator, Layer]]:
    """The layers on trial by the names of their classes."""
    declared = [(operator, layer) for operator in OPERATORS.values() if operator.layer for layer in operator.layer.all]
    return {name: (operator, layer) for operator, layer in declared for name in layer.names.values()}


def _arguments(operator: Operator, layer: Layer, options: Mapping[str, Any], applied: Applied) -> dict[str, Any]:
    """The function's arguments: what the layer is applied to, the options of the same name, and defaults."""
    parameters, kept = operator.signature.parameters, (layer.state or {}).values()
    inputs = [n for n, p in parameters.items() if p.default is p.empty and n not in options and n not in kept]
    named = {inputs[0] if n == "input" else n: value for n, value in applied.kwargs.items()}
    values = dict(zip(inputs, applied.args, strict=False)) | named
    if len(applied.args) + len(applied.kwargs) != len(inputs) or set(values) != set(inputs):
        count = f"{len(applied.args) + len(applied.kwargs)} arguments"
        raise UserError(f"this layer is applied to {', '.join(inputs)}, a Tensor each, not to {count}")
    known = {n: options.get(n, p.default if p.default is not p.empty else None) for n, p in parameters.items()}
    known |= layer.implied(options)
    return known | values | ({"training": applied.training} if "training" in parameters else {})


def _state(
    api: str, state: Mapping[str, str], options: Mapping[str, Any], device: str, dtype: str
) -> dict[str, TensorSpec | None]:
    """What a layer keeps, as arguments. It is made in a child to see the shapes: Paddle may die of the options."""
    from conformance.subject import surface

    def make() -> dict[str, tuple[int, ...]]:
        subject.create("eager", device)
        return surface.state(_class(api), options)

    outcome = isolated(make, SECONDS)
    if outcome.died or outcome.traceback:
        why = outcome.died or outcome.traceback.strip().splitlines()[-1]
        raise UserError(f"{api} cannot be made with these options: {why}")
    shapes = outcome.result
    return {argument: TensorSpec(shapes[key], dtype) if key in shapes else None for key, argument in state.items()}


def _filled(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with arrays of zeros, which take no memory, in the place of tensors."""
    return {n: np.broadcast_to(0, v.shape) if isinstance(v, TensorSpec) else v for n, v in arguments.items()}
