"""maxout against the documented formula on the flattened array."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import refimpl


def by_definition(g: np.ndarray, x: np.ndarray, groups: int) -> tuple[np.ndarray, np.ndarray]:
    """out[s i + j] = max over k < groups of x[groups s i + s k + j] for channels first, s the cells of a channel."""
    batch, channels = x.shape[:2]
    s = x[0, 0].size
    flat, up = x.reshape(batch, -1), g.reshape(batch, -1)
    out, grad = np.empty((batch, channels // groups * s)), np.zeros_like(flat)
    for n, i, j in product(range(batch), range(channels // groups), range(s)):
        places = [groups * s * i + s * k + j for k in range(groups)]
        best = max(places, key=lambda place: flat[n, place])
        out[n, s * i + j] = flat[n, best]
        grad[n, best] = up[n, s * i + j]
    return out.reshape(batch, channels // groups, *x.shape[2:]), grad.reshape(x.shape)


@pytest.mark.parametrize("channels", range(1, 7))
def test_definition(channels: int) -> None:
    """ACT-MAXOUT-1 and ACT-MAXOUT-2 for every divisor, extents 1 to 3, ties, channels first and last."""
    rng = np.random.default_rng(channels)
    for groups, height, width in product(range(1, channels + 1), (1, 2, 3), (1, 2)):
        if channels % groups:
            continue
        x = rng.integers(-2, 3, (2, channels, height, width)).astype(float)
        g = rng.standard_normal((2, channels // groups, height, width))
        value, grad = by_definition(g, x, groups)
        assert np.array_equal(refimpl.maxout(x, groups), value)
        assert np.array_equal(refimpl.maxout_vjp(g, x, groups)[0], grad)
        for axis in (3, -1):
            last, up = np.moveaxis(x, 1, -1), np.moveaxis(g, 1, -1)
            assert np.array_equal(refimpl.maxout(last, groups, axis), np.moveaxis(value, 1, -1))
            assert np.array_equal(refimpl.maxout_vjp(up, last, groups, axis)[0], np.moveaxis(grad, 1, -1))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_special_values_shapes_and_dtypes(dtype: type) -> None:
    """ACT-G1, ACT-G3, ACT-G4, ACT-G8: NaN wins its own group and no other."""
    x = np.array([-np.inf, -3, np.nan, 7, np.inf, 7], dtype).reshape(1, 6, 1, 1)
    got = refimpl.maxout(x, 2)
    assert got.dtype == dtype
    assert np.array_equal(got.ravel(), [-3, np.nan, np.inf], equal_nan=True)
    gradient = refimpl.maxout_vjp(np.array([1, 2, 3], dtype).reshape(1, 3, 1, 1), x, 2)[0]
    assert gradient.dtype == dtype
    assert gradient.ravel().tolist() == [0, 1, 2, 0, 3, 0]
    assert refimpl.maxout(np.zeros((0, 6, 2, 2), dtype), 3).shape == (0, 2, 2, 2)
    assert refimpl.maxout_vjp(np.zeros((0, 2, 2, 2), dtype), np.zeros((0, 6, 2, 2), dtype), 3)[0].shape == (0, 6, 2, 2)
