"""How many numbers each operator takes from the stream, and what it makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from refimpl import random
from refimpl.random import Generator
from refimpl.random.generator import _first_reaching

SHAPE = (4, 3, 5, 2)


class Counted(Generator):
    """A generator that counts the words taken."""

    taken = 0

    def _drawn(self, count: int, *how: Any) -> Any:
        self.taken += count
        return super()._drawn(count, *how)


def uniforms(count: int) -> Any:
    return Generator(7).uniform((count,))


@pytest.mark.parametrize(
    ("draw", "shape"),
    [
        (lambda s, **k: random.dropout_mask(s, SHAPE, **k), SHAPE),
        (lambda s, **k: random.dropout_mask(s, SHAPE, axis=1, **k), (1, 3, 1, 1)),
        (lambda s, **k: random.dropout_mask(s, SHAPE, axis=[0, 3], **k), (4, 1, 1, 2)),
        (lambda s, **k: random.dropout_mask(s, (0, 3), axis=1, **k), (1, 3)),
        (lambda s, **k: random.dropout_mask(s, (), **k), ()),
        (lambda s, **k: random.dropout1d_mask(s, (4, 3, 5), **k), (1, 3, 1)),
        (lambda s, **k: random.dropout1d_mask(s, (3, 5), **k), (3, 1)),
        (lambda s, **k: random.dropout2d_mask(s, SHAPE, **k), (4, 3, 1, 1)),
        (lambda s, **k: random.dropout2d_mask(s, SHAPE, data_format="NHWC", **k), (4, 1, 1, 2)),
        (lambda s, **k: random.dropout3d_mask(s, (*SHAPE, 6), **k), (4, 3, 1, 1, 1)),
        (lambda s, **k: random.dropout3d_mask(s, (*SHAPE, 6), data_format="NDHWC", **k), (4, 1, 1, 1, 6)),
        (lambda s, **k: random.alpha_dropout_mask(s, SHAPE, **k), SHAPE),
        (lambda s, **k: random.feature_alpha_dropout_mask(s, SHAPE, **k), (4, 3, 1, 1)),
        (lambda s, **k: random.feature_alpha_dropout_mask(s, (2, 3, 0), **k), (2, 3, 1)),
    ],
)
def test_rng_d1_d2_d3_n1_masks(draw: Any, shape: tuple[int, ...]) -> None:
    count = int(np.prod(shape))
    for p in (0.1, 0.5, 0.9, 1e-50):
        stream = Counted(7)
        mask = draw(stream, p=p)
        assert (mask.shape, mask.dtype) == (shape, bool)
        assert (mask.ravel() == (uniforms(count) >= np.float32(p))).all()
        assert stream.taken == count
    stream = Counted(7)
    assert draw(stream, p=0.5, training=False) is None
    assert draw(stream, p=1) is None
    assert stream.taken == 0


def test_rng_n2_nearly_one() -> None:
    p = 1 - 1e-10
    for draw, count in (
        (lambda s: random.dropout_mask(s, (2, 3), p), 0),
        (lambda s: random.dropout_mask(s, (2, 3), p, axis=1), 3),
        (lambda s: random.dropout1d_mask(s, (2, 3), p), 2),
        (lambda s: random.alpha_dropout_mask(s, (2, 3), p), 6),
    ):
        stream = Counted(7)
        mask = draw(stream)
        assert mask is not None
        assert not mask.any()
        assert stream.taken == count


def test_rng_d1_the_threshold_is_p_in_float32_and_belongs_to_the_kept() -> None:
    u = float(uniforms(1)[0])
    for p, kept in ((u, True), (u + 1e-12, True), (np.nextafter(np.float32(u), np.float32(1)), False)):
        assert random.dropout_mask(Generator(7), (1,), float(p)) == kept


def test_rng_d1_masks_are_the_comparison_of_uniforms() -> None:
    """A word is compared with the first one that reaches p; words around it, and p of every size and parity."""
    rng = np.random.default_rng(11)
    for p in (*rng.random(60), *(2.0 ** -rng.uniform(0, 70, 60)), 1e-300, 0.5, 1 - 2.0**-24, 3 * 2.0**-26):
        first = int(_first_reaching(np.float32(p)))
        words = [w for w in range(first - 2, first + 3) if 0 <= w < 2**64]
        reaches = np.array(words, np.uint64).astype(np.float32) * np.float32(2.0**-64) >= np.float32(p)
        assert reaches.tolist() == [w >= first for w in words], p
        mask = random.dropout_mask(Generator(7), (500,), float(p))
        assert np.array_equal(mask, uniforms(500) >= np.float32(p))


def test_rng_d3_n1_only_the_alpha_forms_draw_for_p_zero() -> None:
    stream = Counted(7)
    assert random.dropout_mask(stream, SHAPE, 0) is None
    assert random.dropout1d_mask(stream, SHAPE[:3], 0.0) is None
    assert random.dropout2d_mask(stream, SHAPE, 0.0) is None
    assert random.dropout3d_mask(stream, (*SHAPE, 1), 0.0) is None
    assert stream.taken == 0
    for draw, count in ((random.alpha_dropout_mask, 120), (random.feature_alpha_dropout_mask, 12)):
        stream = Counted(7)
        mask = draw(stream, SHAPE, 0.0)
        assert mask is not None
        assert mask.all()
        assert stream.taken == count


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rng_r1_rrelu_draws_for_negative_values_alone(dtype: Any) -> None:
    x = np.array([[-1, 2, np.nan, -0.0], [-3, -np.inf, 0.0, np.inf]], dtype)
    for lower, upper in ((0.1, 0.3), (1 / 8, 1 / 3), (0.3, 0.7), (0.2, 0.2), (0.0, 1.0)):
        stream = Counted(7)
        slopes = random.rrelu_slopes(stream, x, lower, upper)
        assert slopes is not None
        low, high = np.float32(lower), np.float32(upper)
        expected = np.ones((2, 4), dtype)
        expected[0, 0], expected[1, 0], expected[1, 1] = (uniforms(3) * (high - low) + low).astype(dtype)
        assert slopes.dtype == dtype
        assert (slopes == expected).all()
        assert stream.taken == 3
    assert random.rrelu_slopes(stream, x, training=False) is None
    assert stream.taken == 3


def test_rng_g1_f1_noise_of_the_other_operators() -> None:
    for dtype in (np.float32, np.float64):
        stream = Counted(7)
        noise = random.gumbel_uniforms(stream, (2, 3), dtype)
        assert (noise == Generator(7).uniform((2, 3), dtype)).all()
        assert stream.taken == 6
        assert random.gumbel_uniforms(stream, (), dtype) is None
        assert stream.taken == 6
    stream = Counted(7)
    assert random.fractional_u(stream) == uniforms(1)[0]
    assert stream.taken == 1


def test_rng_t1_operators_share_the_stream() -> None:
    stream = Generator(7)
    first = random.dropout_mask(stream, (2, 3), 0.5)
    second = random.alpha_dropout_mask(stream, (4,), 0.25)
    u = random.fractional_u(stream)
    numbers = uniforms(11)
    assert first is not None
    assert second is not None
    assert (first.ravel() == (numbers[:6] >= 0.5)).all()
    assert (second == (numbers[6:10] >= 0.25)).all()
    assert u == numbers[10]


@pytest.mark.parametrize("p", [-0.1, 1.1, float("nan")])
def test_rng_a1_a_probability_lies_between_0_and_1(p: float) -> None:
    for draw in (random.dropout_mask, random.alpha_dropout_mask, random.dropout2d_mask):
        with pytest.raises(ValueError, match="p is"):
            draw(Generator(1), SHAPE, p)
