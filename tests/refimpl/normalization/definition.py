"""Batch normalization as its definition says it: plain loops over numbers of 80 digits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import mpmath
import numpy as np

mpmath.mp.dps = 80

FORMATS = ("NC", "NCL", "NCHW", "NCDHW", "NLC", "NHWC", "NDHWC")


class Case(NamedTuple):
    """The arguments of one call."""

    x: Any
    running_mean: Any
    running_var: Any
    weight: Any
    bias: Any
    training: bool
    momentum: float
    epsilon: float
    data_format: str
    use_global_stats: bool | None

    @property
    def of_batch(self) -> bool:
        return self.training if self.use_global_stats is None else not self.use_global_stats


class Channel(NamedTuple):
    """One channel in exact numbers: where its cells are, and what the formula needs."""

    cells: list[tuple[int, ...]]
    values: list[Any]
    mean: Any
    var: Any
    weight: Any
    bias: Any
    epsilon: Any

    def hats(self) -> list[Any]:
        return [(v - self.mean) / mpmath.sqrt(self.var + self.epsilon) for v in self.values]

    def outputs(self) -> list[Any]:
        return [hat * self.weight + self.bias for hat in self.hats()]


def channels(case: Case) -> Iterator[Channel]:
    axis = 1 if case.data_format[1] == "C" else case.x.ndim - 1
    for c in range(case.x.shape[axis]):
        cells = [i for i in np.ndindex(case.x.shape) if i[axis] == c]
        values = [exact(case.x[i]) for i in cells]
        mean, var = exact(case.running_mean[c]), exact(case.running_var[c])
        if case.of_batch and cells:
            mean, var = moments(values)
        weight = exact(1 if case.weight is None else case.weight[c])
        bias = exact(0 if case.bias is None else case.bias[c])
        yield Channel(cells, values, mean, var, weight, bias, exact(case.epsilon))


def moments(values: list[Any]) -> tuple[Any, Any]:
    mean = mpmath.fsum(values) / len(values)
    return mean, mpmath.fsum((v - mean) ** 2 for v in values) / len(values)


def exact(number: Any) -> Any:
    """A NumPy number of any width as an mpmath number, unrounded."""
    if not np.isfinite(number):
        return mpmath.mpf(str(number))
    high = float(number)
    return mpmath.mpf(high) + mpmath.mpf(float(number - type(number)(high)))


def loss(case: Case, channel: Channel, grad: list[Any], values: list[Any]) -> Any:
    """sum(grad * y) as a function of the values of one channel, statistics included."""
    mean, var = moments(values) if case.of_batch else (channel.mean, channel.var)
    return mpmath.fsum(
        g * y for g, y in zip(grad, channel._replace(values=values, mean=mean, var=var).outputs(), strict=True)
    )


def slopes(case: Case, channel: Channel, grad: list[Any]) -> list[Any]:
    """The derivative of the loss for each value, by central differences in 80 digits."""
    step = mpmath.mpf(10) ** -25 * mpmath.sqrt(channel.var + channel.epsilon)
    found = []
    for i in range(len(channel.values)):
        up, down = list(channel.values), list(channel.values)
        up[i] += step
        down[i] -= step
        found.append((loss(case, channel, grad, up) - loss(case, channel, grad, down)) / (2 * step))
    return found
