"""The floating dtypes on trial: those of NumPy, and bfloat16, which ml_dtypes teaches it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)

NARROW = ("float16", "bfloat16")
"""The dtypes that an operator need not have on every device; the installed Paddle is asked."""


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Whether numbers of a dtype are real floating-point numbers."""
    return dtype.kind == "f" or dtype == BFLOAT16


@lru_cache
def limits(dtype: np.dtype[Any]) -> Any:
    """What `numpy.finfo` says of a dtype."""
    asked: Any = ml_dtypes.finfo if dtype == BFLOAT16 else np.finfo
    return asked(dtype)


def of_numpy(value: Array) -> Array:
    """The same numbers in a dtype of NumPy itself."""
    return value.astype(np.float32) if value.dtype == BFLOAT16 else value
