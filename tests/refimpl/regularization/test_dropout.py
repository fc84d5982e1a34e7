"""The dropouts against their definition in exact fractions, for every mask of a small shape."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain, combinations, product
from typing import Any

import numpy as np
import pytest

import refimpl

DTYPES = (np.float16, np.float32, np.float64, np.longdouble)
MODES = ("upscale_in_train", "downscale_in_infer")
PROBABILITIES = (1e-3, 0.1, 0.25, 0.5, 0.9, 1 - 2**-20)


def masks(shape: tuple[int, ...]) -> Iterator[Any]:
    """Every boolean array of the shape."""
    count = int(np.prod(shape))
    for bits in range(2**count):
        yield np.array([bits >> i & 1 for i in range(count)], bool).reshape(shape)


def fraction(number: Any) -> Fraction:
    """A NumPy number of any width, unrounded."""
    return Fraction(*np.longdouble(number).as_integer_ratio())


def assert_elements(y: Any, x: Any, factor: Any, expected_zero: Any) -> None:
    """y = factor x with two roundings of the working precision and one to the dtype; +0 where it was dropped."""
    u = Fraction(*np.finfo(np.promote_types(x.dtype, np.float32)).eps.as_integer_ratio()) / 2
    last = fraction(np.finfo(x.dtype).eps) / 2 if x.dtype == np.float16 else 0
    floor = fraction(np.finfo(x.dtype).smallest_subnormal) / 2
    assert (y.shape, y.dtype) == (x.shape, x.dtype)  # DROP-D1
    for i in np.ndindex(x.shape):
        if expected_zero[i]:
            assert y[i] == 0
            assert not np.signbit(y[i])  # DROP-M3
        else:
            right = fraction(x[i]) * factor
            assert abs(fraction(y[i]) - right) <= (Fraction(201, 100) * u + last) * abs(right) + floor, (y[i], right)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("dtype", DTYPES)
def test_drop_m1_m2_m3_g1_every_mask(mode: str, dtype: Any) -> None:
    rng = np.random.default_rng(30)
    for p in PROBABILITIES:
        factor = 1 / (1 - Fraction(p)) if mode == "upscale_in_train" else Fraction(1)
        for shape in ((), (1,), (3,), (2, 2)):
            x, grad = rng.uniform(-3, 3, (2, *shape)).astype(dtype)
            if dtype == np.float16 and p > 0.99:
                x, grad = x * dtype(2**-12), grad * dtype(2**-12)  # where the result is finite
            for mask in masks(shape):
                arguments = {"p": p, "mode": mode, "mask": mask}
                assert_elements(refimpl.dropout(x, **arguments), x, factor, ~mask)
                (gradient,) = refimpl.dropout_vjp(grad, x, **arguments)
                assert_elements(gradient, grad, factor, ~mask)


@pytest.mark.parametrize("dtype", DTYPES)
def test_drop_m1_m2_g1_inference(dtype: Any) -> None:
    x = np.array([1.5, -2, 0.1, 1e3], dtype)
    nothing = np.zeros(4, bool)
    for p in (0, *PROBABILITIES, 1):
        for mode, factor in zip(MODES, (Fraction(1), 1 - Fraction(p)), strict=True):
            assert_elements(refimpl.dropout(x, p, training=False, mode=mode), x, factor, nothing)
            assert_elements(refimpl.dropout_vjp(x, x, p, training=False, mode=mode)[0], x, factor, nothing)


def test_drop_a1_every_set_of_axes() -> None:
    rng = np.random.default_rng(31)
    for ndim in (1, 2, 3):
        shape = (2, 3, 2)[:ndim]
        x = rng.standard_normal(shape)
        for axes in chain.from_iterable(combinations(range(ndim), k) for k in range(1, ndim + 1)):
            mask_shape = tuple(n if i in axes else 1 for i, n in enumerate(shape))
            mask = rng.random(mask_shape) < 0.5
            whole = np.broadcast_to(mask, shape)
            for axis in (list(axes), tuple(reversed(axes)), *axes[: len(axes) == 1]):
                assert np.array_equal(refimpl.dropout(x, 0.25, axis, mask=mask), refimpl.dropout(x, 0.25, mask=whole))
                (gradient,) = refimpl.dropout_vjp(x, x, 0.25, axis, mask=mask)
                assert np.array_equal(gradient, refimpl.dropout(x, 0.25, mask=whole))


@pytest.mark.parametrize("dtype", DTYPES)
def test_drop_m1_m3_arrays_of_many_blocks(dtype: Any) -> None:
    x = (np.arange(300_002) % 1000 + 1).astype(dtype)
    mask = np.arange(x.size) % 7 != 3
    x[3] = np.nan  # dropped
    y = refimpl.dropout(x[::-1], 0.75, mask=mask[::-1])[::-1]
    assert np.array_equal(y[mask], x[mask] * 4)
    assert not y[~mask].any()


CHANNEL_FORMS = [
    ("dropout1d", (2, 3, 4), {}, (2, 3, 1)),
    ("dropout1d", (3, 4), {}, (3, 1)),
    ("dropout2d", (2, 3, 2, 2), {}, (2, 3, 1, 1)),
    ("dropout2d", (2, 3, 2, 2), {"data_format": "NHWC"}, (2, 1, 1, 2)),
    ("dropout3d", (2, 3, 2, 1, 2), {}, (2, 3, 1, 1, 1)),
    ("dropout3d", (2, 3, 2, 1, 2), {"data_format": "NDHWC"}, (2, 1, 1, 1, 2)),
]


@pytest.mark.parametrize(("name", "shape", "options", "mask_shape"), CHANNEL_FORMS)
def test_drop_c1_g1_whole_channels(
    name: str, shape: tuple[int, ...], options: Any, mask_shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(32)
    forward, backward = getattr(refimpl, name), getattr(refimpl, f"{name}_vjp")
    x, grad = rng.standard_normal((2, *shape))
    for mask in [rng.random(mask_shape) < 0.5 for _ in range(8)]:
        whole = np.broadcast_to(mask, shape)
        assert np.array_equal(forward(x, 0.3, **options, mask=mask), refimpl.dropout(x, 0.3, mask=whole))
        assert np.array_equal(backward(grad, x, 0.3, **options, mask=mask)[0], refimpl.dropout(grad, 0.3, mask=whole))
    shared = mask[:1]
    assert np.array_equal(
        forward(x, 0.3, **options, mask=shared),
        forward(x, 0.3, **options, mask=np.broadcast_to(shared, mask_shape)),
    )
    assert np.array_equal(forward(x, 0.3, training=False, **options), x)
    assert not forward(x, 1, **options).any()


def test_drop_p0_p1_the_ends_need_no_mask() -> None:
    x = np.array([1.0, -2.0, np.nan, np.inf, -0.0])
    nothing = np.zeros(5, bool)
    for mode in MODES:
        for mask in (None, nothing):
            assert np.array_equal(refimpl.dropout(x, 0, mode=mode, mask=mask), x, equal_nan=True)
            assert np.array_equal(refimpl.alpha_dropout(x, 0, mask=mask), x, equal_nan=True)
        for dropped in (refimpl.dropout(x, 1, mode=mode), refimpl.dropout_vjp(x, x, 1.0, mode=mode)[0]):
            assert not dropped.any()
            assert not np.signbit(dropped).any()


def test_drop_m3_a_dropped_nan_is_zero_and_a_kept_one_stays() -> None:
    x = np.array([np.nan, np.inf, -np.inf, -3.0, np.nan, np.inf])
    mask = np.array([False, False, False, False, True, True])
    for mode in MODES:
        assert np.array_equal(refimpl.dropout(x, mask=mask, mode=mode), [0, 0, 0, 0, np.nan, np.inf], equal_nan=True)
        assert np.array_equal(
            refimpl.dropout_vjp(x, np.ones(6), mask=mask, mode=mode)[0], [0, 0, 0, 0, np.nan, np.inf], equal_nan=True
        )


def test_drop_m1_m2_expectation_over_all_masks() -> None:
    """Training's expectation is what inference returns, in both modes."""
    x = np.array([1.0, -2.0, 5.0])
    for p, mode in product(PROBABILITIES, MODES):
        mean = sum(
            refimpl.dropout(x, p, mode=mode, mask=mask) * (1 - p) ** mask.sum() * p ** (~mask).sum()
            for mask in masks((3,))
        )
        assert np.allclose(mean, refimpl.dropout(x, p, training=False, mode=mode), rtol=1e-13)


def test_drop_d1_float16_rounds_once_and_nothing_is_modified() -> None:
    x = np.linspace(-100, 100, 501).astype(np.float16)
    mask = np.ones(501, bool)
    wide = x.astype(np.float64) / (1 - 0.3)
    y = refimpl.dropout(x, 0.3, mask=mask)
    assert (abs(y - wide) <= np.spacing(abs(y)).astype(float) * 0.5001).all()
    for p, training in product((0, 0.5, 1), (False, True)):
        before, result = x.copy(), refimpl.dropout(x, p, training=training, mask=mask)
        assert np.array_equal(x, before)
        assert not np.shares_memory(x, result)
    assert refimpl.dropout_vjp(x.astype(np.float64), x, 0.5, mask=mask)[0].dtype == np.float16


def test_drop_d1_empty_arrays() -> None:
    for shape in ((0,), (2, 0), (0, 3, 1, 1)):
        x = np.ones(shape, np.float32)
        assert refimpl.dropout(x, mask=np.ones(shape, bool)).shape == shape
        assert refimpl.dropout_vjp(x, x, mask=np.ones(shape, bool))[0].shape == shape


X = np.ones((2, 3))
KEEP = np.ones((2, 3), bool)


@pytest.mark.parametrize(
    ("clause", "function", "arguments", "error", "name"),
    [
        ("DROP-E1", "dropout", {"x": X, "p": -0.1, "mask": KEEP}, ValueError, "p is"),
        ("DROP-E1", "dropout", {"x": X, "p": 1.1, "training": False}, ValueError, "p is"),
        ("DROP-E1", "dropout", {"x": X, "p": float("nan"), "mask": KEEP}, ValueError, "p is"),
        ("DROP-E1", "dropout", {"x": X, "p": "half", "mask": KEEP}, TypeError, "p is"),
        ("DROP-E1", "dropout", {"x": X, "mode": "upscale", "mask": KEEP}, ValueError, "mode"),
        ("DROP-E1", "dropout", {"x": np.ones(3, int), "mask": np.ones(3, bool)}, TypeError, "x has dtype"),
        ("DROP-E2", "dropout", {"x": X}, ValueError, "mask"),
        ("DROP-E2", "dropout", {"x": X, "mask": np.ones((2, 3))}, TypeError, "mask"),
        ("DROP-E2", "dropout", {"x": X, "mask": np.ones((2, 2), bool)}, ValueError, "mask"),
        ("DROP-E2", "dropout", {"x": X, "mask": np.ones(3, bool)}, ValueError, "mask"),
        ("DROP-E2", "dropout", {"x": X, "axis": 0, "mask": KEEP}, ValueError, "mask"),
        ("DROP-E2", "dropout2d", {"x": np.ones((2, 3, 1, 1))}, ValueError, "mask"),
        ("DROP-E3", "dropout", {"x": X, "axis": 2, "mask": KEEP}, ValueError, "axis"),
        ("DROP-E3", "dropout", {"x": X, "axis": -1, "mask": KEEP}, ValueError, "axis"),
        ("DROP-E3", "dropout", {"x": X, "axis": [], "mask": KEEP}, ValueError, "axis"),
        ("DROP-E3", "dropout", {"x": X, "axis": [0, 1, 0], "mask": KEEP}, ValueError, "axis"),
        ("DROP-E3", "dropout", {"x": X, "axis": "0", "mask": KEEP}, TypeError, "axis"),
        ("DROP-E3", "dropout1d", {"input": np.ones(3), "mask": KEEP}, ValueError, "input"),
        ("DROP-E3", "dropout1d", {"input": np.ones((1, 2, 3, 4)), "mask": KEEP}, ValueError, "input"),
        ("DROP-E3", "dropout2d", {"x": X, "mask": KEEP}, ValueError, "x"),
        ("DROP-E3", "dropout2d", {"x": np.ones((1, 2, 3, 4)), "data_format": "NCDHW"}, ValueError, "data_format"),
        ("DROP-E3", "dropout3d", {"x": np.ones((1, 2, 3, 4)), "mask": KEEP}, ValueError, "x"),
        ("DROP-E3", "feature_alpha_dropout", {"x": np.ones(3), "mask": KEEP}, ValueError, "x"),
        ("DROP-E1", "alpha_dropout", {"x": X, "p": 2, "training": False}, ValueError, "p is"),
        ("DROP-E2", "alpha_dropout", {"x": X, "mask": KEEP[:1, :2]}, ValueError, "mask"),
        ("DROP-E2", "feature_alpha_dropout", {"x": X}, ValueError, "mask"),
    ],
)
def test_errors_name_the_argument(
    clause: str, function: str, arguments: Any, error: type[Exception], name: str
) -> None:
    with pytest.raises(error, match=name):
        getattr(refimpl, function)(**arguments)
    grad = np.ones(np.shape(next(iter(arguments.values()))))
    with pytest.raises(error, match=name):
        getattr(refimpl, f"{function}_vjp")(grad, **arguments)


@pytest.mark.parametrize("function", ["dropout_vjp", "alpha_dropout_vjp", "feature_alpha_dropout_vjp"])
def test_drop_g1_grad_out_has_the_shape_of_x(function: str) -> None:
    with pytest.raises(ValueError, match="grad_out"):
        getattr(refimpl, function)(np.ones((3, 2)), X, training=False)
