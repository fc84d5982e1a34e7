"""What every reference promises whatever it computes: dtypes and shapes, inputs left alone, new arrays, no warnings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import refimpl

Array = np.ndarray[Any, Any]
OPERATORS = [name for name in refimpl.__all__ if name != "random" and not name.endswith("_vjp")]
SHAPES = {"1d": (2, 3, 9), "2d": (2, 3, 8, 9), "3d": (2, 3, 6, 7, 5), "maxout": (2, 4, 3, 3)}


def call_of(name: str, dtype: Any) -> tuple[list[Array], dict[str, Any]]:
    """Arrays and other arguments with which an operator does most of what it can."""
    rng = np.random.default_rng(5)
    shape = next((shape for end, shape in SHAPES.items() if name.endswith(end)), (2, 3, 8, 8))
    x = rng.standard_normal(shape).astype(dtype)
    if name == "batch_norm":
        return [x, *(rng.random((4, 3)) + 0.5).astype(dtype)], {"training": True}
    if name.startswith("max_unpool"):
        values, places = getattr(refimpl, name.replace("unpool", "pool"))(x, 2, return_mask=True)
        return [values, places], {"kernel_size": 2, "output_size": list(shape[2:])}
    if "dropout" in name:
        whole = name in ("dropout", "alpha_dropout")
        return [x], {"mask": rng.random(shape if whole else (*shape[:2], *(1,) * (len(shape) - 2))) > 0.5}
    others: dict[str, dict[str, Any]] = {
        "fractional": {"output_size": 2, "random_u": 0.3},
        "adaptive": {"output_size": 2},
        "lp_pool": {"norm_type": 3.0, "kernel_size": 2},
        "max_pool": {"kernel_size": 2},
        "avg_pool": {"kernel_size": 2},
        "maxout": {"groups": 2},
        "prelu": {"weight": np.full(3, 0.25, dtype)},
        "rrelu": {"noise": np.full(shape, 0.25, dtype)},
        "gumbel_softmax": {"noise": (0.1 + 0.8 * rng.random(shape)).astype(dtype)},
    }
    return [x], next((arguments for start, arguments in others.items() if name.startswith(start)), {})


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("name", OPERATORS)
def test_every_reference_keeps_the_contract(name: str, dtype: type) -> None:
    arrays, others = call_of(name, dtype)
    given = [*arrays, *(value for value in others.values() if isinstance(value, np.ndarray))]
    before = [array.copy() for array in given]
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        y = getattr(refimpl, name)(*arrays, **others)
        values = y if isinstance(y, tuple) else (y,)
        grad = np.ones_like(values[0])
        gradients = getattr(refimpl, f"{name}_vjp")(grad, *arrays, **others)
    assert all(value.dtype == dtype for value in values)
    assert isinstance(gradients, tuple)
    assert (gradients[0].shape, gradients[0].dtype) == (arrays[0].shape, dtype)
    assert all(gradient.dtype == dtype for gradient in gradients)
    assert all(np.array_equal(array, copy) for array, copy in zip(given, before, strict=True))
    assert not any(np.shares_memory(result, array) for result in (*values, *gradients) for array in (*given, grad))
