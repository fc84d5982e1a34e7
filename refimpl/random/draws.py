"""What each of Paddle's random operators draws from the stream, in the form in which its reference takes it.

A function here consumes exactly the numbers that the operator consumes on the CPU with the same arguments (p
given as a number), so that a sequence of operators can be followed call by call. Where an operator draws
nothing and needs no mask, the function leaves the stream alone and returns None, which the reference accepts.
The clauses RNG-... are in docs/spec/random.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from refimpl._arguments import floating, probability
from refimpl.random.generator import Generator
from refimpl.regularization._mask import Shape, by_channel, channel_axis, varying

Mask = NDArray[np.bool_]


def dropout_mask(
    stream: Generator,
    shape: Sequence[int],
    p: float = 0.5,
    axis: int | Sequence[int] | None = None,
    training: bool = True,
) -> Mask | None:
    """The keep mask of `dropout` on an x of this shape, one draw for each element of the mask."""
    mask_shape = varying(shape, axis)
    if axis is None and training and p != 1 and np.float32(probability("p", p)) == 1:
        return np.zeros(mask_shape, np.bool_)  # RNG-N2
    return _kept(stream, mask_shape, p, training and p != 0)  # RNG-D1, RNG-N1


def dropout1d_mask(stream: Generator, shape: Sequence[int], p: float = 0.5, training: bool = True) -> Mask | None:
    """The keep mask of `dropout1d`: one draw a channel, shared by the whole batch."""
    return _kept(stream, varying(shape, len(shape) - 2), p, training and p != 0)  # RNG-D2


def dropout2d_mask(
    stream: Generator, shape: Sequence[int], p: float = 0.5, training: bool = True, data_format: str = "NCHW"
) -> Mask | None:
    """The keep mask of `dropout2d`: one draw for each channel of each sample."""
    mask_shape = by_channel(shape, channel_axis(shape, data_format, ("NCHW", "NHWC")))
    return _kept(stream, mask_shape, p, training and p != 0)


def dropout3d_mask(
    stream: Generator, shape: Sequence[int], p: float = 0.5, training: bool = True, data_format: str = "NCDHW"
) -> Mask | None:
    """The keep mask of `dropout3d`: one draw for each channel of each sample."""
    mask_shape = by_channel(shape, channel_axis(shape, data_format, ("NCDHW", "NDHWC")))
    return _kept(stream, mask_shape, p, training and p != 0)


def alpha_dropout_mask(stream: Generator, shape: Sequence[int], p: float = 0.5, training: bool = True) -> Mask | None:
    """The keep mask of `alpha_dropout`, one draw an element; for p = 0 too."""
    return _kept(stream, tuple(shape), p, training)  # RNG-D3


def feature_alpha_dropout_mask(
    stream: Generator, shape: Sequence[int], p: float = 0.5, training: bool = True
) -> Mask | None:
    """The keep mask of `feature_alpha_dropout`, one draw for each channel of each sample; for p = 0 too."""
    return _kept(stream, by_channel(shape, 1), p, training)  # RNG-D3


def rrelu_slopes(
    stream: Generator,
    x: ArrayLike,
    lower: float = 1.0 / 8.0,
    upper: float = 1.0 / 3.0,
    training: bool = True,
) -> NDArray[Any] | None:
    """The slopes of `rrelu`: one draw for each negative x in C order, 1 elsewhere; of x's shape and dtype."""
    if not training:
        return None  # RNG-N1
    x = floating("x", x)
    negative = x < 0  # RNG-R1
    low, high = np.float32(lower), np.float32(upper)
    slopes = np.ones_like(x)
    slopes[negative] = stream.uniform((int(negative.sum()),)) * (high - low) + low
    return slopes


def gumbel_uniforms(stream: Generator, shape: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any] | None:
    """The uniform numbers behind the Gumbel noise of `gumbel_softmax`, one an element; none for 0-D input."""
    return stream.uniform(shape, dtype) if len(shape) else None  # RNG-G1


def fractional_u(stream: Generator) -> float:
    """The `random_u` of a fractional pooling that was given none."""
    return float(stream.uniform(())[()])  # RNG-F1


def _kept(stream: Generator, shape: Shape, p: float, draws: bool) -> Mask | None:
    """Kept where a float32 uniform reaches float32(p)."""
    threshold = np.float32(probability("p", p))
    if not draws or p == 1:
        return None  # RNG-N1
    return stream.reaching(shape, threshold)  # RNG-D1
