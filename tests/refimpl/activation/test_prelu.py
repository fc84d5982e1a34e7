"""prelu against its definition, cell by cell, in every layout."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import refimpl
from refimpl.activation.prelu import LAYOUTS


def by_definition(
    g: np.ndarray, x: np.ndarray, weight: np.ndarray, layout: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The value and both gradients, one cell after another, with math.fsum's care left to longdouble."""
    value, grad_x = np.empty_like(x), np.empty_like(x)
    grad_weight = np.zeros(weight.shape, np.longdouble)
    for cell in np.ndindex(x.shape):
        place = () if weight.ndim == 0 else (0 if weight.size == 1 else cell[1 if layout[1] == "C" else -1],)
        value[cell] = max(0.0, x[cell]) + weight[place] * min(0.0, x[cell])
        grad_x[cell] = g[cell] * (1.0 if x[cell] > 0 else weight[place])
        grad_weight[place] += np.longdouble(g[cell]) * min(0.0, x[cell])
    return value, grad_x, grad_weight


@pytest.mark.parametrize("layout", LAYOUTS)
def test_definition(layout: str) -> None:
    """ACT-PRELU-1, ACT-PRELU-3 and ACT-PRELU-4 for every layout, rank, and form of the weight."""
    rng = np.random.default_rng(1)
    for rank, form in product((1, 2, 3, 4, 5), ("()", "(1,)", "(channels,)")):
        if form == "(channels,)" and rank == 1:
            continue
        shape = (2, 3, 2, 4, 3)[:rank]
        channels = shape[-1] if layout[1] != "C" or rank == 1 else shape[1]
        x, g = rng.integers(-3, 4, shape).astype(float) / 2, rng.standard_normal(shape)
        weight = rng.standard_normal({"()": (), "(1,)": (1,), "(channels,)": (channels,)}[form])
        value, grad_x, grad_weight = by_definition(g, x, np.asarray(weight), layout)
        assert np.array_equal(refimpl.prelu(x, weight, layout), value)
        got_x, got_weight = refimpl.prelu_vjp(g, x, weight, layout)
        assert np.array_equal(got_x, grad_x)
        assert got_weight.shape == np.shape(weight)
        assert got_weight == pytest.approx(grad_weight.astype(float), rel=1e-13, abs=1e-13)


def test_at_zero() -> None:
    """ACT-PRELU-2: the slope is the weight; it also stays out of the way of an infinite weight above 0."""
    assert refimpl.prelu_vjp(np.ones(2), np.array([0.0, -0.0]), np.array(0.25))[0].tolist() == [0.25, 0.25]
    assert refimpl.prelu(np.array([2.0]), np.array(np.inf)) == 2


def test_special_values() -> None:
    """ACT-G3 and ACT-G4."""
    x = np.array([np.nan, np.inf, -np.inf])
    assert np.array_equal(refimpl.prelu(x, np.array(0.5)), [np.nan, np.inf, -np.inf], equal_nan=True)
    grad_x, grad_weight = refimpl.prelu_vjp(np.ones(3), x, np.array(0.5))
    assert np.array_equal(grad_x, [np.nan, 1, 0.5], equal_nan=True)
    assert np.isnan(grad_weight)
    assert refimpl.prelu_vjp(np.ones(2), x[1:], np.array(0.5))[1] == -np.inf


def test_cells_above_0_take_part_in_the_gradient_of_the_weight() -> None:
    """ACT-PRELU-3: their term is grad_out * 0, which is NaN for an infinity, as for every derivative of 0."""
    x, weight = np.array([2.0, -1.0]), np.array(0.25)
    for g in (np.inf, np.nan):
        assert np.isnan(refimpl.prelu_vjp(np.array([g, 1.0]), x, weight)[1])
    assert refimpl.prelu_vjp(np.array([1e308, 3.0]), x, weight)[1] == -3


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_shapes_and_dtypes(dtype: type) -> None:
    """ACT-G1: each gradient in the dtype of its argument; a sum of float16 numbers is rounded once. ACT-G8."""
    x, weight = -np.ones((4, 5000), dtype), np.array([0.25], np.float32)
    grad_x, grad_weight = refimpl.prelu_vjp(np.ones_like(x), x, weight)
    assert (refimpl.prelu(x, weight).dtype, grad_x.dtype, grad_weight.dtype) == (dtype, dtype, np.float32)
    assert grad_weight[0] == -20000
    assert refimpl.prelu(dtype(-4), weight[0]).shape == ()
    empty = refimpl.prelu_vjp(np.zeros((0, 3), dtype), np.zeros((0, 3), dtype), np.ones(3))
    assert (empty[0].shape, empty[1].tolist()) == ((0, 3), [0, 0, 0])
