"""The comparison: what is equal, what is near enough, and which word it has for what is not."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from conformance.judge.compare import Comparison, compare, in_ulp, spell
from conformance.judge.precision import reference_dtype, uncertainty, underflow, unit_roundoff

DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64")]
INF, NAN = np.inf, np.nan

_FLOATS = {dtype: hnp.from_dtype(dtype, allow_nan=False, allow_infinity=False) for dtype in DTYPES}


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


def _compare(got, expected, allowed=0.0, dtype=DTYPES[1], **options):
    """Compare lists, the expected one in the reference's dtype."""
    wide = np.asarray(expected, reference_dtype(dtype))
    return compare(np.asarray(got, dtype), wide, allowed, dtype, **options)


def test_equal_arrays_are_equal(dtype):
    values = [0.0, -0.0, 1.5, -2, NAN, INF, -INF, np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal]
    assert _compare(values, values, dtype=dtype) == Comparison(index=(0,))


@pytest.mark.parametrize(
    ("got", "expected", "problem"),
    [
        (1.0, NAN, "a NaN was lost"),
        (INF, NAN, "a NaN was lost"),
        (NAN, 1.0, "a NaN where there should be a number"),
        (NAN, INF, "a NaN where there should be a number"),
        (INF, 1.0, "an infinity where there should be a finite number"),
        (-INF, 1.0, "an infinity where there should be a finite number"),
        (1.0, INF, "the infinity is missing or has the wrong sign"),
        (-INF, INF, "the infinity is missing or has the wrong sign"),
        (INF, -INF, "the infinity is missing or has the wrong sign"),
        (np.finfo("float32").max, INF, "the infinity is missing or has the wrong sign"),
    ],
)
def test_what_is_not_finite_is_never_near(got, expected, problem):
    """However large the allowed error of a finite number may be."""
    for allowed in (0.0, 1.0, 1e30):
        found = _compare([5, got, 5], [5, expected, 5], allowed)
        assert (found.problem, found.index) == (problem, (1,))
        assert found.share == found.ulp == INF


def test_the_error_is_weighed_by_the_allowed_error(dtype):
    half = _compare([1, 2, 3], [1, 2.5, 3], 1.0, dtype)
    assert (half.problem, half.index, half.share) == ("", (1,), 0.5)
    assert _compare([1, 2], [1, 2.5], 0.5, dtype).share == 1
    assert not _compare([1, 2], [1, 2.5], 0.5, dtype).problem
    double = _compare([1, 2], [1, 2.5], 0.25, dtype)
    assert (double.problem, double.share) == ("the error is larger than allowed", 2)
    assert (double.got, double.expected) == ("2.0", "2.5")


def test_the_allowed_error_is_one_number_or_one_an_element(dtype):
    got, expected = [[1, 2], [3, 4]], [[1, 3], [3, 5]]
    assert _compare(got, expected, np.array([[0, 1], [0, 1]]), dtype).problem == ""
    found = _compare(got, expected, np.array([[9, 9], [9, 0.5]]), dtype)
    assert (found.index, found.share) == ((1, 1), 2)
    assert _compare(got, expected, np.array([[0], [1]]), dtype).index == (0, 1)


def test_no_error_is_allowed_where_the_bound_is_zero():
    assert _compare([1], [1], 0.0).share == 0
    assert _compare([1], [1 + 2.0**-52], 0.0).problem == "the error is larger than allowed"


def test_a_bound_without_a_limit_allows_every_finite_number():
    assert not _compare([1e30], [1.0], INF).problem
    assert _compare([NAN], [1.0], INF).problem


def test_a_bound_that_is_no_number_allows_nothing():
    found = _compare([2.0], [1.0], NAN)
    assert (found.problem, found.share) == ("the error is larger than allowed", INF)
    assert not _compare([1.0], [1.0], NAN).problem


def test_where_nothing_is_claimed_anything_passes(dtype):
    free = np.array([True, False])
    for wild in (NAN, INF, -INF, 0.0, 7.0):
        for expected in (NAN, INF, 1.0):
            found = _compare([wild, 2], [expected, 2], 0.0, dtype, free=free)
            assert (found.problem, found.share) == ("", 0)
            assert np.isfinite(found.ulp), "an error that a record could not hold"
        found = _compare([wild, 2], [NAN, 3], 0.5, dtype, free=free)
        assert (found.problem, found.index, found.share) == ("the error is larger than allowed", (1,), 2)


def test_an_output_of_which_nothing_is_claimed_may_be_missing():
    for free in (True, np.array([True, True])):
        assert compare(None, np.zeros(2), 0.0, np.dtype("float32"), free=free) == Comparison()
    assert compare(None, np.zeros(2), 0.0, np.dtype("float32"), free=np.array([True, False])).problem
    assert compare(None, np.zeros(0), 0.0, np.dtype("float32"), free=np.zeros(0, bool)).problem


def test_whole_numbers_may_be_free_too():
    kind = np.dtype("int32")
    got, expected = np.array([1, 2], kind), np.array([1, 3], kind)
    assert not compare(got, expected, 0.0, kind, free=np.array([False, True])).problem
    assert compare(got, expected, 0.0, kind, free=np.array([True, False])).index == (1,)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_overflow_is_right_only_within_the_allowed_error_of_the_threshold(dtype, sign):
    info = np.finfo(dtype)
    wide = reference_dtype(dtype).type
    top = wide(info.max)
    half = (top - wide(np.nextafter(info.max, dtype.type(0)))) / 2
    threshold = top + half  # from here on rounding to nearest gives infinity
    cases = [
        (top, 0),
        (np.nextafter(threshold, top), 0),
        (threshold, 0),
        (1.5 * top, 0),
        (top, half),
        (top, half * 0.9),
    ]
    right = [False, False, True, True, True, False]
    found = [_compare([sign * INF], [sign * value], allowed, dtype) for value, allowed in cases]
    assert [not comparison.problem for comparison in found] == right
    assert all(f.ulp == 0 for f in found if not f.problem), "an error that a record could not hold"
    assert all(_compare([-sign * INF], [sign * value], allowed, dtype).problem for value, allowed in cases)


def test_a_saturated_value_is_no_overflow():
    top = np.finfo("float32").max
    assert _compare([top], [1.5 * float(top)], 0.0).problem == "the error is larger than allowed"


def test_signs_of_zero_count_where_they_are_asked_for(dtype):
    for got, expected in [(0.0, -0.0), (-0.0, 0.0)]:
        assert not _compare([got], [expected], dtype=dtype).problem
        found = _compare([1, got], [1, expected], 1.0, dtype, signed_zero=True)
        assert (found.problem, found.index) == ("the sign of a zero is wrong", (1,))
        assert (found.got, found.expected) == (str(dtype.type(got)), str(dtype.type(expected)))
    for same in (0.0, -0.0):
        assert not _compare([same, -1, NAN], [same, -1, NAN], dtype=dtype, signed_zero=True).problem
    assert not _compare([-0.0], [1e-30], 1e-20, dtype, signed_zero=True).problem, "not a zero"


def test_subnormal_numbers_are_numbers(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    assert _compare([0], [tiny], dtype=dtype).problem, "flushed to zero"
    assert _compare([tiny], [0], dtype=dtype).problem
    assert _compare([2 * tiny], [tiny], tiny, dtype).share == 1
    assert _compare([0], [tiny], dtype=dtype).ulp == 1


@pytest.mark.parametrize(
    ("got", "problem"),
    [
        (None, "the output is missing"),
        (np.zeros(2, "float64"), "the dtype is wrong"),
        (np.zeros(2, "float16"), "the dtype is wrong"),
        (np.zeros(2, "int32"), "the dtype is wrong"),
        (np.zeros(3, "float32"), "the shape is wrong"),
        (np.zeros((2, 1), "float32"), "the shape is wrong"),
        (np.zeros((), "float32"), "the shape is wrong"),
        (np.zeros(0, "float32"), "the shape is wrong"),
    ],
)
def test_what_is_missing_or_of_another_kind(got, problem):
    found = compare(got, np.zeros(2), 1e9, np.dtype("float32"))
    assert (found.problem, found.share, found.ulp) == (problem, INF, INF)
    assert found.got
    assert found.expected


def test_empty_arrays_are_judged_by_shape_and_dtype():
    empty, single = np.zeros((0, 3)), np.dtype("float32")
    assert compare(np.zeros((0, 3), single), empty, 0.0, single) == Comparison()
    assert compare(np.zeros((3, 0), single), empty, 0.0, single).problem == "the shape is wrong"
    assert compare(np.zeros((0, 3)), empty, 0.0, single).problem == "the dtype is wrong"


def test_scalars_have_an_empty_index(dtype):
    assert _compare(1.0, 2.0, dtype=dtype).index == ()
    assert _compare(1.0, 2.0, dtype=dtype).problem


def test_the_index_is_that_of_the_worst_element():
    got, expected = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    got[1, 2, 0], got[0, 1, 3] = 3, 2
    assert _compare(got, expected, 1.0).index == (1, 2, 0)


@pytest.mark.parametrize("kind", ["int32", "int64", "bool"])
def test_whole_numbers_are_equal_or_wrong(kind):
    dtype = np.dtype(kind)
    got, expected = np.array([[1, 0], [1, 1]], dtype), np.array([[1, 0], [0, 1]], dtype)
    assert compare(expected, expected, 0.0, dtype) == Comparison()
    found = compare(got, expected, 1e9, dtype)
    assert (found.problem, found.index, found.ulp) == ("the value is wrong", (1, 0), INF)
    assert (found.got, found.expected) == (str(got[1, 0]), str(expected[1, 0]))


def _spacing(value, dtype):
    """The distance that numbers of a dtype have at a value: |value| in [2**e, 2**(e+1)) has 2**(e - nmant)."""
    info, exponent = np.finfo(dtype), 0
    size = abs(Fraction(value))
    exponent = int(info.minexp)
    while size >= Fraction(2) ** (exponent + 1):
        exponent += 1
    return Fraction(2) ** (exponent - int(info.nmant))


def _nearby(steps, value, dtype):
    """The number so many steps of `np.nextafter` away."""
    towards = np.asarray(np.copysign(np.inf, steps), dtype)
    number = np.asarray(value, dtype)[()]
    for _ in range(abs(steps)):
        number = np.nextafter(number, towards)
    return number


def test_steps_are_counted_where_the_spacing_is_even(dtype):
    """Across zero and among subnormal numbers too."""
    info = np.finfo(dtype)
    least, top = info.smallest_normal, info.max
    for value in (0, 1.5, -1.5, 100.1, least / 2, -least / 4, least * 1.5, top * dtype.type(0.75)):
        wide = reference_dtype(dtype).type(dtype.type(value))
        for steps in range(-3, 4):
            assert in_ulp(_nearby(steps, value, dtype), wide, dtype) == abs(steps), value


def test_steps_below_a_power_of_two_are_halves(dtype):
    wide = reference_dtype(dtype).type
    for power in (1.0, 2.0, -0.25, 1024.0):
        inwards = -1 if power > 0 else 1
        assert in_ulp(_nearby(3 * inwards, power, dtype), wide(power), dtype) == 1.5
        assert in_ulp(_nearby(-3 * inwards, power, dtype), wide(power), dtype) == 3


@given(st.sampled_from(DTYPES).flatmap(lambda d: st.tuples(st.just(d), _FLOATS[d], _FLOATS[d])))
def test_the_error_in_ulp_is_the_error_over_the_spacing(drawn):
    dtype, got, expected = drawn
    wide = reference_dtype(dtype).type(expected)
    exact = abs(Fraction(float(got)) - Fraction(float(expected))) / _spacing(float(expected), dtype)
    ulp = in_ulp(dtype.type(got), wide, dtype)
    assert ulp == pytest.approx(float(min(exact, Fraction(10) ** 300)), rel=1e-6) or (exact > 10**300 and ulp > 1e290)
    assert (ulp == 0) == (got == expected)


@given(st.floats(-1e30, 1e30), st.integers(-20, 20))
def test_an_expected_value_between_two_numbers_of_the_dtype(value, steps):
    """The reference is wider: its values need not be numbers of the dtype."""
    dtype = np.dtype("float32")
    got = _nearby(steps, value, dtype)
    exact = abs(Fraction(float(got)) - Fraction(value)) / _spacing(value, dtype)
    assert in_ulp(got, np.float64(value), dtype) == pytest.approx(float(exact), rel=1e-9)


@pytest.mark.parametrize(("got", "expected"), [(INF, 1.0), (1.0, INF), (-INF, INF), (NAN, 1.0), (1.0, NAN), (NAN, INF)])
def test_what_is_not_finite_is_infinitely_far(got, expected, dtype):
    assert in_ulp(dtype.type(got), reference_dtype(dtype).type(expected), dtype) == INF


@pytest.mark.parametrize("value", [NAN, INF, -INF, 0.0])
def test_what_is_the_same_is_not_far(value, dtype):
    assert in_ulp(dtype.type(value), reference_dtype(dtype).type(value), dtype) == 0


def test_expected_values_are_spelt_with_their_rounding():
    single = np.dtype("float32")
    assert spell(np.float64(0.5), single) == "0.5"
    assert spell(np.float64(0.1), single) == "0.1 (0.1 before rounding)"
    assert spell(np.float64(np.nan), single) == "nan"
    assert spell(np.float64(1) / 3, single) == "0.33333334 (0.333333333333 before rounding)"


def test_the_reference_is_wider_than_what_it_judges():
    assert reference_dtype(np.dtype("float32")) == np.float64
    assert reference_dtype(np.dtype("float16")) == np.float64
    assert reference_dtype(np.dtype("float64")) == np.longdouble
    for dtype in DTYPES:
        assert unit_roundoff(dtype) == np.finfo(dtype).eps / 2
        assert unit_roundoff(dtype) <= uncertainty(dtype) <= 2 * unit_roundoff(dtype)
        smallest = reference_dtype(dtype).type(np.finfo(dtype).smallest_subnormal)
        assert 0 < underflow(dtype) <= smallest
