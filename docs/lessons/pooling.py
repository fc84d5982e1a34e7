"""Lesson 1: average and maximum pooling of a picture, and what survives when it moves by one pixel."""

from __future__ import annotations

import numpy as np
import paddle
from matplotlib.figure import Figure

import refimpl
from docs.lessons.draw import panels
from docs.lessons.lesson import Array, Lesson, Pair

SIZE = 64
SHIFTS = {"right": (0, 1), "down": (1, 0), "both": (1, 1)}
STARTS = {"drawing": 0, "noise": 5}  # where each picture's views begin in the batch


def drawing() -> Array:
    """A sun, a hill and a house in flat greys; two pixels larger than a view, so that a view can move."""
    row, column = np.mgrid[: SIZE + 2, : SIZE + 2]
    picture = np.full(row.shape, 190)
    picture[(row - 15) ** 2 + (column - 47) ** 2 < 9**2] = 250
    picture[row > 44 + 10 * np.cos(column / 10)] = 110
    picture[(row >= 33) & (row < 57) & (column >= 11) & (column < 33)] = 60
    picture[(row >= 22) & (row < 33) & (np.abs(column - 21.5) < row - 20)] = 20
    picture[(row >= 38) & (row < 45) & (column % 10 >= 5) & (column >= 14) & (column < 31)] = 220
    return picture.astype(np.float32)


def noise() -> Array:
    """The same number of pixels, no two of them equal, in random order."""
    side = SIZE + 2
    return np.random.RandomState(100).permutation(side**2).reshape(side, side).astype(np.float32)


def view(picture: Array, down: int = 0, right: int = 0) -> Array:
    """What a camera of SIZE x SIZE pixels sees after it moved, as a batch of one picture with one channel."""
    return picture[None, None, down : down + SIZE, right : right + SIZE]


def lesson() -> Lesson:
    """Everything that the page shows."""
    moves = [(0, 0), (0, 2), *SHIFTS.values()]
    batch = np.concatenate([view(picture, *move) for picture in (drawing(), noise()) for move in moves])
    tensor = paddle.to_tensor(batch)
    pairs = (  # bit for bit: sums of four such whole numbers are exact in float32, in any order
        Pair("avg_pool2d", paddle.nn.functional.avg_pool2d(tensor, 2).numpy(), refimpl.avg_pool2d(batch, 2)),
        Pair("max_pool2d", paddle.nn.functional.max_pool2d(tensor, 2).numpy(), refimpl.max_pool2d(batch, 2)),
    )
    average, maximum = (pair.paddle for pair in pairs)
    values = {
        "shares": {
            (name, shift): [100 * same(values, first, first + 2 + i) for values in (batch, average, maximum)]
            for name, first in STARTS.items()
            for i, shift in enumerate(SHIFTS)
        },
        "corner": batch[0, 0, 30:36, 8:14],
        "corner_average": average[0, 0, 15:18, 4:7],
        "corner_maximum": maximum[0, 0, 15:18, 4:7],
        "whole_step": 100
        * np.mean([out[i + 1, 0, :, :-1] == out[i, 0, :, 1:] for out in (average, maximum) for i in STARTS.values()]),
    }
    return Lesson("1-pooling", pairs, values, lambda: figure(batch, average, maximum))


def same(batch: Array, first: int, second: int) -> float:
    """The share of cells that have exactly the same value in two pictures of a batch."""
    return float(np.mean(batch[first] == batch[second]))


def figure(batch: Array, average: Array, maximum: Array) -> Figure:
    """The drawing and its two poolings; below, what changes when the drawing moves right by one pixel."""
    drawn, axes = panels(2, 3, size=(9, 6.2))
    named = {"picture": batch, "average 2x2": average, "maximum 2x2": maximum}
    for axis, (name, values) in zip(axes.T, named.items(), strict=True):
        axis[0].set_title(f"{name}, {values.shape[2]} x {values.shape[3]}")
        axis[0].imshow(values[0, 0], cmap="gray", vmin=0, vmax=255)
        axis[1].set_title(f"unchanged after 1 pixel: {100 * same(values, 0, 2):.1f} %")
        axis[1].imshow(values[0, 0] != values[2, 0], cmap="OrRd", vmin=0, vmax=1.5)
        for each in axis:
            each.set(xticks=[], yticks=[])
            each.spines[:].set_visible(True)
    return drawn
