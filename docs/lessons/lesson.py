"""What a lesson hands over: Paddle's numbers beside refimpl's, values for the page, and a figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[Any]

U = 2.0**-24
"""Half an ULP of 1 in float32: the relative error of one correctly rounded operation."""


@dataclass(frozen=True)
class Pair:
    """The same array twice, and how far apart the two may be, element by element (0: not one bit)."""

    what: str
    paddle: Array
    refimpl: Array
    allowed: Array | float = 0.0

    def worst(self) -> float:
        """The largest difference as a share of what is allowed; infinite where the shapes differ."""
        if self.paddle.shape != self.refimpl.shape:
            return np.inf
        error = np.abs(self.paddle.astype(np.float64) - self.refimpl.astype(np.float64))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(error == 0, 0.0, error / self.allowed)
        return float(np.max(share, initial=0.0))


@dataclass(frozen=True)
class Lesson:
    """One lesson: `name` is the stem of its files, `values` are the names its templates can use."""

    name: str
    pairs: tuple[Pair, ...]
    values: Mapping[str, Any]
    figure: Callable[[], Figure]


def gradient(function: Callable[[Any], Any], x: Array) -> tuple[Array, Array]:
    """The output of a Paddle function that works element by element, and its derivative at every x."""
    variable = paddle.to_tensor(x, stop_gradient=False)
    output = function(variable)
    output.sum().backward()
    return output.numpy(), variable.grad.numpy()
