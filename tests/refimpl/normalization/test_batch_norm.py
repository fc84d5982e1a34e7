"""batch_norm against its definition in exact numbers, on every small shape and on ill-conditioned values."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refimpl
from tests.refimpl.normalization.definition import FORMATS, Case, channels, exact

EXTENTS = {2: (1, 2, 3), 3: (1, 2, 3), 4: (1, 2), 5: (1, 2)}
DTYPES = (np.float16, np.float32, np.float64, np.longdouble)


def case_of(rng: np.random.Generator, shape: tuple[int, ...], data_format: str, dtype: Any, **choices: Any) -> Case:
    count = shape[1 if data_format[1] == "C" else -1]
    statistic = np.float32 if dtype == np.float16 else dtype

    def numbers(low: float, high: float) -> Any:
        return rng.uniform(low, high, count).astype(statistic)

    x = (rng.standard_normal(shape) * rng.uniform(0.1, 10) + rng.choice([0, 3, 100])).astype(dtype)
    given_weight, given_bias = choices.pop("affine", (True, True))
    weight, bias = numbers(-2, 2) if given_weight else None, numbers(-2, 2) if given_bias else None
    defaults = {"training": True, "momentum": 0.9, "epsilon": 1e-5, "use_global_stats": None}
    return Case(x, numbers(-2, 2), numbers(0.1, 3), weight, bias, data_format=data_format, **(defaults | choices))


def assert_close_to_definition(case: Case) -> None:
    """y within the rounding errors of the documented way of computing it, u being half an ULP of 1.

    Sums of n values are off by (n + 1) u of the sum of magnitudes; as at most two bits cancel, the variance
    is off by 4 (3 n + 4) u, its root by half of that, and the mean by 2 (n + 1) u standard deviations; six
    roundings follow. In float16 the work is done in float32 and y rounded once.
    """
    y, mean, var = refimpl.batch_norm(*case)
    work = np.promote_types(case.x.dtype, np.float32)
    u, last = exact(np.finfo(work).eps) / 2, exact(np.finfo(case.x.dtype).eps) / 2
    assert y.shape == case.x.shape
    assert y.dtype == case.x.dtype  # BN-D1
    for c, channel in enumerate(channels(case)):
        n = len(channel.values) if case.of_batch else 0
        for cell, hat, right in zip(channel.cells, channel.hats(), channel.outputs(), strict=True):
            allowed = u * ((6 * n + 16) * (abs(hat) + 1) * abs(channel.weight) + abs(channel.bias) + abs(right))
            allowed += last * abs(right) if work != case.x.dtype else 0
            assert abs(exact(y[cell]) - right) <= allowed, (case, cell, y[cell], right)
        assert_running(case, channel, c, mean, var)


def assert_running(case: Case, channel: Any, c: int, mean: Any, var: Any) -> None:
    """The running statistics, to the same reasoning; unchanged unless those of the batch were tracked."""
    assert (mean.dtype, var.dtype) == (case.running_mean.dtype, case.running_var.dtype)
    if not (case.training and case.of_batch):
        assert mean[c] == case.running_mean[c]  # BN-S2
        assert var[c] == case.running_var[c]
        return
    n, kept = len(channel.values), exact(case.momentum)
    u = exact(np.finfo(np.promote_types(case.x.dtype, np.float32)).eps) / 2
    deviation = mpmath.sqrt(channel.var)
    right = kept * exact(case.running_mean[c]) + (1 - kept) * channel.mean  # BN-S1
    allowed = u * (2 * (n + 1) * deviation + 4 * (abs(right) + abs(channel.mean) + abs(exact(case.running_mean[c]))))
    assert abs(exact(mean[c]) - right) <= allowed, (case, c, mean[c], right)
    right = kept * exact(case.running_var[c]) + (1 - kept) * channel.var  # BN-F2
    assert abs(exact(var[c]) - right) <= u * (4 * (3 * n + 4) * channel.var + 4 * right), (
        case,
        c,
        var[c],
        right,
    )


def test_bn_f1_f2_l1_s3_every_small_shape_and_choice() -> None:
    rng = np.random.default_rng(1)
    choices = list(product([False, True], [None, False, True], [False, True], [False, True]))
    turn = 0
    for data_format in FORMATS:
        for shape in product(EXTENTS[len(data_format)], repeat=len(data_format)):
            for _ in range(3):
                training, use_global_stats, *affine = choices[turn % len(choices)]
                dtype, turn = DTYPES[turn % 4], turn + 1
                assert_close_to_definition(
                    case_of(
                        rng,
                        shape,
                        data_format,
                        dtype,
                        training=training,
                        use_global_stats=use_global_stats,
                        affine=affine,
                        momentum=float(rng.choice([0, 0.1, 0.9, 1])),
                        epsilon=float(rng.choice([0.1, 1e-5])),
                    )
                )


@given(st.data())
def test_bn_f1_n1_drawn_shapes_and_scales(data: st.DataObject) -> None:
    data_format = data.draw(st.sampled_from(FORMATS))
    shape = tuple(data.draw(st.lists(st.integers(1, 4), min_size=len(data_format), max_size=len(data_format))))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    case = case_of(rng, shape, data_format, data.draw(st.sampled_from(DTYPES[1:])), training=data.draw(st.booleans()))
    factor = 2.0 ** data.draw(st.integers(-20, 20))
    offset = data.draw(st.sampled_from([0.0, 1.0, 1e3, 1e6]))
    assert_close_to_definition(case._replace(x=case.x * case.x.dtype.type(factor) + case.x.dtype.type(offset)))


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("training", [True, False])
def test_bn_n1_n2_a_large_mean_costs_nothing(dtype: Any, training: bool) -> None:
    rng = np.random.default_rng(2)
    for mean in (3.0, 1e3, -1e6, 1e20):
        ulp = np.spacing(dtype(abs(mean)))
        x = dtype(mean) + rng.integers(-50, 50, (20, 3, 2)).astype(dtype) * ulp
        running_mean = (dtype(mean) + rng.integers(-9, 9, 3).astype(dtype) * ulp).astype(dtype)
        running_var = (rng.uniform(1, 9, 3).astype(dtype) * ulp) ** 2 + dtype(1e-30)
        weight, bias = rng.standard_normal((2, 3)).astype(dtype)
        case = Case(x, running_mean, running_var, weight, bias, training, 0.9, float(ulp) ** 2, "NCL", None)
        assert_close_to_definition(case)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bn_f3_n1_equal_values_have_variance_zero(dtype: Any) -> None:
    for number in (0, 1, 0.1, -1e4, 3e-3, 65504, np.finfo(dtype).max):
        for count in (1, 3, 7, 1000):
            x = np.full((count, 2), number, dtype)
            bias = np.array([0.5, -2], dtype)
            statistics = np.ones((2, 2), np.longdouble)
            y, mean, var = refimpl.batch_norm(x, *statistics, np.ones(2), bias, training=True, momentum=0.75)
            assert (y == bias).all()
            assert (var == 0.75).all()
            assert np.allclose(mean / (0.75 + np.longdouble(dtype(number)) / 4), 1, rtol=1e-15, atol=0)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_bn_n1_deviations_of_one_ulp_from_a_large_mean(dtype: Any) -> None:
    """The first sum is off by many standard deviations here, and so is the mean it gives."""
    base, ulp = dtype(12345.678), np.spacing(dtype(12345.678))
    steps = np.random.default_rng(12).integers(0, 2, (1, 1, 10**6))
    _, _, var = refimpl.batch_norm(
        base + steps.astype(dtype) * ulp, *np.zeros((2, 1), dtype), training=True, momentum=0
    )
    assert np.isclose(float(var[0] / ulp**2), steps.var(), rtol=1e-6)


def test_bn_n3_a_channel_out_of_range_leaves_epsilon_to_the_others() -> None:
    x = np.array([[np.inf, 1e-170], [1.0, 3e-170]])
    y, *_ = refimpl.batch_norm(x, *np.ones((2, 2)), training=True)
    assert np.allclose(y[:, 1] / 1e-170 * np.sqrt(1e-5), [-1, 1], rtol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES[1:])
@pytest.mark.parametrize("size", ["largest", "smallest"])
def test_bn_n3_no_overflow_or_underflow_where_y_is_finite(dtype: Any, size: str) -> None:
    limits = np.finfo(dtype)
    shape, rng = np.array([0.9, -0.7, 0.3, 0.95, 0.31, -0.93]), np.random.default_rng(3)
    top = limits.max if size == "largest" else limits.tiny
    x = np.stack([shape.astype(dtype) * top, rng.standard_normal(6).astype(dtype)], 1)
    epsilon = 1e-5 if size == "largest" else 0.0
    y, *_ = refimpl.batch_norm(x, *np.ones((2, 2), dtype), training=True, epsilon=epsilon)
    right = (shape - shape.mean()) / shape.std()
    beside, *_ = refimpl.batch_norm(x[:, 1:], *np.ones((2, 1), dtype), training=True, epsilon=epsilon)
    assert np.allclose(y.astype(float), np.stack([right, beside[:, 0]], 1).astype(float), rtol=1e-6, atol=1e-6)
    far = np.array([[limits.max], [-limits.max]])
    y, *_ = refimpl.batch_norm(far, np.array([-limits.max]), np.array([limits.max]))
    assert np.isfinite(y).all()
    assert y[1] == 0


@pytest.mark.parametrize("data_format", FORMATS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_bn_x1_nan_and_infinity_stay_in_their_channel(data_format: str, dtype: Any) -> None:
    rng = np.random.default_rng(4)
    shape = tuple([3] * len(data_format))
    axis = 1 if data_format[1] == "C" else len(shape) - 1
    for spoilt, poison in product(range(3), (np.nan, np.inf, -np.inf)):
        case = case_of(rng, shape, data_format, dtype)
        x = case.x.copy()
        x[tuple(spoilt if i == axis else 0 for i in range(len(shape)))] = poison
        others = [c for c in range(3) if c != spoilt]
        clean, spoiled = refimpl.batch_norm(*case), refimpl.batch_norm(*case._replace(x=x))
        assert np.isnan(spoiled[0].take(spoilt, axis)).all()
        assert np.isnan(spoiled[2][spoilt])
        assert np.array_equal(spoiled[1][spoilt], type(spoiled[1][0])(poison), equal_nan=True)
        for before, after in zip(clean, spoiled, strict=True):
            along = axis if before.ndim > 1 else 0
            assert np.array_equal(before.take(others, along), after.take(others, along))
        running = case._replace(x=x, training=False)
        assert np.sum(~np.isfinite(refimpl.batch_norm(*running)[0])) == 1


def test_bn_f2_scaling_by_a_power_of_two_changes_no_bit() -> None:
    rng = np.random.default_rng(5)
    for exponent, dtype in product((-30, -3, 1, 30), DTYPES[1:]):
        case = case_of(rng, (4, 3, 5), "NCL", dtype, epsilon=2.0**-17)
        scaled = case._replace(x=np.ldexp(case.x, exponent), epsilon=2.0 ** (2 * exponent - 17))
        assert np.array_equal(refimpl.batch_norm(*case)[0], refimpl.batch_norm(*scaled)[0])


def test_bn_f2_shifting_changes_nothing_but_rounding() -> None:
    rng = np.random.default_rng(6)
    for shift in (1.0, -64.0, 2.0**15):
        case = case_of(rng, (7, 3, 2), "NCL", np.float32)
        case = case._replace(x=rng.integers(-99, 99, (7, 3, 2)).astype(np.float32))
        here, there = (refimpl.batch_norm(*case._replace(x=case.x + np.float32(s)))[0] for s in (0, shift))
        assert abs(here - there).max() <= 2 * np.finfo(np.float32).eps * (6 * 14 + 16) * 4


@pytest.mark.parametrize(("first", "last"), [("NCL", "NLC"), ("NCHW", "NHWC"), ("NCDHW", "NDHWC")])
def test_bn_l1_layouts_agree(first: str, last: str) -> None:
    rng = np.random.default_rng(7)
    for training in (False, True):
        case = case_of(rng, tuple(range(2, 2 + len(first))), first, np.float64, training=training)
        moved = case._replace(x=np.moveaxis(case.x, 1, -1), data_format=last)
        for here, there in zip(refimpl.batch_norm(*case), refimpl.batch_norm(*moved), strict=True):
            there = np.moveaxis(there, -1, 1) if there.ndim > 1 else there
            assert np.allclose(here, there, rtol=1e-12, atol=1e-12)


def test_bn_l1_the_layout_names_a_place_not_a_rank() -> None:
    case = case_of(np.random.default_rng(8), (3, 3, 3), "NCL", np.float64)
    for data_format in FORMATS:
        y, *_ = refimpl.batch_norm(*case._replace(data_format=data_format))
        same = "NCL" if data_format[1] == "C" else "NLC"
        assert np.array_equal(y, refimpl.batch_norm(*case._replace(data_format=same))[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "data_format"),
    [
        ((3, 50, 40, 40), "NCHW"),
        ((1, 2, 400, 500), "NCHW"),
        ((2500, 7), "NC"),
        ((9, 50, 40, 3), "NHWC"),
        ((2, 70000), "NC"),
        ((5, 900, 70), "NCL"),
        ((600, 1000), "NC"),
    ],
)
@pytest.mark.parametrize("centre", [0, 50])
def test_bn_n1_arrays_of_many_blocks(shape: tuple[int, ...], data_format: str, dtype: Any, centre: float) -> None:
    """Against the two-pass formula in long double; a careless sum would be off by thousands of ULP."""
    x = (np.random.default_rng(9).standard_normal(shape) * 3 + centre).astype(dtype)
    axis = 1 if data_format[1] == "C" else len(shape) - 1
    others = tuple(i for i in range(len(shape)) if i != axis)
    count = shape[axis]
    wide = x.astype(np.longdouble)
    right = (wide - wide.mean(others, keepdims=True)) / np.sqrt(wide.var(others, keepdims=True) + np.longdouble(1e-5))
    y, mean, var = refimpl.batch_norm(x, *np.zeros((2, count)), training=True, momentum=0, data_format=data_format)
    assert abs(y - right).max() <= 100 * np.finfo(dtype).eps
    assert np.allclose(mean, wide.mean(others).astype(float), rtol=100 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)
    assert np.allclose(var, wide.var(others).astype(float), rtol=100 * np.finfo(dtype).eps)


def test_bn_s1_several_steps() -> None:
    rng = np.random.default_rng(10)
    mean, var, expected = np.zeros(2), np.ones(2), (np.zeros(2), np.ones(2))
    for _ in range(5):
        x = rng.standard_normal((6, 2))
        _, mean, var = refimpl.batch_norm(x, mean, var, training=True, momentum=0.75)
        expected = (0.75 * expected[0] + 0.25 * x.mean(0), 0.75 * expected[1] + 0.25 * x.var(0))
        assert np.allclose((mean, var), expected, rtol=1e-14)


@pytest.mark.parametrize(("training", "use_global_stats"), [(True, True), (False, None), (False, False), (False, True)])
def test_bn_s2_s3_only_training_on_the_batch_changes_the_running_statistics(
    training: bool, use_global_stats: bool | None
) -> None:
    mean, var = np.random.default_rng(13).uniform(1, 2, (2, 100))
    x, choices = np.ones((3, 100)), {"training": training, "use_global_stats": use_global_stats}
    _, *after = refimpl.batch_norm(x, mean, var, momentum=0.3, **choices)
    assert np.array_equal(after, (mean, var))


@pytest.mark.parametrize("shape", [(0, 3), (2, 3, 0), (0, 3, 2, 2), (2, 0), (2, 0, 3)])
def test_bn_s4_no_values(shape: tuple[int, ...]) -> None:
    count = shape[1]
    mean, var = np.full(count, 0.5), np.full(count, 2.0)
    y, after_mean, after_var = refimpl.batch_norm(np.ones(shape), mean, var, training=True)
    assert y.shape == shape
    assert np.array_equal((after_mean, after_var), (mean, var))
    weight = np.ones(count)
    gradients = refimpl.batch_norm_vjp(np.ones(shape), np.ones(shape), mean, var, weight, weight, training=True)
    assert [g.shape for g in gradients if g is not None] == [shape, (count,), (count,)]
    assert not any(g.any() for g in gradients if g is not None)


def test_bn_d1_inputs_stay_and_results_are_new() -> None:
    for training, dtype in product((False, True), DTYPES):
        case = case_of(np.random.default_rng(11), (3, 2, 4), "NCL", dtype, training=training)
        before = [np.copy(v) for v in case[:5]]
        results = refimpl.batch_norm(*case)
        refimpl.batch_norm_vjp(np.ones_like(case.x), *case)
        assert all(np.array_equal(a, b) for a, b in zip(before, case[:5], strict=True))
        assert not any(np.shares_memory(r, a) for r in results for a in case[:5])


def test_bn_d1_memory_is_the_output_and_little_more() -> None:
    import tracemalloc

    for shape, data_format in (((16, 64, 56, 56), "NCHW"), ((16, 56, 56, 64), "NHWC")):
        x = np.ones(shape, np.float32)
        statistics = np.ones((2, 64), np.float32)
        tracemalloc.start()
        refimpl.batch_norm(x, *statistics, training=True, data_format=data_format)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak <= 1.1 * x.nbytes


GOOD: dict[str, Any] = {
    "x": np.ones((2, 3)),
    "running_mean": np.zeros(3),
    "running_var": np.ones(3),
    "weight": np.ones(3),
    "bias": np.ones(3),
}


@pytest.mark.parametrize(
    ("clause", "name", "value", "error"),
    [
        ("BN-E1", "x", np.ones(3), ValueError),
        ("BN-E1", "x", np.ones((2, 3, 1, 1, 1, 1)), ValueError),
        ("BN-E1", "x", np.ones((2, 3), int), TypeError),
        ("BN-E1", "data_format", "CN", ValueError),
        ("BN-E1", "data_format", "nchw", ValueError),
        ("BN-E1", "data_format", 4, ValueError),
        ("BN-E2", "running_mean", np.zeros(2), ValueError),
        ("BN-E2", "running_var", np.ones((3, 1)), ValueError),
        ("BN-E2", "weight", np.ones(4), ValueError),
        ("BN-E2", "bias", np.ones(3, int), TypeError),
        ("BN-E3", "momentum", 1.5, ValueError),
        ("BN-E3", "momentum", -0.1, ValueError),
        ("BN-E3", "momentum", float("nan"), ValueError),
        ("BN-E3", "momentum", "0.9", TypeError),
        ("BN-E3", "epsilon", -1e-5, ValueError),
        ("BN-E3", "epsilon", float("nan"), ValueError),
        ("BN-E3", "epsilon", float("inf"), ValueError),
        ("BN-E3", "epsilon", None, TypeError),
        ("BN-S3", "use_global_stats", "yes", ValueError),
    ],
)
def test_errors_name_the_argument(clause: str, name: str, value: Any, error: type[Exception]) -> None:
    arguments = GOOD | {name: value}
    with pytest.raises(error, match=name):
        refimpl.batch_norm(**arguments)
    with pytest.raises(error, match=name):
        refimpl.batch_norm_vjp(np.ones(np.shape(arguments["x"])), **arguments)


def test_bn_e2_grad_out_has_the_shape_of_x() -> None:
    with pytest.raises(ValueError, match="grad_out"):
        refimpl.batch_norm_vjp(np.ones((3, 2)), **GOOD)


def test_bn_s1_a_variance_beyond_the_range_weighs_nothing_where_it_has_no_weight() -> None:
    x = np.array([[-2e307], [1e306]])
    _, mean, variance = refimpl.batch_norm(x, np.ones(1), np.full(1, 3.0), training=True, momentum=1.0)
    assert (mean, variance) == (1, 3)
