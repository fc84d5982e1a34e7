"""Paddle through `paddle.jit.to_static`: the call is traced into a program, the user goes on as in eager mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import paddle
from paddle.static import InputSpec

from conformance.call import Call
from conformance.subject.device import function
from conformance.subject.eager import Eager, layer, parameters, set_state, tensors, tuple_of
from conformance.subject.recent import KEPT, Recent


class Called(paddle.nn.Layer):  # type: ignore[misc]
    """One call as a layer: a function or a layer of Paddle, and the arguments that are not arrays."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.inner = layer(call.layer, call.arguments) if call.layer else function(call.api)
        self.options = {} if call.layer else {n: v for n, v in call.arguments.items() if n not in call.arrays}
        self.names = call.inputs[1:]

    def forward(self, x: Any, a: Any = None, b: Any = None, c: Any = None, d: Any = None) -> Any:
        # what is traced must name its arguments; SOT makes no dict of a zip, and neither way knows a strict one
        others = {name: value for name, value in zip(self.names, (a, b, c, d))}  # noqa: B905, C416
        return self.inner(x, **others, **self.options)


def warm() -> None:
    """Trace a call; the first trace looks at every function of NumPy and of Paddle, and nothing is executed."""
    call = Call("paddle.nn.functional.relu", {"x": np.zeros(1, np.float32)})
    traced = paddle.jit.to_static(Called(call), [InputSpec([1], "float32")], full_graph=True)
    _ = traced.forward.concrete_program


class Traced(Eager):
    """Traces calls as whole graphs; calls of one form share a program."""

    kept = KEPT

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self._programs: Recent[Any] = Recent(lambda call: self.ready(Called(call)), kept=self.kept)

    def run(self, call: Call, given: dict[str, Any] | None = None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The outputs, and the tensors that went in (or the layer's parameters in their place)."""
        given, program = tensors(call) if given is None else given, self._programs.of(call)
        if call.layer:
            set_state(program.inner, call.layer, call.arguments)
            given |= parameters(program.inner, call.layer)
        if call.seed is not None:
            paddle.seed(call.seed)
        return tuple_of(program(*(given[name] for name in call.inputs))), given

    def ready(self, made: Any) -> Any:
        """A layer as it is applied in this mode."""
        return paddle.jit.to_static(made, full_graph=True)


class Compiled(Traced):
    """Traces calls from their bytecode (SOT), which goes on in eager mode where it cannot trace."""

    kept = 1

    def ready(self, made: Any) -> Any:
        """A layer as it is applied in this mode; whatever SOT knows of another one is forgotten.

        Or sizes that differ from another call's would be unknown to the program; after 20 there would be none.
        """
        from paddle.jit.sot.opcode_translator.executor.executor_cache import OpcodeExecutorCache

        OpcodeExecutorCache().clear()
        return paddle.jit.to_static(made, full_graph=False)


class Primitive(Traced):
    """Traces calls, and has every operator of the program taken apart into primitive ones where Paddle can."""

    def run(self, call: Call, given: dict[str, Any] | None = None) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The outputs, and the tensors that went in (or the layer's parameters in their place)."""
        with _taken_apart():
            return super().run(call, given)


@contextmanager
def _taken_apart() -> Iterator[None]:
    paddle.base.core._set_prim_all_enabled(True)
    try:
        yield
    finally:
        paddle.base.core._set_prim_all_enabled(False)
