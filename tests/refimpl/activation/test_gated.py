"""glu and swiglu against mpmath, along every axis."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl
from tests.refimpl.activation.ulp import distance, exact, near


def logistic(b: mpmath.mpf) -> mpmath.mpf:
    return 1 / (1 + mpmath.exp(-b))


def pairs(dtype: type, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Contents, gates (ordinary, far in both tails) and cotangents."""
    rng = np.random.default_rng(seed)
    far = -float(np.log(np.finfo(dtype).smallest_subnormal))
    gates = np.concatenate([rng.uniform(-8, 8, 12), rng.uniform(-40, 40, 12), [-0.99 * far, 0.99 * far]])
    contents = rng.standard_normal(gates.size) * 10.0 ** rng.integers(-3, 4, gates.size)
    return contents.astype(dtype), gates.astype(dtype), rng.uniform(1, 2, gates.size).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_glu(dtype: type, seed: int) -> None:
    """ACT-GLU-1 and ACT-GLU-2: a s, g s and g a s (1 - s) for s = 1 / (1 + e^-b), also where s is subnormal."""
    a, b, g = pairs(dtype, seed)
    value = refimpl.glu(np.concatenate([a, b]))
    grad_a, grad_b = np.split(refimpl.glu_vjp(g, np.concatenate([a, b]))[0], 2)
    with mpmath.workprec(200 - int(np.finfo(dtype).minexp)):
        for got, got_a, got_b, content, gate, up in zip(value, grad_a, grad_b, *map(exacts, (a, b, g)), strict=True):
            s = logistic(gate)
            assert distance(got, content * s) <= 4
            assert distance(got_a, up * s) <= 5
            assert distance(got_b, up * content * s * (1 - s)) <= 6


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_swiglu(dtype: type, seed: int) -> None:
    """ACT-SWIGLU-1 and ACT-SWIGLU-2: silu(x) y, with one argument or two."""
    y, x, g = pairs(dtype, seed)
    value, (grad_x, grad_y) = refimpl.swiglu(x, y), refimpl.swiglu_vjp(g, x, y)
    with mpmath.workprec(200 - int(np.finfo(dtype).minexp)):
        for got, got_x, got_y, cell, other, up in zip(value, grad_x, grad_y, *map(exacts, (x, y, g)), strict=True):
            s = logistic(cell)
            terms = s + abs(cell) * s * (1 - s)
            assert distance(got, cell * s * other) <= 5
            assert distance(got_x, up * other * (s + cell * s * (1 - s)), up * abs(other) * terms) <= 8
            assert distance(got_y, up * cell * s) <= 5
    both = np.concatenate([x, y])
    assert np.array_equal(refimpl.swiglu(both), value)
    assert np.array_equal(refimpl.swiglu_vjp(g, both)[0], np.concatenate([grad_x, grad_y]))


def exacts(column: np.ndarray) -> list[mpmath.mpf]:
    return [exact(v) for v in column]


@given(shape=st.lists(st.integers(0, 4), min_size=1, max_size=4), data=st.data())
def test_axes(shape: list[int], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    shape[axis] *= 2
    x = np.sin(np.arange(int(np.prod(shape)), dtype=np.float64)).reshape(shape)
    first, second = np.split(x, 2, axis=axis)
    value, g = refimpl.glu(x, axis), np.cos(first)
    assert value.shape == first.shape
    assert value == near(first * refimpl.sigmoid(second), 1e-14)
    gradient = refimpl.glu_vjp(g, x, axis)[0]
    assert gradient.shape == x.shape
    slope = refimpl.sigmoid_vjp(np.ones_like(second), second)[0]
    want = np.concatenate([g * refimpl.sigmoid(second), g * first * slope], axis=axis)
    assert gradient == near(want, 1e-14)
    last = np.moveaxis(x, axis, -1)
    assert np.moveaxis(refimpl.silu(first) * second, axis, -1) == near(refimpl.swiglu(last), 1e-14)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_shapes_and_dtypes(dtype: type) -> None:
    """ACT-G1 and ACT-G8; swiglu of two factors needs no dimension."""
    x = np.array([1.0, 2.0, -3.0, 0.5], dtype)
    for out in (refimpl.glu(x), refimpl.swiglu(x), *refimpl.swiglu_vjp(x, x, x), refimpl.swiglu(x[0], x[1])):
        assert out.dtype == dtype
    assert refimpl.swiglu(x[0], x[1]).shape == ()
    assert refimpl.glu(np.zeros((3, 0), dtype)).shape == (3, 0)
    mixed = refimpl.swiglu_vjp(x, x, x.astype(np.float64))
    assert [grad.dtype for grad in mixed] == [dtype, np.float64]


def test_special_values() -> None:
    """ACT-G3 and ACT-G4: a shut gate lets nothing through, NaN passes both ways."""
    inf, nan = np.inf, np.nan
    got = refimpl.glu(np.array([[2.0, -inf], [2.0, inf], [nan, 0.0], [1.0, nan], [inf, 1.0], [inf, -inf]]))[:, 0]
    assert np.array_equal(got, [0, 2, nan, nan, inf, nan], equal_nan=True)
    assert np.array_equal(
        refimpl.swiglu(np.array([-inf, inf, nan]), np.array([2.0, 2.0, 1.0])), [-0.0, inf, nan], equal_nan=True
    )
    assert np.array_equal(refimpl.swiglu(np.array([-inf, -5000.0]), np.array([1e300, 1e300])), [0, 0])
    assert refimpl.swiglu(np.array(-1200.0), np.array(1e308)) == near(
        -1200 * np.exp(np.longdouble(-1200)) * 1e308, 1e-15
    )
    tiny, x, large = np.exp(np.longdouble(-740)), np.array([-740.0]), np.array([2.0**60])
    assert refimpl.swiglu_vjp(np.ones(1), x, large)[0] == near(-739 * 2.0**60 * tiny, 1e-15)
    assert refimpl.swiglu_vjp(large, x, np.ones(1))[1] == near(-740 * 2.0**60 * tiny, 1e-15)
    assert refimpl.glu(np.array([2.0**60, -740.0]))[0] == near(2.0**60 * np.exp(np.longdouble(-740)), 1e-15)
