"""Dropout of elements, and of whole channels.

With m the mask, 1 for a kept element and 0 for a dropped one, and p the probability of dropping:

    upscale_in_train    training: x m / (1 - p)     inference: x
    downscale_in_infer  training: x m               inference: x (1 - p)

Source: the docstrings of paddle.nn.functional.dropout, dropout1d, dropout2d and dropout3d. The clauses
DROP-... are in docs/spec/regularization.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, one_of, probability, rank, same_shape
from refimpl.regularization._mask import channel_axis, checked, kept, varying

UPSCALE, DOWNSCALE = "upscale_in_train", "downscale_in_infer"


def dropout(
    x: ArrayLike,
    p: float = 0.5,
    axis: int | Sequence[int] | None = None,
    training: bool = True,
    mode: str = UPSCALE,
    *,
    mask: ArrayLike | None = None,
) -> Array:
    """Elements set to zero where `mask` is False, the others scaled so that the expectation is kept.

    x: any shape, any floating dtype; the result has both. Scaled in at least float32 and rounded once.
    axis: the axes along which the mask varies; it has length 1 along the others. None: all axes.
    mask: booleans, True keeps; read only in training with 0 < p < 1, and required then.
    Raises ValueError or TypeError for p outside [0, 1], an axis that x does not have, an unknown mode and a
    mask that does not fit.

    >>> dropout(np.array([1.0, 2.0, 3.0]), p=0.5, mask=np.array([True, False, True]))
    array([2., 0., 6.])
    >>> dropout(np.array([1.0, 2.0, 3.0]), p=0.25, training=False, mode="downscale_in_infer")
    array([0.75, 1.5 , 2.25])
    """
    x = floating("x", x)
    p = probability("p", p)  # DROP-E1
    one_of("mode", mode, (UPSCALE, DOWNSCALE))  # DROP-E1
    keep = checked(mask, varying(x.shape, axis), needed=training and 0 < p < 1)
    if not training:
        return x.copy() if mode == UPSCALE else _scaled(x, p)  # DROP-M1, DROP-M2
    if p == 1:
        return np.zeros_like(x)  # DROP-P1
    if p == 0 or keep is None:
        return x.copy()  # DROP-P0
    with np.errstate(all="ignore"):
        return kept(x, keep, _keeping(x, p) if mode == UPSCALE else 1)  # DROP-M1, DROP-M2, DROP-M3


def dropout_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    p: float = 0.5,
    axis: int | Sequence[int] | None = None,
    training: bool = True,
    mode: str = UPSCALE,
    *,
    mask: ArrayLike | None = None,
) -> tuple[Array]:
    """The gradient for x: dropout is linear and acts on each element alone, so it is its own transpose."""
    grad_out = same_shape("grad_out", floating("grad_out", grad_out), np.shape(x))
    gradient = dropout(grad_out, p, axis, training, mode, mask=mask)  # DROP-G1
    return (gradient.astype(floating("x", x).dtype, copy=False),)


def dropout1d(input: ArrayLike, p: float = 0.5, training: bool = True, *, mask: ArrayLike | None = None) -> Array:
    """Whole channels of [N, C, L] or [C, L] set to zero, with a mask of [N, C, 1] or [C, 1]."""
    input = rank("input", floating("input", input), 2, 3)
    return dropout(input, p, list(range(input.ndim - 1)), training, mask=mask)  # DROP-C1


def dropout1d_vjp(
    grad_out: ArrayLike,
    input: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    *,
    mask: ArrayLike | None = None,
) -> tuple[Array]:
    """The gradient for input, with the mask of the forward pass."""  # DROP-G1
    input = rank("input", floating("input", input), 2, 3)
    return dropout_vjp(grad_out, input, p, list(range(input.ndim - 1)), training, mask=mask)


def dropout2d(
    x: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    data_format: str = "NCHW",
    *,
    mask: ArrayLike | None = None,
) -> Array:
    """Whole channels of [N, C, H, W] (or NHWC) set to zero, with a mask of [N, C, 1, 1]."""
    x = floating("x", x)
    channel = channel_axis(x.shape, data_format, ("NCHW", "NHWC"))
    return dropout(x, p, [0, channel], training, mask=mask)  # DROP-C1


def dropout2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    data_format: str = "NCHW",
    *,
    mask: ArrayLike | None = None,
) -> tuple[Array]:
    """The gradient for x, with the mask of the forward pass."""  # DROP-G1
    channel = channel_axis(np.shape(x), data_format, ("NCHW", "NHWC"))
    return dropout_vjp(grad_out, x, p, [0, channel], training, mask=mask)


def dropout3d(
    x: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    data_format: str = "NCDHW",
    *,
    mask: ArrayLike | None = None,
) -> Array:
    """Whole channels of [N, C, D, H, W] (or NDHWC) set to zero, with a mask of [N, C, 1, 1, 1]."""
    x = floating("x", x)
    channel = channel_axis(x.shape, data_format, ("NCDHW", "NDHWC"))
    return dropout(x, p, [0, channel], training, mask=mask)  # DROP-C1


def dropout3d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    p: float = 0.5,
    training: bool = True,
    data_format: str = "NCDHW",
    *,
    mask: ArrayLike | None = None,
) -> tuple[Array]:
    """The gradient for x, with the mask of the forward pass."""  # DROP-G1
    channel = channel_axis(np.shape(x), data_format, ("NCDHW", "NDHWC"))
    return dropout_vjp(grad_out, x, p, [0, channel], training, mask=mask)


def _keeping(x: Array, p: float) -> Any:
    """1 - p in at least float64."""
    return 1 - np.promote_types(x.dtype, np.float64).type(p)


def _scaled(x: Array, p: float) -> Array:
    """x times 1 - p, in at least float32 and rounded once to the dtype of x."""
    dtype = accumulator(x.dtype)
    with np.errstate(all="ignore"):
        result: Array = np.multiply(x, _keeping(x, p).astype(dtype), dtype=dtype)
        return result.astype(x.dtype, copy=False)  # DROP-D1
