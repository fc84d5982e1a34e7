"""rrelu and gumbel_softmax as functions of their noise."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import refimpl
from tests.refimpl.activation.ulp import distance, exact, near

DTYPES = [np.float16, np.float32, np.float64, np.longdouble]


@pytest.mark.parametrize("dtype", DTYPES)
def test_rrelu(dtype: type) -> None:
    """ACT-RRELU-1 and ACT-RRELU-2: x or a x; at 0 the slope is 1; NaN passes; the noise above 0 is not read."""
    x = np.array([-4.0, -2.0, -0.0, 0.0, 3.0, np.nan, -np.inf, np.inf], dtype)
    noise = np.array([0.25, 0.5, 9.0, np.nan, -1.0, 0.25, 0.25, 9.0], dtype)
    value = refimpl.rrelu(x, 0.25, 0.5, noise=noise)
    gradient = refimpl.rrelu_vjp(2 * np.ones_like(x), x, 0.25, 0.5, noise=noise)[0]
    assert value.dtype == gradient.dtype == dtype
    assert np.array_equal(value, [-1, -1, 0, 0, 3, np.nan, -np.inf, np.inf], equal_nan=True)
    assert np.array_equal(gradient, [0.5, 1, 2, 2, 2, np.nan, 0.5, 2], equal_nan=True)


def test_rrelu_outside_training() -> None:
    """ACT-RRELU-3: the mean of the bounds, rounded once to the dtype of x."""
    x = np.array([[-1.0, 2.0], [-3.0, 0.0]])
    mean = (1 / 8 + 1 / 3) / 2
    assert np.array_equal(refimpl.rrelu(x, training=False), np.where(x >= 0, x, mean * x))
    assert np.array_equal(refimpl.rrelu_vjp(x, x, training=False)[0], np.where(x >= 0, x, mean * x))
    assert np.array_equal(refimpl.rrelu(x, 0.3, 0.3, training=False), refimpl.leaky_relu(x, 0.3))


def test_rrelu_takes_slopes_rounded_to_their_dtype() -> None:
    """ACT-RRELU-4: a float32 just beyond a bound may come from u * (upper - lower) + lower with u below 1."""
    noise = np.nextafter(np.array([0.1, 0.3, 0.2], np.float32), np.array([0, 1, 1], np.float32))
    assert refimpl.rrelu(-np.ones(3), 0.1, 0.3, noise=noise) == near(-noise, 1e-7)
    for outside in (0.09, 0.31, np.nan):
        with pytest.raises(ValueError, match=r"noise is .*slopes in \[lower, upper\] = \[0.1, 0.3\] where x < 0"):
            refimpl.rrelu(-np.ones(3), 0.1, 0.3, noise=[0.2, outside, 0.2])


def test_rrelu_of_any_shape() -> None:
    """ACT-G8."""
    for shape in ((), (0,), (2, 0), (2, 3)):
        x = -np.ones(shape)
        assert refimpl.rrelu(x, noise=np.full(shape, 0.25)).shape == shape
        assert refimpl.rrelu(x, training=False).shape == shape


def gumbel_row(x: np.ndarray, u: np.ndarray, t: float) -> list[mpmath.mpf]:
    logits = [(exact(a) - mpmath.log(-mpmath.log(exact(b)))) / t for a, b in zip(x, u, strict=True)]
    whole = mpmath.fsum(map(mpmath.exp, logits))
    return [mpmath.exp(v) / whole for v in logits]


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), t=st.sampled_from([0.01, 0.3, 1.0, 7.0]), far=st.sampled_from([0.0, 1e6]))
def test_gumbel_softmax(seed: int, t: float, far: float) -> None:
    """ACT-GUMBEL-1 and ACT-A5: G is right to 4 ulps, so a share is wrong by that over t; the size of x adds nothing."""
    rng = np.random.default_rng(seed)
    x, u = far + rng.integers(-400, 400, 9) / 128, rng.uniform(1e-6, 1, 9)
    g = rng.standard_normal(9)
    got, gradient = refimpl.gumbel_softmax(x, t, noise=u), refimpl.gumbel_softmax_vjp(g, x, t, noise=u)[0]
    with mpmath.workprec(2000):
        want = gumbel_row(x, u, t)
        size = np.ptp(x) + np.abs(np.log(-np.log(u))).max()
        allowed = 6 + 8 * size / t
        assert max(distance(a, b) for a, b in zip(got, want, strict=True)) <= allowed
        mean = mpmath.fsum(exact(a) * b for a, b in zip(g, want, strict=True))
        jacobian = [share * (exact(v) - mean) / t for share, v in zip(want, g, strict=True)]
        terms = [share * 8 / t for share in want]  # |g| is below 4
        assert max(map(distance, gradient, jacobian, terms)) <= allowed


def test_hard_samples() -> None:
    """ACT-GUMBEL-4: 1 at the first largest x + G, NaN in a row with NaN; ACT-GUMBEL-2: the gradient is the soft one."""
    x = np.array([[1.0, 5.0, 5.0], [7.0, 0.0, 0.0], [0.0, np.nan, 1.0]])
    u, g = np.full((3, 3), 0.5), np.array([[1.0, 2.0, 4.0]] * 3)
    assert np.array_equal(
        refimpl.gumbel_softmax(x, hard=True, noise=u), [[0, 1, 0], [1, 0, 0], [np.nan] * 3], equal_nan=True
    )
    soft, hard = (refimpl.gumbel_softmax_vjp(g, x, 0.5, flag, noise=u)[0] for flag in (False, True))
    assert np.array_equal(soft, hard, equal_nan=True)
    assert soft[:2] == near(refimpl.softmax_vjp(g[:2], x[:2] / 0.5)[0] / 0.5, 1e-12)


def test_temperature_zero() -> None:
    """ACT-GUMBEL-3: the limit, all to the largest, in equal shares if there are several; no gradient."""
    x, u = np.array([[1.0, 5.0, 5.0], [7.0, 0.0, -np.inf], [0.0, np.nan, 1.0]]), np.full((3, 3), 0.5)
    want = [[0, 0.5, 0.5], [1, 0, 0], [np.nan] * 3]
    assert np.array_equal(refimpl.gumbel_softmax(x, 0, noise=u), want, equal_nan=True)
    assert np.array_equal(refimpl.gumbel_softmax(x[:2], 1e-300, noise=u[:2]), want[:2])
    assert np.array_equal(refimpl.gumbel_softmax_vjp(np.ones((2, 3)), x[:2], 0, noise=u[:2])[0], np.zeros((2, 3)))


def test_noise_at_its_ends() -> None:
    """ACT-G4: a draw of 0 takes a cell out, a draw of 1 gives it everything."""
    assert np.array_equal(refimpl.gumbel_softmax(np.zeros(2), noise=[0.0, 0.5]), [0, 1])
    assert np.array_equal(refimpl.gumbel_softmax(np.zeros(2), noise=[1.0, 0.5]), [1, 0])


def test_gumbel_axes_shapes_and_dtypes() -> None:
    """ACT-G1 and ACT-G8."""
    rng = np.random.default_rng(0)
    x, u = rng.standard_normal((3, 4, 5)), rng.uniform(size=(3, 4, 5))
    for axis in range(-3, 3):
        got = refimpl.gumbel_softmax(x, axis=axis, noise=u)
        last = refimpl.gumbel_softmax(np.moveaxis(x, axis, -1), noise=np.moveaxis(u, axis, -1))
        assert np.moveaxis(got, axis, -1) == near(last, 1e-14)
        hard = refimpl.gumbel_softmax(x, hard=True, axis=axis, noise=u)
        assert np.array_equal(hard.argmax(axis), got.argmax(axis))
        assert np.array_equal(hard.sum(axis), np.ones(np.delete((3, 4, 5), axis)))
    for dtype in DTYPES:
        for shape in ((), (0,), (2, 0), (0, 2)):
            assert refimpl.gumbel_softmax(np.ones(shape, dtype), noise=np.full(shape, 0.5)).shape == shape
        out = refimpl.gumbel_softmax(x.astype(dtype), noise=u.astype(np.float32))
        gradient = refimpl.gumbel_softmax_vjp(out, x.astype(dtype), noise=u.astype(np.float32))[0]
        assert out.dtype == gradient.dtype == dtype


def test_gumbel_frequencies_are_softmax() -> None:
    """The hard samples of uniform draws fall to a cell as often as softmax says: the Gumbel trick."""
    logits, count = np.array([0.0, 1.0, 2.0, -1.0]), 40_000
    u = np.random.default_rng(7).uniform(size=(count, 4))
    frequency = refimpl.gumbel_softmax(np.tile(logits, (count, 1)), hard=True, noise=u).mean(axis=0)
    p = refimpl.softmax(logits)
    assert np.all(np.abs(frequency - p) < 5 * np.sqrt(p * (1 - p) / count))
