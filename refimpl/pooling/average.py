"""Average pooling in one, two and three dimensions.

The average of a window is the sum of its cells divided by their number. Sums are kept in at least float32 and rounded
to the dtype of the input once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial, reduce
from math import ceil, isfinite, log2, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, number, rank, same_shape
from refimpl.pooling import windows
from refimpl.pooling.boxes import Box, blocks
from refimpl.pooling.geometry import FIRST, Geometry, Padding, Sizes, fixed
from refimpl.pooling.spread import spread

Linear = Callable[[Array], Array]


def avg_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    exclusive: bool = True,
    ceil_mode: bool = False,
) -> Array:
    """The average of every window of (N, C, L) arrays: `avg_pool2d` with one axis.

    >>> avg_pool1d([[[1.0, 2.0, 3.0, 4.0]]], 2)
    array([[[1.5, 3.5]]])
    """
    x = rank("x", floating("x", x), 3)
    return average(x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1]), exclusive)


def avg_pool1d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    exclusive: bool = True,
    ceil_mode: bool = False,
) -> tuple[Array]:
    """The gradient of `avg_pool1d` with respect to `x`; see `avg_pool2d_vjp`."""
    x = rank("x", floating("x", x), 3)
    return (average_vjp(grad_out, x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1]), exclusive),)


def avg_pool2d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    exclusive: bool = True,
    divisor_override: float | None = None,
    data_format: str = "NCHW",
) -> Array:
    """The average of every window of (N, C, H, W) arrays, or of (N, H, W, C) ones with data_format "NHWC".

    Window (i, j) holds the cells from (i, j) * stride - padding on, kernel_size of them along each axis; its sum is
    divided by the number of those that lie in the input (`exclusive`), by the number of those that lie in the padded
    input (not `exclusive`) or by `divisor_override`. The result has x's dtype, floor((L + padding - kernel_size) /
    stride) + 1 windows along an axis of L cells (ceil in `ceil_mode`) and NaN for a window without cells.

    Raises TypeError for arguments of the wrong kind and ValueError for those without meaning, naming the argument.
    Source: documentation of paddle.nn.functional.avg_pool2d; clauses A, G and P of the specification.

    >>> avg_pool2d([[[[1.0, 2.0], [3.0, 6.0]]]], 2)
    array([[[[3.]]]])
    """
    x = rank("x", floating("x", x), 4)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return average(x, geometry, exclusive, divisor_override)


def avg_pool2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    exclusive: bool = True,
    divisor_override: float | None = None,
    data_format: str = "NCHW",
) -> tuple[Array]:
    """The gradient of `avg_pool2d` with respect to `x`: every cell sums its shares of the windows that hold it.

    `grad_out` has the shape of the result, the gradient has x's shape and dtype.

    >>> avg_pool2d_vjp([[[[4.0]]]], [[[[1.0, 2.0], [3.0, 6.0]]]], 2)
    (array([[[[1., 1.],
             [1., 1.]]]]),)
    """
    x = rank("x", floating("x", x), 4)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (average_vjp(grad_out, x, geometry, exclusive, divisor_override),)


def avg_pool3d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    exclusive: bool = True,
    divisor_override: float | None = None,
    data_format: str = "NCDHW",
) -> Array:
    """The average of every window of (N, C, D, H, W) arrays, or "NDHWC": `avg_pool2d` with three axes."""
    x = rank("x", floating("x", x), 5)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return average(x, geometry, exclusive, divisor_override)


def avg_pool3d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    exclusive: bool = True,
    divisor_override: float | None = None,
    data_format: str = "NCDHW",
) -> tuple[Array]:
    """The gradient of `avg_pool3d` with respect to `x`; see `avg_pool2d_vjp`."""
    x = rank("x", floating("x", x), 5)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (average_vjp(grad_out, x, geometry, exclusive, divisor_override),)


def average(x: Array, geometry: Geometry, exclusive: bool = True, divisor_override: float | None = None) -> Array:
    """The sum of every window, divided."""
    dtype = accumulator(x.dtype)  # POOL-A8
    divisors = _divisors(geometry, exclusive, divisor_override, dtype)
    padding = -0.0 if exclusive else 0.0  # POOL-A6
    view = x.reshape(geometry.view)

    def run(apply: Callable[[Linear, Array], Array]) -> Array:
        out = np.empty(geometry.out_view, x.dtype)
        for inputs, outputs, box, _ in blocks(geometry, dtype.itemsize):
            plan = windows.plan(box, overlapping=False)
            by = divisors[outputs[1]] if divisors.ndim else divisors
            cells = windows.load(view[inputs], plan, padding, dtype)
            out[outputs] = apply(partial(_quotients, plan=plan, by=by), cells)
        return out.reshape(geometry.out_shape)

    return _without_overflow(run, geometry)


def average_vjp(
    grad_out: ArrayLike, x: Array, geometry: Geometry, exclusive: bool = True, divisor_override: float | None = None
) -> Array:
    """Every cell sums its shares of the windows that hold it."""
    g = same_shape("grad_out", floating("grad_out", grad_out), geometry.out_shape).reshape(geometry.out_view)
    dtype = accumulator(x.dtype)
    divisors = _divisors(geometry, exclusive, divisor_override, dtype)

    def run(apply: Callable[[Linear, Array], Array]) -> Array:
        out = np.zeros(geometry.view, dtype)
        for inputs, outputs, box, shared in blocks(geometry, dtype.itemsize):
            by = divisors[outputs[1]] if divisors.ndim else divisors
            shares = apply(partial(_shares, box=box, by=by), g[outputs].astype(dtype, copy=False))
            out[inputs] = out[inputs] + shares if shared else shares
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    return _without_overflow(run, geometry, divisors)


def _quotients(cells: Array, plan: windows.Plan, by: Array) -> Array:
    return windows.reduce(cells, plan, windows.ADD) / by  # POOL-A1


def _shares(g: Array, box: Box, by: Array) -> Array:
    return spread(g / by, box)  # POOL-A9


def _without_overflow(
    run: Callable[[Callable[[Linear, Array], Array]], Array], geometry: Geometry, divisors: Array | None = None
) -> Array:
    """What `run` computes by linear functions; if one of them overflows, again with its argument scaled down."""
    try:
        with np.errstate(over="raise", invalid="ignore", divide="ignore", under="ignore"):
            return run(lambda function, cells: function(cells))
    except FloatingPointError:  # POOL-A5
        terms = prod(max(axis.sizes) for axis in geometry.axes)
        least = 1.0 if divisors is None else min(1.0, float(abs(divisors[divisors != 0]).min()))
        with np.errstate(all="ignore"):
            return run(partial(_scaled, 2.0 ** -ceil(log2(terms) - log2(least) + 1)))


def _scaled(scale: float, function: Linear, cells: Array) -> Array:
    plain = function(cells)
    return np.where(np.isfinite(plain), plain, function(cells * cells.dtype.type(scale)) / cells.dtype.type(scale))


def _divisors(geometry: Geometry, exclusive: bool, divisor_override: Any, dtype: np.dtype[Any]) -> Array:
    """What the sum of each window is divided by: (*windows, 1), or () if it is the same for all of them."""
    if divisor_override is None:
        return _counts(geometry, bool(exclusive), dtype)
    allowed = "a finite number other than 0, or None"
    divisor = number("divisor_override", divisor_override, allowed, lambda d: isfinite(d) and d != 0)
    return np.asarray(divisor, dtype)  # POOL-A4


@lru_cache(maxsize=1024)
def _counts(geometry: Geometry, exclusive: bool, dtype: np.dtype[Any]) -> Array:
    cells = [axis.cells(padded=not exclusive) for axis in geometry.axes]  # POOL-A2, POOL-A3; 0 makes NaN: POOL-A7
    table = np.asarray(reduce(np.multiply.outer, cells), dtype)[..., None]
    return table.reshape(-1)[0] if table.min() == table.max() else table
