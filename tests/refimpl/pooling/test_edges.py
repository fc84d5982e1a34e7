"""Special values, dtypes, memory layouts and sizes at the edge."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import refimpl
from refimpl.pooling import boxes
from refimpl.pooling.geometry import fixed

Array = np.ndarray[Any, Any]
every_way = pytest.mark.usefixtures("every_way")
DTYPES = (np.float16, np.float32, np.float64, np.longdouble)


@pytest.fixture(autouse=True)
def no_warning() -> Iterator[None]:
    """What overflows or is not a number is part of the answer, whatever the caller has told NumPy to do about it."""
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        yield


def row(*values: float, dtype: Any = np.float64) -> Array:
    return np.array(values, dtype).reshape(1, 1, -1)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pool_a5_no_overflow_on_the_way(dtype: Any) -> None:
    top = np.finfo(dtype).max
    assert refimpl.avg_pool1d(row(top, top, top, -top, dtype=dtype), 4).item() == top / 2
    assert refimpl.avg_pool1d(row(-top, -top, dtype=dtype), 2).item() == -top
    quarter = row(top / 4, top / 4, 1, 2, dtype=dtype)[:, :, None]
    got = refimpl.avg_pool2d(quarter, (1, 2), divisor_override=0.5)
    assert got.ravel().tolist() == [top, 6]
    assert refimpl.avg_pool2d(quarter * 3, (1, 2), divisor_override=0.5).ravel()[0] == np.inf
    much = row(0.75, 0.75, -0.75, dtype=dtype)[:, :, None] * top
    (gx,) = refimpl.avg_pool2d_vjp(much, much, (1, 3), 1, (0, 1), divisor_override=1)
    assert gx.ravel().tolist() == [np.inf, much[0, 0, 0, 0], 0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_pool_a8_one_rounding(dtype: Any) -> None:
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 2, (2, 3, 9, 9)).astype(dtype)
    wide = np.longdouble if dtype != np.float16 else np.float32
    for got, exact in (
        (refimpl.avg_pool2d(x, 3, 2, 1), refimpl.avg_pool2d(x.astype(wide), 3, 2, 1)),
        (refimpl.avg_pool2d_vjp(x, x, 1)[0], x),
        (refimpl.lp_pool2d(x, 3, 2), refimpl.lp_pool2d(x.astype(wide), 3, 2)),
        (refimpl.max_pool2d(x, 3, 2, 1), refimpl.max_pool2d(x.astype(wide), 3, 2, 1)),
    ):
        assert got.dtype == dtype
        error = abs(got.astype(np.longdouble) - exact) / np.spacing(exact.astype(dtype)).astype(np.longdouble)
        assert error.max() <= (0.5 if dtype == np.float16 else 8)


def test_pool_a8_long_double_is_really_longer() -> None:
    x = 1 + np.arange(9, dtype=np.longdouble).reshape(1, 1, 9) * np.finfo(np.longdouble).eps
    assert refimpl.avg_pool1d(x, 9).item() == 1 + 4 * np.finfo(np.longdouble).eps


def test_pool_a6_signed_zeros() -> None:
    zeros = row(-0.0, -0.0)
    assert np.signbit(refimpl.avg_pool1d(zeros, 2)).all()
    assert np.signbit(refimpl.avg_pool1d(zeros, 3, 1, 1)).all()
    assert np.signbit(refimpl.avg_pool1d(np.repeat(zeros, 4, axis=2), 5)).all()
    assert np.signbit(refimpl.adaptive_avg_pool1d(np.repeat(zeros, 4, axis=2), 3)).all()
    assert not np.signbit(refimpl.avg_pool1d(zeros, 3, 1, 1, exclusive=False)).any()
    assert not np.signbit(refimpl.avg_pool1d(row(-0.0, 0.0), 2)).any()
    assert np.signbit(refimpl.avg_pool1d_vjp(zeros, row(1, 2, 3), 2, 1)[0]).all()


@every_way
def test_pool_a7_m1_m5_windows_without_cells() -> None:
    x = row(5.0)
    assert np.array_equal(refimpl.avg_pool1d(x, 1, 1, 2).ravel(), [np.nan, np.nan, 5, np.nan, np.nan], equal_nan=True)
    assert refimpl.avg_pool1d(x, 1, 1, 2, exclusive=False).ravel().tolist() == [0, 0, 5, 0, 0]
    top, mask = refimpl.max_pool1d(x, 1, 1, 2, return_mask=True)
    assert top.ravel().tolist() == [-np.inf, -np.inf, 5, -np.inf, -np.inf]
    assert mask.ravel().tolist() == [-1, -1, 0, -1, -1]
    g = row(1, 2, 3, 4, 5)
    assert refimpl.max_pool1d_vjp(g, x, 1, 1, 2)[0].item() == 3
    assert refimpl.avg_pool1d_vjp(g, x, 1, 1, 2)[0].item() == 3
    assert refimpl.lp_pool1d(x, 2, 1, 1, 1).ravel().tolist() == [0, 5, 0]
    assert refimpl.lp_pool1d(x, -1, 1, 1, 1).ravel().tolist() == [np.inf, 5, np.inf]


@every_way
def test_pool_m1_padding_never_wins() -> None:
    x = np.full((1, 1, 3, 3), -np.inf)
    top, mask = refimpl.max_pool2d(x, 3, 1, 1, return_mask=True)
    assert (top == -np.inf).all()
    assert mask.ravel().tolist() == [0, 0, 1, 0, 0, 1, 3, 3, 4]
    assert refimpl.max_pool2d_vjp(np.ones((1, 1, 3, 3)), x, 3, 1, 1)[0].ravel().tolist() == [4, 2, 0, 2, 1, 0, 0, 0, 0]


@every_way
def test_pool_m3_m4_first_of_equals_and_of_nan() -> None:
    nan = np.nan
    x = np.array([[1, nan, nan], [2, nan, 2], [2, 2, 2]]).reshape(1, 1, 3, 3)
    top, mask = refimpl.max_pool2d(x, 2, 1, return_mask=True)
    assert np.array_equal(top.ravel(), [nan, nan, nan, nan], equal_nan=True)
    assert mask.ravel().tolist() == [1, 1, 4, 4]
    x[np.isnan(x)] = 2
    assert refimpl.max_pool2d(x, 2, 1, return_mask=True)[1].ravel().tolist() == [1, 1, 3, 4]
    zeros = row(-0.0, 0.0, -0.0)
    assert refimpl.max_pool1d(zeros, 3, return_mask=True)[1].item() == 0


@every_way
def test_pool_m3_infinities() -> None:
    x = row(np.inf, -np.inf, np.nan, 1)
    assert np.array_equal(refimpl.max_pool1d(x, 2, 1).ravel(), [np.inf, np.nan, np.nan], equal_nan=True)
    assert np.array_equal(refimpl.avg_pool1d(x, 2, 1).ravel(), [np.nan, np.nan, np.nan], equal_nan=True)
    assert refimpl.avg_pool1d(x, 1).ravel()[0] == np.inf
    (gx,) = refimpl.max_pool1d_vjp(row(np.inf, -np.inf, np.nan), row(1, 2, 3, 4), 2, 1)
    assert np.array_equal(gx.ravel(), [0, np.inf, -np.inf, np.nan], equal_nan=True)


@pytest.mark.parametrize("shape", [(0, 3, 5, 5), (2, 0, 5, 5), (0, 0, 5, 5)])
def test_pool_g5_empty(shape: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    for got in (
        refimpl.avg_pool2d(x, 2),
        *refimpl.max_pool2d(x, 2, return_mask=True),
        refimpl.adaptive_avg_pool2d(x, 2),
        refimpl.lp_pool2d(x, 2, 2),
        refimpl.fractional_max_pool2d(x, 2, random_u=0.5),
    ):
        assert isinstance(got, np.ndarray)
        assert got.shape == (*shape[:2], 2, 2)
    g = np.zeros((*shape[:2], 2, 2), np.float32)
    for (gx,) in (
        refimpl.avg_pool2d_vjp(g, x, 2),
        refimpl.max_pool2d_vjp(g, x, 2),
        refimpl.lp_pool2d_vjp(g, x, 2, 2),
        refimpl.max_unpool2d_vjp(x, g, np.zeros(g.shape, int), 3, 2),
    ):
        assert gx.dtype == np.float32
    assert refimpl.max_unpool2d(g, np.zeros(g.shape, int), 3, 2).shape == (*shape[:2], 5, 5)


@every_way
def test_an_axis_without_cells_has_windows_of_padding() -> None:
    x = np.zeros((1, 1, 0))
    assert np.isnan(refimpl.avg_pool1d(x, 2, 1, 1)).tolist() == [[[True]]]
    assert refimpl.max_pool1d(x, 2, 1, 1, return_mask=True)[1].item() == -1
    assert refimpl.avg_pool1d_vjp(np.ones((1, 1, 1)), x, 2, 1, 1)[0].shape == (1, 1, 0)


def every_call(x: Array) -> Iterator[tuple[Array, ...]]:
    """All operators, forward and backward, on one array of shape (N, C, H, W)."""
    for size, stride, padding in ((3, 1, 1), (2, 2, 0), (3, 2, [0, 1, 1, 0]), (1, 1, 0), (1, 2, 0)):
        args: Any = (size, stride, padding)
        y = refimpl.avg_pool2d(x, *args)
        g = np.arange(y.size, dtype=y.dtype).reshape(y.shape)
        yield y, *refimpl.max_pool2d(x, *args, return_mask=True), refimpl.max_pool2d(x, *args)
        yield refimpl.avg_pool2d_vjp(g, x, *args) + refimpl.max_pool2d_vjp(g, x, *args)
        yield refimpl.lp_pool2d(x, 3, *args), *refimpl.lp_pool2d_vjp(g, x, 3, *args)
    y = refimpl.adaptive_avg_pool2d(x, (2, 3))
    yield y, refimpl.adaptive_max_pool2d(x, (2, 3)), refimpl.fractional_max_pool2d(x, (2, 3), None, 0.3)  # type: ignore[misc]
    yield refimpl.adaptive_avg_pool2d_vjp(y, x, (2, 3)) + refimpl.adaptive_max_pool2d_vjp(y, x, (2, 3))


@every_way
def test_any_memory_layout_and_inputs_stay_as_they_are() -> None:
    rng = np.random.default_rng(2)
    plain = rng.uniform(1, 2, (2, 3, 5, 7)).astype(np.float32)
    wider = rng.uniform(1, 2, (4, 3, 10, 7)).astype(np.float32)
    wider[::2, :, ::2] = plain
    for x in (
        plain,
        np.asfortranarray(plain),
        wider[::2, :, ::2],
        np.ascontiguousarray(plain[:, :, :, ::-1])[:, :, :, ::-1],
        plain.astype(">f4"),
    ):
        x.flags.writeable = False
        kept = x.copy()
        for got, wanted in zip(every_call(x), every_call(plain), strict=True):
            for a, b in zip(got, wanted, strict=True):
                assert np.array_equal(a, b)
                assert a.flags.writeable
                assert not np.shares_memory(a, x)
        assert np.array_equal(x, kept)


def test_large_planes_are_cut_and_put_together() -> None:
    rng = np.random.default_rng(3)
    x = rng.integers(-9, 9, (2, 2, 300, 310)).astype(np.float64)
    small = [refimpl.max_pool2d(x[:, :, i : i + 5], 5, (1, 2), (0, 2)) for i in range(296)]
    top, mask = refimpl.max_pool2d(x, 5, (1, 2), (0, 2), return_mask=True)
    assert np.array_equal(top, np.concatenate(small, axis=2))
    assert np.array_equal(np.take_along_axis(x.reshape(2, 2, -1), mask.reshape(2, 2, -1), 2).reshape(top.shape), top)
    g = rng.integers(-9, 9, top.shape).astype(np.float64)
    wanted = np.zeros(x.reshape(2, 2, -1).shape)
    for n, c in np.ndindex(2, 2):
        np.add.at(wanted[n, c], mask[n, c].ravel(), g[n, c].ravel())
    assert np.array_equal(refimpl.max_pool2d_vjp(g, x, 5, (1, 2), (0, 2))[0], wanted.reshape(x.shape))
    mean = refimpl.avg_pool2d(x, 4, 3, 1)
    assert np.array_equal(mean[:, :, 50:52], refimpl.avg_pool2d(x[:, :, 149:156], 4, 3, (0, 1)))
    assert np.dot(mean.ravel(), mean.ravel()) == pytest.approx(
        np.dot(refimpl.avg_pool2d_vjp(mean, x, 4, 3, 1)[0].ravel(), x.ravel()), rel=1e-12
    )


def test_a_stride_beyond_the_input() -> None:
    x, g = row(1, 2, 3), row(5)
    far = 10**12
    assert refimpl.avg_pool1d(x, 2, far).item() == 1.5
    assert refimpl.avg_pool1d_vjp(g, x, 2, far)[0].ravel().tolist() == [2.5, 2.5, 0]
    assert refimpl.max_pool1d(x, 2, far).item() == 2  # type: ignore[union-attr]
    assert refimpl.max_pool1d_vjp(g, x, 2, far)[0].ravel().tolist() == [0, 5, 0]
    assert refimpl.lp_pool1d_vjp(g, x, 1, 2, far)[0].ravel().tolist() == [5, 5, 0]


def test_many_channels_last() -> None:
    x = np.random.default_rng(4).integers(-9, 9, (1, 25, 80, 70)).astype(np.float64)
    first = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    for args in ((3, 1, 1), (2, 2, 0), (15, 3, 2)):
        mean, top = refimpl.avg_pool2d(first, *args), refimpl.max_pool2d(first, *args)
        assert isinstance(top, np.ndarray)
        g = np.random.default_rng(5).integers(-9, 9, top.shape) * 2.0
        last = np.moveaxis(g, 1, -1)
        options: Any = {"data_format": "NHWC"}
        assert np.array_equal(np.moveaxis(refimpl.avg_pool2d(x, *args, **options), -1, 1), mean)
        assert np.array_equal(np.moveaxis(refimpl.max_pool2d(x, *args, **options), -1, 1), top)
        (gx,) = refimpl.max_pool2d_vjp(last, x, *args, **options)
        assert np.array_equal(np.moveaxis(gx, -1, 1), refimpl.max_pool2d_vjp(g, first, *args)[0])
        (gx,) = refimpl.avg_pool2d_vjp(last, x, *args, **options)
        assert np.array_equal(np.moveaxis(gx, -1, 1), refimpl.avg_pool2d_vjp(g, first, *args)[0])


def test_little_memory_beyond_the_result() -> None:
    x = np.random.default_rng(6).standard_normal((8, 32, 56, 56)).astype(np.float32)
    for args in ((2, 2), (3, 1, 1), (13, 1)):
        y = refimpl.avg_pool2d(x, *args)
        for call in (
            lambda args=args: (refimpl.avg_pool2d(x, *args),),
            lambda args=args: (refimpl.max_pool2d(x, *args),),
            lambda args=args: refimpl.max_pool2d(x, *args, return_mask=True),
            lambda args=args, y=y: refimpl.avg_pool2d_vjp(y, x, *args),
            lambda args=args, y=y: refimpl.max_pool2d_vjp(y, x, *args),
        ):
            call()
            tracemalloc.start()
            results = call()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak <= sum(result.nbytes for result in results) + (1 << 20)


def test_bands_are_alike() -> None:
    """A plane cut into many bands needs no more than three kinds of box: the first, the last and all between."""
    geometry = fixed((1, 1, 3000, 500), 3, 1, 1, False, "NCHW")
    parts = boxes.blocks(geometry, 4)
    assert len(parts) > 20
    assert len({id(block.box) for block in parts}) == 3
