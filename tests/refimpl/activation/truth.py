"""The elementwise activations a second time: the documented formulas as they stand, in mpmath's arbitrary precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
from mpmath import cosh, erfc, exp, expm1, log, mp, mpf, pi, sinh, sqrt, tanh

Formula = Callable[..., Any]


def gelu(x: Any, approximate: Any = False) -> Any:
    if approximate in (True, "tanh"):
        return x / 2 * (1 + tanh(sqrt(2 / pi) * (x + mpf("0.044715") * x**3)))
    return x / 2 * erfc(-x / sqrt(2))  # 1 + erf(z) = erfc(-z)


def hardsigmoid(x: Any, slope: float = 0.1666667, offset: float = 0.5) -> Any:
    return mpf(1) if x > 3 else slope * x + offset if x > -3 else mpf(0)


def softplus(x: Any, beta: float = 1, threshold: float = 20) -> Any:
    return x if beta * x > threshold else log(1 + exp(beta * x)) / beta


def shrink(x: Any, threshold: float = 0.5, by: float = 0) -> Any:
    return mpf(0) if not (abs(x) > threshold) else x - by if x > 0 else x + by


def selu(x: Any, scale: float = 1.0507009873554805, alpha: float = 1.6732632423543772) -> Any:
    return scale * x if x > 0 else mpf(scale) * alpha * expm1(x)


FORMULAS: dict[str, Formula] = {
    "celu": lambda x, alpha=1.0: x if x > 0 else alpha * expm1(x / alpha),
    "elu": lambda x, alpha=1.0: x if x > 0 else alpha * expm1(x),
    "gelu": gelu,
    "hardshrink": shrink,
    "hardsigmoid": hardsigmoid,
    "hardswish": lambda x: x if x > 3 else x * (x + 3) / 6 if x > -3 else mpf(0),
    "hardtanh": lambda x, min=-1.0, max=1.0: mpf(max) if x > max else x if x > min else mpf(min),
    "leaky_relu": lambda x, negative_slope=0.01: x if x > 0 else negative_slope * x,
    "log_sigmoid": lambda x: log(1 / (1 + exp(-x))),
    "mish": lambda x: x * tanh(log(1 + exp(x))),
    "relu": lambda x: max(x, mpf(0)),
    "relu6": lambda x: mpf(6) if x > 6 else max(x, mpf(0)),
    "selu": selu,
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "silu": lambda x: x / (1 + exp(-x)),
    "softplus": softplus,
    "softshrink": lambda x, threshold=0.5: shrink(x, threshold, threshold),
    "softsign": lambda x: x / (1 + abs(x)),
    "stanh": lambda x, scale_a=0.67, scale_b=1.7159: scale_b * tanh(scale_a * x),
    "swish": lambda x: x / (1 + exp(-x)),
    "tanh": lambda x: sinh(x) / cosh(x),
    "tanhshrink": lambda x: x - tanh(x),
    "thresholded_relu": lambda x, threshold=1.0, value=0.0: x if x > threshold else mpf(value),
}


def settled(evaluate: Callable[[], Any], places: int) -> Any:
    """What `evaluate` gives once doubling the working precision changes nothing in the first hundred bits.

    A sum like 1 + tanh(x) has nothing but rounding left when the precision is too low. What is so after any precision
    that could matter is 0 to so many binary places.
    """
    precision, last = 400, mpf(0)
    while precision <= 6 * places + 400:
        with mpmath.workprec(precision):
            value = +evaluate()
        if last and abs(value - last) <= mpmath.ldexp(abs(value), -100):
            return value
        precision, last = 2 * precision, value
    if abs(last) > mpmath.ldexp(1, -places - 10):
        raise ArithmeticError("no precision settles the value")
    return mpf(0)


def value(formula: Formula, x: Any, places: int) -> Any:
    return settled(lambda: formula(x), places)


def derivative(formula: Formula, x: Any, places: int) -> Any:
    """The central difference with a step so small that its square is below a hundred bits."""

    def difference() -> Any:
        h = mpmath.ldexp(min(abs(x) or 1, 1), -(mp.prec // 3))
        return (formula(x + h) - formula(x - h)) / (2 * h)

    return settled(difference, places)
