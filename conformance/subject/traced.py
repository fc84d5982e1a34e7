"""Paddle through `paddle.jit.to_static`: the call is traced into a program, the user goes on as in eager mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, Step
from conformance.subject.arrays import array
from conformance.subject.device import Subject, function
from conformance.subject.eager import gradients, layer, tensors, tuple_of
from conformance.subject.stream import follow

Array = NDArray[Any]


class Traced(Subject):
    """Traces every call as a whole graph; only what random sequences need, whose calls take one array."""

    def script(self, steps: Sequence[Step]) -> list[Answer]:
        """Take the steps in their order; an answer for each."""
        return follow(steps, _execute)


class _Traced(paddle.nn.Layer):  # type: ignore[misc]
    """One call as a layer: a function or a layer of Paddle, and the arguments that are not arrays."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.inner = layer(call.layer, call.arguments) if call.layer else function(call.api)
        self.options = {} if call.layer else {n: v for n, v in call.arguments.items() if n not in call.arrays}

    def forward(self, x: Any) -> Any:
        return self.inner(x, **self.options)


def _execute(call: Call, cotangent: Array | None) -> dict[str, Array]:
    given = tensors(call)
    traced = paddle.jit.to_static(_Traced(call), full_graph=True)
    results = tuple_of(traced(*(given[name] for name in call.arrays)))
    outputs = {str(i): array(result) for i, result in enumerate(results)}
    if cotangent is None:
        return outputs
    found = gradients(call, results[0], given, cotangent)
    return outputs | {f"gradient of {name}": value for name, value in found.items()}
