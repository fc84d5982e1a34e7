"""A batch is judged step by step, and comes out as case by case."""

import pytest

pytest.importorskip("paddle")

from conformance import search, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.draw.tape import Tape
from conformance.known import register
from conformance.subject.eager import Eager
from tests.trial.planted import Careful, TailOfTheVector
from tests.trial.stand_ins import install

RULES = trial.Rules(search.PROFILES["quick"], 0, tuple(register.read()))


def _trial(text):
    operator, prop, layout = text.split()
    return trial.Trial(Cell(operator, prop, "float32", "eager", layout, "cpu"), RULES)


def _batches(seed, count=4):
    batches = []
    search.search(count, seed, lambda tapes: batches.append(list(tapes)))
    return batches


@pytest.mark.parametrize("text", ["relu forward any", "avg_pool2d gradient NCHW", "batch_norm state NCHW"])
def test_a_batch_is_tallied_as_its_cases_are(text):
    whole, single = _trial(text), _trial(text)
    for tapes in _batches(5):
        assert whole.first_failing(tapes) is None
        assert not any(single.fails(tape) for tape in tapes)
    assert whole.tally == single.tally
    assert whole.tally.cases + whole.tally.excluded == 4 * search.BATCH


def test_the_first_failing_case_of_a_batch_ends_it(monkeypatch):
    install(monkeypatch, TailOfTheVector())
    (tapes,) = _batches(1, 1)
    fails = [_trial("relu forward any").fails(tape) for tape in tapes]
    judge = _trial("relu forward any")
    assert judge.first_failing(tapes) == tapes[fails.index(True)]
    assert judge.tally.cases == fails.index(True) + 1
    assert judge.failure[0].tape == tapes[fails.index(True)]


@pytest.mark.parametrize("prop", ["forward", "memory"])  # asked in a row, and one by one
def test_the_box_holds_the_case_that_paddle_has(monkeypatch, prop):
    noted = []

    class Noting(Careful):
        def forward(self, call):
            noted.append(judge.box.read())
            return Answer({}, RuntimeError("no"))

        def placed(self, call, cotangent, place):
            return self.forward(call)

    install(monkeypatch, Noting())
    judge = _trial(f"relu {prop} any")
    monkeypatch.setattr(judge, "_fails", lambda case, judgement: False)
    (tapes,) = _batches(2, 1)
    judge.first_failing(tapes)
    assert [str(tape) for tape in noted] == [str(tape) for tape in tapes if str(tape) in set(map(str, noted))]
    assert len(noted) > search.BATCH // 2


def test_a_case_that_was_lost_is_left_out():
    (tapes,) = _batches(3, 1)
    judge = _trial("relu forward any")
    judge.lost = {str(tape) for tape in tapes[:60]}
    judge.first_failing(tapes)
    assert judge.tally.cases == 4


def test_a_layer_without_state_is_made_once(monkeypatch):
    made = []
    for name, text, once in (("LeakyReLU", "leaky_relu forward any", True), ("PReLU", "prelu forward NCHW", False)):
        judge, made = _trial(text), []
        _counted(monkeypatch, name, made)
        cases = [judge.case(Tape(bytes([0, 3, 0, 1]))) for _ in range(5)]
        assert all(case.call.layer.name == name for case in cases)
        assert not any(Eager.forward(judge.subject, case.call).error for case in cases)
        assert len(made) == (1 if once else 5)


def _counted(monkeypatch, name, made):
    import paddle

    original = getattr(paddle.nn, name)
    monkeypatch.setattr(paddle.nn, name, lambda **options: made.append(options) or original(**options))
