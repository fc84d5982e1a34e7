"""The shared kernels: exact sums and products, exponentials in halves, the tail of the normal distribution."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refimpl._memory import aligned
from refimpl.activation import _normal
from refimpl.activation._blocks import BLOCK_BYTES, elementwise, written
from refimpl.activation._exact import expansion, halves, two_product, two_sum
from refimpl.activation._exponential import multiple, patch, quotient, times_exp
from refimpl.activation._rows import total
from tests.refimpl.activation import mills

DTYPES = [np.float32, np.float64, np.longdouble]


def fraction(number: Any) -> Fraction:
    return Fraction(*number.as_integer_ratio())


def numbers(dtype: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    digits = rng.standard_normal((2, 50)).astype(dtype) * (
        1 + rng.random((2, 50)).astype(dtype) * 1000 * np.finfo(dtype).eps
    )
    return tuple(digits * 2.0 ** rng.integers(-15, 15, (2, 50)))


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1))
def test_sums_and_products_are_exact(dtype: Any, seed: int) -> None:
    a, b = (v.astype(dtype) for v in numbers(dtype, seed))
    for values, want in ((two_sum(a, b), Fraction.__add__), (two_product(a, b), Fraction.__mul__)):
        for x, y, rounded, rest in zip(a, b, *values, strict=True):
            assert fraction(rounded) + fraction(rest) == want(fraction(x), fraction(y))
    for x, high, low in zip(a, *halves(a), strict=True):
        assert fraction(high) + fraction(low) == fraction(x)
        assert fraction(high) ** 2 == fraction(high * high)


def test_the_rest_of_an_infinity_is_nothing() -> None:
    with np.errstate(all="ignore"):
        for rest in (
            two_sum(np.array([np.inf]), np.array([1.0]))[1],
            two_product(np.array([1e300]), np.float64(1e300))[1],
        ):
            assert rest == 0


@pytest.mark.parametrize("dtype", DTYPES)
@given(seed=st.integers(0, 2**32 - 1))
def test_exponents_keep_what_rounding_lost(dtype: Any, seed: int) -> None:
    """The relative error of the pair is below eps^2, four times over."""
    x, _ = numbers(dtype, seed)
    x, eps = x.astype(dtype), Fraction(float(np.finfo(dtype).eps))
    for factor in (0.3, -7.3):
        exact_factor = fraction(dtype(factor))
        for cell, z, rest in zip(x, *multiple(x, factor), strict=True):
            assert fraction(z) + fraction(rest) == fraction(cell) * exact_factor
        for cell, z, rest in zip(x, *quotient(x, factor), strict=True):
            want = fraction(cell) / exact_factor
            assert abs(fraction(z) + fraction(rest) - want) <= 4 * eps**2 * abs(want)


@pytest.mark.parametrize("dtype", DTYPES)
def test_decimal_numbers_in_two_parts(dtype: Any) -> None:
    """ACT-G9: a constant of a formula is known to twice the digits of the dtype."""
    digits = "1.595769121605730711759784239737527473903"
    high, low = expansion(digits, np.dtype(dtype))
    assert abs(fraction(high) + fraction(low) - Fraction(digits)) < Fraction(float(np.finfo(dtype).eps)) ** 2
    assert high == dtype(digits)


@pytest.mark.parametrize("dtype", DTYPES)
def test_products_with_a_vanishing_exponential(dtype: Any) -> None:
    """ACT-G6: a large factor brings back a subnormal e^x with all its digits."""
    x = np.array([dtype(np.log(np.finfo(dtype).tiny)) - 3])
    factor = dtype(2.0**20)
    with mpmath.workprec(200):
        want = mpmath.exp(mpmath.mpf(fraction(x[0]).numerator) / fraction(x[0]).denominator) * 2**20
        for got in (times_exp(factor, x), times_exp(dtype(2.0**10), x, dtype(2.0**10))):
            got_exactly = mpmath.mpf(fraction(got[0]).numerator) / fraction(got[0]).denominator
            assert abs(got_exactly / want - 1) <= 4 * float(np.finfo(dtype).eps)


def test_patch_touches_nothing_else() -> None:
    values = np.arange(4.0)
    assert patch(values, values > 9, lambda: 1 / 0) is values
    assert patch(values, values > 2, np.negative, values).tolist() == [0, 1, 2, -3]


@pytest.mark.parametrize("name", mills.TABLES)
def test_the_tail_has_the_coefficients_derived(name: str) -> None:
    """ACT-GELU-2: the table is what the derivation gives, and errs by less than half an ulp up to the limit."""
    table = mills.TABLES[name]
    assert [mpmath.mpf(text) for text in mills.coefficients(table)] == [mpmath.mpf(text) for text in table.texts]
    precision = {"float32": 24, "float64": 53, "longdouble": 64}[name.split()[-1]]
    assert mills.worst_error(table) < mpmath.ldexp(1, -precision - 1)


@pytest.mark.parametrize(("dtype", "kind"), list(zip(DTYPES, _normal.LIMITS, strict=True)))
def test_beyond_the_limit_the_tail_is_nothing(dtype: Any, kind: str) -> None:
    """u times the density rounds to 0 from the limit on."""
    least = np.finfo(dtype).smallest_subnormal
    with mpmath.workprec(100):
        u = mpmath.mpf(_normal.LIMITS[kind])
        assert u * mpmath.npdf(u) < mpmath.mpf(fraction(least).numerator) / fraction(least).denominator / 2


@given(length=st.integers(1, 70), inner=st.integers(1, 3), seed=st.integers(0, 99))
def test_total(length: int, inner: int, seed: int) -> None:
    """Every number once, for every length; the array stays as it was."""
    x = np.random.default_rng(seed).integers(-99, 99, (2, length, inner)).astype(float)
    kept = x.copy()
    assert np.array_equal(total(x), x.sum(axis=1, keepdims=True))
    assert np.array_equal(x, kept)


@pytest.mark.parametrize("inner", [1, 2])
def test_total_rounds_a_number_a_few_times(inner: int) -> None:
    """A hundred thousand tenths; one after another they would be 0.02 % off."""
    tenths = np.full((1, 100_000, inner), 0.1, np.float32)
    assert total(tenths).ravel() == pytest.approx(np.full(inner, 1e5 * float(np.float32(0.1))), rel=1e-6)
    assert abs(np.cumsum(tenths[0, :, 0])[-1] / 1e4 - 1) > 1e-4


@given(cells=st.integers(0, 40))
def test_blocks_cover_every_cell_once(cells: int) -> None:
    """ACT-G8: sizes around one and two blocks."""
    size = cells * (BLOCK_BYTES // 8) // 16 + cells % 3
    x = np.arange(size, dtype=np.float64)
    seen: list[int] = []
    got = elementwise(lambda block: (seen.append(block.size), block + 1)[1], x.dtype, x)
    assert np.array_equal(got, x + 1)
    assert sum(seen) == size
    assert all(size * 8 <= BLOCK_BYTES for size in seen)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_cells_where_a_writer_does_not_hold(dtype: Any) -> None:
    """They are computed by the other formula, in whatever block they lie, and no others are."""
    x = np.arange(BLOCK_BYTES // 4 * 2 + 5) % 2000
    far = x % 1999 == 7

    def write(out: np.ndarray, x: np.ndarray, double: np.ndarray) -> np.ndarray:
        np.multiply(x, 2, out=double)
        np.add(double, 1, out=out)
        return x % 1999 == 7

    got = written(write, x.astype(dtype), 1, np.negative)
    assert got.dtype == dtype
    assert np.array_equal(got, np.where(far, -x, 2 * x + 1).astype(dtype))


def test_room_begins_with_a_cache_line() -> None:
    for length in (1, 7, 64, 1000):
        room = aligned((3, length), np.dtype(np.float64))
        assert room.shape == (3, length)
        assert room.ctypes.data % 64 == 0
