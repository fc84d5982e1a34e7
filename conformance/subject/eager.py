"""Paddle in eager mode: the functional form, or the layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, LayerForm, Step
from conformance.subject.arrays import array, tensor
from conformance.subject.device import Subject, function, refusal
from conformance.subject.stream import follow

Array = NDArray[Any]


class Eager(Subject):
    """Runs calls as a user's script would, on one device."""

    def forward(self, call: Call) -> Answer:
        """The outputs ("out", or by position "0", "1", ...) and the new values of the updated arguments."""
        return _attempt(lambda: _outputs(call, *_run(call)))

    def gradient(self, call: Call, cotangent: Array) -> Answer:
        """The gradient of sum(out * cotangent) with respect to each differentiable array, by name."""
        return _attempt(lambda: _gradients(call, cotangent))

    def steps(self, call: Call, inputs: Sequence[Array], training: Sequence[bool]) -> list[Answer]:
        """A layer applied to each input in turn, in training or evaluation; outputs and state after each step."""
        assert call.layer is not None
        made = layer(call.layer, call.arguments)
        return [_attempt(lambda x=x, t=t: _step(made, x, t)) for x, t in zip(inputs, training, strict=True)]

    def script(self, steps: Sequence[Step]) -> list[Answer]:
        """Take the steps in their order; an answer for each."""
        return follow(steps, _execute)


def _attempt(work: Any) -> Answer:
    try:
        return Answer(work())
    except Exception as error:
        return refusal(error)


def tensors(call: Call) -> dict[str, Any]:
    """The arguments of a call, every array as a tensor."""
    return {
        name: tensor(v, stop_gradient=name not in call.differentiable) if isinstance(v, np.ndarray) else v
        for name, v in call.arguments.items()
    }


def _run(call: Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The outputs, and the tensors that went in (or the layer's parameters in their place)."""
    if call.seed is not None:
        paddle.seed(call.seed)
    given = tensors(call)
    if call.layer is None:
        result = function(call.api)(**given)
    else:
        made = layer(call.layer, call.arguments)
        result = made(given["x"])
        own = dict(made.named_parameters()) | dict(made.named_buffers())
        given |= {argument: own[key] for key, argument in call.layer.state.items()}
    return tuple_of(result), given


def tuple_of(result: Any) -> tuple[Any, ...]:
    """The outputs of a function, however many there are."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def layer(form: LayerForm, arguments: Mapping[str, Any]) -> Any:
    """The layer of a call, with its state, in training or evaluation."""
    made = getattr(paddle.nn, form.name)(**form.options)
    if form.state:
        state = {key: arguments[argument] for key, argument in form.state.items()}
        for value in state.values():
            made.to(dtype=str(value.dtype))
        made.set_state_dict({key: tensor(value) for key, value in state.items()})
    if not arguments.get("training", True):
        made.eval()
    return made


def _outputs(call: Call, results: tuple[Any, ...], given: Mapping[str, Any]) -> dict[str, Array]:
    named = {str(i): array(r) for i, r in enumerate(results)}
    return named | {name: array(given[name]) for name in call.updates}


def gradients(call: Call, result: Any, given: Mapping[str, Any], cotangent: Array) -> dict[str, Array]:
    """The gradient of sum(result * cotangent) with respect to each differentiable array that has one, by name."""
    if list(result.shape) != list(cotangent.shape):  # Paddle would read past the end of the cotangent
        raise ValueError(f"the output has shape {result.shape}, the cotangent {list(cotangent.shape)}")
    names = call.wanted_gradients
    weights = [tensor(cotangent)]
    found = paddle.grad([result], [given[n] for n in names], weights, allow_unused=True)
    return {n: array(g) for n, g in zip(names, found, strict=True) if g is not None}


def _gradients(call: Call, cotangent: Array) -> dict[str, Array]:
    results, given = _run(call)
    return gradients(call, results[0], given, cotangent)


def _execute(call: Call, cotangent: Array | None) -> dict[str, Array]:
    """The outputs and, with a cotangent, the gradients of one and the same call."""
    results, given = _run(call)
    outputs = _outputs(call, results, given)
    if cotangent is None:
        return outputs
    found = gradients(call, results[0], given, cotangent)
    return outputs | {f"gradient of {name}": value for name, value in found.items()}


def _step(layer: Any, x: Array, training: bool) -> dict[str, Array]:
    layer.train() if training else layer.eval()
    out = layer(tensor(x))
    return {"0": array(out)} | {key: array(value) for key, value in layer.state_dict().items()}
