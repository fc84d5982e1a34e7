"""Paddle as a static program: built once for a call's form, fed with its arrays, run by an executor."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, Step
from conformance.subject.arrays import cooked, raw
from conformance.subject.device import Subject, function
from conformance.subject.eager import layer, tuple_of
from conformance.subject.stream import follow

Array = NDArray[Any]


class Static(Subject):
    """Runs every call as a program of its own; only what random sequences need."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        logging.getLogger("paddle.autograd.backward_utils").setLevel(logging.ERROR)  # warnings of unused inputs
        self._executor = paddle.static.Executor()

    def script(self, steps: Sequence[Step]) -> list[Answer]:
        """Take the steps in their order; an answer for each."""
        return follow(steps, self._execute)

    def _execute(self, call: Call, cotangent: Array | None) -> dict[str, Array]:
        feed = dict(call.arrays) | ({} if cotangent is None else {"cotangent": cotangent})
        names = call.wanted_gradients if cotangent is not None else ()
        with _static_mode():
            program, start = paddle.static.Program(), paddle.static.Program()
            with paddle.static.program_guard(program, start):
                results, gradients = _build(call, feed, names)
            self._executor.run(start)
            present = [g for g in gradients if g is not None]
            arrays = {name: raw(value) for name, value in feed.items()}
            values = self._executor.run(program, feed=arrays, fetch_list=[*results, *present])
        found = [f"gradient of {n}" for n, g in zip(names, gradients, strict=True) if g is not None]
        return dict(zip([*map(str, range(len(results))), *found], map(cooked, values), strict=True))


def _build(call: Call, feed: dict[str, Array], names: Sequence[str]) -> tuple[Sequence[Any], Sequence[Any]]:
    """The outputs and the gradients, as values of the program under construction."""
    data = {name: paddle.static.data(name, list(value.shape), str(value.dtype)) for name, value in feed.items()}
    for name in names:
        data[name].stop_gradient = False
    cotangent = data.pop("cotangent", None)
    first = next(iter(data))
    if call.layer is None:
        results = tuple_of(function(call.api)(**{**call.arguments, **data}))
    else:
        results = tuple_of(layer(call.layer, call.arguments)(data[first]))
    if not names:
        return results, ()
    wanted = [data[name] for name in names]
    return results, paddle.static.gradients(results[:1], wanted, [cotangent])


@contextmanager
def _static_mode() -> Iterator[None]:
    paddle.enable_static()
    try:
        yield
    finally:
        paddle.disable_static()
