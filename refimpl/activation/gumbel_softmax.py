"""gumbel_softmax, accurate to ACT-A5."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, bad, floating, number, same_shape
from refimpl._arguments import axis as axis_of
from refimpl.activation._rows import rowwise
from refimpl.activation.softmax import shares, shares_vjp


def gumbel_softmax(
    x: ArrayLike, temperature: float = 1.0, hard: bool = False, axis: int = -1, *, noise: ArrayLike
) -> Array:
    """softmax((x + G) / temperature) along an axis with G = -log(-log(noise)), noise one draw from (0, 1) a cell.

    hard=True gives 1 at the first largest of x + G and 0 elsewhere. Temperature 0 stands for its limit. x has any shape
    and any floating dtype, the result both; noise has the shape of x. Raises TypeError for dtypes that are not
    floating, ValueError for a temperature below 0 or not finite, an axis that x does not have, and noise outside
    [0, 1]. Source: `paddle.nn.functional.gumbel_softmax`.

    >>> gumbel_softmax([0.0, 0.0], noise=[0.5, 0.25])
    array([0.66666667, 0.33333333])
    >>> gumbel_softmax([0.0, 0.0], hard=True, noise=[0.5, 0.25])
    array([1., 0.])
    """
    array, draws, along, t = _arguments(x, temperature, axis, noise)

    def formula(x: Array, u: Array) -> Array:  # ACT-GUMBEL-1
        logits = _logits(x, u, t)
        return _one_hot(logits) if hard else shares(logits)

    return rowwise(formula, along, array.dtype, array, draws)


def gumbel_softmax_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    temperature: float = 1.0,
    hard: bool = False,
    axis: int = -1,
    *,
    noise: ArrayLike,
) -> tuple[Array]:
    """The gradient for x of `gumbel_softmax` with the same noise: that of the soft sample, also when hard.

    >>> gumbel_softmax_vjp([1.0, 0.0], [0.0, 0.0], 0.5, hard=True, noise=[0.5, 0.5])
    (array([ 0.5, -0.5]),)
    """
    array, draws, along, t = _arguments(x, temperature, axis, noise)
    g = same_shape("grad_out", floating("grad_out", grad_out), array.shape)

    def formula(g: Array, x: Array, u: Array) -> Array:  # ACT-GUMBEL-2
        slope = shares_vjp(g, _logits(x, u, t))
        return slope / t if t else 0 * slope  # ACT-GUMBEL-3

    return (rowwise(formula, along, array.dtype, g, array, draws),)


def _logits(x: Array, u: Array, t: float) -> Array:
    """(x + G) / t less a constant of the row: x enters by its differences, which its size does not blur."""
    top = x.max(axis=1, keepdims=True)
    centred = np.where(np.isfinite(top), x - top, x)
    noisy = centred - np.log(-np.log(u))
    if t:
        return noisy / t
    peak = noisy.max(axis=1, keepdims=True)
    return np.where(noisy == peak, x.dtype.type(0), np.where(noisy < peak, -np.inf, noisy))  # ACT-GUMBEL-3


def _one_hot(logits: Array) -> Array:  # ACT-GUMBEL-4
    out = np.zeros_like(logits)
    first = logits.argmax(axis=1, keepdims=True)
    top = np.take_along_axis(logits, first, 1)
    np.put_along_axis(out, first, 1, 1)
    return np.where(np.isnan(top), top, out)


def _arguments(x: ArrayLike, temperature: float, axis: int, noise: ArrayLike) -> tuple[Array, Array, int, float]:
    """x, the noise, the axis counted from the front, and the temperature."""
    array = floating("x", x)
    draws = same_shape("noise", floating("noise", noise), array.shape)
    outside = draws[~((draws >= 0) & (draws <= 1))]
    if outside.size:
        raise bad("noise", outside[0], "draws in [0, 1]")  # ACT-GUMBEL-5
    t = number("temperature", temperature, "a finite number of at least 0", lambda v: 0 <= v < math.inf)
    return array, draws, axis_of("axis", axis, max(array.ndim, 1)), t
