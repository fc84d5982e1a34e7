"""Power-average pooling: the p-norm of every window, (sum of x^p)^(1/p), without absolute values as documented.

Each window is divided by its leading cell, so that nothing overflows or vanishes on the way. That makes a window's
arithmetic its own: windows are walked through cell by cell, not axis by axis.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, number, rank, same_shape
from refimpl.pooling.boxes import Block, Box, assembled, blocks, load
from refimpl.pooling.geometry import Geometry, Padding, Sizes, fixed
from refimpl.pooling.maximum import maximum, maximum_vjp


def lp_pool1d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    data_format: str = "NCL",
) -> Array:
    """The p-norm of every window of (N, C, L) arrays, or "NLC": `lp_pool2d` with one axis.

    >>> lp_pool1d([[[3.0, 4.0, 5.0, 12.0]]], 2, 2)
    array([[[ 5., 13.]]])
    """
    x = rank("x", floating("x", x), 3)
    return _norm(x, norm_type, fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format))


def lp_pool1d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    data_format: str = "NCL",
) -> tuple[Array]:
    """The gradient of `lp_pool1d` with respect to `x`; see `lp_pool2d_vjp`."""
    x = rank("x", floating("x", x), 3)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (_norm_vjp(grad_out, x, norm_type, geometry),)


def lp_pool2d(
    x: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    data_format: str = "NCHW",
) -> Array:
    """(sum of x^p)^(1/p) over every window of (N, C, H, W) arrays, or of (N, H, W, C) ones with "NHWC"; p = norm_type.

    Windows and their number are those of `avg_pool2d`; padding adds nothing. A power of a negative number that is not
    real is NaN; p = inf is maximum pooling. The result has x's dtype and is computed in at least float32. Raises
    TypeError and ValueError, naming the argument, for what has no meaning: p of 0, NaN or -inf. Source: documentation
    of paddle.nn.functional.lp_pool2d and paddle.nn.LPPool2D; clauses N, G and P of the specification.

    >>> lp_pool2d([[[[1.0, 2.0], [2.0, 4.0]]]], 2, 2)
    array([[[[5.]]]])
    """
    x = rank("x", floating("x", x), 4)
    return _norm(x, norm_type, fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format))


def lp_pool2d_vjp(
    grad_out: ArrayLike,
    x: ArrayLike,
    norm_type: float,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    data_format: str = "NCHW",
) -> tuple[Array]:
    """The gradient of `lp_pool2d` with respect to `x`: g (x / y)^(p - 1), summed over the windows that hold the cell.

    Where x and y are both 0 it is 0, unless p is 1. The gradient has x's shape and dtype.

    >>> lp_pool2d_vjp([[[[5.0]]]], [[[[3.0, 4.0]]]], 2, (1, 2))
    (array([[[[3., 4.]]]]),)
    """
    x = rank("x", floating("x", x), 4)
    geometry = fixed(x.shape, kernel_size, stride, padding, ceil_mode, data_format)
    return (_norm_vjp(grad_out, x, norm_type, geometry),)


def _norm(x: Array, norm_type: Any, geometry: Geometry) -> Array:
    p = _power(norm_type)
    if p == np.inf:
        return maximum(x, geometry)  # POOL-N2
    x, dtype = np.ascontiguousarray(x), accumulator(x.dtype)
    nothing = 0 if p > 0 else np.inf  # POOL-N4

    def compute(block: Block, room: Array | None) -> Array:
        lead, root = _norms(load(x, block, nothing, dtype).reshape(block.box.shape), block.box, p)
        norms: Array = lead * root
        return norms

    with np.errstate(all="ignore"):
        return assembled(geometry, dtype.itemsize, dtype, x.dtype, compute)


def _norm_vjp(grad_out: ArrayLike, x: Array, norm_type: Any, geometry: Geometry) -> Array:
    p = _power(norm_type)
    if p == np.inf:
        return maximum_vjp(grad_out, x, geometry)
    g = same_shape("grad_out", floating("grad_out", grad_out), geometry.out_shape).reshape(geometry.out_view)
    x, dtype = np.ascontiguousarray(x), accumulator(x.dtype)
    out = np.zeros(geometry.view, dtype)
    with np.errstate(all="ignore"):
        for block in blocks(geometry, dtype.itemsize):
            cells = load(x, block, 0 if p > 0 else np.inf, dtype).reshape(block.box.shape)
            norms = _norms(cells, block.box, p)
            shares = _shares(cells, norms, g[block.outputs].astype(dtype, copy=False), block.box, p)
            out[block.inputs] += shares[block.box.place]
        return out.reshape(x.shape).astype(x.dtype, copy=False)


def _power(norm_type: Any) -> float:
    allowed = "a number other than 0, or inf"
    return number("norm_type", norm_type, allowed, lambda p: p not in (0, -np.inf) and p == p)  # POOL-N6


def _places(box: Box) -> Iterator[tuple[slice, ...]]:
    """For each cell of a window in row-major order, where that cell of all windows is."""
    along = [
        [
            slice(k, k + side.starts[-1] - side.starts[0] + 1, side.stride)
            for k in range(side.starts[0], side.starts[0] + side.sizes[0])
        ]
        for side in box.sides
    ]
    return ((slice(None), *place) for place in product(*along))


def _norms(cells: Array, box: Box, p: float) -> tuple[Array, Array]:
    """Two factors of the norm of each window, of which the first scales its cells."""
    leading = np.maximum if p > 0 else np.minimum
    places = list(_places(box))
    lead = abs(cells[places[0]])
    for place in places[1:]:
        leading(lead, abs(cells[place]), out=lead)
    lead = np.where((lead > 0) & (lead < np.inf), lead, 1)  # POOL-N5
    total = np.zeros_like(lead)
    for place in places:
        total += _raised(cells[place] / lead, p)  # POOL-N1
    return lead, _raised(total, cells.dtype.type(1) / cells.dtype.type(p))


def _raised(base: Array, exponent: Any) -> Array:
    """A power of IEEE 754: where NumPy takes a square root, that of -inf is +inf, too (POOL-N3)."""
    power: Array = (np.where(base == -np.inf, -base, base) if exponent == 0.5 else base) ** exponent
    return power


def _shares(cells: Array, norms: tuple[Array, Array], g: Array, box: Box, p: float) -> Array:
    lead, root = norms
    shares = np.zeros_like(cells)
    for place in _places(box):
        share = g * _raised(cells[place] / lead / root, cells.dtype.type(p) - 1)  # POOL-N5, POOL-N7
        if p != 1:
            share[(cells[place] == 0) & (root == 0)] = 0  # POOL-N8
        shares[place] += share
    return shares
