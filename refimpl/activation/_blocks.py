"""The loop that every elementwise operator shares: one formula, over blocks that stay in the cache.

How far the formulas are from the truth is said by ACT-A1 (values), ACT-A2 (derivatives) and ACT-A3 (narrow dtypes).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refimpl._arguments import Array, accumulator, floating, same_shape

BLOCK_BYTES = 1 << 18

Formula = Callable[..., Array]


def elementwise(formula: Formula, dtype: np.dtype[Any], *arrays: Array) -> Array:
    """`formula` of the corresponding cells of arrays of one shape, in a new array of `dtype`.

    The formula sees one-dimensional blocks in the dtype of computation, at least float32, so that float16 is
    rounded once, at the end (ACT-G1); an array without dimensions or without cells is no exception (ACT-G8).
    Infinities and NaN that arise are part of the answer, not warnings.
    """
    work = accumulator(np.result_type(*arrays))
    columns = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    out = np.empty(arrays[0].shape, dtype)
    cells = out.reshape(-1)
    step = BLOCK_BYTES // work.itemsize
    with np.errstate(all="ignore"):
        for start in range(0, cells.size, step):
            block = slice(start, start + step)
            cells[block] = formula(*(column[block].astype(work, copy=False) for column in columns))
    return out


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
