"""Every form of padding says what the explicit sides say, and what has no meaning is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import refimpl
from tests.refimpl.pooling import definition

X1 = np.random.default_rng(1).standard_normal((2, 2, 7))
X2 = np.random.default_rng(2).standard_normal((2, 2, 5, 7))
X3 = np.random.default_rng(3).standard_normal((2, 2, 3, 4, 5))


def alike(n: int, padding: Any, sides: list[int], **options: Any) -> None:
    """The padding gives what 2n explicit sides give, to averages and maxima."""
    x = (X1, X2, X3)[n - 1]
    for call in (getattr(refimpl, f"avg_pool{n}d"), getattr(refimpl, f"max_pool{n}d")):
        wanted = call(x, 2, 2, sides, **options)
        assert np.array_equal(call(x, 2, 2, padding, **options), wanted, equal_nan=True), (call, padding)


def test_pool_p1_one_integer() -> None:
    for n in (1, 2, 3):
        alike(n, 1, [1] * (2 * n))
        alike(n, np.int64(1), [1] * (2 * n))


def test_pool_p2_one_integer_an_axis() -> None:
    alike(1, [1], [1, 1])
    alike(2, (0, 1), [0, 0, 1, 1])
    alike(3, [2, 0, 1], [2, 2, 0, 0, 1, 1])


def test_pool_p3_before_and_after() -> None:
    args: Any = (X2, 2, 2)
    wanted = refimpl.max_pool2d(np.pad(X2, [(0, 0), (0, 0), (1, 0), (2, 3)], constant_values=-np.inf), 2, 2)
    assert np.array_equal(refimpl.max_pool2d(*args, [1, 0, 2, 3]), wanted)


def test_pool_p4_pairs_follow_the_layout() -> None:
    alike(1, [[0, 0], [0, 0], [2, 1]], [2, 1])
    alike(2, [[0, 0], (0, 0), [1, 0], [2, 3]], [1, 0, 2, 3])
    pairs = [[0, 0], [1, 0], [2, 3], [0, 0]]
    last = np.moveaxis(X2, 1, -1)
    got = refimpl.avg_pool2d(last, 2, 2, pairs, data_format="NHWC")
    assert np.array_equal(np.moveaxis(got, -1, 1), refimpl.avg_pool2d(X2, 2, 2, [1, 0, 2, 3]), equal_nan=True)


@pytest.mark.parametrize("name", ["same", "Same", "SAME"])
def test_pool_p5_p6_same(name: str) -> None:
    for length, size, stride in product(range(1, 9), range(1, 6), range(1, 6)):
        x = X1[:, :, :1] + np.arange(length)
        sides = definition.same(length, size, stride)
        for ceil_mode in (False, True):
            options: Any = {"ceil_mode": ceil_mode}
            got = refimpl.avg_pool1d(x, size, stride, name, **options)
            assert got.shape[2] == -(-length // stride), "as many windows as strides begin in the input"
            assert np.array_equal(got, refimpl.avg_pool1d(x, size, stride, sides, **options))
            top, mask = refimpl.max_pool1d(x, size, stride, name, return_mask=True, **options)
            assert np.array_equal(top, np.take_along_axis(x, mask, 2)), "with a mask as well"


@pytest.mark.parametrize("name", ["valid", "Valid", "VALID"])
def test_pool_p5_p7_valid(name: str) -> None:
    alike(2, name, [0, 0, 0, 0])
    with pytest.raises(ValueError, match="ceil_mode is True"):
        refimpl.max_pool2d(X2, 2, padding=name, ceil_mode=True)


def test_pool_g1_stride_defaults_to_the_kernel() -> None:
    assert np.array_equal(refimpl.avg_pool2d(X2, (2, 3)), refimpl.avg_pool2d(X2, [2, 3], (2, 3)))


Call = Callable[[], object]
MASK = np.zeros((2, 2, 3), np.int32)
WRONG: list[tuple[str, type[Exception], str, Call]] = [
    ("kernel-zero", ValueError, "kernel_size is 0", lambda: refimpl.avg_pool2d(X2, 0)),
    ("kernel-float", TypeError, "kernel_size is a float", lambda: refimpl.avg_pool2d(X2, 2.0)),  # type: ignore[arg-type]
    ("kernel-bool", TypeError, "kernel_size is a bool", lambda: refimpl.max_pool2d(X2, True)),
    ("kernel-long", ValueError, "kernel_size is .2, 2, 2.", lambda: refimpl.max_pool2d(X2, (2, 2, 2))),
    ("kernel-float-inside", TypeError, "kernel_size", lambda: refimpl.max_pool2d(X2, (2.0, 2))),  # type: ignore[arg-type]
    ("stride-zero", ValueError, "stride is 0", lambda: refimpl.max_pool2d(X2, 2, 0)),
    ("stride-negative", ValueError, "stride is -1", lambda: refimpl.max_pool1d(X1, 2, [-1])),
    ("padding-negative", ValueError, "padding is -1", lambda: refimpl.avg_pool2d(X2, 2, 2, [0, -1])),
    ("padding-three", ValueError, "padding is .0, 1, 2.", lambda: refimpl.avg_pool2d(X2, 2, 2, [0, 1, 2])),
    ("padding-name", ValueError, "padding is 'FULL'", lambda: refimpl.avg_pool2d(X2, 2, 2, "full")),
    ("padding-none", TypeError, "padding is a NoneType", lambda: refimpl.avg_pool2d(X2, 2, 2, None)),  # type: ignore[arg-type]
    ("padding-batch", ValueError, "batch and channel", lambda: refimpl.avg_pool1d(X1, 2, 2, [[1, 0], [0, 0], [0, 0]])),
    ("padding-mixed", ValueError, "padding is", lambda: refimpl.avg_pool1d(X1, 2, 2, [[1, 0], 0])),  # type: ignore[list-item]
    ("padding-pairs", ValueError, "padding is", lambda: refimpl.avg_pool2d(X2, 2, 2, [[1, 0], [0, 0]])),
    ("layout-POOL-L1", ValueError, "data_format is 'NHCW'", lambda: refimpl.avg_pool2d(X2, 2, data_format="NHCW")),
    ("layout-rank", ValueError, "data_format is 'NCHW'", lambda: refimpl.avg_pool3d(X3, 2, data_format="NCHW")),
    ("rank", ValueError, "rank of x is 3", lambda: refimpl.avg_pool2d(X1, 2)),
    ("dtype", TypeError, "x has dtype int64", lambda: refimpl.max_pool1d(MASK.astype(int), 2)),
    ("complex", TypeError, "x has dtype complex128", lambda: refimpl.adaptive_max_pool1d(X1 * 1j, 2)),
    ("mask-POOL-M7", ValueError, "data_format is 'NHWC'", lambda: refimpl.max_pool2d(X2, 2, 2, 0, True, False, "NHWC")),
    ("mask-vjp", ValueError, "'NHWC'", lambda: refimpl.max_pool2d_vjp(X2, X2, 1, 1, 0, True, False, "NHWC")),
    ("divisor-POOL-A4", ValueError, "divisor_override is 0", lambda: refimpl.avg_pool2d(X2, 2, divisor_override=0)),
    ("divisor-nan", ValueError, "divisor_override", lambda: refimpl.avg_pool2d(X2, 2, divisor_override=np.nan)),
    ("divisor-name", TypeError, "divisor_override", lambda: refimpl.avg_pool2d(X2, 2, divisor_override="4")),  # type: ignore[arg-type]
    ("gradient-shape", ValueError, "shape of grad_out", lambda: refimpl.avg_pool2d_vjp(X2, X2, 2)),
    ("gradient-dtype", TypeError, "grad_out has dtype", lambda: refimpl.max_pool2d_vjp(X2.astype(int), X2, 1)),
    ("adaptive-zero", ValueError, "output_size is 0", lambda: refimpl.adaptive_avg_pool1d(X1, 0)),
    ("adaptive-none", TypeError, "output_size is a None", lambda: refimpl.adaptive_avg_pool1d(X1, None)),  # type: ignore[arg-type]
    ("adaptive-long", ValueError, "output_size is", lambda: refimpl.adaptive_max_pool2d(X2, (1, 2, 3))),
    ("adaptive-POOL-D4", ValueError, "shape of x", lambda: refimpl.adaptive_avg_pool2d(X2[:, :, :0], 1)),
    ("adaptive-layout", ValueError, "data_format", lambda: refimpl.adaptive_avg_pool2d(X2, 1, "NCL")),
    (
        "fractional-POOL-F4",
        ValueError,
        "random_u is None.*refimpl.random",
        lambda: refimpl.fractional_max_pool2d(X2, 2),
    ),
    ("fractional-one", ValueError, "random_u is 1", lambda: refimpl.fractional_max_pool2d(X2, 2, None, 1.0)),
    ("fractional-zero", ValueError, "random_u is 0", lambda: refimpl.fractional_max_pool2d(X2, 2, None, 0.0)),
    ("fractional-name", TypeError, "random_u is a str", lambda: refimpl.fractional_max_pool2d(X2, 2, None, "u")),  # type: ignore[arg-type]
    ("fractional-POOL-F5", ValueError, "output_size is 6", lambda: refimpl.fractional_max_pool2d(X2, 6, None, 0.5)),
    ("fractional-kernel", ValueError, "output_size is 4", lambda: refimpl.fractional_max_pool2d(X2, 4, 3, 0.5)),
    ("lp-POOL-N6", ValueError, "norm_type is 0", lambda: refimpl.lp_pool2d(X2, 0, 2)),
    ("lp-nan", ValueError, "norm_type is nan", lambda: refimpl.lp_pool1d(X1, np.nan, 2)),
    ("lp-minus-infinity", ValueError, "norm_type is -inf", lambda: refimpl.lp_pool1d(X1, -np.inf, 2)),
    ("lp-name", TypeError, "norm_type is a str", lambda: refimpl.lp_pool1d(X1, "2", 2)),  # type: ignore[arg-type]
    ("unpool-POOL-U5", ValueError, "indices is 14", lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK + 14, 2)),
    ("unpool-below", ValueError, "indices is -1", lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK - 1, 2)),
    ("unpool-shape", ValueError, "shape of indices", lambda: refimpl.max_unpool1d(X1, MASK, 2)),
    ("unpool-dtype", TypeError, "indices has dtype", lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK + 0.5, 2)),
    ("unpool-POOL-U8", ValueError, "data_format", lambda: refimpl.max_unpool1d(X1, MASK, 2, data_format="NLC")),
    ("unpool-padding", TypeError, "padding", lambda: refimpl.max_unpool1d(X1, MASK, 2, padding="SAME")),  # type: ignore[arg-type]
    ("unpool-nothing", ValueError, "padding is 9", lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK, 2, padding=9)),
    ("unpool-size", TypeError, "output_size", lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK, 2, output_size=6)),  # type: ignore[arg-type]
    (
        "unpool-sizes",
        ValueError,
        "output_size",
        lambda: refimpl.max_unpool1d(X1[:, :, :3], MASK, 2, output_size=[6, 6]),
    ),
]


@pytest.mark.parametrize(("error", "match", "call"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_refuses(error: type[Exception], match: str, call: Call) -> None:
    for _ in range(2):  # what was refused once is not remembered as allowed
        with pytest.raises(error, match=match):
            call()


def test_a_kind_is_not_taken_for_its_equal() -> None:
    """2.0 equals 2 and True equals 1, but a result that is remembered for one is not given for the other."""
    assert refimpl.max_pool2d(X2, 2, 1).shape == (2, 2, 4, 6)
    for size, stride in ((2.0, 1), (2, 1.0), (2, True), ((2, 2.0), 1)):
        with pytest.raises(TypeError):
            refimpl.max_pool2d(X2, size, stride)  # type: ignore[arg-type]
