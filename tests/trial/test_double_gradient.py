"""Gradients of gradients: formulas agree with the differences, faults are caught, scripts show them."""


import numpy as np
import pytest

from conformance import case as cases
from conformance import explain, subject, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import double_gradient
from conformance.checks.judgement import Judgement
from conformance.draw.tape import SIZE, Tape
from conformance.isolation import isolated
from conformance.judge.compare import Comparison
from conformance.judge.double import SECOND
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial.planted import Careful
from tests.trial.printed import printed
from tests.trial.stand_ins import install

PLACES = [(name, layout) for name in SECOND for layout in OPERATORS[name].layouts]


def _s(x):
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def _tanh(x, **_):
    t = np.exp(-2 * np.abs(x))
    return -2 * np.tanh(x) * 4 * t / np.square(1 + t)


CURVES = {
    "sigmoid": lambda x: _s(x) * _s(-x) * -np.tanh(x / 2),
    "tanh": _tanh,
    "silu": lambda x: _s(x) * _s(-x) * (2 - x * np.tanh(x / 2)),
    "softplus": lambda x, beta, threshold: np.where(beta * x > threshold, 0, beta * _s(beta * x) * _s(-beta * x)),
    "elu": lambda x, alpha: np.where(x < 0, alpha * np.exp(np.minimum(x, 0)), 0),
    "celu": lambda x, alpha: np.where(x < 0, np.exp(np.minimum(x, 0) / alpha) / alpha, 0),
}
"""Second derivatives, in the dtype of x."""


class Honest(Careful):
    """Second derivatives by formulas; a fault overrides `spoil`."""

    def double(self, call, cotangent, along):
        name = call.api.rpartition(".")[2]
        with np.errstate(all="ignore"):
            if name == "batch_norm":
                by_x = _normalised_twice(cotangent, along, **call.arguments)
            elif name in CURVES:
                by_x = CURVES[name](**call.arguments) * along * cotangent
            else:
                by_x = np.zeros_like(along)
            if SECOND[name].linear:
                by_cotangent = self.outputs(call, {**call.arguments, "x": along})["out"]
            else:
                by_cotangent = self.gradients(call, along, call.arguments)["x"]
        by_x, by_cotangent = self.spoil(by_x.astype(along.dtype), by_cotangent)
        return Answer({"by x": by_x, "by the cotangent": by_cotangent})

    def spoil(self, by_x, by_cotangent):
        return by_x, by_cotangent


def _normalised_twice(
    g, v, x, running_mean, running_var, weight, training, epsilon, data_format, use_global_stats, **_
):
    """The derivative along v of w r (g - mean(g) - h mean(g h)), for statistics of the batch; 0 for running ones."""
    if not training if use_global_stats is None else use_global_stats:
        return np.zeros_like(x)
    channel = x.ndim - 1 if data_format[-1] == "C" and x.ndim > 2 else 1
    axes, shape = tuple(n for n in range(x.ndim) if n != channel), [-1 if n == channel else 1 for n in range(x.ndim)]

    def mean(values):
        return values.mean(axes, keepdims=True, dtype=values.dtype)

    r = 1 / np.sqrt(mean(np.square(x - mean(x))) + x.dtype.type(epsilon))
    h = (x - mean(x)) * r
    w = x.dtype.type(1) if weight is None else weight.reshape(shape)
    dh = r * (v - mean(v) - h * mean(h * v))
    inner = g - mean(g) - h * mean(g * h)
    return w * r * (-r * mean(h * v) * inner - dh * mean(g * h) - h * mean(g * dh))


class OffByATenThousandth(Honest):
    def spoil(self, by_x, by_cotangent):
        return by_x * (1 + 1e-4), by_cotangent


class ForgetsX(Honest):
    def spoil(self, by_x, by_cotangent):
        return 0 * by_x, by_cotangent


class WrongByCotangent(Honest):
    def spoil(self, by_x, by_cotangent):
        return by_x, by_cotangent * (1 + 1e-4)


class Without(Honest):
    """No gradient of a gradient."""

    def double(self, call, cotangent, along):
        return Answer({}, RuntimeError("no grad op"), "a gradient of the gradient")


def _drawn(name, layout, count, dtype="float32"):
    rng, cell = np.random.default_rng(3), Cell(name, "double_gradient", dtype, "eager", layout, "cpu")
    for _ in range(count):
        case = cases.draw(cell, OPERATORS[name], Tape.cut(rng.bytes(SIZE)))
        double_gradient.prepare(case)
        yield case


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "layout"), PLACES)
def test_formulas_and_differences_agree(name, layout, dtype):
    for case in _drawn(name, layout, 12, dtype):
        found = double_gradient.judge(case, Honest())
        assert not found.fails, (case.call, found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*CURVES, "batch_norm"])
def test_differences_leave_room_for_no_more_than_the_bound(name, dtype):
    """Of ordinary numbers, where a thousandth of the result is many times both."""
    layout = OPERATORS[name].layouts[0]
    spoilt = [double_gradient.judge(case, OffByATenThousandth()).fails for case in _drawn(name, layout, 40, dtype)]
    assert np.mean(spoilt) > 0.2


@pytest.mark.parametrize(
    ("fault", "name", "output"),
    [
        (OffByATenThousandth, "tanh", "by x"),
        (ForgetsX, "batch_norm", "by x"),
        (ForgetsX, "silu", "by x"),
        (WrongByCotangent, "avg_pool2d", "by the cotangent"),
        (WrongByCotangent, "relu", "by the cotangent"),
    ],
)
def test_a_fault_is_caught_and_shown(monkeypatch, tmp_path, fault, name, output):
    install(monkeypatch, fault())
    cell = Cell(name, "double_gradient", "float32", "eager", OPERATORS[name].layouts[0], "cpu")
    record = trial.run(cell, trial.Rules(Profile("tiny", 16, 60), 1, database=str(tmp_path)))
    assert record.verdict is Verdict.FAIL
    assert record.failure.output == f"gradient of the gradient of x {output}"
    compile(record.failure.script, "script", "exec")


def test_what_paddle_does_not_have_is_absent(monkeypatch, tmp_path):
    install(monkeypatch, Without())
    cell = Cell("relu", "double_gradient", "float32", "eager", "any", "cpu")
    record = trial.run(cell, trial.Rules(Profile("tiny", 4, 60), 1, database=str(tmp_path)))
    assert record.verdict is Verdict.ABSENT
    assert record.cases == 0


@pytest.mark.parametrize(
    "function", [np.exp, np.sin, lambda t: 1 / (1 + np.square(t))], ids=["exp", "sin", "pole at i"]
)
def test_a_difference_is_as_near_as_it_says(function):
    x = np.linspace(-2, 2, 41, dtype=np.longdouble)
    found, apart = double_gradient.derivative(lambda t: function(x + t))
    exact = {np.exp: np.exp, np.sin: np.cos}.get(function, lambda x: -2 * x / np.square(1 + np.square(x)))(x)
    assert (np.abs(found - exact) <= apart).all()
    assert apart.max() < (1e-8 if np.finfo(np.longdouble).nmant > 60 else 1e-6)


@pytest.mark.usefixtures("paddle")
@pytest.mark.parametrize(("name", "layout"), PLACES)
def test_a_script_prints_what_paddle_gives(name, layout):
    for case in _drawn(name, layout, 2):
        answer = subject.create("eager", "cpu").double(case.call, *case.extras.values())
        for way, array in answer.arrays.items():
            index, output = tuple(n // 2 for n in array.shape), f"gradient of the gradient of x {way}"
            text = explain.failure(case, Judgement(output, Comparison("wrong", index, "1", "2", 1, 2))).script
            if text and array.any():  # nothing comes back where nothing depends on x
                assert len(text.splitlines()) <= 20
                assert isolated(lambda text=text: _printed(text), 60).result == str(array[index]), text


def _printed(text):
    return printed(text)[-2].split()[1]
