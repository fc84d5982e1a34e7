"""What every operator asks of its arguments, and the one sentence it says when an argument has no meaning.

Each function returns the argument in its normal form or raises ValueError (a value out of range) or TypeError (the
wrong kind of thing), naming the argument, what was given and what is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]


def bad(name: str, given: object, allowed: str) -> ValueError:
    """The error of a value that is out of range."""
    return ValueError(f"{name} is {given!r}; allowed: {allowed}")


def wrong_kind(name: str, given: object, allowed: str) -> TypeError:
    """The error of a value that is the wrong kind of thing."""
    return TypeError(f"{name} is a {type(given).__name__} ({given!r}); allowed: {allowed}")


def floating(name: str, value: ArrayLike) -> Array:
    """An array of a floating dtype (float16, float32, float64, longdouble); anything else is a TypeError."""
    array = np.asarray(value)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} has dtype {array.dtype}; allowed: a floating dtype")
    return array


def real(name: str, value: ArrayLike) -> Array:
    """An array of a floating or an integer dtype; anything else is a TypeError."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}; allowed: a floating or an integer dtype")
    return array


def rank(name: str, array: Array, *allowed: int) -> Array:
    """The array, if it has one of the allowed numbers of dimensions."""
    if array.ndim not in allowed:
        ranks = " or ".join(map(str, allowed))
        raise bad(f"the rank of {name}", array.ndim, f"{ranks} (its shape is {array.shape})")
    return array


def same_shape(name: str, array: Array, shape: Sequence[int]) -> Array:
    """The array, if it has exactly this shape."""
    if array.shape != tuple(shape):
        raise bad(f"the shape of {name}", array.shape, str(tuple(shape)))
    return array


def one_of(name: str, value: Any, allowed: Collection[Any]) -> Any:
    """The value, if it is one of the allowed ones."""
    if value not in allowed:
        raise bad(name, value, ", ".join(map(repr, allowed)))
    return value


def integer(name: str, value: Any, low: int) -> int:
    """A whole number (no bool, no float) of at least `low`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise wrong_kind(name, value, f"an integer of at least {low}")
    if value < low:
        raise bad(name, value, f"an integer of at least {low}")
    return int(value)


def integers(name: str, value: Any, count: int, low: int) -> tuple[int, ...]:
    """`count` whole numbers of at least `low`, from one number (repeated) or a list or tuple of so many."""
    if isinstance(value, (list, tuple)):
        if len(value) != count:
            raise bad(name, value, f"one integer or {count} of them")
        return tuple(integer(name, v, low) for v in value)
    return (integer(name, value, low),) * count


def axis(name: str, value: Any, ndim: int) -> int:
    """An axis of an array of `ndim` dimensions, counted from the front."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise wrong_kind(name, value, f"an integer in [{-ndim}, {ndim - 1}]")
    if not -ndim <= value < ndim:
        raise bad(name, value, f"an integer in [{-ndim}, {ndim - 1}]")
    return int(value) % ndim


def number(
    name: str, value: Any, allowed: str = "a finite number", holds: Callable[[float], bool] = math.isfinite
) -> float:
    """A real number (no bool) of which `holds` is true; `allowed` says the same in words."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise wrong_kind(name, value, allowed)
    if not holds(float(value)):
        raise bad(name, value, allowed)
    return float(value)


def probability(name: str, value: Any) -> float:
    """A number in [0, 1]; NaN is not one."""
    return number(name, value, "a number in [0, 1]", lambda v: 0 <= v <= 1)


def accumulator(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which sums over inputs of `dtype` are kept: at least float32."""
    return np.promote_types(dtype, np.float32)
