"""Paddle as a static program: built once for a call's form, fed with its arrays, run by an executor."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, Step
from conformance.subject.arrays import cooked, raw
from conformance.subject.device import Subject, function
from conformance.subject.eager import attempt, tuple_of
from conformance.subject.recent import Recent
from conformance.subject.stream import follow

Array = NDArray[Any]


@dataclass
class Program:
    """A program of one call: what is fetched, by name, and the variables of what its layer keeps, by argument."""

    program: Any
    fetched: Mapping[str, Any]
    kept: Mapping[str, Any]
    scope: Any  # where its variables live: programs must not see one another's


class Static(Subject):
    """Runs calls as programs, with their gradients or without."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        logging.getLogger("paddle.autograd.backward_utils").setLevel(logging.ERROR)  # warnings of unused inputs
        self._executor = paddle.static.Executor()
        self._plain: Recent[Program] = Recent(lambda call: self._build(call, ()))
        self._backward: Recent[Program] = Recent(lambda call: self._build(call, call.wanted_gradients))

    def forward(self, call: Call) -> Answer:
        """The outputs by position "0", "1", ..., and the new values of the updated arguments."""
        return attempt(lambda: self._run(call, self._plain.of(call), {}))

    def gradient(self, call: Call, cotangent: Array) -> Answer:
        """The gradient of sum(out * cotangent) with respect to each differentiable array, by name."""

        def named() -> dict[str, Array]:
            prefix, found = "gradient of ", self._execute(call, cotangent)
            return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}

        return attempt(named)

    def script(self, steps: Sequence[Step]) -> list[Answer]:
        """Take the steps in their order; an answer for each."""
        return follow(steps, self._execute)

    def _execute(self, call: Call, cotangent: Array | None) -> dict[str, Array]:
        if cotangent is None:
            return self._run(call, self._plain.of(call), {})
        return self._run(call, self._backward.of(call), {"cotangent": cotangent})

    def _run(self, call: Call, built: Program, more: Mapping[str, Array]) -> dict[str, Array]:
        """What is fetched, and the new values of what is kept."""
        if call.seed is not None:
            paddle.seed(call.seed)
        place = paddle.CPUPlace()
        kept = {argument: built.scope.find_var(value.name).get_tensor() for argument, value in built.kept.items()}
        for argument, variable in kept.items():
            variable.set(raw(call.arguments[argument]), place)
        fed = {n: v for n, v in call.arrays.items() if n not in kept}
        arrays = {name: raw(value) for name, value in {**fed, **more}.items()}
        with _static_mode():
            fetched = list(built.fetched.values())
            values = self._executor.run(built.program, feed=arrays, fetch_list=fetched, scope=built.scope)
        pairs = zip(built.fetched, values, strict=True)
        found = {name: cooked(value) for name, value in pairs if value is not None}  # what no kernel has filled
        return found | {name: cooked(np.array(kept[name])) for name in call.updates if name in kept}

    def _build(self, call: Call, wanted: Sequence[str]) -> Program:
        """The program of all calls of this form."""
        first = next(iter(call.arrays.values()))
        with _static_mode(), _default_dtype(str(first.dtype)):
            program, start, scope = paddle.static.Program(), paddle.static.Program(), paddle.static.Scope()
            with paddle.static.program_guard(program, start):
                results, data, kept = _applied(call, wanted)
                fetched = {str(n): result for n, result in enumerate(results)}
                fetched |= {name: data[name] for name in call.updates if name in data}
                if wanted:
                    fetched |= _gradients(call, results[0], data | kept)
            self._executor.run(start, scope=scope)
        return Program(program, fetched, kept, scope)


def _applied(call: Call, wanted: Sequence[str]) -> tuple[tuple[Any, ...], dict[str, Any], dict[str, Any]]:
    """The outputs, the arrays that are fed and what the layer keeps, as values of the program under construction."""
    own = call.layer.state.values() if call.layer else ()
    arrays = {name: array for name, array in call.arrays.items() if name not in own}
    data = {name: paddle.static.data(name, list(value.shape), str(value.dtype)) for name, value in arrays.items()}
    for name in wanted:
        if name in data:
            data[name].stop_gradient = False
    if call.layer is None:
        return tuple_of(function(call.api)(**{**call.arguments, **data})), data, {}
    made = getattr(paddle.nn, call.layer.name)(**call.layer.options)
    if not call.arguments.get("training", True):
        made.eval()
    variables = dict(made.named_parameters()) | dict(made.named_buffers())
    results = tuple_of(made(*data.values()))
    return results, data, {argument: variables[key] for key, argument in call.layer.state.items()}


def _gradients(call: Call, result: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients of a result, those that there are."""
    names = call.wanted_gradients
    cotangent = paddle.static.data("cotangent", result.shape, result.dtype)
    found = paddle.static.gradients([result], [values[name] for name in names], [cotangent])
    return {f"gradient of {name}": g for name, g in zip(names, found, strict=True) if g is not None}


@contextmanager
def _static_mode() -> Iterator[None]:
    paddle.enable_static()
    try:
        yield
    finally:
        paddle.disable_static()


@contextmanager
def _default_dtype(dtype: str) -> Iterator[None]:
    """The parameters of layers have the default dtype."""
    before = paddle.get_default_dtype()
    paddle.set_default_dtype(dtype)
    try:
        yield
    finally:
        paddle.set_default_dtype(before)
