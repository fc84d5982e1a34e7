"""softmax and log_softmax against mpmath, along every axis, at infinities and ties."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl
from refimpl.activation._blocks import BLOCK_BYTES
from tests.refimpl.activation.ulp import distance, errors, exact, near

INF, NAN = math.inf, math.nan
WIDE = [np.float64, np.longdouble]
NAMES = ["softmax", "log_softmax"]


def rows(rng: np.random.Generator, dtype: Any) -> list[np.ndarray]:
    """Rows of every length and spread: near 0, wide apart, far from 0, up to where e^x overflows, one ruler, ties."""
    size = int(rng.integers(1, 40))
    normal = rng.standard_normal(size)
    ruled = np.where(np.arange(size) == size // 2, 40, -rng.uniform(0, 60, size))
    ties = rng.integers(-2, 3, size)
    edge = rng.uniform(0.1, 1.2) * float(np.log(np.finfo(dtype).max)) * rng.uniform(0.9, 1, size)
    digits = 1 + rng.random(size).astype(dtype) * np.finfo(dtype).eps * 1000
    return [
        row.astype(dtype) * digits for row in (normal, 100 * normal, 1e4 + normal, edge, ruled, ties, 1e-300 * normal)
    ]


def shares(x: np.ndarray) -> list[Any]:
    exponentials = [mpmath.exp(exact(v)) for v in x]
    return [e / mpmath.fsum(exponentials) for e in exponentials]


def bound(x: np.ndarray) -> float:
    """ACT-A4: the ulps of a share."""
    return 3 + math.log2(x.size) / 2


@pytest.mark.parametrize("dtype", WIDE)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1))
def test_values(dtype: Any, seed: int) -> None:
    """ACT-SOFTMAX-1 and ACT-LSOFTMAX-1, to the relative accuracy of ACT-A4 for shares near 0 and near 1."""
    with mpmath.workprec(3000):
        for x in rows(np.random.default_rng(seed), dtype):
            want = shares(x)
            soft, logs = refimpl.softmax(x), refimpl.log_softmax(x)
            assert max(distance(got, y) for got, y in zip(soft, want, strict=True)) <= bound(x)
            assert max(distance(got, mpmath.log(y)) for got, y in zip(logs, want, strict=True)) <= bound(x)


@pytest.mark.parametrize("dtype", WIDE)
@settings(max_examples=12)
@given(seed=st.integers(0, 2**32 - 1))
def test_gradients(dtype: Any, seed: int) -> None:
    """ACT-SOFTMAX-2 and ACT-LSOFTMAX-2 against the Jacobian, in ulps of the terms that are added up."""
    rng = np.random.default_rng(seed)
    with mpmath.workprec(3000):
        for x in rows(rng, dtype):
            g = rng.standard_normal(x.size).astype(dtype)
            y, grads, first = shares(x), [exact(v) for v in g], int(np.argmax(x))
            relative = [v - grads[first] for v in grads]
            mean = mpmath.fsum(a * b for a, b in zip(grads, y, strict=True))
            spread = mpmath.fsum(abs(a) * b for a, b in zip(relative, y, strict=True))
            whole, size = mpmath.fsum(grads), mpmath.fsum(abs(v) for v in grads)
            soft, logs = refimpl.softmax_vjp(g, x)[0], refimpl.log_softmax_vjp(g, x)[0]
            for got, got_log, share, v, r in zip(soft, logs, y, grads, relative, strict=True):
                assert distance(got, share * (v - mean), share * (abs(r) + spread)) <= 2 + bound(x)
                terms = abs(v) * (1 - share) + share * (size - abs(v))
                assert distance(got_log, v - share * whole, terms) <= 2 + bound(x)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow(dtype: Any) -> None:
    """ACT-A4 in float32, and float16 rounded once; the sum of many small float16 numbers loses nothing."""
    rng = np.random.default_rng(5)
    for x in (rng.standard_normal((30, 50)), 20 * rng.standard_normal((30, 50)), np.zeros((1, 5000))):
        x = x.astype(dtype)
        allowed = 2 * (5 + math.log2(x.shape[1]) / 2) if dtype is np.float32 else 0.5 + 2**-8
        g = rng.standard_normal(x.shape).astype(dtype)
        for name in NAMES:
            operator, vjp = getattr(refimpl, name), getattr(refimpl, f"{name}_vjp")
            assert errors(operator(x), operator(x.astype(float))).max() <= allowed
            size = np.abs(g).astype(float) + np.abs(g).sum(axis=-1, keepdims=True, dtype=float)
            y = refimpl.softmax(x.astype(float))
            scale = y * size if name == "softmax" else np.abs(g) * (1 - y) + y * size
            assert errors(vjp(g, x)[0], vjp(g.astype(float), x.astype(float))[0], scale).max() <= allowed


@pytest.mark.parametrize("name", NAMES)
def test_infinite_logits(name: str) -> None:
    """ACT-SOFTMAX-3: one infinite logit takes all; a row in which several share the infinite maximum has no limit."""
    for row, want in [
        ([1, INF, 2], [0, 1, 0]),
        ([1, -INF, 1], [0.5, 0, 0.5]),
        ([-INF, 5], [0, 1]),
        ([INF, -INF], [1, 0]),
        ([INF], [1]),
        ([-INF], [1]),
        ([INF, 1, INF], [NAN] * 3),
        ([-INF, -INF], [NAN] * 2),
        ([1, NAN, 2], [NAN] * 3),
        ([INF, NAN], [NAN] * 2),
        ([NAN], [NAN]),
    ]:
        with np.errstate(divide="ignore"):
            expected = np.array(want, float) if name == "softmax" else np.log(np.array(want, float))
        got = getattr(refimpl, name)(np.array([row, [0.0] * len(row)]))
        assert np.allclose(got[0], expected, rtol=1e-15, atol=0, equal_nan=True)
        assert np.isfinite(got[1]).all(), "the row beside it"


def test_one_infinite_logit_has_no_gradient() -> None:
    x, g = np.array([1, INF, 2]), np.array([3.0, 4, 5])
    assert np.array_equal(refimpl.softmax_vjp(g, x)[0], [0, 0, 0])
    assert np.array_equal(refimpl.log_softmax_vjp(g, x)[0], [3, -8, 5])


def test_shares_that_are_all_but_everything() -> None:
    """What naive formulas make 0: the logarithm of nearly 1, and the gradient at a share of nearly 1."""
    x, tiny = np.array([50.0, 0.0]), math.exp(-50)
    assert refimpl.log_softmax(x)[0] == near(-tiny, 1e-15)
    assert refimpl.softmax_vjp(np.array([1.0, 0.0]), x)[0] == near([tiny, -tiny], 1e-15)
    assert refimpl.log_softmax_vjp(np.array([1.0, 0.0]), x)[0] == near([tiny, -tiny], 1e-15)
    assert math.copysign(1, refimpl.log_softmax(np.array([800.0, 0.0]))[0]) == 1  # ACT-LSOFTMAX-3


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(shape=st.lists(st.integers(0, 5), max_size=4), data=st.data())
def test_axes(name: str, shape: list[int], data: st.DataObject) -> None:
    """Along any axis what it is row by row; no dimension is one number (ACT-SOFTMAX-4); empty stays empty (ACT-G8)."""
    axis = data.draw(st.integers(-max(len(shape), 1), max(len(shape), 1) - 1))
    x = (
        np.random.default_rng(len(shape))
        .standard_normal(shape)
        .astype(data.draw(st.sampled_from([np.float32, np.float64])))
    )
    g = np.cos(np.arange(x.size)).reshape(shape).astype(x.dtype)
    operator, vjp = getattr(refimpl, name), getattr(refimpl, f"{name}_vjp")
    got, gradient = operator(x, axis), vjp(g, x, axis)[0]
    assert (type(got), got.shape, got.dtype) == (np.ndarray, x.shape, x.dtype)
    assert (type(gradient), gradient.shape, gradient.dtype) == (np.ndarray, x.shape, x.dtype)
    if x.size and x.ndim:
        want = np.apply_along_axis(operator, axis, x)
        assert errors(got, want.astype(np.longdouble)).max() <= 4
        columns = [np.moveaxis(a, axis, -1).reshape(-1, x.shape[axis]) for a in (g, x, gradient)]
        for g_row, x_row, gradient_row in zip(*columns, strict=True):
            assert gradient_row == pytest.approx(vjp(g_row, x_row)[0], rel=1e-5, abs=1e-6)
    elif not x.ndim:
        assert got == (1 if name == "softmax" else 0)
        assert gradient == 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(7, BLOCK_BYTES // 8 + 3), (3, 1000, 70), (2, 3, BLOCK_BYTES // 8), (90000, 2)])
def test_arrays_of_many_blocks(name: str, shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(2).standard_normal(shape)
    got = getattr(refimpl, name)(x, axis=1)
    e = np.exp(x)
    want = e / e.sum(axis=1, keepdims=True)
    assert np.allclose(got, want if name == "softmax" else np.log(want), rtol=1e-11)


def test_the_type_asked_for() -> None:
    """ACT-SOFTMAX-5: x is cast first; the gradient has the dtype of x."""
    x = np.array([1.0, 2.0, 3.5], np.float32)
    for name in NAMES:
        operator, vjp = getattr(refimpl, name), getattr(refimpl, f"{name}_vjp")
        assert operator(x, dtype="float64").dtype == np.float64
        assert np.array_equal(operator(x, dtype="float64"), operator(x.astype(np.float64)))
        assert np.array_equal(operator(x, dtype=np.float16), operator(x.astype(np.float16)))
        gradient = vjp(np.ones(3), x, dtype="float64")[0]
        assert gradient.dtype == np.float32


@given(seed=st.integers(0, 2**32 - 1))
def test_laws(seed: int) -> None:
    """Shares are positive and sum to 1; neither a shift nor an order matters; gradients sum to 0."""
    rng = np.random.default_rng(seed)
    x, g = 3 * rng.standard_normal((4, 9)), rng.standard_normal((4, 9))
    y, order = refimpl.softmax(x), rng.permutation(9)
    assert (y > 0).all()
    assert y.sum(axis=-1) == near(np.ones(4), 1e-14)
    assert refimpl.softmax(x + 1024) == near(refimpl.softmax((x + 1024) - 1024), 1e-13)
    assert refimpl.softmax(x[:, order]) == near(y[:, order], 1e-14)
    assert np.exp(refimpl.log_softmax(x)) == near(y, 1e-13)
    assert refimpl.softmax_vjp(g, x)[0].sum(axis=-1) == pytest.approx(np.zeros(4), abs=1e-15)
    assert refimpl.log_softmax_vjp(g, x)[0].sum(axis=-1) == pytest.approx(np.zeros(4), abs=1e-13)
    h = rng.standard_normal((4, 9))
    jacobian_h = {
        "softmax": y * (h - (y * h).sum(-1, keepdims=True)),
        "log_softmax": h - (y * h).sum(-1, keepdims=True),
    }
    for name, jvp in jacobian_h.items():
        gradient = getattr(refimpl, f"{name}_vjp")(g, x)[0]
        assert (gradient * h).sum() == pytest.approx((g * jvp).sum(), rel=1e-12, abs=1e-12), "<J^T g, h> = <g, J h>"


def test_a_row_is_its_own() -> None:
    """A row far from 0 in the same block changes no bit of the others (they are not shifted)."""
    near = np.random.default_rng(4).standard_normal((3, 8))
    far = np.vstack([near, np.linspace(-1000, 1000, 8)])
    assert np.array_equal(refimpl.softmax(far)[:3], refimpl.softmax(near))


@pytest.mark.parametrize("place", range(3))
def test_an_infinite_cotangent_of_log_softmax_leaves_nothing_of_its_own_cell(place: int) -> None:
    """ACT-LSOFTMAX-2: inf - y inf, wherever the largest share is."""
    g = np.zeros(3)
    g[place] = INF
    (gradient,) = refimpl.log_softmax_vjp(g, np.array([1.0, 3.0, 2.0]))
    np.testing.assert_array_equal(gradient, np.where(np.arange(3) == place, NAN, -INF))
