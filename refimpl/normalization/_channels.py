"""Moments, inner products and affine maps of every channel, in blocks that stay in the cache.

An array is seen as [A, C, B] with the channels in the middle: [N, C, space] where they come second, and
[N * space, C, 1] where they come last. Values are read about their mean, so that a large one cancels before
anything is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from refimpl._arguments import Array, accumulator

_BLOCK = 1 << 18  # bytes of a temporary
_ROWS = 1024  # numbers added up one after the other, where the channels come last
_PILOT = 1024  # values from which the first guess of a channel's mean is made


class Centred(NamedTuple):
    """The channels of `view`, read as `scale * value - center` in the accumulator's dtype.

    scale: None, or a power of two for each channel that keeps what is read, and its square, inside the range.
    offset: the mean of what is read, because `center` is the mean rounded; small, and at least float64.
    var: the variance of what is read.
    """

    view: Array
    scale: Array | None
    center: Array
    offset: Array
    var: Array

    @property
    def scaling(self) -> Array:
        """The scale, 1 where there is none."""
        return np.ones_like(self.var) if self.scale is None else self.scale.astype(self.var.dtype)

    @property
    def mean(self) -> Array:
        """The mean of the values themselves."""
        mean: Array = (self.center + self.offset) / self.scaling
        return mean

    @property
    def variance(self) -> Array:
        """The variance of the values themselves."""
        variance: Array = self.var / self.scaling**2
        return variance

    def read(self, block: tuple[slice, slice, slice]) -> Array:
        """A new array with one block of the centred values."""
        values = self.view[block].astype(self.center.dtype, copy=False)
        if self.scale is not None:
            values = values * _column(self.scale, block)
        return values - _column(self.center, block)


def wide(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of the few numbers kept for each channel: at least float64."""
    return np.promote_types(dtype, np.float64)


def centred(view: Array, mean: Array, var: Array) -> Centred:
    """The channels about a mean that is known."""
    scale = None
    if np.any(abs(mean) >= _far(view.dtype)):  # BN-N3: value - mean could overflow where y does not
        scale = np.full(mean.shape, 0.25)
        mean, var = mean * scale, var * scale**2
    center = mean.astype(accumulator(view.dtype))
    return Centred(view, scale, center, mean - center, var)


def measured(view: Array, epsilon: float) -> Centred:
    """The channels about their own mean, rescaled where squares would leave the range of the dtype."""
    found = _measured(view, None)
    tiny = np.finfo(found.center.dtype).tiny
    usual = np.isfinite(found.var) & (found.var + epsilon > tiny) & (abs(found.center) < _far(view.dtype))
    return found if usual.all() else _measured(view, _power_of_two(view))  # BN-N3


def _measured(view: Array, scale: Array | None) -> Centred:
    """With d = value - shift: mean = shift + mean(d), var = mean(d^2) - mean(d)^2.

    Repeated about the mean just found while mean(d)^2 is most of mean(d^2), so that at most two bits cancel.
    """
    count = view.shape[0] * view.shape[2]
    mean = _pilot(view) * (1 if scale is None else scale)
    for _ in range(3):
        values = Centred(view, scale, mean.astype(accumulator(view.dtype)), mean, mean)
        first, second = (total / count for total in totals(values, values))
        mean = values.center + first
        if not np.any(first * first > 0.75 * second):  # BN-N1
            break
    center = np.where(np.isfinite(mean), mean, values.center).astype(values.center.dtype)
    offset = (values.center.astype(mean.dtype) - center) + first
    return Centred(view, scale, center, offset, np.maximum(second - first * first, 0))


def _pilot(view: Array) -> Array:
    """A first guess of each channel's mean, from a few of its values."""
    few = view[: max(1, _PILOT // view.shape[2]), :, :_PILOT]
    guess = few.mean(axis=(0, 2), dtype=wide(view.dtype))
    return np.where(np.isfinite(guess), guess, 0)


def totals(left: Centred, right: Centred) -> tuple[Array, Array]:
    """The sums over each channel of what is read from `left`, and of its product with `right`."""
    first, second = np.zeros((2, left.center.size), wide(left.view.dtype))
    for block in _blocks(left.view.shape, left.center.itemsize):
        values = left.read(block)
        others = values if right is left else right.read(block)
        first[block[1]] += _inner(values, None)
        second[block[1]] += _inner(values, others)
    return first, second


def affine(terms: Sequence[tuple[Centred, Array]], constant: Array, out: Array) -> None:
    """Writes the sum over the terms of factor times what is read, plus a constant, to `out`."""
    for block in _blocks(out.shape, terms[0][0].center.itemsize):
        total: Any = None
        for values, factor in terms:
            term = values.read(block)
            term *= _column(factor.astype(term.dtype), block)
            total = term if total is None else np.add(total, term, out=total)
        np.add(total, _column(constant.astype(total.dtype), block), out=out[block], casting="same_kind")


def _inner(left: Array, right: Array | None) -> Array:
    """For each channel of a block, the sum of left times right (of left alone if right is None), by BLAS."""
    a, c, b = left.shape
    if b == 1:
        product = left if right is None else left * right
        ones = np.ones(a, left.dtype)
        column: Array = ones @ product.reshape(a, c)
        return column
    columns = np.ones((b, 1), left.dtype) if right is None else right.reshape(a * c, b, 1)
    rows: Array = left.reshape(a * c, 1, b) @ columns
    total: Array = rows.reshape(a, c).sum(axis=0, dtype=wide(left.dtype))
    return total


def _blocks(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice, slice, slice]]:
    """Slices that cover an [A, C, B] array, contiguous pieces of at most _BLOCK bytes."""
    size, (a, c, b) = _BLOCK // itemsize, shape
    wide_b = min(b, size)
    wide_c = min(c, max(1, size // max(wide_b, 1)))
    wide_a = min(a, max(1, size // max(wide_b * wide_c, 1)), _ROWS)
    for i in range(0, a, max(wide_a, 1)):
        for j in range(0, c, max(wide_c, 1)):
            for k in range(0, b, max(wide_b, 1)):
                yield slice(i, i + wide_a), slice(j, j + wide_c), slice(k, k + wide_b)


def _column(numbers: Array, block: tuple[slice, slice, slice]) -> Array:
    """A number for each channel, shaped to meet a block."""
    return numbers[block[1]][:, None]


def _far(dtype: np.dtype[Any]) -> Any:
    """From here on a mean is so large that the difference to another number of the dtype can overflow."""
    limits = np.finfo(accumulator(dtype))
    return limits.max * limits.eps / 4


def _power_of_two(view: Array) -> Array:
    """For each channel the power of two that brings its largest finite magnitude to [1/2, 1)."""
    limits = np.finfo(accumulator(view.dtype))
    top = np.zeros(view.shape[1], limits.dtype)
    for block in _blocks(view.shape, limits.dtype.itemsize):
        size = abs(view[block])
        size[~np.isfinite(size)] = 0
        np.maximum(top[block[1]], size.max(axis=(0, 2)), out=top[block[1]])
    exponent = np.frexp(top)[1]
    exponent = np.clip(exponent, limits.minexp + 2, limits.maxexp - 2)
    scale: Array = np.ldexp(limits.dtype.type(1), -exponent)
    return scale
