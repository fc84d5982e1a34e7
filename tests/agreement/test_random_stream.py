"""refimpl.random against Paddle's own CPU generator: the words, the state, what each operator draws, and its masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import refimpl
from refimpl import random
from refimpl.random import Generator

paddle = pytest.importorskip("paddle")
F = paddle.nn.functional

SEEDS = (0, 1, 2024, 2**31 - 1, 2**32 - 1, 2**32 + 5, 2**64 - 1)


@pytest.fixture(autouse=True)
def on_the_cpu() -> None:
    paddle.set_device("cpu")


def engine() -> tuple[list[int], int]:
    """The words and the position of Paddle's engine, which end the text of its state."""
    *_, position = numbers = str(paddle.get_rng_state("cpu")[0]).split()
    return [int(word) for word in numbers[-313:-1]], int(position)


def assert_in_step(stream: Generator, what: object) -> None:
    state = stream.state
    assert engine() == (state.words.tolist(), state.position), f"after {what} the streams have drifted apart"


def values(*shape: int, dtype: str = "float32") -> Any:
    return np.random.default_rng(50).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("seed", SEEDS)
def test_uniform_numbers_and_the_state(seed: int) -> None:
    paddle.seed(seed)
    stream = Generator(seed)
    assert_in_step(stream, "seeding")
    for shape, dtype in (((5,), "float32"), ((700, 3), "float64"), ((0,), "float32"), ((311,), "float32")):
        drawn = paddle.uniform(shape, dtype=dtype, min=0.0, max=1.0).numpy()
        assert np.array_equal(drawn, stream.uniform(shape, dtype))
        assert_in_step(stream, (shape, dtype))


def test_a_saved_state_resumes_both() -> None:
    paddle.seed(3)
    stream = Generator(3)
    paddle.rand([100])
    stream.words(100)
    saved, kept = paddle.get_rng_state("cpu"), stream.state
    first = paddle.rand([500]).numpy()
    paddle.set_rng_state(saved, "cpu")
    stream.state = kept
    assert np.array_equal(paddle.rand([500]).numpy(), first)
    assert np.array_equal(stream.uniform((500,)), first)


X = values(4, 3, 5)
X4, X5 = values(4, 3, 5, 2), values(2, 3, 2, 2, 3)

# name -> the call of Paddle on a tensor, the input, and what refimpl draws for it
CALLS: dict[str, tuple[Callable[[Any], Any], Any, Callable[[Generator], object]]] = {
    "dropout": (lambda x: F.dropout(x, 0.3), X, lambda s: random.dropout_mask(s, X.shape, 0.3)),
    "dropout, p = 0": (lambda x: F.dropout(x, 0), X, lambda s: random.dropout_mask(s, X.shape, 0)),
    "dropout, p = 1": (lambda x: F.dropout(x, 1.0), X, lambda s: random.dropout_mask(s, X.shape, 1.0)),
    "dropout, nearly 1": (
        lambda x: F.dropout(x, 1 - 1e-10),
        X,
        lambda s: random.dropout_mask(s, X.shape, 1 - 1e-10),
    ),
    "dropout, axis, nearly 1": (
        lambda x: F.dropout(x, 1 - 1e-10, axis=0),
        X,
        lambda s: random.dropout_mask(s, X.shape, 1 - 1e-10, axis=0),
    ),
    "dropout, nearly 0": (lambda x: F.dropout(x, 1e-50), X, lambda s: random.dropout_mask(s, X.shape, 1e-50)),
    "dropout, eval": (
        lambda x: F.dropout(x, training=False),
        X,
        lambda s: random.dropout_mask(s, X.shape, training=False),
    ),
    "dropout, empty": (F.dropout, values(0, 3), lambda s: random.dropout_mask(s, (0, 3))),
    "dropout, 0-D": (F.dropout, np.float32(2), lambda s: random.dropout_mask(s, ())),
    "dropout, float16": (F.dropout, X.astype("float16"), lambda s: random.dropout_mask(s, X.shape)),
    "dropout, float64": (F.dropout, X.astype("float64"), lambda s: random.dropout_mask(s, X.shape)),
    "dropout, axis": (lambda x: F.dropout(x, axis=1), X, lambda s: random.dropout_mask(s, X.shape, axis=1)),
    "dropout, two axes": (
        lambda x: F.dropout(x, axis=[0, 2]),
        X,
        lambda s: random.dropout_mask(s, X.shape, axis=[0, 2]),
    ),
    "dropout, axis, p = 1": (lambda x: F.dropout(x, 1, 0), X, lambda s: random.dropout_mask(s, X.shape, 1, 0)),
    "dropout, axis, p = 0": (lambda x: F.dropout(x, 0, 0), X, lambda s: random.dropout_mask(s, X.shape, 0, 0)),
    "dropout, axis, empty": (
        lambda x: F.dropout(x, axis=1),
        values(0, 3),
        lambda s: random.dropout_mask(s, (0, 3), axis=1),
    ),
    "dropout1d": (lambda x: F.dropout1d(x), X, lambda s: random.dropout1d_mask(s, X.shape)),
    "dropout1d, one sample": (lambda x: F.dropout1d(x), X[0], lambda s: random.dropout1d_mask(s, X.shape[1:])),
    "dropout2d": (F.dropout2d, X4, lambda s: random.dropout2d_mask(s, X4.shape)),
    "dropout2d, NHWC": (
        lambda x: F.dropout2d(x, data_format="NHWC"),
        X4,
        lambda s: random.dropout2d_mask(s, X4.shape, data_format="NHWC"),
    ),
    "dropout3d": (F.dropout3d, X5, lambda s: random.dropout3d_mask(s, X5.shape)),
    "dropout3d, NDHWC": (
        lambda x: F.dropout3d(x, data_format="NDHWC"),
        X5,
        lambda s: random.dropout3d_mask(s, X5.shape, data_format="NDHWC"),
    ),
    "alpha_dropout": (F.alpha_dropout, X, lambda s: random.alpha_dropout_mask(s, X.shape)),
    "alpha_dropout, p = 0": (lambda x: F.alpha_dropout(x, 0), X, lambda s: random.alpha_dropout_mask(s, X.shape, 0)),
    "alpha_dropout, p = 1": (lambda x: F.alpha_dropout(x, 1), X, lambda s: random.alpha_dropout_mask(s, X.shape, 1)),
    "alpha_dropout, eval": (
        lambda x: F.alpha_dropout(x, training=False),
        X,
        lambda s: random.alpha_dropout_mask(s, X.shape, training=False),
    ),
    "feature_alpha_dropout": (
        lambda x: F.feature_alpha_dropout(x),
        X,
        lambda s: random.feature_alpha_dropout_mask(s, X.shape),
    ),
    "feature_alpha_dropout, p = 0": (
        lambda x: F.feature_alpha_dropout(x, 0),
        X,
        lambda s: random.feature_alpha_dropout_mask(s, X.shape, 0),
    ),
    "feature_alpha_dropout, empty": (
        lambda x: F.feature_alpha_dropout(x),
        values(2, 3, 0),
        lambda s: random.feature_alpha_dropout_mask(s, (2, 3, 0)),
    ),
    "rrelu": (F.rrelu, X, lambda s: random.rrelu_slopes(s, X)),
    "rrelu, float64": (F.rrelu, X.astype("float64"), lambda s: random.rrelu_slopes(s, X.astype("float64"))),
    "rrelu, eval": (lambda x: F.rrelu(x, training=False), X, lambda s: random.rrelu_slopes(s, X, training=False)),
    "rrelu, no negatives": (F.rrelu, abs(X), lambda s: random.rrelu_slopes(s, abs(X))),
    "rrelu, zeros and NaN": (
        F.rrelu,
        np.float32([-0.0, np.nan, -1, 0]),
        lambda s: random.rrelu_slopes(s, np.float32([-0.0, np.nan, -1, 0])),
    ),
    "rrelu, one slope": (lambda x: F.rrelu(x, 0.2, 0.2), X, lambda s: random.rrelu_slopes(s, X, 0.2, 0.2)),
    "gumbel_softmax": (F.gumbel_softmax, X, lambda s: random.gumbel_uniforms(s, X.shape)),
    "gumbel_softmax, hard": (lambda x: F.gumbel_softmax(x, hard=True), X, lambda s: random.gumbel_uniforms(s, X.shape)),
    "gumbel_softmax, float64": (
        F.gumbel_softmax,
        X.astype("float64"),
        lambda s: random.gumbel_uniforms(s, X.shape, "float64"),
    ),
    "gumbel_softmax, one class": (F.gumbel_softmax, values(4, 1), lambda s: random.gumbel_uniforms(s, (4, 1))),
    "gumbel_softmax, 0-D": (F.gumbel_softmax, np.float32(2), lambda s: random.gumbel_uniforms(s, ())),
    "fractional_max_pool2d": (lambda x: F.fractional_max_pool2d(x, 2), X4[..., :2], random.fractional_u),
    "fractional_max_pool3d": (lambda x: F.fractional_max_pool3d(x, 2), X5, random.fractional_u),
    "fractional_max_pool2d, given u": (lambda x: F.fractional_max_pool2d(x, 2, random_u=0.3), X4, lambda s: None),
}


def present(name: str) -> bool:
    return hasattr(F, name.partition(",")[0])


@pytest.mark.parametrize("name", list(filter(present, CALLS)))
def test_each_operator_draws_what_the_reference_says(name: str) -> None:
    call, x, draw = CALLS[name]
    paddle.seed(11)
    stream = Generator(11)
    call(paddle.to_tensor(x))
    draw(stream)
    assert_in_step(stream, name)


def test_operators_one_after_the_other_share_the_stream() -> None:
    paddle.seed(12)
    stream = Generator(12)
    for name in filter(present, list(CALLS) * 3):
        call, x, draw = CALLS[name]
        call(paddle.to_tensor(x))
        draw(stream)
        assert_in_step(stream, name)


def assert_alike(found: Any, right: Any) -> None:
    """The same cells dropped. How accurate the others are is for the trial to judge, so six digits do here."""
    assert np.array_equal(found == 0, right == 0)
    assert np.allclose(found, right, rtol=1e-3 if found.dtype == np.float16 else 2e-6, atol=0)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("dtype", "axes"), [("float16", [None]), ("float32", [None, 1, [0, 1]]), ("float64", [None, [1, 3]])]
)
def test_dropout_drops_the_predicted_cells_forward_and_backward(p: float, dtype: str, axes: list[Any]) -> None:
    paddle.seed(13)
    stream = Generator(13)
    x = X4.astype(dtype)
    for mode in ("upscale_in_train", "downscale_in_infer"):
        for axis in axes:  # Paddle cannot multiply float16 by a broadcast mask on the CPU
            tensor = paddle.to_tensor(x, stop_gradient=False)
            y = F.dropout(tensor, p, axis, mode=mode)
            y.backward(paddle.to_tensor(2 * x))
            mask = random.dropout_mask(stream, x.shape, p, axis)
            assert_alike(y.numpy(), refimpl.dropout(x, p, axis, mode=mode, mask=mask))
            assert_alike(tensor.grad.numpy(), refimpl.dropout_vjp(2 * x, x, p, axis, mode=mode, mask=mask)[0])
    assert_in_step(stream, "all of them")


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_channel_and_alpha_forms_drop_the_predicted_cells(p: float, dtype: str) -> None:
    paddle.seed(13)
    stream = Generator(13)
    x = X4.astype(dtype)
    for data_format in ("NCHW", "NHWC"):
        mask = random.dropout2d_mask(stream, x.shape, p, data_format=data_format)
        found = F.dropout2d(paddle.to_tensor(x), p, data_format=data_format).numpy()
        assert_alike(found, refimpl.dropout2d(x, p, data_format=data_format, mask=mask))
    for name in filter(present, ("alpha_dropout", "feature_alpha_dropout")):
        mask = getattr(random, f"{name}_mask")(stream, x.shape, p)
        assert_alike(getattr(F, name)(paddle.to_tensor(x), p).numpy(), getattr(refimpl, name)(x, p, mask=mask))
    assert_in_step(stream, "all of them")


@pytest.mark.skipif(not present("dropout1d"), reason="this Paddle has no dropout1d")
def test_dropout1d_shares_one_mask_among_the_batch() -> None:
    paddle.seed(14)
    mask = random.dropout1d_mask(Generator(14), X.shape)
    assert_alike(F.dropout1d(paddle.to_tensor(X)).numpy(), refimpl.dropout1d(X, mask=mask))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rrelu_multiplies_by_the_slopes(dtype: str) -> None:
    paddle.seed(15)
    x = X.astype(dtype)
    slopes = random.rrelu_slopes(Generator(15), x)
    assert np.array_equal(F.rrelu(paddle.to_tensor(x)).numpy(), x * slopes)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gumbel_softmax_is_the_softmax_of_the_noisy_logits(dtype: str) -> None:
    paddle.seed(16)
    x = X.astype(dtype)
    u = random.gumbel_uniforms(Generator(16), x.shape, dtype)
    assert u is not None
    logits = x - np.log(-np.log(u.astype(float)))
    odds = np.exp(logits - logits.max(-1, keepdims=True))
    found = F.gumbel_softmax(paddle.to_tensor(x)).numpy()
    assert np.allclose(found, odds / odds.sum(-1, keepdims=True), rtol=1e-4, atol=1e-6)


def test_gumbel_softmax_maps_what_it_draws_to_what_is_above_1e_5() -> None:
    """The cause of a known divergence: what is drawn is right, what is made of it is not."""
    paddle.seed(17)
    u = random.gumbel_uniforms(Generator(17), (1000, 2), "float64")
    assert u is not None
    noise = -np.log(-np.log(u * (1 - 1e-5) + 1e-5))
    found = F.gumbel_softmax(paddle.zeros([1000, 2], "float64")).numpy()
    assert np.allclose(np.log(found[:, 0] / found[:, 1]), noise[:, 0] - noise[:, 1], rtol=0, atol=1e-13)


@pytest.mark.skipif(not present("fractional_max_pool2d"), reason="this Paddle has no fractional pooling")
def test_fractional_pooling_takes_the_u_that_is_drawn() -> None:
    x = values(1, 1, 23, 23)
    for seed in range(8):
        paddle.seed(seed)
        u = random.fractional_u(Generator(seed))
        drawn, told = (F.fractional_max_pool2d(paddle.to_tensor(x), 7, random_u=v).numpy() for v in (None, u))
        assert np.array_equal(drawn, told)


def run_static(random_seed: int) -> list[Any]:
    """Two dropouts in a static program, run twice: four masks."""
    paddle.enable_static()
    try:
        program = paddle.static.Program()
        program.random_seed = random_seed
        with paddle.static.program_guard(program):
            x = paddle.static.data("x", [200], "float32")
            fetch = [F.dropout(x, 0.5), F.dropout(x, 0.5)]
        executor = paddle.static.Executor(paddle.CPUPlace())
        ones = np.ones(200, np.float32)
        return [y for _ in range(2) for y in executor.run(program, feed={"x": ones}, fetch_list=fetch)]
    finally:
        paddle.disable_static()


def test_the_static_graph_draws_from_the_same_stream() -> None:
    paddle.seed(17)
    stream = Generator(17)
    for y in run_static(0):
        assert np.array_equal(y != 0, random.dropout_mask(stream, (200,)))


def test_a_programs_random_seed_restarts_every_call() -> None:
    mask = random.dropout_mask(Generator.of_operator(99), (200,))
    for y in run_static(99):
        assert np.array_equal(y != 0, mask)


@pytest.mark.parametrize("full_graph", [True, False])
def test_to_static_draws_from_the_same_stream(full_graph: bool) -> None:
    def dropped(x: Any) -> Any:
        return F.dropout(x, 0.5)

    run = paddle.jit.to_static(dropped, full_graph=full_graph)
    ones = paddle.ones([200])
    run(ones)
    paddle.seed(18)
    stream = Generator(18)
    for _ in range(3):
        assert np.array_equal(run(ones).numpy() != 0, random.dropout_mask(stream, (200,)))
