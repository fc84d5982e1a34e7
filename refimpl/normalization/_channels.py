"""Moments, products and affine maps of every channel, in blocks that stay in the cache.

An array is seen as [A, C, B] with the channels in the middle: [N, C, space] where they come second, and
[N * space, C, 1] where they come last.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array, accumulator
from refimpl._memory import aligned

_BLOCK = 200_000  # bytes of a block with intermediate results
_READ = 1 << 20  # bytes of one without
_REUSED = 16  # blocks from which on it pays to repeat a channel's numbers over a whole block
_ROWS = 1024  # numbers added up one after the other, where the channels come last

Block = tuple[slice, slice, slice]


class Centred(NamedTuple):
    """The channels of `view`, read as `scale * value - center` in the dtype of the accumulator.

    scale: None, or a power of two for each channel that keeps what is read, and its square, inside the range.
    center: the mean, rounded, where it is far from 0, so that it cancels before all other rounding; else 0.
    shifted: whether any center is not 0.
    offset, var: the mean and the variance of what is read, in at least float64.
    """

    view: Array
    scale: Array | None
    center: Array
    shifted: bool
    offset: Array
    var: Array

    @property
    def scaling(self) -> Array:
        """The scale, 1 where there is none."""
        return np.asarray(1 if self.scale is None else self.scale, self.var.dtype)

    @property
    def mean(self) -> Array:
        """The mean of the values themselves."""
        mean: Array = (self.center + self.offset) / self.scaling
        return mean

    def of_variance(self, share: Any) -> Array:
        """A share of the variance of the values themselves, which may be in range where all of it is not."""
        part: Array = share * self.var / self.scaling / self.scaling
        return part

    @property
    def copied(self) -> bool:
        """Whether reading takes more than a look."""
        return self.scale is not None or self.view.dtype != self.center.dtype or self.shifted

    def read(self, block: Block) -> Array:
        """The centred values of a block; the array may share memory with `view`."""
        values = self.view[block].astype(self.center.dtype, copy=False)
        if self.scale is not None:
            values = values * self.scale[block[1], None]
        return values - self.center[block[1], None] if self.shifted else values


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the few numbers kept for each channel: at least float64."""
    return np.promote_types(dtype, np.float64)


def centred(view: Array, mean: Array, var: Array) -> Centred:
    """The channels about a mean that is known."""
    scale = None
    if np.any(abs(mean) >= _far(view.dtype)):  # BN-N3: value - mean could overflow where y does not
        scale = np.full(mean.shape, 0.25, accumulator(view.dtype))
        mean, var = mean * scale, var * scale**2
    return _about(view, scale, mean, np.zeros_like(mean), var)


def measured(view: Array, epsilon: float) -> Centred:
    """The channels about their own mean, rescaled where squares or their inverses would leave the range."""
    found = _measured(view, None)
    limits = np.finfo(found.center.dtype)
    usual = (found.var < np.sqrt(limits.max)) & (found.var + epsilon > limits.tiny)  # nor may 1 / var underflow
    if usual.all():
        return found
    return _measured(view, np.where(usual, 1, _power_of_two(view)))  # BN-N3


def _measured(view: Array, scale: Array | None) -> Centred:
    """With d = value - center: mean = center + mean(d), var = mean(d^2) - mean(d)^2.

    From center 0 on, repeated about the mean just found while mean(d)^2 is most of mean(d^2), so that at most
    two bits cancel in the end; by the third time, equal values are centered exactly and their variance is 0.
    """
    count = view.shape[0] * view.shape[2]
    values = uncentred(view, scale)
    for _ in range(3):
        first, second = (total / count for total in totals(values, None, values))
        square = first * first
        var = np.maximum(second - square, 0)  # BN-F2, BN-F3
        values = _about(view, scale, values.center.astype(var.dtype), first, var)
        if not np.any(square > 0.75 * second):  # BN-N1
            break
    return values


def _about(view: Array, scale: Array | None, near: Array, rest: Array, var: Array) -> Centred:
    """The channels about the mean near + rest, or about 0 where that costs at most two bits."""
    mean = near + rest
    center = np.where(mean * mean > 3 * var, mean, 0).astype(accumulator(view.dtype))  # BN-N2
    return Centred(view, scale, center, bool(center.any()), (near - center) + rest, var)


def uncentred(view: Array, scale: Array | None = None) -> Centred:
    """The channels about 0, their moments unknown."""
    nothing = np.zeros(view.shape[1], wide(view.dtype))
    return Centred(view, scale, np.zeros(view.shape[1], accumulator(view.dtype)), False, nothing, nothing)


def totals(left: Centred, *others: Centred | None) -> list[Array]:
    """The sums over each channel of what is read from `left`, times what is read from each of the others (None: 1)."""
    sums = [np.zeros(left.center.size, wide(left.view.dtype)) for _ in others]
    limit = _BLOCK if any(values and values.copied for values in (left, *others)) else _READ
    for block in product(*_tiling(left.view.shape, left.center.itemsize, limit)):  # BN-X1: no sum mixes channels
        values = left.read(block)
        for total, right in zip(sums, others, strict=True):
            total[block[1]] += _inner(values, right and (values if right is left else right.read(block)))
    return sums


def affine(terms: Sequence[tuple[Centred, Array]], constant: Array, out_dtype: np.dtype[Any]) -> Array:
    """The sum over the terms of factor times what is read, plus a constant."""
    dtype = np.result_type(*(values.center for values, _ in terms))
    out = np.empty(terms[0][0].view.shape, out_dtype)
    needed = len(terms) - (out.dtype == dtype)
    limit = min(_BLOCK, max(out.size * dtype.itemsize // _REUSED, _BLOCK // 8)) if needed else _BLOCK
    along_a, along_c, along_b = _tiling(out.shape, dtype.itemsize, limit)
    reused = len(along_a) * len(along_b) >= _REUSED
    if not reused and not needed and not terms[0][0].copied:
        along_a, along_c, along_b = _tiling(out.shape, dtype.itemsize, _READ)
    largest = out[along_a[0], along_c[0], along_b[0]].shape
    tile = largest if reused else (1, 1, 1)
    room = aligned((needed, *largest), dtype)
    for channels in along_c:
        tiles = [_spread(numbers[channels], tile, dtype) for numbers in (*(f for _, f in terms), constant)]
        for rows, columns in product(along_a, along_b):
            block = (rows, channels, columns)
            target = out[block]
            cells = tuple(slice(length) for length in target.shape)
            *factors, constants = (numbers[cells] for numbers in tiles)
            parts = [part[cells] for part in room]
            total = target if out.dtype == dtype else parts.pop()
            np.multiply(terms[0][0].read(block), factors[0], out=total)
            for (values, _), factor, part in zip(terms[1:], factors[1:], parts, strict=True):
                total += np.multiply(values.read(block), factor, out=part)
            np.add(total, constants, out=target, casting="same_kind")  # BN-D1
    return out


def _spread(numbers: Array, tile: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A number for each channel, repeated along A and B, since NumPy is faster without broadcasting."""
    return np.broadcast_to(numbers.astype(dtype)[:, None], (tile[0], numbers.size, tile[2])).copy()


def _inner(left: Array, right: Array | None) -> Array:
    """For each channel of a block, the sum of left times right (of left alone if right is None)."""
    a, c, b = left.shape
    if b == 1:
        column: Array = np.ones(a, left.dtype) @ left[..., 0] if right is None else np.einsum("acb,acb->c", left, right)
        return column
    others = np.ones((b, 1), left.dtype) if right is None else right.reshape(a * c, b, 1)
    rows: Array = left.reshape(a * c, 1, b) @ others
    total: Array = rows.reshape(a, c).sum(axis=0, dtype=wide(left.dtype))
    return total


def _tiling(shape: tuple[int, ...], itemsize: int, limit: int) -> tuple[list[slice], list[slice], list[slice]]:
    """Slices along A, C and B whose products are contiguous blocks of at most `limit` bytes."""
    a, c, b = shape
    width_b = min(b, limit // itemsize)
    width_c = min(c, max(1, limit // itemsize // width_b))
    width_a = min(a, max(1, limit // itemsize // (width_b * width_c)), _ROWS)
    return _pieces(a, width_a), _pieces(c, width_c), _pieces(b, width_b)


def _pieces(length: int, width: int) -> list[slice]:
    return [slice(start, min(start + width, length)) for start in range(0, length, width)]


def _far(dtype: np.dtype[Any]) -> Any:
    """From here on a mean is so large that the difference to another number of the dtype can overflow."""
    limits = np.finfo(accumulator(dtype))
    return limits.max * limits.eps / 4


def _power_of_two(view: Array) -> Array:
    """For each channel of finite values the power of two that brings its largest magnitude to [1/2, 1)."""
    limits = np.finfo(accumulator(view.dtype))
    top = np.zeros(view.shape[1], limits.dtype)
    for block in product(*_tiling(view.shape, limits.dtype.itemsize, _BLOCK)):
        top[block[1]] = np.maximum(top[block[1]], abs(view[block]).max(axis=(0, 2)))
    exponent = np.clip(np.frexp(top)[1], limits.minexp + 2, limits.maxexp - 2)
    scale: Array = np.ldexp(limits.dtype.type(1), -exponent)
    return scale
