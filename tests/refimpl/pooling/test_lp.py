"""Lp pooling against its definition and, for the gradient, the complex step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import refimpl
from tests.refimpl.pooling import definition
from tests.refimpl.pooling.cases import geometries

Array = np.ndarray[Any, Any]
POWERS = (1.0, 2.0, 3.0, 4.0, 0.5, 2.5, -1.0, -2.0)
EPS = np.finfo(float).eps


def case(axes: tuple[definition.Axis, ...], ceil_mode: bool) -> tuple[Any, list[definition.Window], tuple[int, ...]]:
    sides = [(axis.before, axis.after) for axis in axes]
    lengths = tuple(axis.length for axis in axes)
    every = definition.windows(lengths, [definition.fixed(axis, ceil_mode) for axis in axes], sides)
    args = ([a.size for a in axes], [a.stride for a in axes], [p for pair in sides for p in pair], ceil_mode)
    return args, every, lengths


def test_pool_n1_n3_n4_every_plane() -> None:
    rng = np.random.default_rng(1)
    for i, (axes, ceil_mode) in enumerate(geometries(2)):
        p = POWERS[i % len(POWERS)]
        args, every, lengths = case(axes, ceil_mode)
        x = rng.standard_normal((1, 3, *lengths))
        x[0, 0] = abs(x[0, 0])
        x[0, 1] = np.where(rng.random(lengths) < 0.4, 0, x[0, 1])
        got = refimpl.lp_pool2d(x, p, *args).reshape(3, -1)
        for plane, values in zip(x.reshape(3, -1).tolist(), got, strict=True):
            wanted = np.array(definition.norm(plane, every, p))
            # each power and the root err by an ULP or so, the sum by its terms; cancellation magnifies all of it
            size = np.array(definition.norm([abs(v) for v in plane], every, p))
            with np.errstate(all="ignore"):
                lost = np.maximum(abs(size / wanted) ** p, 1)
                near = abs(wanted - values) <= 8 * EPS * abs(wanted) * lost * (1 + 9 / abs(p))
            same = (wanted == values) | (np.isnan(wanted) & np.isnan(values)) | near
            assert same.all(), (axes, ceil_mode, p, plane, wanted, values)


def test_pool_l1_n1_one_axis_and_channels_last() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2, 3, 9))
    y = refimpl.lp_pool1d(x, 4, 3, 2, 1, True)
    assert np.array_equal(refimpl.lp_pool2d(x[:, :, None], 4, (1, 3), (1, 2), (0, 1), True)[:, :, 0], y)
    last = refimpl.lp_pool1d(np.moveaxis(x, 1, -1), 4, 3, 2, 1, True, "NLC")
    assert np.array_equal(np.moveaxis(last, -1, 1), y)
    g = rng.standard_normal(y.shape)
    (gx,) = refimpl.lp_pool1d_vjp(g, x, 4, 3, 2, 1, True)
    (gl,) = refimpl.lp_pool1d_vjp(np.moveaxis(g, 1, -1), np.moveaxis(x, 1, -1), 4, 3, 2, 1, True, "NLC")
    assert np.array_equal(np.moveaxis(gl, -1, 1), gx)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, 4.0, 2.5, -1.0])
def test_pool_n7_complex_step(p: float) -> None:
    rng = np.random.default_rng(3)
    for i, (axes, ceil_mode) in enumerate(geometries(2)):
        if i % 40:
            continue
        args, every, lengths = case(axes, ceil_mode)
        x = rng.uniform(0.5, 2, (1, 1, *lengths))
        y = refimpl.lp_pool2d(x, p, *args)
        g = np.where([[bool(w.cells) for w in every]], rng.standard_normal((1, len(every))), 0).reshape(y.shape)
        (gx,) = refimpl.lp_pool2d_vjp(g, x, p, *args)
        plane = x.ravel().tolist()
        for cell in range(x.size):
            stepped = [complex(v, 1e-200 * (c == cell)) for c, v in enumerate(plane)]
            slopes = [complex(v).imag / 1e-200 for v in definition.norm(stepped, every, p)]
            wanted = float(np.dot(slopes, g.ravel()))
            assert abs(gx.ravel()[cell] - wanted) <= 1e-13 * np.dot(np.abs(slopes), abs(g.ravel())), (axes, p, cell)


def test_pool_n2_infinity_is_maximum_pooling() -> None:
    x = np.random.default_rng(4).standard_normal((2, 3, 5, 6))
    args: Any = (3, 2, [1, 2, 0, 1])
    assert np.array_equal(refimpl.lp_pool2d(x, np.inf, *args), refimpl.max_pool2d(x, *args))
    g = np.ones_like(refimpl.max_pool2d(x, *args))
    assert np.array_equal(refimpl.lp_pool2d_vjp(g, x, np.inf, *args)[0], refimpl.max_pool2d_vjp(g, x, *args)[0])
    high = refimpl.lp_pool2d(abs(x), 2.0**60, 2)
    assert np.array_equal(high, refimpl.max_pool2d(abs(x), 2)), "the limit, for cells that are not negative"


@pytest.mark.parametrize("scale", [1e-320, 1e-300, 1e-30, 1e30, 1e307])
@pytest.mark.parametrize("p", [0.5, 2.0, 3.0, 40.0, -3.0])
def test_pool_n5_scale(scale: float, p: float) -> None:
    x = np.array([3.0, 4.0]).reshape(1, 1, 2) * scale
    wanted = (3**p + 4**p) ** (1 / p) * scale
    tiny = np.finfo(float).smallest_subnormal
    assert abs(refimpl.lp_pool1d(x, p, 2).item() - wanted) <= 8 * EPS * wanted + tiny
    (gx,) = refimpl.lp_pool1d_vjp(np.ones((1, 1, 1)), x, p, 2)
    slopes = (np.array([3.0, 4.0]) / ((3**p + 4**p) ** (1 / p))) ** (p - 1)
    exact = scale > 1e-305  # a subnormal x is a whole number of tiny steps and y / x is rounded to them
    assert np.allclose(gx.ravel(), slopes, rtol=1e-13 if exact else 0.05)


def test_pool_n3_infinities_and_negatives() -> None:
    def lp(values: list[float], p: float) -> float:
        return float(refimpl.lp_pool1d(np.array(values, float).reshape(1, 1, -1), p, len(values)).item())

    assert lp([-np.inf, 1], 2) == np.inf
    assert lp([-np.inf, 1], 1) == -np.inf
    assert lp([-np.inf, 1], 0.5) == np.inf
    assert np.isnan(lp([np.inf, -np.inf], 3))
    assert np.isnan(lp([-8, 0], 3))
    assert np.isnan(lp([-8, 0], 0.5))
    assert np.isnan(lp([np.nan, 1], 2))
    assert lp([np.inf, 2], -1) == 2
    assert lp([0, 2], -1) == 0


def test_pool_n8_gradient_at_zero() -> None:
    x, g = np.zeros((1, 1, 2)), np.full((1, 1, 1), 7.0)
    for p in (0.5, 2.0, 3.0):
        assert refimpl.lp_pool1d_vjp(g, x, p, 2)[0].tolist() == [[[0, 0]]]
    assert refimpl.lp_pool1d_vjp(g, x, 1, 2)[0].tolist() == [[[7, 7]]]
