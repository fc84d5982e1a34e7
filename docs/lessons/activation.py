"""Lesson 2: the curves of sigmoid and ReLU and their derivatives, and the derivative of ReLU at zero."""

from __future__ import annotations

import numpy as np
import paddle
from matplotlib.figure import Figure

import refimpl
from docs.lessons.draw import BLUE, ORANGE, panels
from docs.lessons.lesson import Array, Lesson, Pair, U, gradient

F = paddle.nn.functional
GRID = np.arange(-10, 10, 0.1).astype(np.float32)
SHOWN = np.array([-10, -5, -2, -1, 0, 1, 2, 5, 10], np.float32)
TAIL = np.array([-20, -15, 10, 15, 20], np.float32)


def sigmoid_pairs(where: str, x: Array) -> tuple[Pair, Pair]:
    """Sigmoid and its derivative from Paddle in float32, beside refimpl in float64.

    exp, the sum and the quotient are each off by at most an ULP (2 U), so y is within 6 U of its value.
    Paddle's derivative is y (1 - y) with that y: two more roundings, and |1 - 2 y| <= 1 times y's error.
    """
    wide = x.astype(np.float64)
    y = refimpl.sigmoid(wide)
    (slope,) = refimpl.sigmoid_vjp(np.ones_like(wide), wide)
    got, got_slope = gradient(F.sigmoid, x)
    return (
        Pair(f"sigmoid {where}", got, y, 6 * U * y),
        Pair(f"sigmoid's derivative {where}", got_slope, slope, 6 * U * y + 2 * U * slope),
    )


def relu_pairs(where: str, x: Array) -> tuple[Pair, Pair]:
    """ReLU and its derivative, where nothing is rounded."""
    got, got_slope = gradient(F.relu, x)
    (slope,) = refimpl.relu_vjp(np.ones_like(x), x)
    return Pair(f"relu {where}", got, refimpl.relu(x)), Pair(f"relu's derivative {where}", got_slope, slope)


def lesson() -> Lesson:
    """Everything that the page shows."""
    shown = (*sigmoid_pairs("in the table", SHOWN), *relu_pairs("in the table", SHOWN))
    curves = (*sigmoid_pairs("on the grid", GRID), *relu_pairs("on the grid", GRID))
    tail = sigmoid_pairs("in the tails", TAIL)
    claimed = np.where(SHOWN >= 0, 1.0, 0.0)
    values = {
        "rows": list(zip(SHOWN, *(pair.paddle for pair in shown), strict=True)),
        "steepest": float(shown[1].refimpl.max()),
        "at_zero": float(shown[3].paddle[SHOWN == 0][0]),
        "differing": SHOWN[shown[3].paddle != claimed].tolist(),
        "nearest": float(np.arange(-10, 10, 0.1)[100]),
        "tail": list(zip(TAIL, tail[1].paddle, tail[1].refimpl, strict=True)),
    }
    lines = [pair.paddle for pair in curves]
    return Lesson("2-activation", (*shown, *curves, *tail), values, lambda: figure(*lines))


def figure(sigmoid: Array, sigmoid_slope: Array, relu: Array, relu_slope: Array) -> Figure:
    """The functions, and their derivatives; at zero, both Paddle's value and the tutorial's."""
    drawn, ((left, right),) = panels(1, 2, size=(9, 3.4))
    left.plot(GRID, sigmoid, color=BLUE, label="sigmoid(x)")
    left.plot(GRID, relu, color=ORANGE, label="relu(x)")
    left.set(title="value", xlabel="x", ylim=(-0.1, 3))
    right.plot(GRID, sigmoid_slope, color=BLUE, label="sigmoid'(x)")
    for side in (GRID < -0.05, GRID > 0.05):
        right.plot(GRID[side], relu_slope[side], color=ORANGE, label="relu'(x)" if side[0] else None)
    at_zero = gradient(F.relu, np.zeros(1, np.float32))[1]
    right.plot([0], at_zero, "o", color=ORANGE, label="relu'(0) in Paddle")
    right.plot([0], [1], "o", color=ORANGE, fillstyle="none", label="relu'(0) in the tutorial")
    right.axhline(0.25, color=BLUE, linewidth=0.8, linestyle=":")
    right.set(title="derivative", xlabel="x")
    left.legend(loc="upper left")
    right.legend(loc="center left")
    return drawn
