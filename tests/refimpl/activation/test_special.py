"""The elementwise activations at infinities, NaN, signed zeros and kinks, and what they have to do with one another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import refimpl
from refimpl.activation.elu import ALPHA, SCALE
from tests.refimpl.activation.cases import CASES, Case, points
from tests.refimpl.activation.ulp import errors, near

INF = math.inf
DTYPES = [np.float16, np.float32, np.float64, np.longdouble]
# name: value at -inf and inf, derivative at -inf and inf, value at -0 and 0
LIMITS: dict[str, tuple[float, float, float, float, float, float]] = {
    "celu": (-1.0, INF, 0.0, 1.0, -0.0, 0.0),
    "elu": (-1.0, INF, 0.0, 1.0, -0.0, 0.0),
    "gelu": (-0.0, INF, -0.0, 1.0, -0.0, 0.0),
    "hardshrink": (-INF, INF, 1.0, 1.0, 0.0, 0.0),
    "hardsigmoid": (0.0, 1.0, 0.0, 0.0, 0.5, 0.5),
    "hardswish": (-0.0, INF, 0.0, 1.0, -0.0, 0.0),
    "hardtanh": (-1.0, 1.0, 0.0, 0.0, -0.0, 0.0),
    "leaky_relu": (-INF, INF, 0.01, 1.0, -0.0, 0.0),
    "log_sigmoid": (-INF, -0.0, 1.0, 0.0, -math.log(2), -math.log(2)),
    "mish": (-0.0, INF, -0.0, 1.0, -0.0, 0.0),
    "relu": (0.0, INF, 0.0, 1.0, 0.0, 0.0),
    "relu6": (0.0, 6.0, 0.0, 0.0, 0.0, 0.0),
    "selu": (-SCALE * ALPHA, INF, 0.0, SCALE, -0.0, 0.0),
    "sigmoid": (0.0, 1.0, 0.0, 0.0, 0.5, 0.5),
    "silu": (-0.0, INF, -0.0, 1.0, -0.0, 0.0),
    "softplus": (0.0, INF, 0.0, 1.0, math.log(2), math.log(2)),
    "softshrink": (-INF, INF, 1.0, 1.0, 0.0, 0.0),
    "softsign": (-1.0, 1.0, 0.0, 0.0, -0.0, 0.0),
    "stanh": (-1.7159, 1.7159, 0.0, 0.0, -0.0, 0.0),
    "swish": (-0.0, INF, -0.0, 1.0, -0.0, 0.0),
    "tanh": (-1.0, 1.0, 0.0, 0.0, -0.0, 0.0),
    "tanhshrink": (-INF, INF, 1.0, 1.0, -0.0, 0.0),
    "thresholded_relu": (0.0, INF, 0.0, 1.0, 0.0, 0.0),
}
# operator and arguments, x, derivative there
KINKS: list[tuple[str, Case, float, float]] = [
    ("ACT-CELU-2", Case("celu", {"alpha": 0.5}), 0.0, 1.0),
    ("ACT-ELU-2", Case("elu", {"alpha": 0.5}), 0.0, 0.5),
    ("ACT-SELU-2", Case("selu", {"scale": 2.0, "alpha": 0.25}), 0.0, 0.5),
    ("ACT-HSHRINK-2", Case("hardshrink", {}), 0.5, 0.0),
    ("ACT-HSHRINK-2", Case("hardshrink", {}), -0.5, 0.0),
    ("ACT-HSIGMOID-2", Case("hardsigmoid", {}), -3.0, 0.0),
    ("ACT-HSIGMOID-2", Case("hardsigmoid", {}), 3.0, 0.0),
    ("ACT-HSWISH-2", Case("hardswish", {}), -3.0, 0.0),
    ("ACT-HSWISH-2", Case("hardswish", {}), 3.0, 1.0),
    ("ACT-HTANH-2", Case("hardtanh", {}), -1.0, 1.0),
    ("ACT-HTANH-2", Case("hardtanh", {}), 1.0, 1.0),
    ("ACT-LEAKY-2", Case("leaky_relu", {}), 0.0, 1.0),
    ("ACT-LEAKY-2", Case("leaky_relu", {}), -0.0, 1.0),
    ("ACT-RELU-2", Case("relu", {}), 0.0, 0.0),
    ("ACT-RELU-2", Case("relu", {}), -0.0, 0.0),
    ("ACT-RELU6-2", Case("relu6", {}), 0.0, 0.0),
    ("ACT-RELU6-2", Case("relu6", {}), 6.0, 0.0),
    ("ACT-SOFTPLUS-2", Case("softplus", {"threshold": 0.0}), 0.0, 0.5),
    ("ACT-SSHRINK-2", Case("softshrink", {}), 0.5, 0.0),
    ("ACT-SSHRINK-2", Case("softshrink", {}), -0.5, 0.0),
    ("ACT-TRELU-2", Case("thresholded_relu", {}), 1.0, 0.0),
]


# operator and arguments, x on the border of two pieces, the value there
BORDERS: list[tuple[str, Case, float, float]] = [
    ("ACT-HSHRINK-1", Case("hardshrink", {}), 0.5, 0.0),
    ("ACT-HSHRINK-1", Case("hardshrink", {}), -0.5, 0.0),
    ("ACT-HSIGMOID-1", Case("hardsigmoid", {"slope": 0.25, "offset": 0.125}), 3.0, 1.0),
    ("ACT-HSIGMOID-1", Case("hardsigmoid", {"slope": 0.25, "offset": 0.125}), 2.875, 0.84375),
    ("ACT-HSIGMOID-1", Case("hardsigmoid", {"slope": 0.25, "offset": 0.125}), -2.0, -0.375),
    ("ACT-HSIGMOID-1", Case("hardsigmoid", {"slope": 0.25, "offset": 0.125}), -3.0, 0.0),
    ("ACT-HSWISH-1", Case("hardswish", {}), -4.0, -0.0),
    ("ACT-HSWISH-1", Case("hardswish", {}), -3.0, -0.0),
    ("ACT-HSWISH-1", Case("hardswish", {}), 3.0, 3.0),
    ("ACT-HTANH-1", Case("hardtanh", {"min": -0.5, "max": 2.0}), 2.0, 2.0),
    ("ACT-HTANH-1", Case("hardtanh", {"min": 0.0, "max": 2.0}), -0.0, -0.0),
    ("ACT-RELU-1", Case("relu", {}), -0.0, 0.0),
    ("ACT-RELU6-1", Case("relu6", {}), 6.0, 6.0),
    ("ACT-SSHRINK-1", Case("softshrink", {}), 0.5, 0.0),
    ("ACT-SSHRINK-1", Case("softshrink", {}), -0.5, 0.0),
    ("ACT-TRELU-1", Case("thresholded_relu", {"value": 0.25}), 1.0, 0.25),
]


def same(got: np.ndarray, want: Any) -> bool:
    """Equal to the last bit, the sign of zero and NaN included."""
    want = np.asarray(want).astype(got.dtype)
    return bool(np.array_equal(got, want, equal_nan=True) and np.array_equal(np.signbit(got), np.signbit(want)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LIMITS)
def test_limits_and_zeros(name: str, dtype: Any) -> None:
    """ACT-G4 and ACT-G5."""
    case, ends = Case(name, {}), np.array([-INF, INF], dtype)
    low, high, low_slope, high_slope, negative, positive = LIMITS[name]
    tolerance = 4 * np.finfo(np.promote_types(dtype, np.float32)).eps  # parameters and log 2 are rounded to the dtype
    near = np.array([low, high], np.longdouble).astype(dtype)
    assert np.allclose(case.value(ends).astype(float), near.astype(float), rtol=tolerance, atol=0)
    assert np.array_equal(np.signbit(case.value(ends)), np.signbit(near))
    assert same(case.slope(ends), np.array([low_slope, high_slope]))
    zeros = case.value(np.array([-0.0, 0.0], dtype))
    assert np.allclose(zeros.astype(float), [negative, positive], rtol=np.finfo(dtype).eps, atol=0)
    assert np.array_equal(np.signbit(zeros), np.signbit([negative, positive]))


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_of_a_line_of_slope_0(dtype: type) -> None:
    """ACT-LEAKY-3, ACT-STANH-1: a constant 0 times x stays a zero at infinity; a variable slope of 0 gives NaN."""
    ends, nan = np.array([-INF, -2.0, np.nan], dtype), np.array([False, False, True])
    for flat in (refimpl.leaky_relu(ends, 0.0), refimpl.stanh(ends, 0.0), refimpl.stanh_vjp(nan * 1.0, ends, 0.0)[0]):
        assert np.array_equal(np.isnan(flat), nan)
        assert (flat[:2] == 0).all()
    assert np.signbit(refimpl.leaky_relu(ends, 0.0)[:2]).all()
    assert refimpl.leaky_relu(-ends, 0.0)[:2].tolist() == [INF, 2.0]
    assert np.isnan(refimpl.prelu(ends, dtype(0))[0])
    assert np.isnan(refimpl.rrelu(ends, 0.0, 0.0, noise=np.zeros_like(ends))[0])


def test_every_operator_has_limits() -> None:
    assert set(LIMITS) == {case.name for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nan(case: Case) -> None:
    """ACT-G3: NaN in, NaN out, in its own cell alone; forward, for x and for grad_out."""
    for dtype in DTYPES:
        x = np.array([0.25, np.nan, -0.25], dtype)
        alone = np.array([False, True, False])
        assert np.array_equal(np.isnan(case.value(x)), alone)
        assert np.array_equal(np.isnan(case.slope(x)), alone)
        grad = np.array([1.0, 1.0, np.nan], dtype)
        gradient = getattr(refimpl, f"{case.name}_vjp")(grad, x, **case.arguments)[0]
        assert np.array_equal(np.isnan(gradient), [False, True, True])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_gradient_is_the_product(case: Case) -> None:
    """ACT-G2: grad_out times the derivative, zeros and infinities by the rules of multiplication."""
    x = np.linspace(-7, 7, 29)
    subnormal = () if case.name == "softsign" else (2.0**-1074,)  # ACT-SOFTSIGN-2: its two divisions round twice
    for factor in (-2.0, 0.5, INF, 0.0, *subnormal):
        with np.errstate(invalid="ignore"):
            want = factor * case.slope(x)
        assert same(getattr(refimpl, f"{case.name}_vjp")(np.full(29, factor), x, **case.arguments)[0], want)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("label", "case", "x", "slope"), KINKS, ids=[f"{k[0]} at {k[2]}" for k in KINKS])
def test_kinks(label: str, case: Case, x: float, slope: float, dtype: Any) -> None:
    """ACT-G7."""
    assert same(case.slope(np.array([x], dtype)), np.array([slope])), label


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("label", "case", "x", "value"), BORDERS, ids=[f"{b[0]} at {b[2]}" for b in BORDERS])
def test_borders(label: str, case: Case, x: float, value: float, dtype: Any) -> None:
    assert same(case.value(np.array([x], dtype)), np.array([value])), label


@pytest.mark.parametrize("dtype", DTYPES)
def test_beside_the_kinks(dtype: Any) -> None:
    """One number to either side the derivative is that of the piece there."""
    for name, x, below, above in [
        ("relu", 0, 0, 1),
        ("relu6", 6, 1, 0),
        ("hardtanh", 1, 1, 0),
        ("hardtanh", -1, 0, 1),
        ("hardshrink", 0.5, 0, 1),
        ("softshrink", -0.5, 1, 0),
        ("thresholded_relu", 1, 0, 1),
        ("hardsigmoid", 3, np.float32(0.1666667), 0),
        ("leaky_relu", 0, 0.01, 1),
    ]:
        beside = np.nextafter(np.array([x, x], dtype), np.array([-9, 9], dtype))
        want = np.array([below, above]).astype(np.promote_types(dtype, np.float32)).astype(dtype)
        got = Case(name, {}).slope(beside)
        assert np.allclose(got.astype(float), want.astype(float), rtol=1e-7, atol=0), name


def test_softplus_jumps_where_documented() -> None:
    """ACT-SOFTPLUS-1: the curve up to beta * x = threshold, x from the next number on, also for beta below 0."""
    at, beyond = 20.0, np.nextafter(20.0, 21)
    assert refimpl.softplus(np.array([at]))[0] > at
    assert same(refimpl.softplus(np.array([beyond])), [beyond])
    assert same(refimpl.softplus(np.array([3.0, 2.5]), beta=2, threshold=5) > [3.0, 2.5], [False, True])
    assert same(refimpl.softplus(np.array([-3.0, -2.5]), beta=-2, threshold=5) < [-3.0, -2.5], [False, True])
    third = np.array([1 / 3])  # three times it is below 1, but rounds to 1
    assert refimpl.softplus(third, beta=3, threshold=1)[0] > third[0]
    assert refimpl.softplus(np.nextafter(third, 1), beta=3, threshold=1)[0] == np.nextafter(third, 1)[0]


def test_what_rounding_must_not_lose() -> None:
    """ACT-G6: beyond the point where a naive formula gives 0, infinity or noise."""
    assert refimpl.sigmoid(np.array([-740.0]))[0] == np.exp(-740.0) > 0
    assert refimpl.softplus(np.array([-740.0]))[0] == np.exp(-740.0)
    assert refimpl.log_sigmoid(np.array([-1e308]))[0] == -1e308
    assert refimpl.tanhshrink(np.array([1e-100]))[0] == near(1e-300 / 3, 1e-15)
    assert refimpl.softsign(np.array([1e308]))[0] == 1
    assert refimpl.softsign_vjp(np.ones(1), np.array([1e160]))[0][0] == near(1e-320, 1e-3)
    assert refimpl.softsign_vjp(np.full(1, 1e150), np.array([1e160]))[0][0] == near(1e-170, 1e-15)
    assert refimpl.celu(np.array([-709.9]), alpha=-1e-3)[0] == -INF
    assert np.isfinite(refimpl.celu(np.array([-7.1]), alpha=-0.01)[0])
    assert refimpl.celu(np.array([-5e-324]), alpha=7.3)[0] == -5e-324
    tiny = np.exp(np.longdouble(-740))
    assert refimpl.elu_vjp(np.ones(1), np.array([-740.0]), alpha=2.0**60)[0][0] == near(2.0**60 * tiny, 1e-15)
    assert refimpl.softplus(np.array([-740.0 * 2**60]), beta=2.0**-60)[0] == near(2.0**60 * tiny, 1e-15)


LAWS = {
    "odd": lambda x: [
        (-getattr(refimpl, name)(-x), getattr(refimpl, name)(x))
        for name in ("tanh", "softsign", "stanh", "tanhshrink", "softshrink", "hardshrink", "hardtanh")
    ],
    "f(x) - f(-x) = x": lambda x: [
        (getattr(refimpl, name)(x) - getattr(refimpl, name)(-x), x) for name in ("relu", "silu", "gelu", "hardswish")
    ],
    "ACT-SWISH-1 swish = silu = x sigmoid(x)": lambda x: [
        (refimpl.swish(x), refimpl.silu(x)),
        (x * refimpl.sigmoid(x), refimpl.silu(x)),
    ],
    "sigmoid(x) + sigmoid(-x) = 1": lambda x: [(refimpl.sigmoid(x) + refimpl.sigmoid(-x), np.ones_like(x))],
    "sigmoid = (1 + tanh(x / 2)) / 2": lambda x: [
        (0.5 + refimpl.tanh(np.abs(x) / 2) / 2, refimpl.sigmoid(np.abs(x))),
    ],
    "log_sigmoid(x) = -softplus(-x)": lambda x: [(-refimpl.softplus(-x, threshold=INF), refimpl.log_sigmoid(x))],
    "softplus' = sigmoid": lambda x: [(refimpl.softplus_vjp(np.ones_like(x), x, threshold=INF)[0], refimpl.sigmoid(x))],
    "celu(1) = elu(1) = selu / scale": lambda x: [
        (refimpl.celu(x), refimpl.elu(x)),
        (refimpl.selu(x, 2.0, 1.0) / 2, refimpl.elu(x)),
    ],
    "pieces": lambda x: [
        (refimpl.relu6(x), refimpl.hardtanh(x, 0, 6)),
        (refimpl.leaky_relu(x, 1.0), x),
        (refimpl.thresholded_relu(x, 0.0), refimpl.relu(x)),
        (refimpl.hardshrink(x, 0.0), x),
        (refimpl.softshrink(x, 0.0), x),
        (refimpl.stanh(x, 1.0, 1.0), refimpl.tanh(x)),
    ],
}


@pytest.mark.parametrize("law", LAWS)
def test_laws(law: str) -> None:
    x = np.concatenate([points(np.float64, 3, count=300, far=0), np.arange(-8, 8.5, 0.5)])
    for one, other in LAWS[law](x):
        assert errors(one, other.astype(np.longdouble)).max() <= 5
