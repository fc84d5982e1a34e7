"""Paddle as it is deployed: a call traced in evaluation, saved to files, and loaded from them again."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray
from paddle import inference
from paddle.static import InputSpec

from conformance.call import Answer, Call
from conformance.subject.arrays import array, tensor
from conformance.subject.device import Subject
from conformance.subject.eager import attempt, tuple_of
from conformance.subject.recent import Recent
from conformance.subject.traced import Called
from conformance.subject.traced import warm as warm  # the same has to be traced

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
            traced = self.traced(call)
            traced.eval()
            specs = [InputSpec(list(v.shape), str(v.dtype), n) for n, v in call.arrays.items() if n in call.inputs]
            paddle.jit.save(traced, str(path), input_spec=specs)
            return self.load(path)

    def _outputs(self, call: Call) -> dict[str, Array]:
        results = self.run(self._loaded.of(call, _state(call)), call)
        return {str(n): result for n, result in enumerate(results)}

    def traced(self, call: Call) -> Any:
        """What is saved."""
        return Called(call)

    def load(self, path: Path) -> Any:
        """The program that was saved."""
        return paddle.jit.load(str(path))

    def run(self, program: Any, call: Call) -> list[Array]:
        """What a loaded program makes of the call's arrays."""
        return [array(result) for result in tuple_of(program(*(tensor(call.arrays[name]) for name in call.inputs)))]


class Predicted(Saved):
    """Saves calls, and runs them in Paddle's inference engine, without oneDNN."""

    def traced(self, call: Call) -> Any:
        """What is saved: the engine takes no program whose output is its input, so that outputs are copied."""
        return _Copied(call)

    def load(self, path: Path) -> Any:
        """The predictor of what was saved."""
        config = inference.Config(f"{path}.json", f"{path}.pdiparams")
        config.disable_glog_info()
        self.configure(config)
        return inference.create_predictor(config)

    def configure(self, config: Any) -> None:
        """Choose the kernels."""
        config.disable_mkldnn()

    def run(self, program: Any, call: Call) -> list[Array]:
        """What the predictor makes of the call's arrays."""
        for name in program.get_input_names():
            program.get_input_handle(name).copy_from_cpu(np.asarray(call.arrays[name], order="C"))
        program.run()
        return [program.get_output_handle(name).copy_to_cpu() for name in program.get_output_names()]


class OneDNN(Predicted):
    """The same with the kernels of oneDNN, where it has any."""

    def configure(self, config: Any) -> None:
        """Choose the kernels."""
        config.enable_mkldnn()


class _Copied(Called):
    """A call whose outputs are no inputs."""

    def forward(self, x: Any, a: Any = None, b: Any = None, c: Any = None, d: Any = None) -> Any:
        results = super().forward(x, a, b, c, d)
        return [paddle.assign(result) for result in results] if isinstance(results, tuple) else paddle.assign(results)


def _state(call: Call) -> str:
    """What of a call is kept in the file."""
    return repr([call.arguments[name].tobytes() for name in call.layer.state.values()]) if call.layer else ""
