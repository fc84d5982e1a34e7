"""batch_norm_vjp against derivatives of the definition, taken by differences in 80 digits, and against its laws."""

from __future__ import annotations

from itertools import product
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import refimpl
from tests.refimpl.normalization.definition import FORMATS, Case, channels, exact, slopes
from tests.refimpl.normalization.test_batch_norm import DTYPES, case_of


def assert_gradients(case: Case, grad: Any) -> None:
    """Within the rounding errors of the documented formula, u being half an ULP of 1.

    Each of the sums over n is off by (n + 1) u of the root mean squares it is made of, two bits may cancel in each,
    and 1 / sqrt(var) enters three times: 16 n + 32 roundings of |g - mean(g)| + rms(g - mean(g)) (1 + |x_hat|).
    In float16 each result is rounded once more.
    """
    of_x, of_weight, of_bias = refimpl.batch_norm_vjp(grad, *case)
    assert (of_x.shape, of_x.dtype) == (case.x.shape, case.x.dtype)  # BN-D1
    assert (of_weight is None, of_bias is None) == (case.weight is None, case.bias is None)  # BN-G3
    u = exact(np.finfo(np.promote_types(case.x.dtype, np.float32)).eps) / 2
    last = exact(np.finfo(case.x.dtype).eps) / 2 if case.x.dtype == np.float16 else 0
    for c, channel in enumerate(channels(case)):
        g, hats = [exact(grad[i]) for i in channel.cells], channel.hats()
        n = len(g)
        mean = mpmath.fsum(g) / n if case.of_batch else mpmath.mpf(0)
        spread = mpmath.sqrt(mpmath.fsum((v - mean) ** 2 for v in g) / n) if case.of_batch else mpmath.mpf(0)
        slope = abs(channel.weight) / mpmath.sqrt(channel.var + channel.epsilon)
        for cell, gi, hat, right in zip(channel.cells, g, hats, slopes(case, channel, g), strict=True):
            size = slope * (abs(gi - mean) + spread * (1 + abs(hat)))
            allowed = (16 * n + 32) * u * size + last * abs(right) + exact(np.finfo(case.x.dtype).smallest_subnormal)
            assert abs(exact(of_x[cell]) - right) <= allowed, (case, grad, cell, of_x[cell], right)  # BN-G1, BN-G2
        size = mpmath.fsum((abs(gi - mean) + spread) * (1 + abs(hat)) for gi, hat in zip(g, hats, strict=True))
        if of_weight is not None:
            right = mpmath.fsum(gi * hat for gi, hat in zip(g, hats, strict=True))
            assert abs(exact(of_weight[c]) - right) <= (16 * n + 32) * u * size, (case, grad, c)  # BN-G3
        if of_bias is not None:
            right = mpmath.fsum(g)
            assert abs(exact(of_bias[c]) - right) <= (n + 4) * u * mpmath.fsum(abs(gi) for gi in g), (case, grad, c)


def gradient_of(rng: np.random.Generator, case: Case) -> Any:
    return (rng.standard_normal(case.x.shape) + rng.choice([0, 1, 30])).astype(case.x.dtype)


def test_bn_g1_g2_g3_every_small_shape_and_choice() -> None:
    rng = np.random.default_rng(20)
    choices = list(product([False, True], [None, False, True], [False, True], [False, True]))
    turn = 0
    for data_format in FORMATS:
        for shape in product((1, 2) if len(data_format) > 2 else (1, 2, 3), repeat=len(data_format)):
            training, use_global_stats, *affine = choices[turn % len(choices)]
            dtype, turn = DTYPES[turn % 4], turn + 1
            case = case_of(
                rng,
                shape,
                data_format,
                dtype,
                training=training,
                use_global_stats=use_global_stats,
                affine=affine,
                epsilon=float(rng.choice([0.1, 1e-5])),
            )
            assert_gradients(case, gradient_of(rng, case))


@given(st.data())
def test_bn_g1_drawn_shapes_and_scales(data: st.DataObject) -> None:
    data_format = data.draw(st.sampled_from(FORMATS[:3]))
    shape = tuple(data.draw(st.lists(st.integers(1, 3), min_size=len(data_format), max_size=len(data_format))))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    case = case_of(rng, shape, data_format, data.draw(st.sampled_from(DTYPES[1:])))
    kind = case.x.dtype.type
    factor, offset = 2.0 ** data.draw(st.integers(-20, 20)), data.draw(st.sampled_from([0.0, 1.0, 1e3, 1e6]))
    case = case._replace(x=case.x * kind(factor) + kind(offset))
    assert_gradients(case, gradient_of(rng, case) * kind(2.0 ** data.draw(st.integers(-20, 20))))


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_bn_g1_large_means_of_x_and_of_the_gradient_cost_nothing(dtype: Any) -> None:
    rng = np.random.default_rng(21)
    for mean in (3.0, -1e6, 1e20):
        ulp = np.spacing(dtype(abs(mean)))
        x, grad = (dtype(mean) + rng.integers(-50, 50, (9, 2)).astype(dtype) * ulp for _ in range(2))
        ones = np.ones(2, dtype)
        assert_gradients(Case(x, ones, ones, ones, ones, True, 0.9, float(ulp) ** 2, "NC", None), grad)


@pytest.mark.parametrize("dtype", DTYPES[1:])
def test_bn_n3_gradients_of_values_near_the_ends_of_the_range(dtype: Any) -> None:
    """The gradient for x of a x is 1 / a times as large, if epsilon grows with a^2; that for grad_out is linear."""
    rng = np.random.default_rng(22)
    limits = np.finfo(dtype)
    x, grad = rng.uniform(-1, 1, (2, 6, 1)).astype(dtype)
    ones = np.ones(1, dtype)
    right = refimpl.batch_norm_vjp(grad, x, ones, ones, ones, ones, training=True, epsilon=0.0)
    for of_x, of_grad in ((limits.maxexp - 1, 0), (limits.maxexp - 1, limits.maxexp - 2), (limits.minexp // 2, 0)):
        large = np.ldexp(x, of_x), np.ldexp(grad, of_grad)
        found = refimpl.batch_norm_vjp(large[1], large[0], ones, ones, ones, ones, training=True, epsilon=0.0)
        for a, b, exponent in zip(right, found, (of_grad - of_x, of_grad, of_grad), strict=True):
            assert a is not None
            assert b is not None
            assert np.allclose(a.astype(float), np.ldexp(b, -exponent).astype(float), rtol=1e-4, atol=1e-6)


def test_bn_x1_nan_stays_in_its_channel() -> None:
    rng = np.random.default_rng(23)
    for poison, spoilt_grad in product((np.nan, np.inf), (False, True)):
        case = case_of(rng, (4, 3, 2), "NCL", np.float32)
        grad, spoilt = gradient_of(rng, case), {"x": case.x.copy()}
        spoilt["grad"] = grad.copy()
        spoilt["grad" if spoilt_grad else "x"][1, 2, 0] = poison
        clean = refimpl.batch_norm_vjp(grad, *case)
        of_x, of_weight, of_bias = refimpl.batch_norm_vjp(spoilt["grad"], *case._replace(x=spoilt["x"]))
        assert of_weight is not None
        assert of_bias is not None
        assert np.isnan(of_x[:, 2]).all()
        assert np.isnan(of_weight[2])
        assert np.isfinite(of_bias[2]) != spoilt_grad
        for before, after in zip(clean, (of_x.swapaxes(0, 1), of_weight, of_bias), strict=True):
            assert before is not None
            before = before.swapaxes(0, 1) if before.ndim > 1 else before
            assert np.array_equal(before[:2], after[:2])


def test_bn_g1_laws() -> None:
    """Constants and x_hat itself lie in the kernel of the derivative, and the derivative is symmetric."""
    rng = np.random.default_rng(24)
    statistics = np.ones((2, 3))
    x, v, w = rng.standard_normal((3, 8, 3))

    def pulled(grad: Any) -> Any:
        return refimpl.batch_norm_vjp(grad, x, *statistics, training=True, epsilon=0.0)[0]

    x_hat = refimpl.batch_norm(x, *statistics, training=True, epsilon=0.0)[0]
    scale = 100 * np.finfo(float).eps
    assert abs(pulled(np.ones_like(x))).max() <= scale
    assert abs(pulled(x_hat)).max() <= scale
    assert abs(pulled(w).sum(0)).max() <= scale
    assert abs((pulled(w) * x_hat).sum(0)).max() <= scale
    assert abs((pulled(w) * v).sum(0) - (pulled(v) * w).sum(0)).max() <= scale


@pytest.mark.parametrize("training", [False, True])
def test_bn_g1_g2_adjoint_of_the_derivative(training: bool) -> None:
    """<J v, w> = <v, J^T w>, with J v by a difference in long double."""
    rng = np.random.default_rng(25)
    case = case_of(rng, (5, 3, 4), "NCL", np.float64, training=training)
    v, w = rng.standard_normal((2, *case.x.shape))
    wide, step = case.x.astype(np.longdouble), np.longdouble(1e-7)
    high, low = (refimpl.batch_norm(*case._replace(x=wide + s * v))[0] for s in (step, -step))
    assert np.isclose(((high - low) / (2 * step) * w).sum(), (v * refimpl.batch_norm_vjp(w, *case)[0]).sum(), rtol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "data_format"),
    [((3, 50, 40, 40), "NCHW"), ((1, 2, 400, 500), "NCHW"), ((9, 50, 40, 3), "NHWC"), ((300, 1000), "NC")],
)
def test_bn_g1_arrays_of_many_blocks(shape: tuple[int, ...], data_format: str, dtype: Any) -> None:
    rng = np.random.default_rng(26)
    x, grad = (rng.standard_normal((2, *shape)) + 2).astype(dtype)
    count = shape[1 if data_format[1] == "C" else -1]
    statistics = np.ones((4, count), dtype)
    narrow = refimpl.batch_norm_vjp(grad, x, *statistics, training=True, data_format=data_format)
    flat = [
        np.moveaxis(a.astype(np.longdouble), 1 if data_format[1] == "C" else -1, 0).reshape(count, -1)
        for a in (x, grad)
    ]
    wide = refimpl.batch_norm_vjp(flat[1].T, flat[0].T, *statistics, training=True)
    moved = np.moveaxis(narrow[0], 1 if data_format[1] == "C" else -1, 0).reshape(count, -1).T
    scale = 100 * np.finfo(dtype).eps
    assert np.allclose(moved.astype(float), wide[0].astype(float), rtol=0, atol=scale)
    for a, b in zip(narrow[1:], wide[1:], strict=True):
        assert a is not None
        assert b is not None
        assert np.allclose(a.astype(float), b.astype(float), rtol=0, atol=scale * x.size / count)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("power", [0, 10, 19, 25, 36, 100, 120, 150, 200, 300])
def test_bn_g1_two_values_far_apart_have_no_gradient(power: int, dtype: Any) -> None:
    """Two normalized values are -1 and 1 whatever the values are."""
    if power > np.finfo(dtype).maxexp // 4:
        return
    size = 10.0**power
    x, grad = np.array([[0.0], [size]], dtype), np.array([[0.9475996241888448], [0.31714995053189626]], dtype)
    weight = np.full(1, 2.0**-16, dtype)
    of_x = refimpl.batch_norm_vjp(grad, x, np.zeros(1), np.ones(1), weight, training=True, epsilon=0.0)[0]
    assert np.all(np.abs(of_x) * size / weight < 20 * np.finfo(dtype).eps)
