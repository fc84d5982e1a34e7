"""The probabilities of the statistical tests: against SciPy, and tried on numbers that are known to be good."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from conformance.checks import PROPERTIES, statistics
from conformance.judge import chance, events
from conformance.plan import Selection, cells
from conformance.search import PROFILES

COUNTS = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
CHANCES = st.floats(1e-4, 1 - 1e-4)


@given(COUNTS, CHANCES)
def test_tails_of_the_binomial_distribution(counts, q):
    n, count = counts
    above, below = stats.binom.logsf(count - 1, n, q), stats.binom.logcdf(count, n, q)
    for found, right in ((chance.log_at_least(count, n, q), above), (chance.log_at_most(count, n, q), below)):
        if right > -600:  # what SciPy can say
            assert found == pytest.approx(right, rel=1e-6, abs=1e-9)
        else:
            assert found < -600


@pytest.mark.parametrize(
    ("count", "n", "q"), [(140_000, 1 << 18, 0.5), (30_000, 1 << 18, 0.1), (938_000, 1 << 20, 0.9)]
)
def test_tails_far_out(count, n, q):
    tail = stats.binom.logsf(count - 1, n, q) if count > n * q else stats.binom.logcdf(count, n, q)
    found = chance.log_at_least(count, n, q) if count > n * q else chance.log_at_most(count, n, q)
    assert found < -100
    assert found == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize(("n", "q"), [(40, 0.5), (40, 0.1), (300, 0.3), (300, 0.9)])
@pytest.mark.parametrize("alpha", [0.05, 1e-3, 1e-6])
def test_an_alarm_is_no_more_probable_than_it_should_be(n, q, alpha):
    alarming = [k for k in range(n + 1) if chance.log_two_sided(k, n, q) <= math.log(alpha)]
    assert 0 < stats.binom.pmf(alarming, n, q).sum() <= alpha


@pytest.mark.parametrize(("n", "q"), [(1 << 11, 0.5), (1 << 12, 0.1), (1 << 12, 0.9)])
def test_the_smallest_shift_is_caught_and_no_smaller_one(n, q):
    log_alpha = math.log(1e-12)
    shift = chance.smallest_shift(n, q, log_alpha)

    def caught(p):
        alarming = [k for k in range(n + 1) if chance.log_two_sided(k, n, q) <= log_alpha]
        return stats.binom.pmf(alarming, n, p).sum()

    assert min(caught(q + shift), caught(q - shift)) >= chance.CAUGHT - 1e-4
    assert min(caught(q + 0.98 * shift), caught(q - 0.98 * shift)) < chance.CAUGHT


def test_a_sample_too_small_catches_nothing():
    assert chance.smallest_shift(10, 0.5, math.log(1e-12)) == math.inf


def test_a_correlation_is_caught_at_the_size_that_is_told():
    n, q, log_alpha = 1 << 14, 0.3, math.log(1e-9)
    r = chance.smallest_correlation(n, q, log_alpha)
    agree = 1 - 2 * q * (1 - q) * (1 - r)
    alarms = [
        chance.log_two_sided(k, n, 1 - 2 * q * (1 - q)) <= log_alpha
        for k in np.random.default_rng(0).binomial(n, agree, 2000)
    ]
    assert 0.98 <= np.mean(alarms) <= 1


@given(st.floats(0, 0.5), st.integers(1, 10**6))
def test_the_bound_of_a_distance_is_a_bound(distance, n):
    exact = stats.kstwo.sf(distance, n)
    assert math.exp(chance.log_distance(distance, n)) >= exact * (1 - 1e-9)


@given(st.lists(st.floats(0.1, 5), min_size=1, max_size=6))
def test_the_bound_of_a_deviation_is_a_bound(ranges):
    """Of a sum of terms that are either end of these ranges, which is spread the most."""
    sums = np.array([0.0])
    for length in ranges:
        sums = np.concatenate([sums - length / 2, sums + length / 2])
    for deviation in np.unique(np.abs(sums)):
        exact = np.mean(np.abs(sums) >= deviation * (1 - 1e-12))
        assert math.exp(chance.log_deviation(float(deviation), float(np.square(ranges).sum()))) >= exact * (1 - 1e-9)


def _p_values(happened, q):
    return [math.exp(finding.log_p) for finding in events.tests("it", happened, q)]


@pytest.mark.parametrize("q", [0.5, 0.1, 0.9])
def test_p_values_of_good_numbers_are_not_too_small(q):
    """Each is below a with a probability of at most a: 400 samples, so that the bound on the share is five sigma."""
    rng = np.random.default_rng(1)
    found = np.array([_p_values(rng.random((4, 8, 10)) < q, q) for _ in range(400)])
    for a in (0.5, 0.1, 0.02):
        assert ((found <= a).mean(0) <= a + 5 * math.sqrt(a * (1 - a) / 400)).all()


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda sites: sites | (np.arange(16) == 3), "how often it at index 3 along axis 1"),
        (lambda sites: np.repeat(sites[:, :1], 32, axis=1), "how often it alike at distance 1 along axis 0"),
        (lambda sites: np.repeat(sites[:1], 64, axis=0), "how often it alike at distance 1 from call to call"),
        (lambda sites: np.repeat(sites[:, :, ::4], 4, axis=2), "how often it alike at distance 1 along axis 1"),
    ],
)
def test_a_pattern_is_found_by_the_test_that_is_made_for_it(spoil, name):
    sites = np.random.default_rng(2).random((64, 32, 16)) < 0.5
    good = {f.name: f.log_p for f in events.tests("it", sites, 0.5)}
    bad = {f.name: f.log_p for f in events.tests("it", spoil(sites), 0.5)}
    assert min(good.values()) > math.log(1e-6)
    assert bad[name] < math.log(1e-12)


def test_a_run_cannot_use_more_cases_than_share_the_budget():
    planned = [cell for cell in cells(Selection()) if cell.property == "statistics"]
    most = max(profile.batches for profile in PROFILES.values())
    assert len(planned) * PROPERTIES["statistics"].PACE.batches(most) <= statistics.CASES


def test_the_page_tells_the_power_as_it_is():
    page = (Path(__file__).parents[2] / "docs" / "randomness.md").read_text("utf-8")
    rows = re.findall(r"^\| ([\d.]+) \| ([\d.]+) % \| ([\d.]+) % \|$", page, re.M)
    n, log_alpha = statistics.SITES, math.log(statistics.BUDGET / statistics.CASES / 40)
    assert len(rows) == 5
    for row in rows:
        q, shift, correlation = map(float, row)
        assert 100 * chance.smallest_shift(n, q, log_alpha) / q == pytest.approx(shift, abs=0.06)
        assert 100 * chance.smallest_correlation(n // 2, q, log_alpha) == pytest.approx(correlation, abs=0.06)
    assert chance.smallest_distance(n, log_alpha) == pytest.approx(0.01, abs=0.0005)
    assert f"{statistics.CASES:,} cases share that equally" in page
