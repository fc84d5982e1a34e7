"""Every region of values gives what its name says, in the dtype that was asked for, and the simple value for code 0."""

import numpy as np
import pytest

from conformance.draw.tape import TRACK, Tape
from conformance.draw.values import REGIONS

DTYPES = [np.dtype(name) for name in ("float16", "float32", "float64")]
POINTS = (-1.5, 0.0, 3.0)
CODES = np.random.default_rng(0).integers(0, 2**32, 20000, np.uint32)
SHORT = np.arange(1 << 16, dtype=np.uint32)  # what a track of one byte and its salt can say
ALL = np.concatenate([SHORT, CODES])


def _values(region, dtype, codes=ALL):
    return REGIONS[region](codes, dtype, POINTS)


def _finite_regions():
    return [name for name in REGIONS if name != "special"]


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


@pytest.mark.parametrize("region", REGIONS)
def test_the_dtype_and_the_number_of_values_are_kept(region, dtype):
    for size in (0, 1, 5):
        values = _values(region, dtype, CODES[:size])
        assert (values.dtype, values.shape) == (dtype, (size,))


@pytest.mark.parametrize("region", REGIONS)
def test_the_codes_are_left_alone(region, dtype):
    codes = ALL.copy()
    _values(region, dtype, codes)
    assert np.array_equal(codes, ALL)


@pytest.mark.parametrize("region", REGIONS)
def test_code_zero_is_the_simple_value(region, dtype):
    simple = {"offset": 16 if dtype == np.float16 else 1000, "kinks": POINTS[0]}.get(region, 0)
    values = _values(region, dtype, np.zeros(3, np.uint32))
    assert np.array_equal(values, np.full(3, simple, dtype))
    assert not np.signbit(values).any() or simple < 0


@pytest.mark.parametrize("region", [name for name in REGIONS if name != "constant"])
def test_an_element_depends_on_its_own_code_only(region, dtype):
    together = _values(region, dtype, CODES[:50])
    alone = np.concatenate([_values(region, dtype, CODES[i : i + 1]) for i in range(50)])
    assert np.array_equal(together, alone, equal_nan=True)


@pytest.mark.parametrize("region", _finite_regions())
def test_values_are_finite_where_the_region_is(region, dtype):
    assert np.isfinite(_values(region, dtype)).all()


@pytest.mark.parametrize("region", ["ordinary", "wide", "extreme", "offset", "tails", "subnormal"])
def test_many_different_values_of_both_signs(region, dtype):
    values = _values(region, dtype)
    few = 40 if region == "offset" else 500  # float16 has some 48 numbers within a 64th of 16
    assert len(np.unique(values)) > (few if dtype == np.float16 else 10000)
    centre = values - np.mean(values, dtype=np.float64) if region == "offset" else values
    assert 0.4 < np.mean(centre > 0) < 0.6


@pytest.mark.parametrize("region", ["ordinary", "wide", "extreme", "offset", "tails"])
def test_mantissas_are_full(region, dtype):
    """Numbers that a narrower format could hold would hide a kernel that computes in one."""
    mantissas = np.frexp(_values(region, dtype, CODES))[0].astype(np.longdouble) * 2.0 ** (np.finfo(dtype).nmant + 1)
    for bit in range(8 if dtype != np.float16 else 4):
        odd = np.mean(np.floor(mantissas / 2**bit) % 2 == 1)
        assert 0.35 < odd < 0.65, f"bit {bit} is set in {odd:.0%}"


def test_ordinary_values_are_small_and_begin_with_the_simplest(dtype):
    values = _values("ordinary", dtype)
    assert np.abs(values).max() <= 16
    assert np.median(np.abs(values)) > 2.0**-7
    assert values[:16].tolist() == [0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 4, -4, 1.5, -1.5, 5, -5, 0.25]


def test_ties_are_few_numbers(dtype):
    assert len(np.unique(_values("ties", dtype))) == 4


def test_special_values_are_all_there_among_finite_ones(dtype):
    for codes in (SHORT[:256], SHORT, CODES):  # even of one byte
        values = _values("special", dtype, codes)
        zeros = values[values == 0]
        assert (values == np.inf).any()
        assert (values == -np.inf).any()
        assert np.isnan(values).any()
        assert np.signbit(zeros).any()
        assert not np.signbit(zeros).all()
        assert 0.7 < np.mean(np.isfinite(values)) < 0.95


def test_special_values_come_first_last_and_inside():
    rng, places = np.random.default_rng(2), set()
    for _ in range(200):
        tape = Tape(b"", (rng.bytes(TRACK),))
        values = _values("special", np.dtype("float32"), tape.codes(0, 20, int(rng.integers(256))))
        places |= {(i, "nan" if np.isnan(v) else str(v)) for i, v in enumerate(values) if not np.isfinite(v)}
    assert {(i, text) for i in range(20) for text in ("nan", "inf", "-inf")} <= places


def test_subnormal_values_surround_the_smallest_normal_number(dtype):
    info = np.finfo(dtype)
    magnitudes = np.abs(_values("subnormal", dtype))
    below = magnitudes < info.smallest_normal
    assert 0.5 < np.mean(below) < 0.99
    assert magnitudes.max() <= 8 * info.smallest_normal
    assert (magnitudes == info.smallest_subnormal).any()
    exponents = np.unique(np.frexp(magnitudes[magnitudes > 0])[1])
    assert len(exponents) == exponents[-1] - exponents[0] + 1, "a binary exponent is never drawn"


def test_extreme_values_are_near_the_largest_number(dtype):
    top = float(np.finfo(dtype).max)
    shares = np.abs(_values("extreme", dtype).astype(np.longdouble)) / top
    assert shares.max() > 0.99
    assert 0.9 < np.mean(shares > 2.0**-10) <= 1


def test_wide_values_have_every_exponent(dtype):
    info, values = np.finfo(dtype), _values("wide", dtype)
    exponents = np.frexp(values[values != 0])[1]
    assert set(range(info.minexp + 1, info.maxexp)) <= set(exponents.tolist())
    counts = np.bincount(exponents - exponents.min())[-info.maxexp :]
    assert counts.max() < 10 * max(np.median(counts), 1)


def test_offset_values_have_a_mean_far_larger_than_their_deviation(dtype):
    values = _values("offset", dtype).astype(np.float64)
    assert values.mean() / values.std() > 80
    assert values.std() > 0


def test_a_constant_array_has_one_value(dtype):
    arrays = [_values("constant", dtype, CODES[i : i + 7]) for i in range(100)]
    assert all(len(set(array.tolist())) == 1 for array in arrays)
    assert len({array[0].item() for array in arrays}) > 50


def test_tails_are_large_on_both_sides(dtype):
    values = _values("tails", dtype, ALL[1:])
    magnitudes = np.abs(values)
    assert magnitudes.min() >= 4
    assert magnitudes.max() <= 1024
    for low, high in [(4, 16), (16, 64), (64, 256), (256, 1024)]:
        for sign in (-1, 1):
            assert 0.05 < np.mean((values * sign > low) & (values * sign < high)) < 0.25


def _steps_around(point, dtype):
    """The seven numbers of the dtype nearest to a point, by definition."""
    below = above = np.asarray(point, dtype)
    found = [below]
    for _ in range(3):
        below = np.nextafter(below, np.asarray(-np.inf, dtype))
        above = np.nextafter(above, np.asarray(np.inf, dtype))
        found += [below, above]
    return {float(number) for number in found}


def test_kinks_are_hit_exactly_and_up_to_three_steps_to_either_side(dtype):
    expected = set().union(*(_steps_around(point, dtype) for point in POINTS))
    assert set(_values("kinks", dtype).astype(float).tolist()) == expected


def test_the_simplest_codes_of_a_kink_are_the_nearest(dtype):
    values = REGIONS["kinks"](np.arange(3, dtype=np.uint32), dtype, (2.0,))
    assert values.tolist() == [2, np.nextafter(dtype.type(2), np.inf), np.nextafter(dtype.type(2), -np.inf)]


def test_without_points_of_interest_the_kink_is_at_zero(dtype):
    values = REGIONS["kinks"](CODES, dtype, ())
    assert set(values.astype(float).tolist()) == _steps_around(0.0, dtype)
