"""The loop that softmax and its kin share: one formula over all numbers along an axis, in blocks of whole rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from refimpl._arguments import Array, accumulator
from refimpl.activation._blocks import BLOCK_BYTES


def rowwise(formula: Callable[..., Array], axis: int, dtype: np.dtype[Any], *arrays: Array) -> Array:
    """`formula` of arrays of one shape along an axis, in a new array of `dtype`.

    The formula sees blocks of shape [outer, length, inner] in the dtype of computation, at least float32, and works
    along the middle axis. An axis of an array without dimensions is that of its one number (ACT-SOFTMAX-4).
    """
    shape = arrays[0].shape or (1,)
    length, inner = shape[axis], math.prod(shape[axis + 1 :])
    work = accumulator(np.result_type(*arrays))
    blocks = [array.reshape(-1, length, inner) if array.size else array for array in arrays]
    out = np.empty(arrays[0].shape, dtype)
    if out.size == 0:
        return out
    rows = out.reshape(-1, length, inner)
    high = max(1, BLOCK_BYTES // work.itemsize // (length * inner))
    wide = max(1, min(inner, BLOCK_BYTES // work.itemsize // length))
    with np.errstate(all="ignore"):
        for top in range(0, len(rows), high):
            for left in range(0, inner, wide):
                block = slice(top, top + high), slice(None), slice(left, left + wide)
                rows[block] = formula(*(array[block].astype(work, copy=False) for array in blocks))
    return out


def total(x: Array) -> Array:
    """The sum along the middle axis, pairwise: by NumPy where numbers are neighbours, else by halving again and again.

    So a number is rounded about log2(length) times, not length times.
    """
    count = x.shape[1]
    if x.shape[2] == 1:
        sums: Array = x.sum(axis=1, keepdims=True)
        return sums
    half = (count + 1) // 2
    sums = x[:, :half].copy()
    sums[:, : count - half] += x[:, half:]
    while half > 1:
        count, half = half, (half + 1) // 2
        sums[:, : count - half] += sums[:, half:count]
    return sums[:, :1]
