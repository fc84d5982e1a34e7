"""Arrays that lie in memory in another way than in order."""

import numpy as np
import pytest

from conformance import subject, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks.memory import LAYOUTS
from conformance.errors import UserError
from conformance.known import register
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial.planted import Careful
from tests.trial.stand_ins import install

CELL = Cell("leaky_relu", "memory", "float32", "eager", "any", "cpu")
RULES = trial.Rules(Profile("tiny", 32, 60), 3, tuple(register.read()))


@pytest.mark.parametrize("place", LAYOUTS)
def test_a_view_has_the_numbers_it_should(place):
    try:
        subject.load()
    except UserError as absent:
        pytest.skip(str(absent))
    from conformance.subject.arrays import array, lying

    for shape in [(2, 3, 4), (3, 1, 2), (5,), (1,), (), (0, 3), (1, 1, 2)]:
        for dtype in ("float32", "float64", "float16"):
            values = np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape)
            if place == "expanded" and values.ndim:
                values = np.broadcast_to(values[:1], shape).copy()
            view = lying(values, place)
            assert array(view).tolist() == values.tolist()
            if shape == (2, 3, 4) and place != "shifted":
                assert not view.is_contiguous()


class Honest(Careful):
    """Right, wherever arrays lie."""

    def placed(self, call, cotangent, place):
        found = dict(self.forward(call).arrays)
        found |= {f"gradient of {n}": g for n, g in self.gradient(call, cotangent).arrays.items()}
        kept = {f"{name} afterwards": value for name, value in call.arrays.items()}
        return Answer(self.spoil(found | kept | {"cotangent afterwards": cotangent}, place))

    def spoil(self, arrays, place):
        return arrays


class ReadsInOrder(Honest):
    """Takes memory as it comes."""

    def spoil(self, arrays, place):
        out = arrays["0"]
        return arrays | {"0": out.T.reshape(out.shape).copy() if place == "transposed" else out}


class WritesToItsInput(Honest):
    """Leaves its output where its input was."""

    def spoil(self, arrays, place):
        return arrays | {"x afterwards": arrays["0"]}


class WritesToTheCotangent(Honest):
    """Accumulates in place."""

    def spoil(self, arrays, place):
        return arrays | {"cotangent afterwards": arrays["gradient of x"]}


@pytest.mark.parametrize(
    ("fault", "output"),
    [(ReadsInOrder, "out"), (WritesToItsInput, "x afterwards"), (WritesToTheCotangent, "cotangent afterwards")],
)
def test_a_fault_is_caught(monkeypatch, tmp_path, fault, output):
    rules = trial.Rules(RULES.profile, 3, (), database=str(tmp_path))
    install(monkeypatch, fault())
    record = trial.run(CELL, rules)
    assert record.verdict is Verdict.FAIL
    assert record.failure.output == output
    assert record.failure.inputs["in memory"] in LAYOUTS
    install(monkeypatch, Honest())
    assert trial.run(CELL, trial.Rules(RULES.profile, 4, (), database=str(tmp_path / "2"))).verdict is Verdict.PASS
