"""Alpha dropout against its formula in 50 digits, and against what it promises: mean and variance kept."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import refimpl
from tests.refimpl.regularization.test_dropout import DTYPES, PROBABILITIES, masks

CONTEXT = mpmath.mp.clone()
CONTEXT.dps = 50
ALPHA = CONTEXT.mpf("1.6732632423543772848170429916717")
LAMBDA = CONTEXT.mpf("1.0507009873554804934193349852946")


def exact(number: Any) -> Any:
    ratio = np.longdouble(number).as_integer_ratio()
    return CONTEXT.mpf(ratio[0]) / ratio[1]


def coefficients(p: float) -> tuple[Any, Any, Any]:
    """a, b and the value of a dropped element, straight from the formula."""
    q, saturation = exact(p), -ALPHA * LAMBDA
    a = ((1 - q) * (1 + q * saturation**2)) ** CONTEXT.mpf("-0.5")
    b = -a * saturation * q
    return a, b, a * saturation + b


@pytest.mark.parametrize("dtype", DTYPES)
def test_drop_f1_g1_every_mask(dtype: Any) -> None:
    """Within 16 roundings of the terms it is added up from, and of the value itself for a dropped element."""
    rng = np.random.default_rng(40)
    u = exact(np.finfo(np.promote_types(dtype, np.float32)).eps) / 2
    last = exact(np.finfo(dtype).eps) / 2 if dtype == np.float16 else 0
    for p in (*PROBABILITIES, 1 - 2.0**-40):
        a, b, dropped = coefficients(p)
        for shape in ((), (3,), (2, 2)):
            x, grad = rng.uniform(-3, 3, (2, *shape)).astype(dtype)
            if dtype == np.float16 and p > 0.99:
                x, grad = x * dtype(2**-12), grad * dtype(2**-12)  # where the result is finite
            for mask in masks(shape):
                y = refimpl.alpha_dropout(x, p, mask=mask)
                (gradient,) = refimpl.alpha_dropout_vjp(grad, x, p, mask=mask)
                assert (y.dtype, gradient.dtype, y.shape) == (dtype, dtype, shape)  # DROP-D1
                if dtype == np.float16 and p > 1 - 1e-9:
                    continue  # a alone is beyond float16
                for i in np.ndindex(shape):
                    right = a * exact(x[i]) + b if mask[i] else dropped
                    size = abs(a * exact(x[i])) + abs(b) if mask[i] else abs(dropped)
                    floor = exact(np.finfo(dtype).smallest_subnormal)
                    assert abs(exact(y[i]) - right) <= 16 * u * size + last * abs(right) + floor
                    right = a * exact(grad[i]) if mask[i] else 0
                    assert abs(exact(gradient[i]) - right) <= (16 * u + last) * abs(right) + floor


def test_drop_f1_mean_and_variance_are_kept() -> None:
    """For x of mean 0 and variance 1: mean (1 - p) b + p d, variance (1 - p)(a^2 + b^2) + p d^2."""
    for p in PROBABILITIES:
        b, slope_and_b, d = refimpl.alpha_dropout(np.array([0.0, 1.0, 0.0]), p, mask=np.array([True, True, False]))
        a = slope_and_b - b
        assert abs((1 - p) * b + p * d) <= 1e-12
        assert abs((1 - p) * (a**2 + b**2) + p * d**2 - 1) <= 1e-9


def test_drop_c1_whole_channels() -> None:
    rng = np.random.default_rng(41)
    for shape in ((2, 3), (2, 3, 4), (2, 3, 2, 2)):
        x, grad = rng.standard_normal((2, *shape))
        mask = rng.random((*shape[:2], *[1] * (len(shape) - 2))) < 0.5
        whole = np.broadcast_to(mask, shape)
        y = refimpl.feature_alpha_dropout(x, 0.3, mask=mask)
        assert np.array_equal(y, refimpl.alpha_dropout(x, 0.3, mask=whole))
        (gradient,) = refimpl.feature_alpha_dropout_vjp(grad, x, 0.3, mask=mask)
        assert np.array_equal(gradient, refimpl.alpha_dropout_vjp(grad, x, 0.3, mask=whole)[0])


@pytest.mark.parametrize("name", ["alpha_dropout", "feature_alpha_dropout"])
def test_drop_m1_p0_p1_where_no_mask_is_needed(name: str) -> None:
    forward, backward = getattr(refimpl, name), getattr(refimpl, f"{name}_vjp")
    x, grad = np.array([[1.0, np.nan, -np.inf]]), np.array([[2.0, np.inf, np.nan]])
    for arguments in ({"training": False}, {"p": 0}, {"p": 0.0, "training": False}):
        assert np.array_equal(forward(x, **arguments), x, equal_nan=True)
        assert np.array_equal(backward(grad, x, **arguments)[0], grad, equal_nan=True)
        assert not np.shares_memory(forward(x, **arguments), x)
        assert not np.shares_memory(backward(grad, x, **arguments)[0], grad)
    assert not forward(x, 1).any()
    assert not backward(grad, x, 1.0)[0].any()


def test_drop_m3_a_dropped_nan_leaves_no_trace() -> None:
    x, mask = np.array([np.nan, 1.0, np.inf]), np.array([False, True, False])
    y = refimpl.alpha_dropout(x, mask=mask)
    assert np.isfinite(y).all()
    (gradient,) = refimpl.alpha_dropout_vjp(x, np.ones(3), mask=mask)
    assert gradient[0] == gradient[2] == 0
