"""What holds of pooling whatever the numbers are: linearity, monotony, symmetry, adjointness."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import refimpl
from tests.refimpl.pooling import definition

Array = np.ndarray[Any, Any]

axes = st.builds(
    definition.Axis,
    length=st.integers(1, 12),
    size=st.integers(1, 8),
    stride=st.integers(1, 5),
    before=st.integers(0, 3),
    after=st.integers(0, 3),
)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Any, Array, np.random.Generator]:
    """Arguments of 2-D pooling, an array of whole numbers, and more chance."""
    pair, ceil_mode = draw(st.tuples(axes, axes)), draw(st.booleans())
    assume(all(definition.count(axis, ceil_mode) > 0 for axis in pair))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    args = {
        "kernel_size": [a.size for a in pair],
        "stride": [a.stride for a in pair],
        "padding": [pair[0].before, pair[0].after, pair[1].before, pair[1].after],
        "ceil_mode": ceil_mode,
    }
    return args, rng.integers(-99, 100, (2, 3, *(a.length for a in pair))).astype(float), rng


@given(cases(), st.booleans())
def test_averages_are_linear_and_their_gradient_is_the_adjoint(case: Any, exclusive: bool) -> None:
    args, x, rng = case
    other = rng.integers(-99, 100, x.shape).astype(float)

    def total(v: Array) -> Array:
        return refimpl.avg_pool2d(v, **args, exclusive=exclusive, divisor_override=1)

    assert np.array_equal(total(3 * x - 2 * other), 3 * total(x) - 2 * total(other))
    y = refimpl.avg_pool2d(x, **args, exclusive=exclusive)
    cells = ~np.isnan(y)
    g = np.where(cells, rng.standard_normal(y.shape), 0)
    (gx,) = refimpl.avg_pool2d_vjp(g, x, **args, exclusive=exclusive)
    left, right = np.vdot(y[cells], g[cells]), np.vdot(x, gx)  # <J x, g> = <x, J^T g>, J being linear
    size = np.vdot(np.abs(y[cells]), abs(g[cells])) + np.vdot(abs(x), abs(gx))
    assert abs(left - right) <= 1e-13 * max(size, 1)


@given(cases())
def test_maxima_are_the_minima_of_the_opposite(case: Any) -> None:
    args, x, _ = case
    top, mask = refimpl.max_pool2d(x, **args, return_mask=True)
    low = np.full(top.shape, np.inf)  # window by window: the least of -x
    for i, j in np.ndindex(top.shape[2:]):
        rows, columns = (
            slice(max(0, k * s - b), max(0, k * s - b + size))
            for k, s, b, size in zip((i, j), args["stride"], args["padding"][::2], args["kernel_size"], strict=True)
        )
        low[:, :, i, j] = (-x)[:, :, rows, columns].min(axis=(2, 3), initial=np.inf)
    assert np.array_equal(top, -low)
    held = mask >= 0
    flat = np.take_along_axis(x.reshape(2, 3, -1), np.maximum(mask, 0).reshape(2, 3, -1), 2).reshape(top.shape)
    assert np.array_equal(flat[held], top[held])


@given(cases())
def test_maxima_commute_with_what_keeps_order(case: Any) -> None:
    args, x, _ = case
    top = refimpl.max_pool2d(x, **args)
    assert np.array_equal(refimpl.max_pool2d(x**3 + 7, **args), top**3 + 7)


@given(cases())
def test_a_shift_of_the_values_shifts_averages(case: Any) -> None:
    args, x, _ = case
    for exclusive in (True, False):
        y = refimpl.avg_pool2d(x, **args, exclusive=exclusive)
        weight = refimpl.avg_pool2d(np.ones_like(x), **args, exclusive=exclusive)
        assert np.allclose(refimpl.avg_pool2d(x + 50, **args, exclusive=exclusive), y + 50 * weight, equal_nan=True)


@given(cases())
def test_axes_planes_and_directions_are_alike(case: Any) -> None:
    args, x, rng = case
    swapped = {
        "kernel_size": args["kernel_size"][::-1],
        "stride": args["stride"][::-1],
        "padding": args["padding"][2:] + args["padding"][:2],
        "ceil_mode": args["ceil_mode"],
    }
    for call in (refimpl.avg_pool2d, refimpl.max_pool2d):
        y = call(x, **args)
        assert isinstance(y, np.ndarray)
        turned = call(np.swapaxes(x, 2, 3), **swapped)
        assert np.allclose(np.swapaxes(y, 2, 3), turned, rtol=1e-15, equal_nan=True)
        order = rng.permutation(3)
        assert np.array_equal(call(x[::-1, order], **args), y[::-1, order], equal_nan=True)


@given(cases())
def test_one_dimension_more_is_one_cell_more(case: Any) -> None:
    args, x, _ = case
    boxed = {
        "kernel_size": [1, *args["kernel_size"]],
        "stride": [1, *args["stride"]],
        "padding": [0, 0, *args["padding"]],
        "ceil_mode": args["ceil_mode"],
    }
    for flat, deep in ((refimpl.avg_pool2d, refimpl.avg_pool3d), (refimpl.max_pool2d, refimpl.max_pool3d)):
        assert np.array_equal(deep(x[:, :, None], **boxed)[:, :, 0], flat(x, **args), equal_nan=True)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_a_maximum_of_maxima_is_a_maximum(first: int, second: int, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((1, 2, 12, 11))
    twice = refimpl.max_pool2d(refimpl.max_pool2d(x, first, 1), second, 1)
    assert np.array_equal(twice, refimpl.max_pool2d(x, first + second - 1, 1))


@given(cases(), st.integers(1, 4))
def test_a_kernel_without_overlap_keeps_the_sum(case: Any, size: int) -> None:
    _, x, _ = case
    padded = [-x.shape[2] % size, -x.shape[3] % size]
    y = refimpl.avg_pool2d(x, size, size, [0, padded[0], 0, padded[1]], divisor_override=1)
    assert y.sum() == x.sum()
