"""Maximum unpooling against its definition."""

from __future__ import annotations

from math import prod

import numpy as np
import pytest

import refimpl
from tests.refimpl.pooling import definition


@pytest.mark.parametrize("n", [1, 2, 3])
def test_pool_u1_u2_u3_u6_against_the_definition(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(200):
        lengths, sizes, strides = rng.integers(1, 5, n), rng.integers(1, 4, n), rng.integers(1, 4, n)
        paddings = [int(rng.integers(0, (k + 1) // 2)) for k in sizes]
        natural = [(m - 1) * s - 2 * p + k for m, s, p, k in zip(lengths, strides, paddings, sizes, strict=True)]
        if min(natural) < 1:
            continue
        x = rng.standard_normal((2, 2, *lengths))
        indices = rng.integers(0, prod(natural), x.shape)  # some of them twice
        args = (indices, sizes.tolist(), strides.tolist(), paddings)
        y = getattr(refimpl, f"max_unpool{n}d")(x, *args)
        assert y.shape == (2, 2, *natural)
        places = indices.reshape(4, -1).tolist()
        wanted = [
            definition.unpool(v, i, prod(natural)) for v, i in zip(x.reshape(4, -1).tolist(), places, strict=True)
        ]
        assert np.array_equal(y, np.array(wanted).reshape(y.shape))
        g = rng.standard_normal(y.shape)
        (gx,) = getattr(refimpl, f"max_unpool{n}d_vjp")(g, x, *args)
        shares = [definition.unpool_gradient(v, i) for v, i in zip(g.reshape(4, -1).tolist(), places, strict=True)]
        assert np.array_equal(gx, np.array(shares).reshape(x.shape))


def test_pool_u1_inverts_pooling() -> None:
    rng = np.random.default_rng(4)
    x = rng.permutation(96).reshape(2, 2, 4, 6) - 47.5
    top, mask = refimpl.max_pool2d(x, 2, return_mask=True)
    back = refimpl.max_unpool2d(top, mask, 2)
    assert back.shape == x.shape
    assert np.array_equal(back[back != 0], x[back != 0])
    assert np.array_equal(refimpl.max_pool2d(np.where(back == 0, -99, back), 2), top)


def test_pool_u4_output_size() -> None:
    x, indices = np.array([[[5.0, 6.0]]]), np.array([[[1, 4]]], np.int32)
    assert refimpl.max_unpool1d(x, indices, 2, output_size=[5]).tolist() == [[[0, 5, 0, 0, 6]]]
    assert refimpl.max_unpool1d(x, indices, 2, output_size=(1, 1, 5)).tolist() == [[[0, 5, 0, 0, 6]]]
    for wrong in ([2], [6]):
        with pytest.raises(ValueError, match="output_size"):
            refimpl.max_unpool1d(x, indices, 2, output_size=wrong)


def test_pool_u7_integers() -> None:
    x, indices = np.array([[[5, 6]]]), np.array([[[1, 0]]])
    y = refimpl.max_unpool1d(x, indices, 2)
    assert y.dtype == x.dtype
    assert y.tolist() == [[[6, 5, 0, 0]]]
    with pytest.raises(TypeError, match="x has dtype int64"):
        refimpl.max_unpool1d_vjp(np.ones(y.shape), x, indices, 2)
