"""The elementwise activations against mpmath: values (ACT-A1) and derivatives (ACT-A2), far tails too (ACT-G6)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.refimpl.activation.cases import CASES, GATED, Case, every_magnitude, points
from tests.refimpl.activation.truth import derivative, value
from tests.refimpl.activation.ulp import distance, exact

SEEDS = st.integers(0, 2**32 - 1)
# The bounds in ulps of ACT-A1 and ACT-A2 in docs/spec/activation.md, which derives them.
VALUE = dict.fromkeys(("celu", "sigmoid", "silu", "softplus", "stanh", "swish"), 3) | {
    "tanhshrink": 4,
    "gelu": 5,
    "mish": 5,
}
SLOPE = dict.fromkeys((*GATED, "stanh"), 7)
LONGDOUBLE_EXTRA = 2


def places(dtype: Any) -> int:
    """How many binary places the least number of a dtype has."""
    info = np.finfo(dtype)
    return int(info.nmant - info.minexp)


def worst_value(case: Case, x: np.ndarray) -> float:
    return max(
        distance(got, value(case.formula, exact(cell), places(x.dtype)))
        for got, cell in zip(case.value(x), x, strict=True)
    )


def worst_slope(case: Case, x: np.ndarray) -> float:
    """The largest error of the derivative, in ulps of its terms where it is a sum that may cancel."""

    def error(got: Any, cell: Any) -> float:
        want = derivative(case.formula, cell, places(x.dtype))
        if case.name not in GATED or not cell:
            return distance(got, want)
        gate = value(case.formula, cell, places(x.dtype)) / cell
        return distance(got, want, abs(gate) + abs(want - gate))

    return max(error(got, exact(cell)) for got, cell in zip(case.slope(x), x, strict=True))


VALUES = pytest.mark.parametrize("case", CASES, ids=[f"{case.clauses()[0]}-{case}" for case in CASES])
SLOPES = pytest.mark.parametrize("case", CASES, ids=[f"{case.clauses()[1]}-{case}" for case in CASES])
ONCE = settings(max_examples=1)


def everywhere(seed: int) -> np.ndarray:
    """float64 from the tails and from every magnitude, but for the negative numbers for which e^x is 0."""
    magnitudes = every_magnitude(np.float64, seed, 40)
    return np.concatenate([points(np.float64, seed, count=40, far=15), magnitudes[magnitudes > -1]])


@VALUES
@ONCE
@given(seed=SEEDS)
def test_value(case: Case, seed: int) -> None:
    assert worst_value(case, everywhere(seed)) <= VALUE.get(case.name, 2)


@SLOPES
@ONCE
@given(seed=SEEDS)
def test_slope(case: Case, seed: int) -> None:
    assert worst_slope(case, everywhere(seed)) <= SLOPE.get(case.name, 5)


@VALUES
@ONCE
@given(seed=SEEDS)
def test_value_in_longdouble(case: Case, seed: int) -> None:
    x = points(np.longdouble, seed, count=15, far=1)
    assert worst_value(case, x) <= VALUE.get(case.name, 2) + LONGDOUBLE_EXTRA


@SLOPES
@ONCE
@given(seed=SEEDS)
def test_slope_in_longdouble(case: Case, seed: int) -> None:
    x = points(np.longdouble, seed, count=15, far=1)
    assert worst_slope(case, x) <= SLOPE.get(case.name, 5) + LONGDOUBLE_EXTRA


def test_gelu_where_the_density_is_subnormal() -> None:
    """ACT-G6: e^(-x^2/2) has lost digits there that 15 times as much, the derivative, still has."""
    x = np.linspace(-38.4, -37.6, 40)
    assert worst_value(Case("gelu", {}), x) <= VALUE["gelu"]
    assert worst_slope(Case("gelu", {}), x) <= SLOPE["gelu"]


def test_gelu_above_the_numbers_near_0() -> None:
    """ACT-GELU-2: every float32 from there to where the tail is less than half an ulp, against float64."""
    x = np.arange(np.float32(2).view(np.int32), np.float32(8).view(np.int32), 7, np.int32).view(np.float32)
    y = Case("gelu", {}).value(x.astype(np.float64))
    assert (abs(Case("gelu", {}).value(x) - y) <= np.spacing(x)).all()


def test_gelu_of_the_least_numbers_keeps_the_sign() -> None:
    """ACT-G5, with no zero beside them."""
    for dtype in (np.float16, np.float32, np.float64):
        x = np.finfo(dtype).smallest_subnormal * np.arange(-9, 0).astype(dtype)
        assert np.signbit(Case("gelu", {}).value(x)).all()
        assert not np.signbit(Case("gelu", {}).value(-x)).any()


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_a_few_ulps_more_are_seen(dtype: Any) -> None:
    class Off(Case):
        def value(self, x: np.ndarray) -> np.ndarray:
            y = super().value(x)
            return y + 4 * np.spacing(y)

    x = points(dtype, 1, count=5, far=0)
    assert worst_value(Case("tanh", {}), x) <= 2 + LONGDOUBLE_EXTRA < worst_value(Off("tanh", {}), x)
