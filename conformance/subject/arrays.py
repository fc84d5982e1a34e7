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


def array(tensor: Any) -> Array:
    """The numbers of a tensor."""
    return cooked(tensor.numpy())
