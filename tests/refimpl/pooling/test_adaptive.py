"""Adaptive and fractional pooling against their definitions."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import refimpl
from tests.refimpl.pooling import definition
from tests.refimpl.pooling.cases import DIVISIBLE, numbers

Array = np.ndarray[Any, Any]
pytestmark = pytest.mark.usefixtures("every_way")
U = (0.01, 0.25, 0.3, 0.5, 0.7, 0.96875)


def expect(name: str, got: Array, wanted: list[list[float]], case: object) -> None:
    expected = np.array(wanted).reshape(got.shape)
    assert np.array_equal(got, expected, equal_nan=True), f"{name} of {case}:\n{got}\nexpected\n{expected}"


def check_maximum(call: str, x: Array, axes: list[list[range]], args: Any, rng: np.random.Generator) -> None:
    """Values, mask and gradient of an operator whose windows along each axis are these."""
    lengths = x.shape[2:]
    every = definition.windows(lengths, axes, [(0, 0)] * len(lengths))
    planes = x.reshape(x.shape[0] * x.shape[1], -1).tolist()
    best = [definition.maximum(plane, every) for plane in planes]
    top, mask = getattr(refimpl, call)(x, *args, return_mask=True)
    assert mask.dtype == np.int32
    expect("maximum", top, [values for values, _ in best], (call, args, lengths))
    expect("mask", mask, [places for _, places in best], (call, args, lengths))
    assert np.array_equal(getattr(refimpl, call)(x, *args), top, equal_nan=True)
    g = rng.integers(-9, 10, top.shape).astype(float)
    shares = g.reshape(len(planes), -1).tolist()
    (gx,) = getattr(refimpl, f"{call}_vjp")(g, x, *args)
    expect(
        "gradient", gx, [definition.maximum_gradient(*pair, every) for pair in zip(shares, planes, strict=True)], args
    )


def check_average(call: str, x: Array, axes: list[list[range]], args: Any, rng: np.random.Generator) -> None:
    lengths = x.shape[2:]
    every = definition.windows(lengths, axes, [(0, 0)] * len(lengths))
    planes = x.reshape(x.shape[0] * x.shape[1], -1).tolist()
    mean = getattr(refimpl, call)(x, *args)
    expect("average", mean, [definition.average(plane, every, True, None) for plane in planes], (call, args, lengths))
    g = DIVISIBLE * 11 * 13 * rng.integers(-9, 10, mean.shape).astype(float)
    shares = g.reshape(len(planes), -1).tolist()
    (gx,) = getattr(refimpl, f"{call}_vjp")(g, x, *args)
    sizes = [definition.average_gradient(share, len(planes[0]), every, True, None) for share in shares]
    assert np.allclose(gx, np.array(sizes).reshape(gx.shape), rtol=1e-13, atol=1e-7), (call, args, lengths)


def test_pool_d1_d3_every_axis() -> None:
    rng = np.random.default_rng(1)
    for length, count in product(range(1, 10), range(1, 13)):
        x, axes = numbers(rng, (2, 2, length)), [definition.adaptive(length, count)]
        check_average("adaptive_avg_pool1d", x, axes, (count,), rng)
        check_maximum("adaptive_max_pool1d", x, axes, (count,), rng)


@pytest.mark.parametrize("n", [2, 3])
def test_pool_d1_d3_planes(n: int) -> None:
    rng = np.random.default_rng(n)
    for _ in range(300 if n == 2 else 100):
        lengths, counts = rng.integers(1, (8, 9)[3 - n], n), rng.integers(1, (8, 9)[3 - n], n)
        x = numbers(rng, (2, 2, *lengths))
        axes = [definition.adaptive(int(m), int(o)) for m, o in zip(lengths, counts, strict=True)]
        check_average(f"adaptive_avg_pool{n}d", x, axes, (counts.tolist(),), rng)
        check_maximum(f"adaptive_max_pool{n}d", x, axes, (counts.tolist(),), rng)


def test_pool_l1_adaptive_channels_last() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((2, 3, 7, 5))
    last = np.moveaxis(x, 1, -1)
    mean = refimpl.adaptive_avg_pool2d(x, (3, 4))
    assert np.array_equal(refimpl.adaptive_avg_pool2d(last, (3, 4), "NHWC"), np.moveaxis(mean, 1, -1))
    g = rng.standard_normal(mean.shape)
    (gx,) = refimpl.adaptive_avg_pool2d_vjp(g, x, (3, 4))
    got = refimpl.adaptive_avg_pool2d_vjp(np.moveaxis(g, 1, -1), last, (3, 4), "NHWC")[0]
    assert np.array_equal(got, np.moveaxis(gx, 1, -1))


def test_pool_d2_none_keeps_the_axis() -> None:
    x = np.random.default_rng(5).standard_normal((2, 3, 6, 5))
    assert np.array_equal(refimpl.adaptive_avg_pool2d(x, (None, 2)), refimpl.adaptive_avg_pool2d(x, (6, 2)))
    assert np.array_equal(refimpl.adaptive_max_pool2d(x, [3, None]), refimpl.adaptive_max_pool2d(x, (3, 5)))
    assert np.array_equal(refimpl.adaptive_avg_pool2d(x, (None, None)), x)


def test_pool_d5_integers() -> None:
    x = np.random.default_rng(6).integers(-99, 99, (2, 2, 7, 5), dtype=np.int32)
    top, mask = refimpl.adaptive_max_pool2d(x, 3, return_mask=True)
    wanted = refimpl.adaptive_max_pool2d(x.astype(float), 3, return_mask=True)
    assert top.dtype == np.int32
    assert np.array_equal(top, wanted[0])
    assert np.array_equal(mask, wanted[1])


def test_pool_f1_f2_every_axis() -> None:
    rng = np.random.default_rng(7)
    for length in range(1, 12):
        for count, u in product(range(1, length + 1), U):
            axes = [definition.fractional(1, 1, u), definition.fractional(length, count, u)]
            x = numbers(rng, (2, 2, 1, length))
            check_maximum("fractional_max_pool2d", x, axes, ((1, count), None, u), rng)


def test_pool_f3_every_axis() -> None:
    rng = np.random.default_rng(8)
    for length in range(1, 9):
        for size, u in product(range(1, length + 1), U):
            for count in range(1, length - size + 2):
                axes = [definition.overlapping(length, count, size, u), [range(1)]]
                x = numbers(rng, (2, 2, length, 1))
                check_maximum("fractional_max_pool2d", x, axes, ((count, 1), (size, 1), u), rng)


def test_pool_f1_f3_boxes() -> None:
    rng = np.random.default_rng(9)
    for _ in range(100):
        lengths = rng.integers(1, 6, 3)
        counts = [int(rng.integers(1, m + 1)) for m in lengths]
        sizes = [int(rng.integers(1, m - o + 2)) for m, o in zip(lengths, counts, strict=True)]
        u = float(rng.choice(U))
        x = numbers(rng, (1, 3, *lengths))
        disjoint = [definition.fractional(int(m), o, u) for m, o in zip(lengths, counts, strict=True)]
        check_maximum("fractional_max_pool3d", x, disjoint, (counts, None, u), rng)
        triples = zip(lengths, counts, sizes, strict=True)
        windows = [definition.overlapping(int(m), o, k, u) for m, o, k in triples]
        check_maximum("fractional_max_pool3d", x, windows, (counts, sizes, u), rng)


def test_pool_f1_example_of_the_documentation() -> None:
    x = np.array([2.0, 4, 3, 1, 5, 2, 3]).reshape(1, 1, 1, 7)
    assert refimpl.fractional_max_pool2d(x, (1, 5), random_u=0.3).ravel().tolist() == [2, 4, 1, 5, 3]
