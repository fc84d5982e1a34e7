"""Average pooling in one, two and three dimensions.

The average of a window is the sum of its cells divided by their number. Sums are kept in at least float32 and rounded
to the dtype of the input once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, reduce
from math import ceil, isfinite, log2, prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, number, rank, same_shape
from refimpl.pooling import windows
from refimpl.pooling.boxes import Block, Box, assembled, blocks, load
from refimpl.pooling.geometry import FIRST, Geometry, Padding, Sizes, fixed
from refimpl.pooling.spread import gradients, landing, spread, spread_cost

Divisors = Callable[[Block], Array]


def avg_pool1d(
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    exclusive: bool = True,
    ceil_mode: bool = False,
    *,
    divisor_override: float | None = None,
) -> Array:
    """The average of every window of (N, C, L) arrays: `avg_pool2d` with one axis.

    Paddle's function has no `divisor_override`.

    >>> avg_pool1d([[[1.0, 2.0, 3.0, 4.0]]], 2)
    array([[[1.5, 3.5]]])
    >>> avg_pool1d([[[1.0, 2.0, 3.0, 4.0]]], 2, divisor_override=1)
    array([[[3., 7.]]])
    """
    x = rank("x", floating("x", x), 3)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1])
    return average(x, geometry, exclusive, divisor_override)


def avg_pool1d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    exclusive: bool = True,
    ceil_mode: bool = False,
    *,
    divisor_override: float | None = None,
) -> tuple[Array]:
    """The gradient of `avg_pool1d` with respect to `x`; see `avg_pool2d_vjp`."""
    x = rank("x", floating("x", x), 3)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, FIRST[1])
    return (average_vjp(grad_out, x, geometry, exclusive, divisor_override),)


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
    x = np.ascontiguousarray(x)
    dtype = accumulator(x.dtype)  # POOL-A8
    divisors = _divisors(exclusive, divisor_override, dtype)
    padding = -0.0 if exclusive else 0.0  # POOL-A6
    cost = windows.cost(geometry, dtype.itemsize, overlapping=False)

    def run(scale: float) -> Array:
        def compute(block: Block, room: Array | None) -> Array:
            plan, by = windows.plan(block.box, False), divisors(block)
            return _quotients(load(x, block, padding, dtype), plan, by, scale, room)

        return assembled(geometry, cost, dtype, x.dtype, compute)

    return _without_overflow(run, geometry)


def average_vjp(
    grad_out: ArrayLike, x: Array, geometry: Geometry, exclusive: bool = True, divisor_override: float | None = None
) -> Array:
    """Every cell sums its shares of the windows that hold it."""
    g = same_shape("grad_out", floating("grad_out", grad_out), geometry.out_shape).reshape(geometry.out_view)
    dtype = accumulator(x.dtype)
    divisors = _divisors(exclusive, divisor_override, dtype)

    def run(scale: float) -> Array:
        parts = blocks(geometry, spread_cost(geometry, dtype.itemsize))
        out = gradients(geometry, dtype, parts)
        for block in parts:
            _add_shares(out, g[block.outputs].astype(dtype, copy=False), divisors, block, scale)
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    return _without_overflow(run, geometry, min(1.0, abs(divisor_override or 1.0)))


def _quotients(cells: Array, plan: windows.Plan, by: Array, scale: float, out: Array | None) -> Array:
    """The sums of the windows, divided."""  # POOL-A1
    if scale != 1:
        return _scaled(lambda c: _quotients(c, plan, by, 1, None), cells, scale)
    return np.divide(windows.reduce(cells, plan, windows.ADD, out), by, out=out)  # type: ignore[no-any-return]


def _add_shares(out: Array, g: Array, divisors: Divisors, block: Block, scale: float) -> None:
    """Give every cell of a block its shares of the windows that hold it."""
    cells = out[block.inputs][landing(block.box)]
    if not cells.size:  # windows of padding only
        return
    by, first = divisors(block), block.outputs[1].start == 0
    room = cells if first and scale == 1 else None
    shares = _scaled(lambda c: spread(c / by, block.box, room), g, scale)  # POOL-A9
    if shares is not cells:
        cells[...] = shares if first else cells + shares


def _without_overflow(run: Callable[[float], Array], geometry: Geometry, least: float = 1.0) -> Array:
    """What `run` computes by linear functions; if one overflows on the way, with its argument scaled down."""
    try:
        with np.errstate(over="raise", invalid="ignore", divide="ignore", under="ignore"):
            return run(1)
    except FloatingPointError:  # POOL-A5
        terms = prod(max(axis.sizes) for axis in geometry.axes)
        with np.errstate(all="ignore"):
            return run(2.0 ** -ceil(log2(terms) - log2(least) + 1))


def _scaled(linear: Callable[[Array], Array], cells: Array, scale: float) -> Array:
    """The linear function of the cells; where that overflows, computed from the cells times `scale`, a power of two."""
    plain = linear(cells)
    if scale == 1:
        return plain
    by = cells.dtype.type(scale)
    return np.where(np.isfinite(plain), plain, linear(cells * by) / by)


def _divisors(exclusive: bool, divisor_override: Any, dtype: np.dtype[Any]) -> Divisors:
    """What the sums of the windows of a block are divided by: (*windows, 1), or () if it is the same for all."""
    if divisor_override is None:
        return lambda block: _counts(block.box, bool(exclusive), dtype)
    allowed = "a finite number other than 0, or None"
    divisor = number("divisor_override", divisor_override, allowed, lambda d: isfinite(d) and d != 0)
    return lambda _: np.asarray(divisor, dtype)  # POOL-A4


@lru_cache(maxsize=16)
def _counts(box: Box, exclusive: bool, dtype: np.dtype[Any]) -> Array:
    counts = [side.counts(padded=not exclusive) for side in box.sides]  # POOL-A2, POOL-A3; no cells give NaN: POOL-A7
    table = np.asarray(reduce(np.multiply.outer, counts), dtype)[..., None]
    return table.reshape(-1)[:1].reshape(()) if table.min() == table.max() else table
