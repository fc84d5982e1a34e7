"""Lesson 3: what a gradient is worth after many layers, measured through stacks of sigmoids and of ReLUs."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import paddle
from matplotlib.figure import Figure

import refimpl
from docs.lessons.draw import BLUE, GREY, ORANGE, panels
from docs.lessons.lesson import Array, Lesson, Pair, U, gradient

DEPTHS = range(1, 31)
SHOWN = (1, 2, 5, 10, 20, 30)
STARTS = np.array([-5, 0, 5], np.float32)
GRID = np.linspace(-8, 8, 161, dtype=np.float32)


def stack(layer: type, depth: int) -> Any:
    """`depth` activation layers, one on top of the other."""
    return paddle.nn.Sequential(*[layer() for _ in range(depth)])


def centred(depth: int) -> Any:
    """Sigmoids at their best: each moved down by a half, so that zero stays zero, where they are steepest."""

    def output(x: Any) -> Any:
        for _ in range(depth):
            x = paddle.nn.functional.sigmoid(x) - 0.5
        return x

    return output


def sigmoid_pair(x: Array, depth: int) -> Pair:
    """The derivative of a stack of sigmoids, in Paddle's float32 beside refimpl's float64.

    The derivative is the product of y (1 - y) over the layers. Each y is within 6 U of its value, plus at
    most a quarter of the error that came in; y (1 - y) moves by |1 - 2 y| times that and is rounded twice;
    each product is rounded once.
    """
    y, slope = x.astype(np.float64), np.ones(x.shape)
    error, relative = np.zeros(x.shape), np.zeros(x.shape)
    for _ in range(depth):
        (factor,) = refimpl.sigmoid_vjp(np.ones_like(y), y)
        y = refimpl.sigmoid(y)
        error = error / 4 + 6 * U * y
        relative += np.abs(1 - 2 * y) * error / factor + 3 * U
        slope *= factor
    _, got = gradient(stack(paddle.nn.Sigmoid, depth), x)
    return Pair(f"{depth} sigmoid{'s' * (depth > 1)}", got, slope, slope * np.expm1(relative))


def relu_pair(x: Array, depth: int) -> Pair:
    """The derivative of a stack of ReLUs: products of ones and zeros."""
    slope, y = np.ones_like(x), x
    for _ in range(depth):
        (slope,), y = refimpl.relu_vjp(slope, y), refimpl.relu(y)
    return Pair(f"{depth} ReLUs", gradient(stack(paddle.nn.ReLU, depth), x)[1], slope)


def centred_pair(depth: int) -> Pair:
    """The steepest stack of sigmoids: powers of 1/4, exact in float32 until they are too small for it."""
    zero = np.zeros(1, np.float32)
    slope = zero + 1
    for _ in range(depth):
        (slope,) = refimpl.sigmoid_vjp(slope, zero)
    return Pair(f"{depth} centred sigmoids", gradient(centred(depth), zero)[1], slope)


def lesson() -> Lesson:
    """Everything that the page shows."""
    best = [centred_pair(depth) for depth in DEPTHS]
    sigmoids = [sigmoid_pair(STARTS, depth) for depth in DEPTHS]
    relus = [relu_pair(STARTS, depth) for depth in DEPTHS]
    curves = [sigmoid_pair(GRID, depth) for depth in (1, 2, 3)]
    gone = next(depth for depth in itertools.count(1) if centred_pair(depth).paddle == 0)
    at = [depth - 1 for depth in SHOWN]
    values = {
        "rows": [(DEPTHS[i], best[i].paddle[0], *sigmoids[i].paddle, *relus[i].paddle[[0, 2]]) for i in at],
        "factor": float(sigmoids[-1].refimpl[1] / sigmoids[-2].refimpl[1]),
        "gone": gone,
        "tiniest": 4.0**-gone,
    }
    pairs = (*best, *sigmoids, *relus, *curves, centred_pair(gone))
    return Lesson("3-vanishing-gradients", pairs, values, lambda: figure(best, sigmoids, relus, curves))


def figure(best: list[Pair], sigmoids: list[Pair], relus: list[Pair], curves: list[Pair]) -> Figure:
    """The derivative against the depth, and the derivative of one, two and three sigmoids against x."""
    drawn, ((left, right),) = panels(1, 2, size=(9, 3.6))
    left.semilogy(DEPTHS, [pair.paddle[2] for pair in relus], color=ORANGE, label="ReLU, x = 5")
    left.semilogy(DEPTHS, [pair.paddle[0] for pair in best], color=GREY, linestyle="--", label="1/4 a layer")
    for i, style in ((1, "-"), (2, ":")):
        label = f"sigmoid, x = {STARTS[i]:g}"
        left.semilogy(DEPTHS, [pair.paddle[i] for pair in sigmoids], color=BLUE, linestyle=style, label=label)
    left.set(title="derivative of a stack", xlabel="layers")
    left.legend(loc="lower left")
    for pair, alpha in zip(curves, (1, 0.65, 0.35), strict=True):
        right.plot(GRID, pair.paddle, color=BLUE, alpha=alpha, label=pair.what)
    right.set(title="derivative against x", xlabel="x")
    right.legend()
    return drawn
