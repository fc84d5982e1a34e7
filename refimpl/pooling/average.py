"""Average pooling in one, two and three dimensions."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial, reduce
from math import ceil, log2
from operator import mul
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, rank, same_shape, wrong_kind
from refimpl.pooling import windows
from refimpl.pooling.boxes import blocks
from refimpl.pooling.geometry import Geometry, Padding, Sizes, fixed
from refimpl.pooling.spread import spread

Linear = Callable[[Array], Array]


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
    """The average of every window."""
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
    """The gradient: every cell receives its share of each window that holds it."""
    x = rank("x", floating("x", x), 4)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (average_vjp(floating("grad_out", grad_out), x, geometry, exclusive, divisor_override),)


def average(x: Array, geometry: Geometry, exclusive: bool = True, divisor_override: float | None = None) -> Array:
    """The sum of every window, divided."""
    dtype = accumulator(x.dtype)
    by = _divisors(geometry, exclusive, divisor_override, dtype)
    padding = -0.0 if exclusive else 0.0  # POOL-A6
    view = x.reshape(geometry.view)

    def run(apply: Callable[[Linear, Array], Array]) -> Array:
        out = np.empty(geometry.out_view, x.dtype)
        for inputs, outputs, box, _ in blocks(geometry, dtype.itemsize):
            plan = windows.plan(box, overlapping=False)
            cells = windows.load(view[inputs], plan, padding, dtype)
            divisor = by[outputs[1]] if by.ndim else by
            out[outputs] = apply(lambda c: windows.reduce(c, plan, windows.ADD) / divisor, cells)
        return out.reshape(geometry.out_shape)

    return _without_overflow(run, geometry)


def average_vjp(
    g: Array, x: Array, geometry: Geometry, exclusive: bool = True, divisor_override: float | None = None
) -> Array:
    """Every cell sums its shares of the windows that hold it."""
    same_shape("grad_out", g, geometry.out_shape)
    dtype = accumulator(x.dtype)
    by = _divisors(geometry, exclusive, divisor_override, dtype)
    view = g.reshape(geometry.out_view)

    def run(apply: Callable[[Linear, Array], Array]) -> Array:
        out = np.zeros(geometry.view, dtype)
        for inputs, outputs, box, shared in blocks(geometry, dtype.itemsize):
            divisor = by[outputs[1]] if by.ndim else by
            shares = apply(lambda c: spread(c / divisor, box), view[outputs])
            if shared:
                shares += out[inputs]
            out[inputs] = shares
        return out.reshape(x.shape).astype(x.dtype, copy=False)

    return _without_overflow(run, geometry, by)


def _without_overflow(
    run: Callable[[Callable[[Linear, Array], Array]], Array], geometry: Geometry, by: Array | None = None
) -> Array:
    """What `run` computes by linear functions; if one overflows on the way, again with its argument scaled down."""
    try:
        with np.errstate(over="raise", invalid="ignore", divide="ignore", under="ignore"):
            return run(lambda function, cells: function(cells))
    except FloatingPointError:  # POOL-A5
        terms = reduce(mul, (max(axis.sizes) for axis in geometry.axes))
        least = 1.0 if by is None else min(1.0, float(abs(by[by != 0]).min()))
        scale = 2.0 ** -ceil(log2(terms) - log2(least) + 1)
        with np.errstate(all="ignore"):
            return run(partial(_scaled, scale))


def _scaled(scale: float, function: Linear, cells: Array) -> Array:
    plain = function(cells)
    return np.where(np.isfinite(plain), plain, function(cells * scale) / scale)


def _divisors(geometry: Geometry, exclusive: bool, divisor_override: Any, dtype: np.dtype[Any]) -> Array:
    """What the sum of each window is divided by: (*windows, 1), or () if it is the same for all of them."""
    if divisor_override is None:
        return _counts(geometry, bool(exclusive), dtype)
    allowed = "a finite number other than 0, or None"
    if isinstance(divisor_override, bool) or not isinstance(divisor_override, (int, float, np.number)):
        raise wrong_kind("divisor_override", divisor_override, allowed)
    if not np.isfinite(divisor_override) or divisor_override == 0:
        raise bad("divisor_override", divisor_override, allowed)
    return np.asarray(divisor_override, dtype)  # POOL-A4


@lru_cache(maxsize=1024)
def _counts(geometry: Geometry, exclusive: bool, dtype: np.dtype[Any]) -> Array:
    cells = [axis.cells(padded=not exclusive) for axis in geometry.axes]  # POOL-A2, POOL-A3
    table = np.asarray(reduce(np.multiply.outer, cells), dtype)[..., None]
    return table.reshape(-1)[0] if table.min() == table.max() else table
