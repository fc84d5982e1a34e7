"""prelu: a rectifier whose slope below zero is learnt, one for all or one a channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, one_of, same_shape
from refimpl.activation._blocks import elementwise

LAYOUTS = ("NC", "NCL", "NCHW", "NCDHW", "NLC", "NHWC", "NDHWC")


def prelu(x: ArrayLike, weight: ArrayLike, data_format: str = "NCHW") -> Array:
    """max(0, x) + weight * min(0, x), for an array of any shape and any floating dtype; the result has both.

    weight has shape [] or [1], or [channels] for x of at least two dimensions; the channels are the second axis for
    "NC", "NCL", "NCHW" and "NCDHW", the last for "NLC", "NHWC" and "NDHWC". Raises TypeError for dtypes that are not
    floating, ValueError for another layout or another shape of weight. Source: `paddle.nn.functional.prelu`.

    >>> prelu([[-2.0, 3.0], [-4.0, -1.0]], [0.25, 0.5])
    array([[-0.5,  3. ],
           [-1. , -0.5]])
    """
    cells = floating("x", x)
    slopes = _slopes(cells, floating("weight", weight), data_format)
    return elementwise(lambda x, a: np.where(x > 0, x, a * x), cells.dtype, cells, slopes)  # ACT-PRELU-1


def prelu_vjp(grad_out: ArrayLike, x: ArrayLike, weight: ArrayLike, data_format: str = "NCHW") -> tuple[Array, Array]:
    """The gradients for x and weight of `prelu`, each in the shape and dtype of its argument.

    For x, grad_out where x > 0 and the slope times it elsewhere; for weight, the sum of grad_out * min(0, x) over the
    cells that share the slope, accumulated at least in float32.

    >>> prelu_vjp([1.0, 1.0, 1.0], [-2.0, 3.0, -4.0], 0.25)
    (array([0.25, 1.  , 0.25]), array(-6.))
    """
    cells, learnt = floating("x", x), floating("weight", weight)
    g = same_shape("grad_out", floating("grad_out", grad_out), cells.shape)
    slopes = _slopes(cells, learnt, data_format)
    grad_x = elementwise(lambda g, x, a: g * _slope_of(x, a), cells.dtype, g, cells, slopes)
    return grad_x, _grad_weight(g, cells, learnt, data_format)


def _slope_of(x: Array, below: Array) -> Array:
    return np.where(x > 0, x.dtype.type(1), np.where(x <= 0, below, x))  # ACT-PRELU-2: the slope at 0


def _grad_weight(g: Array, x: Array, weight: Array, data_format: str) -> Array:
    """The sum of g * min(0, x) over the cells of each slope."""
    work = accumulator(np.result_type(g, x))
    with np.errstate(all="ignore"):
        terms = g.astype(work, copy=False) * np.minimum(x.astype(work, copy=False), 0)
        shared = tuple(axis for axis in range(x.ndim) if weight.size == 1 or axis != _channels(data_format, x.ndim))
        sums = np.asarray(terms.sum(axis=shared), weight.dtype)  # ACT-PRELU-3
        return sums.reshape(weight.shape)


def _slopes(x: Array, weight: Array, data_format: str) -> Array:
    """The slope of every cell."""
    one_of("data_format", data_format, LAYOUTS)
    if weight.shape in ((), (1,)):
        return np.broadcast_to(weight.reshape(()), x.shape)
    if weight.ndim != 1 or x.ndim < 2 or weight.size != x.shape[_channels(data_format, x.ndim)]:
        raise bad(
            "the shape of weight", weight.shape, f"(), (1,) or (channels,), with x of shape {x.shape} in {data_format}"
        )
    along = [1] * x.ndim
    along[_channels(data_format, x.ndim)] = weight.size  # ACT-PRELU-4
    return np.broadcast_to(weight.reshape(along), x.shape)


def _channels(data_format: str, ndim: int) -> int:
    return 1 if data_format[1] == "C" else ndim - 1
