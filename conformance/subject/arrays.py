"""NumPy's arrays as Paddle's tensors, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from numpy.typing import NDArray

from conformance.floats import BFLOAT16

Array = NDArray[Any]


def raw(array: Array) -> Array:
    """An array as Paddle takes it from NumPy: bfloat16 as its bits in uint16."""
    return array.view(np.uint16) if array.dtype == BFLOAT16 else array


def cooked(array: Array) -> Array:
    """An array as Paddle gives it to NumPy, in its own dtype: Paddle has no numbers in uint16."""
    return array.view(BFLOAT16) if array.dtype == np.uint16 else array


def tensor(array: Array, *, stop_gradient: bool = True) -> Any:
    """The tensor with these numbers."""
    return paddle.to_tensor(raw(array), stop_gradient=stop_gradient)


def lying(array: Array, place: str) -> Any:
    """The tensor with these numbers, a view of memory in which they lie in another way than in order.

    "transposed": the last axis is the slowest; "sliced": every second cell; "shifted": not from the beginning;
    "expanded": one cell for all along the first axis, along which the numbers must be equal.
    """
    if not array.ndim or not array.size:
        return tensor(array)
    itself = np.arange(array.size).reshape(array.shape)
    places = {
        "transposed": np.arange(array.size).reshape(array.shape[::-1]).T,
        "sliced": 2 * itself + 1,
        "shifted": itself + 3,
        "expanded": np.broadcast_to(itself[:1], array.shape),
    }[place]
    memory = np.full(int(places.max()) + 2, 1, array.dtype)  # what is between is 1, which is no neutral number
    memory[places] = array
    first = int(places.flat[0])
    strides = [_step(places, axis) for axis in range(array.ndim)]
    return paddle.as_strided(tensor(memory), list(array.shape), strides, first * memory.itemsize)


def _step(places: Array, axis: int) -> int:
    """By how much the place changes along an axis."""
    line = places[(0,) * axis + (slice(0, 2),) + (0,) * (places.ndim - axis - 1)]
    return int(line[-1] - line[0]) or int(len(line) == 1)


def array(tensor: Any) -> Array:
    """The numbers of a tensor."""
    return cooked(tensor.numpy())
