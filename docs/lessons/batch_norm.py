"""Lesson 4: batch normalization of two small arrays, against the hand computation that leaves epsilon out."""

from __future__ import annotations

import numpy as np
import paddle
from matplotlib.figure import Figure

import refimpl
from docs.lessons.draw import BLUE, GREY, ORANGE, panels
from docs.lessons.lesson import Array, Lesson, Pair, U

EPSILON = 1e-5
MATRIX = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]], np.float32)


def images() -> Array:
    """The tutorial's batch of two images with three channels of 3 x 3 pixels."""
    np.random.seed(100)
    return np.random.rand(2, 3, 3, 3).astype(np.float32)


def channels(x: Array) -> Array:
    """One row for each channel, in float64."""
    return np.moveaxis(x, 1, 0).reshape(x.shape[1], -1).astype(np.float64)


def by_hand(x: Array) -> Array:
    """(a - mean) / std of every channel, as rows: the tutorial's check, in float64."""
    a = channels(x)
    return (a - a.mean(1, keepdims=True)) / a.std(1, keepdims=True)


def predicted(x: Array) -> Array:
    """What epsilon takes off: 1/sqrt(v) - 1/sqrt(v + e) is nearly e / (2 v sqrt(v))."""
    return by_hand(x) * EPSILON / (2 * channels(x).var(1, keepdims=True))


class Roundings:
    """How far float32 may be off, whichever way the moments are summed.

    A sum of n terms is off by at most n U times the sum of their magnitudes; so the mean by n U E|x|, and the
    variance by (n + 3) U (E[x^2] + mean^2).
    """

    def __init__(self, x: Array) -> None:
        self.a = channels(x)
        n, self.mean_value = self.a.shape[1], self.a.mean(1, keepdims=True)
        self.mean = n * U * np.abs(self.a).mean(1, keepdims=True)
        self.variance = (n + 3) * U * ((self.a**2).mean(1, keepdims=True) + self.mean_value**2)

    def of_output(self, y: Array) -> Array:
        """Of y: half the variance's relative error, the mean's in standard deviations, four roundings of
        factors (root, quotient, two products) and those of the terms of x * scale - mean * scale."""
        total = self.a.var(1, keepdims=True) + EPSILON
        terms = self.mean + 2 * U * (np.abs(self.a) + np.abs(self.mean_value))
        return np.abs(y) * (self.variance / (2 * total) + 4 * U) + terms / np.sqrt(total)

    def of_running(self, error: Array, value: Array) -> Array:
        """Of 0.9 * old + 0.1 * new: a tenth of new's error, three roundings, and 0.9 itself is off by U."""
        return 0.1 * error[:, 0] + 3 * U * np.abs(value) + U * np.maximum(10 * np.abs(value), 1)


def pairs(layer: type, x: Array) -> tuple[Pair, Pair, Pair]:
    """A training step of Paddle's layer beside refimpl in float64: output (a row a channel), statistics."""
    trained = layer(num_features=x.shape[1])
    y = trained(paddle.to_tensor(x)).numpy()
    ones, off, name = np.ones(x.shape[1]), Roundings(x), layer.__name__
    expected, mean, variance = refimpl.batch_norm(x.astype(np.float64), 0 * ones, ones, training=True)
    running = off.of_running(off.mean, mean), off.of_running(off.variance, variance)
    return (
        Pair(name, channels(y), channels(expected), off.of_output(channels(expected))),
        Pair(f"{name}, running mean", trained._mean.numpy(), mean, running[0]),
        Pair(f"{name}, running variance", trained._variance.numpy(), variance, running[1]),
    )


def rows(output: Pair, x: Array) -> list[dict[str, float]]:
    """For each channel, its moments and the element that lies farthest from zero after normalization."""
    hand, out = by_hand(x), []
    for c, i in enumerate(np.abs(hand).argmax(1)):
        a = channels(x)[c]
        numbers = {"mean": a.mean(), "std": a.std(), "variance": a.var(), "x": a[i], "hand": hand[c, i]}
        numbers |= {"paddle": output.paddle[c, i], "excess": hand[c, i] - output.refimpl[c, i]}
        out.append(numbers | {"measured": hand[c, i] - output.paddle[c, i], "predicted": predicted(x)[c, i]})
    return out


def lesson() -> Lesson:
    """Everything that the page shows."""
    x = images()
    matrix, image = pairs(paddle.nn.BatchNorm1D, MATRIX), pairs(paddle.nn.BatchNorm2D, x)
    values = {
        "matrix": rows(matrix[0], MATRIX),
        "matrix_output": matrix[0].paddle.T,
        "running_mean": matrix[1].paddle,
        "running_variance": matrix[2].paddle,
        "images": rows(image[0], x),
        "largest": np.abs(by_hand(x) - image[0].paddle).max(),
        "second_order": np.max(np.abs((by_hand(x) - image[0].refimpl) / predicted(x) - 1)),
    }
    return Lesson("4-batch-norm", (*matrix, *image), values, lambda: figure(x, image[0]))


def figure(x: Array, output: Pair) -> Figure:
    """Where normalization moves the three channels, and how far the hand computation is off."""
    drawn, ((left, right),) = panels(1, 2, size=(9, 3.4))
    for c, color in enumerate((BLUE, ORANGE, GREY)):
        before, after = channels(x)[c], output.paddle[c]
        left.plot(before, np.full(before.size, c - 0.12), "o", color=color, fillstyle="none", markersize=4)
        left.plot(after, np.full(after.size, c + 0.12), "o", color=color, markersize=4)
        excess = by_hand(x)[c] - after
        right.plot(by_hand(x)[c], 1e6 * excess, "o", color=color, markersize=4, label=f"channel {c}")
        ends = by_hand(x)[c][[by_hand(x)[c].argmin(), by_hand(x)[c].argmax()]]
        slope = EPSILON / (2 * before.var())
        right.plot(ends, 1e6 * slope * ends, color=color, linewidth=0.9)
    left.set(title="before (open) and after (filled)", xlabel="value", yticks=range(3), ylabel="channel")
    right.set(title="by hand minus Paddle, millionths", xlabel="normalized value")
    right.legend()
    return drawn
