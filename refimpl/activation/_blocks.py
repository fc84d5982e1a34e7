"""The loop that every elementwise operator shares: one formula, over blocks that stay in the cache.

How far the formulas are from the truth is said by ACT-A1 (values), ACT-A2 (derivatives) and ACT-A3 (narrow dtypes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from refimpl._arguments import Array, accumulator, floating, same_shape
from refimpl._memory import aligned

BLOCK_BYTES = 1 << 18

Formula = Callable[..., Array]
Writer = Callable[..., Array | None]


def elementwise(formula: Formula, dtype: np.dtype[Any], *arrays: Array) -> Array:
    """`formula` of the corresponding cells of arrays of one shape, in a new array of `dtype`.

    The formula sees one-dimensional blocks in the dtype of computation, at least float32, so that float16 is
    rounded once, at the end (ACT-G1); an array without dimensions or without cells is no exception (ACT-G8).
    Infinities and NaN that arise are part of the answer, not warnings.
    """

    out = np.empty(arrays[0].shape, dtype)
    cells = out.reshape(-1)

    def visit(block: slice, *blocks: Array) -> None:
        cells[block] = formula(*blocks)

    _sweep(visit, *arrays)
    return out


def written(writer: Writer, x: ArrayLike, room: int = 0, otherwise: Formula | None = None) -> Array:
    """As `pointwise`, for a formula that writes its values, in as few passes over memory as it can.

    The writer is given the array to fill, a block of x, and `room` arrays for intermediate results. It returns None, or
    as booleans the cells where it does not hold; those are collected and computed by `otherwise` all together, since a
    few in every block would cost as many calls as all.
    """
    array = floating("x", x)
    work = accumulator(array.dtype)
    out = np.empty(array.shape, array.dtype)
    cells, rows = out.reshape(-1), aligned((room + 1, min(out.size, BLOCK_BYTES // work.itemsize)), work)
    left: list[NDArray[np.intp]] = []

    def visit(block: slice, x: Array) -> None:
        last, *others = rows[:, : x.size]
        filled = cells[block] if out.dtype == work else last
        missed = writer(filled, x, *others)
        if filled is last:
            cells[block] = filled
        if missed is not None:
            left.append(np.flatnonzero(missed) + block.start)

    _sweep(visit, array)
    if left and otherwise:
        places = np.concatenate(left)
        cells[places] = elementwise(otherwise, out.dtype, array.reshape(-1)[places])
    return out


def _sweep(visit: Callable[..., object], *arrays: Array) -> None:
    """Calls `visit` with the slice of every block, and with what stands there in the dtype of computation."""
    work = accumulator(np.result_type(*arrays))
    columns = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    size, step = columns[0].size, BLOCK_BYTES // work.itemsize
    with np.errstate(all="ignore"):
        for start in range(0, size, step):
            block = slice(start, min(start + step, size))
            visit(block, *(column[block].astype(work, copy=False) for column in columns))


def pointwise(formula: Formula, x: ArrayLike) -> Array:
    """The forward pass of an operator of one array: `formula` of every cell, in the dtype of `x`."""
    array = floating("x", x)
    return elementwise(formula, array.dtype, array)


def pointwise_vjp(derivative: Formula, grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The backward pass of an operator of one array: `grad_out` times the derivative (ACT-G2)."""
    return backward(lambda g, cells: g * derivative(cells), grad_out, x)


def backward(formula: Formula, grad_out: ArrayLike, x: ArrayLike) -> tuple[Array]:
    """The backward pass of an operator of one array: `formula` of every cell of `grad_out` and `x`."""
    array = floating("x", x)
    cotangent = same_shape("grad_out", floating("grad_out", grad_out), array.shape)
    return (elementwise(formula, array.dtype, cotangent, array),)
