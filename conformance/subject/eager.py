"""Paddle in eager mode: the functional form, or the layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, LayerForm, Step
from conformance.subject.arrays import array, lying, tensor
from conformance.subject.device import Subject, function, refusal
from conformance.subject.recent import Recent
from conformance.subject.stream import follow

Array = NDArray[Any]


class Eager(Subject):
    """Runs calls as a user's script would, on one device; a layer that keeps nothing is used again, as users do."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self._layers: Recent[Any] = Recent(_layer, _options)

    def forward(self, call: Call) -> Answer:
        """The outputs ("out", or by position "0", "1", ...) and the new values of the updated arguments."""
        return attempt(lambda: outputs(call, *self.run(call)))

    def gradient(self, call: Call, cotangent: Array) -> Answer:
        """The gradient of sum(out * cotangent) with respect to each differentiable array, by name."""
        return attempt(lambda: _gradients(call, cotangent, *self.run(call)))

    def in_place(self, call: Call, cotangent: Array) -> Answer:
        """What is made of the copy of a tensor in its place: the result ("0"), whether it is the "same" object, the
        gradients of the tensor ("gradient of x"), and whether a tensor that needs its gradient is "refused".
        """
        return attempt(lambda: _in_place(call, cotangent))

    def placed(self, call: Call, cotangent: Array, place: str) -> Answer:
        """Outputs and gradients where the arrays lie in memory in another way, and what is in them afterwards."""
        return attempt(lambda: _placed(call, cotangent, place, self.run))

    def double(self, call: Call, cotangent: Array, along: Array) -> Answer:
        """The gradient of sum(along * gradient of x) by x ("by x") and by the cotangent ("by the cotangent")."""
        return _double(call, cotangent, along, self.run)

    def accumulated(self, call: Call, cotangents: tuple[Array, Array]) -> Answer:
        """The gradients in the tensors after a backward pass with the first cotangent, after another through the same
        graph with the second, and after one through a new graph with the second, when they have been cleared.
        """
        return attempt(lambda: _accumulated(call, cotangents))

    def steps(self, call: Call, inputs: Sequence[Array], training: Sequence[bool]) -> list[Answer]:
        """A layer applied to each input in turn, in training or evaluation; outputs and state after each step."""
        assert call.layer is not None
        made = self.ready(layer(call.layer, call.arguments))
        return [attempt(lambda x=x, t=t: _step(made, x, t)) for x, t in zip(inputs, training, strict=True)]

    def script(self, steps: Sequence[Step]) -> list[Answer]:
        """Take the steps in their order; an answer for each."""
        return follow(steps, self._execute)

    def run(self, call: Call, given: dict[str, Any] | None = None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The outputs, and the tensors that went in (or the layer's parameters in their place)."""
        given = tensors(call) if given is None else given
        if call.seed is not None:
            paddle.seed(call.seed)
        if call.layer is None:
            return tuple_of(function(call.api)(**given)), given
        made = _layer(call) if call.layer.state else self._layers.of(call)
        return tuple_of(made(*(given[name] for name in call.inputs))), given | parameters(made, call.layer)

    def ready(self, made: Any) -> Any:
        """A layer as it is applied in this mode."""
        return made

    def _execute(self, call: Call, cotangent: Array | None) -> dict[str, Array]:
        """The outputs and, with a cotangent, the gradients of one and the same call."""
        results, given = self.run(call)
        found = outputs(call, results, given)
        if cotangent is None:
            return found
        named = gradients(call, results[0], given, cotangent)
        return found | {f"gradient of {name}": value for name, value in named.items()}


def attempt(work: Any) -> Answer:
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


def tuple_of(result: Any) -> tuple[Any, ...]:
    """The outputs of a function, however many there are."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def layer(form: LayerForm, arguments: Mapping[str, Any]) -> Any:
    """The layer of a call, with its state, in training or evaluation."""
    made = getattr(paddle.nn, form.name)(**form.options)
    for argument in form.state.values():
        made.to(dtype=str(arguments[argument].dtype))
    set_state(made, form, arguments)
    if not arguments.get("training", True):
        made.eval()
    return made


def _layer(call: Call) -> Any:
    assert call.layer is not None
    return layer(call.layer, call.arguments)


def _options(call: Call) -> str:
    """All that a layer without state is made of."""
    assert call.layer is not None
    return f"{call.layer.name} {call.layer.options} {call.arguments.get('training')}"


def set_state(made: Any, form: LayerForm | None, arguments: Mapping[str, Any]) -> None:
    """Give a layer the state of a call."""
    if form is not None and form.state:
        made.set_state_dict({key: tensor(arguments[argument]) for key, argument in form.state.items()})


def parameters(made: Any, form: LayerForm) -> dict[str, Any]:
    """What a layer keeps, by argument of the call."""
    own = dict(made.named_parameters()) | dict(made.named_buffers())
    return {argument: own[key] for key, argument in form.state.items()}


def outputs(call: Call, results: tuple[Any, ...], given: Mapping[str, Any]) -> dict[str, Array]:
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


def _gradients(call: Call, cotangent: Array, results: tuple[Any, ...], given: Mapping[str, Any]) -> dict[str, Array]:
    return gradients(call, results[0], given, cotangent)


def _in_place(call: Call, cotangent: Array) -> dict[str, Array]:
    name, *_ = call.arrays
    given = tensors(call)
    copy = paddle.assign(given[name])
    if call.seed is not None:
        paddle.seed(call.seed)
    result = function(call.api)(**{**given, name: copy})
    found = gradients(call, result, given, cotangent)
    return {
        "0": array(result),
        "same": np.array(result is copy),
        "refused": np.array(attempt(lambda: function(call.api)(**tensors(call)) and {}).error is not None),
        **{f"gradient of {n}": value for n, value in found.items()},
    }


def _placed(call: Call, cotangent: Array, place: str, run: Callable[..., Any]) -> dict[str, Array]:
    given, others = tensors(call), "transposed" if place == "expanded" else place
    for number, (name, value) in enumerate(call.arrays.items()):
        if name not in call.updates:
            given[name] = lying(value, others if number else place)
            given[name].stop_gradient = name not in call.differentiable
    weights = lying(cotangent, others)
    results, used = run(call, given)
    if list(results[0].shape) != list(cotangent.shape):  # Paddle would read past the end of the cotangent
        raise ValueError(f"the output has shape {results[0].shape}, the cotangent {list(cotangent.shape)}")
    found = outputs(call, results, used)
    names = call.wanted_gradients
    slopes = paddle.grad([results[0]], [used[n] for n in names], [weights], allow_unused=True)
    found |= {f"gradient of {n}": array(g) for n, g in zip(names, slopes, strict=True) if g is not None}
    return found | {f"{n} afterwards": array(given[n]) for n in call.arrays} | {"cotangent afterwards": array(weights)}


def _double(call: Call, cotangent: Array, along: Array, run: Callable[..., Any]) -> Answer:
    weights = tensor(cotangent, stop_gradient=False)
    try:
        results, given = run(call)
        if list(results[0].shape) != list(cotangent.shape):  # Paddle would read past the end of the cotangent
            raise ValueError(f"the output has shape {results[0].shape}, the cotangent {list(cotangent.shape)}")
        x = given[call.wanted_gradients[0]]
    except Exception as error:
        return refusal(error)
    try:
        (slope,) = paddle.grad([results[0]], [x], [weights], create_graph=True)
        found = paddle.grad([slope], [x, weights], [tensor(along)], allow_unused=True)
    except Exception as error:  # no kernel, or none for these arguments: there is no class or text that tells it apart
        return Answer({}, error, "a gradient of the gradient")
    shapes = zip(("by x", "by the cotangent"), found, (along, cotangent), strict=True)
    return Answer({n: np.zeros_like(like) if g is None else array(g) for n, g, like in shapes})


def _accumulated(call: Call, cotangents: tuple[Array, Array]) -> dict[str, Array]:
    given = tensors(call)
    made = layer(call.layer, call.arguments) if call.layer else None
    kept = parameters(made, call.layer) if call.layer else {}
    tracked = {name: {**given, **kept}[name] for name in call.wanted_gradients}

    def left(when: str) -> dict[str, Array]:
        return {f"gradient of {n} {when}": array(t.grad).copy() for n, t in tracked.items() if t.grad is not None}

    out = _graph(call, given, made, cotangents[0])
    out.backward(tensor(cotangents[0]), retain_graph=True)
    found = left("after one pass")
    out.backward(tensor(cotangents[1]))
    found |= left("after two passes")
    for one in tracked.values():
        one.clear_gradient()
    _graph(call, given, made, cotangents[1]).backward(tensor(cotangents[1]))
    return found | left("after clear_gradient")


def _graph(call: Call, given: dict[str, Any], made: Any, cotangent: Array) -> Any:
    """The output of a new graph over the same tensors; what the call updates is as it was at first."""
    if call.seed is not None:
        paddle.seed(call.seed)
    if made is None:
        fresh = {name: tensor(call.arguments[name]) for name in call.updates}
        out = tuple_of(function(call.api)(**{**given, **fresh}))[0]
    else:
        set_state(made, call.layer, call.arguments)
        out = tuple_of(made(*(given[name] for name in call.inputs)))[0]
    if list(out.shape) != list(cotangent.shape):  # Paddle would read past the end of the cotangent
        raise ValueError(f"the output has shape {out.shape}, the cotangent {list(cotangent.shape)}")
    return out


def _step(layer: Any, x: Array, training: bool) -> dict[str, Array]:
    layer.train() if training else layer.eval()
    out = layer(tensor(x))
    return {"0": array(out)} | {key: array(value) for key, value in layer.state_dict().items()}
