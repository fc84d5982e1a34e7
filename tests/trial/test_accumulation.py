"""Gradients that add up: an honest tape passes, every way to keep it badly is seen, and the script shows it."""


import numpy as np
import pytest

from conformance import case as cases
from conformance import explain, subject, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import accumulation
from conformance.checks.judgement import Judgement
from conformance.draw.tape import SIZE, Tape
from conformance.isolation import isolated
from conformance.judge.compare import Comparison
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial.planted import Careful
from tests.trial.printed import printed
from tests.trial.stand_ins import install

PLACES = [(operator.name, operator.layouts[0]) for operator in OPERATORS.values() if accumulation.applies(operator)]


class Honest(Careful):
    """Adds up what it should; a fault overrides `kept`."""

    def accumulated(self, call, cotangents):
        one, other = (self.gradient(call, cotangent).arrays for cotangent in cotangents)
        found = {}
        with np.errstate(all="ignore"):
            for name in one:
                values = self.kept(name, one[name], other[name])
                found |= {f"gradient of {name} {when}": v for when, v in zip(accumulation.PASSES, values, strict=True)}
        return Answer({name: value for name, value in found.items() if value is not None})

    def kept(self, name, one, other):
        return one, one + other, other


class Overwrites(Honest):
    def kept(self, name, one, other):
        return one, other, other


class AddsInSinglePrecision(Honest):
    def kept(self, name, one, other):
        return one, (one + other).astype(np.float32).astype(one.dtype), other


class ClearsNothing(Honest):
    def kept(self, name, one, other):
        return one, one + other, one + other + other


class ForgetsTheWeight(Honest):
    def kept(self, name, one, other):
        return (one, one + other, other) if name == "x" else (one, None, None)


class HalvesTheFirst(Honest):
    def kept(self, name, one, other):
        return one / 2, one / 2 + other, other


def _drawn(name, layout, count, dtype="float32"):
    rng, cell = np.random.default_rng(3), Cell(name, "accumulation", dtype, "eager", layout, "cpu")
    for _ in range(count):
        case = cases.draw(cell, OPERATORS[name], Tape.cut(bytes([0]) + rng.bytes(SIZE - 1)))  # ordinary values
        accumulation.prepare(case)
        yield case


@pytest.mark.parametrize(("name", "layout"), PLACES)
def test_an_honest_tape_passes(name, layout):
    for case in _drawn(name, layout, 10):
        found = accumulation.judge(case, Honest())
        assert not found.fails, (case.call, found)


@pytest.mark.parametrize(
    ("fault", "name", "dtype", "output"),
    [
        (Overwrites, "tanh", "float32", "gradient of x after two passes"),
        (AddsInSinglePrecision, "avg_pool2d", "float64", "gradient of x after two passes"),
        (ClearsNothing, "leaky_relu", "float32", "gradient of x after clear_gradient"),
        (ForgetsTheWeight, "prelu", "float32", "gradient of weight after"),
        (HalvesTheFirst, "dropout", "float64", "gradient of x after one pass"),
    ],
)
def test_a_fault_is_caught_and_shown(monkeypatch, tmp_path, fault, name, dtype, output):
    install(monkeypatch, fault())
    cell = Cell(name, "accumulation", dtype, "eager", OPERATORS[name].layouts[0], "cpu")
    record = trial.run(cell, trial.Rules(Profile("tiny", 8, 60), 1, database=str(tmp_path)))
    assert record.verdict is Verdict.FAIL
    assert record.failure.output.startswith(output)
    assert {"cotangent", "second cotangent"} <= record.failure.inputs.keys()
    compile(record.failure.script, "script", "exec")


@pytest.mark.usefixtures("paddle")
@pytest.mark.parametrize(("name", "layout"), PLACES)
def test_a_script_prints_what_paddle_gives(name, layout):
    for case in _drawn(name, layout, 2):
        answer = subject.create("eager", "cpu").accumulated(case.call, tuple(case.extras.values()))
        for output, array in answer.arrays.items():
            index = tuple(n // 2 for n in array.shape)
            text = explain.failure(case, Judgement(output, Comparison("wrong", index, "1", "2", 1, 2))).script
            if text and array.size:  # what is too large has no script
                assert len(text.splitlines()) <= 20
                assert isolated(lambda text=text: _printed(text), 60).result == str(array[index]), text


def _printed(text):
    return printed(text)[-2].split()[1]
