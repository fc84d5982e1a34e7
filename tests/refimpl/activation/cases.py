"""What the elementwise activations are tested on: operators with arguments, and where to look for x."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np

import refimpl
from tests.refimpl.activation.truth import FORMULAS


class Case(NamedTuple):
    """An operator with the arguments that are not its defaults."""

    name: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.arguments.items())])

    def clauses(self) -> tuple[str, str]:
        return CLAUSES[f"{self.name} by tanh" if self.arguments.get("approximate") else self.name]

    def value(self, x: np.ndarray) -> np.ndarray:
        return getattr(refimpl, self.name)(x, **self.arguments)

    def slope(self, x: np.ndarray) -> np.ndarray:
        """The gradient for a grad_out of ones, which is the derivative."""
        return getattr(refimpl, f"{self.name}_vjp")(np.ones_like(x), x, **self.arguments)[0]

    def formula(self, x: Any) -> Any:
        return FORMULAS[self.name](x, **self.arguments)

    def rounded(self, dtype: Any) -> Case:
        """The case with every number among the arguments, the defaults too, rounded to a dtype."""
        parameters = inspect.signature(getattr(refimpl, self.name)).parameters
        defaults = {key: p.default for key, p in parameters.items() if p.default is not p.empty}
        numbers = {key: v for key, v in {**defaults, **self.arguments}.items() if type(v) in (int, float)}
        return Case(self.name, {**self.arguments, **{key: float(dtype(v)) for key, v in numbers.items()}})


CASES = [Case(name, {}) for name in FORMULAS] + [
    Case("celu", {"alpha": 0.3}),
    Case("celu", {"alpha": -0.7}),
    Case("celu", {"alpha": 7.3}),
    Case("elu", {"alpha": 1.7}),
    Case("elu", {"alpha": -0.1}),
    Case("gelu", {"approximate": "tanh"}),
    Case("hardshrink", {"threshold": 0.1}),
    Case("hardsigmoid", {"slope": 0.1, "offset": 0.3}),
    Case("hardtanh", {"min": -0.1, "max": 0.7}),
    Case("leaky_relu", {"negative_slope": -0.3}),
    Case("selu", {"scale": 1.1, "alpha": 0.3}),
    Case("softplus", {"beta": 0.3}),
    Case("softplus", {"beta": 3.3, "threshold": 5}),
    Case("softplus", {"beta": -1.3, "threshold": 5}),
    Case("softplus", {"threshold": 1000}),
    Case("softshrink", {"threshold": 0.1}),
    Case("stanh", {"scale_a": 3.3, "scale_b": 0.1}),
    Case("thresholded_relu", {"threshold": -0.3, "value": 0.1}),
]
# The clauses of the value and of the derivative.
CLAUSES = {
    "celu": ("ACT-CELU-1", "ACT-CELU-2"),
    "elu": ("ACT-ELU-1", "ACT-ELU-2"),
    "gelu": ("ACT-GELU-2", "ACT-GELU-3"),
    "hardshrink": ("ACT-HSHRINK-1", "ACT-HSHRINK-2"),
    "hardsigmoid": ("ACT-HSIGMOID-1", "ACT-HSIGMOID-2"),
    "hardswish": ("ACT-HSWISH-1", "ACT-HSWISH-2"),
    "hardtanh": ("ACT-HTANH-1", "ACT-HTANH-2"),
    "leaky_relu": ("ACT-LEAKY-1", "ACT-LEAKY-2"),
    "log_sigmoid": ("ACT-LSIGMOID-1", "ACT-LSIGMOID-2"),
    "mish": ("ACT-MISH-1", "ACT-MISH-2"),
    "relu": ("ACT-RELU-1", "ACT-RELU-2"),
    "relu6": ("ACT-RELU6-1", "ACT-RELU6-2"),
    "selu": ("ACT-SELU-1", "ACT-SELU-2"),
    "sigmoid": ("ACT-SIGMOID-1", "ACT-SIGMOID-2"),
    "silu": ("ACT-SILU-1", "ACT-SILU-2"),
    "softplus": ("ACT-SOFTPLUS-1", "ACT-SOFTPLUS-2"),
    "softshrink": ("ACT-SSHRINK-1", "ACT-SSHRINK-2"),
    "softsign": ("ACT-SOFTSIGN-1", "ACT-SOFTSIGN-2"),
    "stanh": ("ACT-STANH-1", "ACT-STANH-2"),
    "swish": ("ACT-SWISH-1", "ACT-SWISH-1"),
    "tanh": ("ACT-TANH-1", "ACT-TANH-2"),
    "tanhshrink": ("ACT-TSHRINK-1", "ACT-TSHRINK-2"),
    "thresholded_relu": ("ACT-TRELU-1", "ACT-TRELU-2"),
    "gelu by tanh": ("ACT-GELU-4", "ACT-GELU-5"),
}
# x times a gate: the derivative, gate + x gate', has a zero, near which an error is measured by the size of its terms.
GATED = ("gelu", "mish", "silu", "swish")


def points(dtype: Any, seed: int, count: int, far: int) -> np.ndarray:
    """Numbers of a dtype: `count` each ordinary, near 0, in the tails, `far` where e^x or e^(-x^2/2) vanishes."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    last = -float(np.log(info.smallest_subnormal))  # e^-last is the last number before 0
    regions = [
        rng.uniform(-6, 6, count),
        rng.choice([-1, 1], count) * 2.0 ** rng.uniform(-60, 0, count),
        rng.uniform(-40, 40, count),
        -np.sqrt(2 * last) * rng.uniform(0.3, 1, far),
        -last * rng.uniform(0.3, 1, far),
    ]
    x = np.concatenate(regions).astype(dtype)
    return x + x * rng.random(x.size).astype(dtype) * info.eps * 1000  # digits beyond those of float64


def every_magnitude(dtype: Any, seed: int, count: int) -> np.ndarray:
    """Numbers of a dtype from the subnormal ones to the largest, of both signs."""
    rng, info = np.random.default_rng(seed), np.finfo(dtype)
    exponents = rng.integers(info.minexp - info.nmant, info.maxexp, count)
    return np.ldexp((rng.choice([-1, 1], count) * rng.uniform(0.5, 1, count)).astype(dtype), exponents)
