"""Lesson 5: dropout of two arrays in both modes, in training and evaluation, predicted bit for bit."""

from __future__ import annotations

import numpy as np
import paddle
from matplotlib.figure import Figure

import refimpl
from docs.lessons.batch_norm import images
from docs.lessons.draw import panels
from docs.lessons.lesson import Array, Lesson, Pair

P, SEED, REPEATS = 0.5, 100, 10_000
MODES = ("downscale_in_infer", "upscale_in_train")
COUNTED = np.arange(1, 13).reshape(-1, 3).astype(np.float32)


def pairs(what: str, x: Array, stream: refimpl.random.Generator) -> dict[tuple[str, str], Pair]:
    """Both modes in both phases: Paddle's layer beside refimpl, which follows the random stream."""
    results = {}
    for mode in MODES:
        layer = paddle.nn.Dropout(p=P, mode=mode)
        for phase in ("train", "eval"):
            getattr(layer, phase)()
            mask = refimpl.random.dropout_mask(stream, x.shape, P, training=layer.training)
            expected = refimpl.dropout(x, P, training=layer.training, mode=mode, mask=mask)
            got = layer(paddle.to_tensor(x)).numpy()
            results[mode, phase] = Pair(f"{what}, {mode}, {phase}", got, expected)
    return results


def averages(stream: refimpl.random.Generator) -> dict[str, Pair]:
    """The counted array as many times as it takes for averages to settle, in training."""
    many = np.broadcast_to(COUNTED, (REPEATS, *COUNTED.shape)).copy()
    return {mode: pair for (mode, phase), pair in pairs("many", many, stream).items() if phase == "train"}


def lesson() -> Lesson:
    """Everything that the page shows."""
    paddle.seed(SEED)
    stream = refimpl.random.Generator(SEED)
    image, counted, many = pairs("x1", images(), stream), pairs("x2", COUNTED, stream), averages(stream)
    values = {
        "p": P,
        "seed": SEED,
        "repeats": REPEATS,
        "modes": MODES,
        "counted": {key: pair.paddle for key, pair in counted.items()},
        "x1": images(),
        "images": {key: pair.paddle for key, pair in image.items()},
        "ratios": {mode: many[mode].paddle.mean() / counted[mode, "eval"].paddle.mean() for mode in MODES},
        # The deviation of the ratio: each element is x * 2 or 0, so its variance is x^2.
        "spread": np.sqrt(np.sum(COUNTED**2) / REPEATS) / COUNTED.sum(),
    }
    every = (*image.values(), *counted.values(), *many.values())
    return Lesson("5-dropout", every, values, lambda: figure(counted))


def figure(counted: dict[tuple[str, str], Pair]) -> Figure:
    """The counted array before dropout, and after it in each mode and phase."""
    drawn, axes = panels(1, 5, size=(9, 2.9))
    shown = {"x2": COUNTED} | {f"{mode}\n{phase}": pair.paddle for (mode, phase), pair in counted.items()}
    for axis, (title, values) in zip(axes[0], shown.items(), strict=True):
        axis.imshow(np.where(values == 0, np.nan, values), cmap="Blues", vmin=0, vmax=45)
        axis.set_title(title, fontsize=9)
        axis.set(xticks=[], yticks=[])
        axis.grid(False)
        axis.spines[:].set_visible(True)
        for (row, column), value in np.ndenumerate(values):
            ink = "0.6" if value == 0 else "0.1"
            axis.text(column, row, f"{value:g}", ha="center", va="center", color=ink)
    return drawn
