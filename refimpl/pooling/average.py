"""Average pooling in one, two and three dimensions."""

from __future__ import annotations

from functools import lru_cache, reduce
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, bad, floating, rank, same_shape, wrong_kind
from refimpl.pooling import windows
from refimpl.pooling.geometry import Geometry, Padding, Sizes, fixed

ADD = windows.Values(np.add, overlapping=False)


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
    return _average(x, fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format), exclusive, divisor_override)


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
    return (_average_vjp(floating("grad_out", grad_out), x, geometry, exclusive, divisor_override),)


@lru_cache(maxsize=1024)
def divisors(geometry: Geometry, exclusive: bool, divisor_override: float | None, dtype: np.dtype[Any]) -> Array:
    """What each window is divided by, of the shape of the windows, or one number if all are alike."""
    if divisor_override is not None:
        return np.asarray(divisor_override, dtype)  # POOL-A4
    cells = [axis.cells(padded=not exclusive) for axis in geometry.axes]
    table = reduce(np.multiply.outer, cells).astype(dtype)[..., None]
    return table.flat[0] if table.min() == table.max() else table


def _average(x: Array, geometry: Geometry, exclusive: bool, divisor_override: float | None) -> Array:
    _check(divisor_override)
    dtype = accumulator(x.dtype)
    out = np.empty(geometry.out_view, x.dtype)
    view = x.reshape(geometry.view)
    by = divisors(geometry, bool(exclusive), divisor_override, dtype)
    with np.errstate(all="ignore"):
        for block in windows.blocks(geometry, dtype.itemsize):
            cells = windows.load(view, block, -0.0 if exclusive else 0.0, dtype)
            total = windows.reduce(cells, block.axes, ADD, range(len(block.axes)))
            out[block.outputs] = total / (by[block.outputs[1]] if by.ndim else by)
    return out.reshape(geometry.out_shape)


def _check(divisor_override: Any) -> None:
    if divisor_override is None:
        return
    if isinstance(divisor_override, bool) or not isinstance(divisor_override, (int, float, np.integer, np.floating)):
        raise wrong_kind("divisor_override", divisor_override, "a finite number other than 0, or None")
    if not np.isfinite(divisor_override) or divisor_override == 0:
        raise bad("divisor_override", divisor_override, "a finite number other than 0, or None")


def _average_vjp(g: Array, x: Array, geometry: Geometry, exclusive: bool, divisor_override: float | None) -> Array:
    _check(divisor_override)
    same_shape("grad_out", g, geometry.out_shape)
    dtype = accumulator(x.dtype)
    by = divisors(geometry, bool(exclusive), divisor_override, dtype)
    out = np.zeros(geometry.view, dtype)
    with np.errstate(all="ignore"):
        share = g.reshape(geometry.out_view).astype(dtype) / by
        for block in windows.blocks(geometry, dtype.itemsize):
            box = share[block.outputs]
            for number, axis in enumerate(block.axes, start=1):
                box = windows.spread(box, axis, number)
            out[block.inputs] += box[block.place]
        return out.reshape(x.shape).astype(x.dtype, copy=False)
