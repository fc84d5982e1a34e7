"""What random operators lose: the errors that the causes of known divergences add to the bounds of a careful kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from conformance.judge import randomness
from conformance.judge.bounds import Facts, Row
from conformance.judge.losses import LOWEST, SINGLE, free
from conformance.judge.shares import FLOOR


def _dropout_scale(f: Facts) -> Any:
    p = float(f.arguments["p"])
    return np.abs(f.expected) * SINGLE * (2 + p / (1 - p)) if p < 1 else 0.0


def _static_scale(f: Facts) -> Any:
    """Twice 2**-24 of the product: of the output itself, or of the output less the intercept of alpha dropout."""
    p, magnitude = float(f.arguments["p"]), np.abs(f.expected)
    (name, x), *_ = f.arguments.items()
    if f.cotangent is None and (f.reference(**{name: np.zeros_like(x)}) != 0).any():
        magnitude = magnitude - randomness.SATURATION * ((1 - p) * (1 + p * randomness.SATURATION**2)) ** -0.5
    return 2 * SINGLE * magnitude


def _dropped(f: Facts) -> Any:
    p = float(f.arguments["p"])
    value = next(iter(f.arguments.values())) if f.cotangent is None else f.cotangent
    scaled = np.abs(value) / (1 - p) if p < 1 else np.abs(value)
    return free((f.expected == 0) & ~(scaled < f.largest * (1 - 4 * f.unit)))


def _alpha_dropped(f: Facts) -> Any:
    x = f.arguments["x"]
    if f.cotangent is not None:
        return free((f.expected == 0) & ~np.isfinite(f.cotangent))
    return free((f.reference(x=np.zeros_like(x)) == f.reference(x=np.ones_like(x))) & ~np.isfinite(x))


def _rrelu_slope(f: Facts) -> Any:
    return np.where(f.arguments["x"] < 0, 3 * SINGLE * np.abs(f.expected), 0.0)


_LEAST = 1e-5
"""Of the uniform numbers behind Gumbel noise."""


def _gumbel_noise(f: Facts) -> Any:
    return randomness.gumbel(f, _LEAST) if f.cotangent is None else randomness.gumbel_gradient(f, _LEAST)


def _gumbel_temperature(f: Facts) -> Any:
    t = float(f.arguments["temperature"])
    return np.abs(f.expected) * abs(1 - t) + max(t - 1, 0) * randomness.gumbel_gradient(f, _LEAST)


def _gumbel_clip(f: Facts) -> Any:
    if f.cotangent is None:
        return FLOOR
    total = np.abs(f.cotangent).sum(f.arguments["axis"] if f.expected.ndim else None, keepdims=True)
    return 2 * FLOOR * max(1, 1 / f.arguments["temperature"]) * np.broadcast_to(total, f.expected.shape)


def _gumbel_hard(f: Facts) -> Any:
    return np.where(np.isnan(f.expected), np.inf, np.abs(f.expected))


def _gumbel_overflow(f: Facts) -> Any:
    x = np.abs(f.arguments["x"])
    over = np.isfinite(x) & (x * (1 + 4 * f.unit) >= f.largest * f.arguments["temperature"])
    rows = over.any(f.arguments["axis"] if over.ndim else None, keepdims=True)
    return free(np.broadcast_to(rows, over.shape))


def _planes(where: Any) -> Any:
    """Every window of the planes in which this holds anywhere."""
    return where.any(tuple(range(2, where.ndim)), keepdims=True)


def _fractional_nan(f: Facts) -> Any:
    return free(
        np.isnan(f.expected)
        if f.name == "out"
        else np.broadcast_to(_planes(np.isnan(f.arguments["x"])), f.expected.shape)
    )


def _fractional_lowest(f: Facts) -> Any:
    if f.name != "out":
        return free(np.broadcast_to(_planes(f.arguments["x"] <= LOWEST), f.expected.shape))
    return np.where(f.expected < LOWEST, np.abs(f.expected - LOWEST), 0.0)


ROWS: dict[str, Row] = {
    "static-scale": Row(_static_scale, "factors kept in float32, at most two of them: 2**-24 of the product for each"),
    "dropout1d-batch": Row(
        lambda f: 0.0, "one draw a channel, shared by the samples of the batch; all else as documented", shared=(0,)
    ),
    "dropout-scale": Row(
        _dropout_scale,
        "p and 1-p kept in float32: p is off by 2**-24 p, which changes 1-p by p/(1-p) of that, rounded once more",
    ),
    "dropout-dropped": Row(
        _dropped,
        "x / (1-p) multiplied by a mask of 0 and 1: 0 times what is not finite is NaN, where the element is dropped",
    ),
    "alpha-dropped": Row(
        _alpha_dropped,
        "x multiplied by a mask of 0 and 1: 0 times what is not finite is NaN, where the element is dropped",
    ),
    "rrelu-slope": Row(
        _rrelu_slope, "lower and upper kept in float32, and added there: the slope is off by 3 2**-24 of itself"
    ),
    "gumbel-noise": Row(
        _gumbel_noise,
        "w = u (1-c) + c with c = 1e-5 in the place of u: the logits are off by the difference of -log(-log(w)) and "
        "-log(-log(u)), and by rounding c, 1-c, the product and the sum, which changes much where w is near 1",
    ),
    "gumbel-temperature": Row(
        _gumbel_temperature, "y (g - sum(g y)) without its division by the temperature, times which it comes out"
    ),
    "gumbel-clip": Row(
        _gumbel_clip, "differences of logits no lower than -64: e^-64 in the place of what is smaller, in any cell"
    ),
    "gumbel-overflow": Row(
        _gumbel_overflow, "(x + G) / t as it is written: nothing is claimed of rows where it exceeds the largest number"
    ),
    "gumbel-hard": Row(_gumbel_hard, "y (g - sum(g y)) with y the sample of 0 and 1, which makes it 0"),
    "fractional-nan": Row(
        _fractional_nan, "a maximum by comparisons, which NaN fails: nothing is claimed of its windows, or of the mask"
    ),
    "fractional-lowest": Row(
        _fractional_lowest,
        "the search starts from float32's lowest number: what is below comes out as that; the mask is left open",
    ),
}
"""Rows of conformance/judge/within.py."""
