"""Alpha dropout: dropped elements go to SELU's saturation value; an affine map restores mean 0 and variance
1.

With s = -alpha lambda the saturation value, a = ((1 - p)(1 + p s^2))^(-1/2) and b = -a s p:

    kept: a x + b        dropped: a s + b = a s (1 - p)

Source: Klambauer et al., "Self-Normalizing Neural Networks" (2017), and the docstrings of
paddle.nn.functional.alpha_dropout and feature_alpha_dropout. The clauses DROP-... are in
docs/spec/regularization.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, probability, same_shape
from refimpl.regularization._mask import Shape, by_channel, checked, kept

_ALPHA = "1.6732632423543772848170429916717"
_LAMBDA = "1.0507009873554804934193349852946"


def alpha_dropout(x: ArrayLike, p: float = 0.5, training: bool = True, *, mask: ArrayLike | None = None) -> Array:
    """Elements dropped to SELU's saturation value where `mask` is False; mean 0 and variance 1 are then
    restored.

    x: any shape, any floating dtype; the result has both. Computed in at least float32 and rounded once.
    mask: booleans of x's shape, True keeps; read only in training with 0 < p < 1, and required then.
    Raises ValueError or TypeError for p outside [0, 1] and for a mask that does not fit.

    >>> alpha_dropout(np.array([-1.0, 1.0]), mask=np.array([True, False])).round(6)
    array([-0.107211, -0.779194])
    """
    x, p = floating("x", x), probability("p", p)  # DROP-E1
    keep = checked(mask, x.shape, bool(training) and 0 < p < 1)
    return _dropped(x, p, training, keep)


def alpha_dropout_vjp(
    grad_out: ArrayLike, x: ArrayLike, p: float = 0.5, training: bool = True, *, mask: ArrayLike | None = None
) -> tuple[Array]:
    """The gradient for x: a times grad_out where x was kept, zero where it was dropped."""
    x, p = floating("x", x), probability("p", p)  # DROP-E1
    keep = checked(mask, x.shape, bool(training) and 0 < p < 1)
    return (_gradient(grad_out, x, p, training, keep),)


def feature_alpha_dropout(
    x: ArrayLike, p: float = 0.5, training: bool = True, *, mask: ArrayLike | None = None
) -> Array:
    """Alpha dropout of whole channels of [N, C, ...], with a mask of [N, C, 1, ...]."""
    x, p = floating("x", x), probability("p", p)  # DROP-E1
    keep = checked(mask, _channels(x), bool(training) and 0 < p < 1)
    return _dropped(x, p, training, keep)


def feature_alpha_dropout_vjp(
    grad_out: ArrayLike, x: ArrayLike, p: float = 0.5, training: bool = True, *, mask: ArrayLike | None = None
) -> tuple[Array]:
    """The gradient for x: a times grad_out in the kept channels, zero in the dropped ones."""
    x, p = floating("x", x), probability("p", p)  # DROP-E1
    keep = checked(mask, _channels(x), bool(training) and 0 < p < 1)
    return (_gradient(grad_out, x, p, training, keep),)


def _channels(x: Array) -> Shape:
    if x.ndim < 2:
        raise bad("the rank of x", x.ndim, "at least 2")  # DROP-E3
    return by_channel(x.shape, 1)  # DROP-C1


def _affine(x: Array, p: float) -> tuple[Any, Any, Any]:
    """The slope a, the intercept b and the value of the dropped, in at least float64."""  # DROP-F1
    wide = np.promote_types(x.dtype, np.float64).type
    p, saturation = wide(p), -wide(_ALPHA) * wide(_LAMBDA)
    a = 1 / np.sqrt((1 - p) * (1 + p * saturation**2))
    return a, -a * saturation * p, a * saturation * (1 - p)


def _dropped(x: Array, p: float, training: bool, keep: Array | None) -> Array:
    if not training or p == 0:
        return x.copy()  # DROP-M1, DROP-P0
    if p == 1 or keep is None:
        return np.zeros_like(x)  # DROP-P1: the limit of a s (1 - p)
    a, b, dropped = _affine(x, p)
    wide = accumulator(x.dtype)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scaled = np.multiply(x, wide.type(a), dtype=wide)
        scaled += wide.type(b)
        y: Array = np.where(keep, scaled, wide.type(dropped)).astype(x.dtype, copy=False)  # DROP-F1
    return y


def _gradient(grad_out: ArrayLike, x: Array, p: float, training: bool, keep: Array | None) -> Array:
    grad_out = same_shape("grad_out", floating("grad_out", grad_out), x.shape)
    if not training or p == 0:
        return grad_out.astype(x.dtype)
    if p == 1 or keep is None:
        return np.zeros_like(x)
    wide = accumulator(x.dtype)
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        scaled = np.multiply(grad_out, wide.type(_affine(x, p)[0]), dtype=wide)
        gradient: Array = kept(scaled, keep).astype(x.dtype, copy=False)  # DROP-G1
    return gradient
