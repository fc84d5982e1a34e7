"""Paddle as it is deployed: a call traced in evaluation, saved to files, and loaded from them again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import paddle
from numpy.typing import NDArray
from paddle.static import InputSpec

from conformance.call import Answer, Call
from conformance.subject.arrays import array, tensor
from conformance.subject.device import Subject
from conformance.subject.eager import attempt, tuple_of
from conformance.subject.recent import Recent
from conformance.subject.traced import Called

Array = NDArray[Any]


class Saved(Subject):
    """Saves calls with `paddle.jit.save`, loads them with `paddle.jit.load`; what a layer keeps is in the file."""

    def __init__(self, device: str) -> None:
        super().__init__(device)
        self._loaded: Recent[Any] = Recent(self._made)

    def forward(self, call: Call) -> Answer:
        """The outputs by position "0", "1", ...; nothing is updated in evaluation."""
        return attempt(lambda: self._outputs(call) | {name: call.arguments[name] for name in call.updates})

    def _made(self, call: Call) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "call"
            traced = Called(call)
            traced.eval()
            specs = [InputSpec(list(v.shape), str(v.dtype), n) for n, v in call.arrays.items() if n in call.inputs]
            paddle.jit.save(traced, str(path), input_spec=specs)
            return paddle.jit.load(str(path))

    def _outputs(self, call: Call) -> dict[str, Array]:
        program = self._loaded.of(call, _state(call))
        results = tuple_of(program(*(tensor(call.arrays[name]) for name in call.inputs)))
        return {str(n): array(result) for n, result in enumerate(results)}


def _state(call: Call) -> str:
    """What of a call is kept in the file."""
    return repr([call.arguments[name].tobytes() for name in call.layer.state.values()]) if call.layer else ""
