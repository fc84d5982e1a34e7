"""Paddle in eager mode: the functional form, or the layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, LayerForm
from conformance.subject import Unavailable

Array = NDArray[Any]


class Eager:
    """Runs calls as a user's script would, on one device."""

    def __init__(self, device: str) -> None:
        try:
            paddle.set_device(device)
        except Exception as error:
            known = ", ".join(
                ["cpu", *paddle.device.get_available_device(), *paddle.device.get_available_custom_device()]
            )
            raise Unavailable(f"the device is {device!r}; this Paddle has: {known} ({_first_line(error)})") from None

    def has(self, api: str, layer: str | None) -> bool:
        """Whether the installed Paddle has this function, and this layer."""
        return _named(api) is not None and (layer is None or hasattr(paddle.nn, layer))

    def forward(self, call: Call) -> Answer:
        """The outputs ("out", or by position "0", "1", ...) and the new values of the updated arguments."""
        return _attempt(lambda: _outputs(call, *_run(call)))

    def gradient(self, call: Call, cotangent: Array) -> Answer:
        """The gradient of sum(out * cotangent) with respect to each differentiable array, by name."""
        return _attempt(lambda: _gradients(call, cotangent))

    def steps(self, call: Call, inputs: Sequence[Array], training: Sequence[bool]) -> list[Answer]:
        """A layer applied to each input in turn, in training or evaluation; outputs and state after each step."""
        assert call.layer is not None
        layer = _layer(call.layer, call.arguments)
        return [_attempt(lambda x=x, t=t: _step(layer, x, t)) for x, t in zip(inputs, training, strict=True)]


def _named(api: str) -> Any:
    """The function of a dotted name, or None."""
    found: Any = paddle
    for part in api.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__


def _attempt(work: Any) -> Answer:
    try:
        return Answer(work())
    except Exception as error:
        return Answer({}, error)


def _tensors(call: Call) -> dict[str, Any]:
    return {
        name: paddle.to_tensor(v, stop_gradient=name not in call.differentiable) if isinstance(v, np.ndarray) else v
        for name, v in call.arguments.items()
    }


def _run(call: Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The outputs, and the tensors that went in (or the layer's parameters in their place)."""
    if call.seed is not None:
        paddle.seed(call.seed)
    tensors = _tensors(call)
    if call.layer is None:
        result = _named(call.api)(**tensors)
    else:
        layer = _layer(call.layer, call.arguments)
        result = layer(tensors["x"])
        own = dict(layer.named_parameters()) | dict(layer.named_buffers())
        tensors |= {argument: own[key] for key, argument in call.layer.state.items()}
    return (tuple(result) if isinstance(result, (tuple, list)) else (result,)), tensors


def _layer(form: LayerForm, arguments: Mapping[str, Any]) -> Any:
    layer = getattr(paddle.nn, form.name)(**form.options)
    if form.state:
        state = {key: arguments[argument] for key, argument in form.state.items()}
        for value in state.values():
            layer.to(dtype=str(value.dtype))
        layer.set_state_dict(state)
    if not arguments.get("training", True):
        layer.eval()
    return layer


def _outputs(call: Call, results: tuple[Any, ...], tensors: Mapping[str, Any]) -> dict[str, Array]:
    named = {str(i): r.numpy() for i, r in enumerate(results)}
    return named | {name: tensors[name].numpy() for name in call.updates}


def _gradients(call: Call, cotangent: Array) -> dict[str, Array]:
    results, tensors = _run(call)
    if list(results[0].shape) != list(cotangent.shape):  # Paddle would read past the end of the cotangent
        raise ValueError(f"the output has shape {results[0].shape}, the cotangent {list(cotangent.shape)}")
    names = call.wanted_gradients
    weights = [paddle.to_tensor(cotangent)]
    gradients = paddle.grad(results[:1], [tensors[n] for n in names], weights, allow_unused=True)
    return {n: g.numpy() for n, g in zip(names, gradients, strict=True) if g is not None}


def _step(layer: Any, x: Array, training: bool) -> dict[str, Array]:
    layer.train() if training else layer.eval()
    out = layer(paddle.to_tensor(x))
    return {"0": out.numpy()} | {key: value.numpy() for key, value in layer.state_dict().items()}
