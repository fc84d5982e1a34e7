"""Exact probabilities of counts and distances under a hypothesis, and the smallest deviations that are caught.

Everything is a bound that holds for every sample size, not a limit: binomial tails are summed term by term in log
space, a distance between distribution functions obeys Massart's form of the Dvoretzky-Kiefer-Wolfowitz inequality, a
sum of bounded terms Hoeffding's inequality. Probabilities are natural logarithms throughout: an alarm needs numbers
far below 1e-12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

GRAIN = 2.0**-22
"""How far the probability of an event may be from its nominal value: a threshold rounded to float32, compared with
uniform numbers that are multiples of 2**-23 or finer."""

CAUGHT = 0.99
"""The probability with which a deviation counts as caught."""


def log_at_least(count: int, n: int, q: float) -> float:
    """log P(X >= count) for X binomial (n, q)."""
    if count <= 0:
        return 0.0
    if count > n or q <= 0:
        return -math.inf
    if q >= 1:
        return 0.0
    if count <= n * q:
        return _log_complement(log_at_least(n - count + 1, n, 1 - q))
    return _log_mass(count, n, q) + _log_tail_ratio(count, n, q)


def log_at_most(count: int, n: int, q: float) -> float:
    """log P(X <= count) for X binomial (n, q)."""
    return log_at_least(n - count, n, 1 - q)


def log_two_sided(count: int, n: int, q: float, grain: float = GRAIN) -> float:
    """The logarithm of a p-value of a count: twice the smaller tail, for the worst probability within `grain` of q."""
    above = log_at_least(count, n, min(q + grain, 1))
    below = log_at_most(count, n, max(q - grain, 0))
    return min(math.log(2) + min(above, below), 0.0)


def log_distance(distance: float, n: int) -> float:
    """The logarithm of a bound of P(sup |F_n - F| >= distance) (Massart, 1990)."""
    return min(math.log(2) - 2 * n * max(distance - GRAIN, 0) ** 2, 0.0)


def log_deviation(deviation: float, squared_ranges: float) -> float:
    """The logarithm of a bound of P(|S - E S| >= deviation), S a sum of independent terms (Hoeffding, 1963).

    `squared_ranges` is the sum of the squares of the lengths of the intervals that the terms lie in.
    """
    return (
        min(math.log(2) - 2 * deviation**2 / squared_ranges, 0.0)
        if squared_ranges
        else (-math.inf if deviation else 0.0)
    )


@lru_cache(maxsize=4096)
def smallest_shift(n: int, q: float, log_alpha: float) -> float:
    """The smallest d such that counts of probability q + d and of q - d are caught; inf if none is."""
    return max(_upward(n, q, log_alpha), _upward(n, 1 - q, log_alpha))


def smallest_correlation(n: int, q: float, log_alpha: float) -> float:
    """The smallest correlation, of either sign, of two events of probability q that n pairs of them show."""
    spread = 2 * q * (1 - q)  # a correlation r makes the two agree with probability 1 - spread + spread r
    return _upward(n, 1 - spread, log_alpha) / spread


def smallest_distance(n: int, log_alpha: float) -> float:
    """The smallest distance of a distribution function from the right one, at any one place, that is caught.

    The empirical function has to be further off than the threshold there, which is a binomial count.
    """
    threshold = math.sqrt((math.log(2) - log_alpha) / (2 * n)) + GRAIN
    wanted = math.log(CAUGHT)

    def off(q: float) -> float:
        count = math.ceil((q + threshold) * n)
        return _bisect(lambda d: log_at_least(count, n, q + d) >= wanted, threshold, 1 - q)

    return max(off(0.25), off(0.5))


def _upward(n: int, q: float, log_alpha: float) -> float:
    """The smallest d such that a count of probability q + d is above the critical one with the wanted probability."""
    one_side = log_alpha - math.log(2)
    high = min(q + GRAIN, 1)
    low, top = math.ceil(n * q), n + 1
    while low < top:  # the critical count: the smallest that raises an alarm
        middle = (low + top) // 2
        low, top = (low, middle) if log_at_least(middle, n, high) <= one_side else (middle + 1, top)
    if low > n:
        return math.inf
    return _bisect(lambda d: log_at_least(low, n, q + d) >= math.log(CAUGHT), 0.0, 1 - q)


def _bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The smallest number of an interval for which something monotone holds (to 1e-6 of its length)."""
    if not holds(high):
        return math.inf
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _log_mass(count: int, n: int, q: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(count + 1) - math.lgamma(n - count + 1)
    return choose + count * math.log(q) + (n - count) * math.log1p(-q)


def _log_tail_ratio(count: int, n: int, q: float) -> float:
    """log(P(X >= count) / P(X = count)) above the mean: terms that fall ever faster, summed until they vanish."""
    total, last, odds = 1.0, 0.0, q / (1 - q)
    for start in range(count, n, 1024):
        k = np.arange(start, min(start + 1024, n), dtype=np.float64)
        terms = last + np.cumsum(np.log((n - k) / (k + 1) * odds))
        total += float(np.exp(terms).sum())
        last = float(terms[-1])
        if last < -40:
            break
    return math.log(total)


def _log_complement(log_p: float) -> float:
    """log(1 - p)."""
    return math.log1p(-math.exp(log_p)) if log_p < 0 else -math.inf
