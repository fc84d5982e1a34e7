"""One call of one operator as plain data: what stands trial receives this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class LayerForm:
    """The same call through a layer: `paddle.nn.<name>(**options)`, its state set, then applied to x."""

    name: str  # "BatchNorm2D"
    options: Mapping[str, Any]
    state: Mapping[str, str] = field(default_factory=dict)  # key of state_dict -> argument of the call


@dataclass(frozen=True)
class Call:
    """A call with every array filled in.

    `arguments` are keyword arguments of the function `api` in the order of its signature; arrays are NumPy arrays in
    the dtype under test. `updates` names the arguments that the call changes in place, `differentiable` those that have
    gradients. Random operators are seeded with `seed` before the call.
    """

    api: str  # "paddle.nn.functional.avg_pool2d"
    arguments: Mapping[str, Any]
    differentiable: tuple[str, ...] = ("x",)
    updates: tuple[str, ...] = ()
    layer: LayerForm | None = None
    seed: int | None = None

    @property
    def arrays(self) -> dict[str, Array]:
        """The arguments that are arrays."""
        return {name: v for name, v in self.arguments.items() if isinstance(v, np.ndarray)}

    @property
    def inputs(self) -> tuple[str, ...]:
        """The arrays that the layer is applied to: those that it does not keep."""
        kept = self.layer.state.values() if self.layer else ()
        return tuple(name for name in self.arrays if name not in kept)

    @property
    def wanted_gradients(self) -> tuple[str, ...]:
        """The arrays of this call that have a gradient."""
        return tuple(name for name in self.differentiable if isinstance(self.arguments.get(name), np.ndarray))


class Answer(NamedTuple):
    """What came back: arrays by name, or the exception that came instead."""

    arrays: Mapping[str, Array]
    error: Exception | None = None
    lacks: str = ""  # the kernel that Paddle does not have in this dtype, where that is the error


@dataclass(frozen=True)
class Step:
    """One thing done to Paddle's random generator: seed it, save or restore its state, peek at its next number, or
    call an operator, whose gradients are asked for where there is a cotangent."""

    kind: Literal["seed", "save", "restore", "peek", "call"]
    call: Call | None = None
    cotangent: Array | None = None
    seed: int = 0
