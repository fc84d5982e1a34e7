"""Batch normalization.

    y = (x - mean) / sqrt(var + epsilon) * weight + bias

with the mean and the biased variance of each channel over all other axes: those of the batch in training, the
running statistics otherwise. Training updates them: running = momentum * running + (1 - momentum) * batch.

Source: Ioffe and Szegedy, "Batch Normalization" (2015); the docstrings of paddle.nn.functional.batch_norm
and paddle.nn.BatchNorm1D. The clauses BN-... are in docs/spec/normalization.md.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, floating, number, one_of, probability, rank, same_shape
from refimpl.normalization._channels import Centred, affine, centred, measured, totals, uncentred, wide

FORMATS = ("NC", "NCL", "NCHW", "NCDHW", "NLC", "NHWC", "NDHWC")


def batch_norm(
    x: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.9,
    epsilon: float = 1e-05,
    data_format: str = "NCHW",
    use_global_stats: bool | None = None,
) -> tuple[Array, Array, Array]:
    """The normalized x, and the running mean and variance after this call.

    x: [N, C] up to [N, C, D, H, W], or with the channels last; any floating dtype. y has its shape and dtype;
    it is computed in at least float32, the numbers kept for each channel in at least float64, and rounded
    once.
    running_mean, running_var, weight, bias: one number for each channel. No weight means 1, no bias 0.
    data_format: its second letter says whether the channels come second or last, whatever the rank of x.
    use_global_stats: True takes the running statistics, False those of the batch, None decides by `training`.
    Raises ValueError or TypeError for a rank outside 2 to 5, an unknown layout, arrays of another length than
    C, a momentum outside [0, 1] and an epsilon that is negative or not finite.

    >>> x = np.array([[1.0, 2.0], [3.0, 2.0]])
    >>> y, mean, var = batch_norm(x, np.zeros(2), np.ones(2), training=True, epsilon=0.25)
    >>> y.round(4)
    array([[-0.8944,  0.    ],
           [ 0.8944,  0.    ]])
    >>> mean, var
    (array([0.2, 0.2]), array([1. , 0.9]))
    """
    call = _checked(x, running_mean, running_var, weight, bias, epsilon, data_format)
    kept = call.mean.dtype.type(probability("momentum", momentum))  # BN-E3
    y, mean, var = call.x, call.mean, call.var
    of_batch = _uses_batch(training, use_global_stats)
    with np.errstate(all="ignore"):
        if y.size:  # BN-S4
            values = measured(y, call.epsilon) if of_batch else centred(y, mean, var)
            factor = call.weight * _inverse_std(values, call.epsilon)
            y = affine([(values, factor)], call.bias - values.offset * factor, y.dtype)  # BN-F1
            if of_batch and training:  # BN-S2
                mean = kept * mean + (1 - kept) * values.mean  # BN-S1
                var = kept * var + values.of_variance(1 - kept)
        running = mean.astype(np.asarray(running_mean).dtype), var.astype(np.asarray(running_var).dtype)
    return y.reshape(np.shape(x)), *running


def batch_norm_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None = None,
    bias: ArrayLike | None = None,
    training: bool = False,
    momentum: float = 0.9,
    epsilon: float = 1e-05,
    data_format: str = "NCHW",
    use_global_stats: bool | None = None,
) -> tuple[Array, Array | None, Array | None]:
    """The gradients for x, weight and bias from the one for y; None stands for an argument that is None.

    With g = grad_out, x_hat the normalized x before weight and bias, s = weight / sqrt(var + epsilon), and means
    over each channel:

        bias: sum(g)    weight: sum(g x_hat)
        x: s (g - mean(g) - x_hat mean(g x_hat)) with the statistics of the batch, s g with the running ones

    The running statistics are buffers and have no gradient. Arguments, dtypes and errors as in batch_norm.

    >>> x, g = np.array([[1.0], [3.0]]), np.array([[1.0], [0.0]])
    >>> batch_norm_vjp(g, x, np.zeros(1), np.full(1, 4.0), np.ones(1), epsilon=0.0)
    (array([[0.5],
           [0. ]]), array([0.5]), None)
    """
    call = _checked(x, running_mean, running_var, weight, bias, epsilon, data_format)
    probability("momentum", momentum)
    grad = same_shape("grad_out", floating("grad_out", grad_out), np.shape(x)).reshape(call.x.shape)
    gradients = _of_batch if _uses_batch(training, use_global_stats) else _of_running
    with np.errstate(all="ignore"):
        empty = grad, *np.zeros((2, call.mean.size))
        of_x, of_weight, of_bias = gradients(call, grad) if grad.size else empty
        return (
            of_x.reshape(np.shape(x)).astype(call.x.dtype, copy=False),
            None if weight is None else of_weight.astype(np.asarray(weight).dtype),  # BN-G3
            None if bias is None else of_bias.astype(np.asarray(bias).dtype),
        )


class _Call(NamedTuple):
    """The arguments in their normal form: x as [A, C, B], the statistics in at least float64."""

    x: Array
    mean: Array
    var: Array
    weight: Array
    bias: Array
    epsilon: float


def _of_batch(call: _Call, grad: Array) -> tuple[Array, Array, Array]:
    """The gradients where the statistics depend on x; centred first, so that large means cancel."""
    count = grad.size // grad.shape[1]
    values, grads = measured(call.x, call.epsilon), measured(grad, 1.0)
    inverse = _inverse_std(values, call.epsilon)
    covariance = totals(grads, values)[0] / count - grads.offset * values.offset
    of_grad = call.weight * inverse * values.scaling / grads.scaling
    of_value = -(of_grad * inverse) * (inverse * covariance)  # a square of the inverse could underflow
    constant = -(of_grad * grads.offset + of_value * values.offset)
    of_x = affine([(grads, of_grad), (values, of_value)], constant, call.x.dtype)  # BN-G1
    return of_x, count * covariance * inverse / grads.scaling, count * grads.mean


def _of_running(call: _Call, grad: Array) -> tuple[Array, Array, Array]:
    """The gradients where mean and variance are constants."""
    values = centred(call.x, call.mean, call.var)
    total, product = totals(uncentred(grad), None, values)
    inverse = _inverse_std(values, call.epsilon)
    factor = (call.weight * inverse * values.scaling).astype(values.center.dtype)
    of_x: Array = grad * factor[:, None]  # BN-G2
    return of_x, (product - values.offset * total) * inverse, total


def _inverse_std(values: Centred, epsilon: float) -> Array:
    """1 / sqrt(var + epsilon) of what is read from values, epsilon being scaled with it."""
    scaled = epsilon * values.scaling * values.scaling
    if epsilon > 0:  # far below the square of one ULP where values were scaled down, but not 0
        scaled = np.where(values.scaling < 1, np.maximum(scaled, np.finfo(values.center.dtype).tiny), scaled)
    inverse: Array = 1 / np.sqrt(values.var + scaled)
    return inverse


def _uses_batch(training: bool, use_global_stats: bool | None) -> bool:
    """Whether the statistics are those of the batch."""  # BN-S3
    one_of("use_global_stats", use_global_stats, (None, True, False))
    return bool(training) if use_global_stats is None else not use_global_stats


def _checked(
    x: ArrayLike,
    running_mean: ArrayLike,
    running_var: ArrayLike,
    weight: ArrayLike | None,
    bias: ArrayLike | None,
    epsilon: float,
    data_format: str,
) -> _Call:
    array = rank("x", floating("x", x), 2, 3, 4, 5)  # BN-E1
    one_of("data_format", data_format, FORMATS)
    channel = 1 if data_format[1] == "C" else array.ndim - 1  # BN-L1
    count = array.shape[channel]
    view = array.reshape(math.prod(array.shape[:channel]), count, math.prod(array.shape[channel + 1 :]))

    def of_channels(name: str, value: ArrayLike) -> Array:
        return same_shape(name, floating(name, value), (count,))  # BN-E2

    return _Call(
        view,
        of_channels("running_mean", running_mean).astype(wide(array.dtype)),
        of_channels("running_var", running_var).astype(wide(array.dtype)),
        np.ones(count) if weight is None else of_channels("weight", weight),
        np.zeros(count) if bias is None else of_channels("bias", bias),
        number("epsilon", epsilon, "a finite number of at least 0", lambda e: 0 <= e < math.inf),  # BN-E3
    )
