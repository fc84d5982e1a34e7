"""Laws: honest arithmetic keeps every one, a fault breaks each, and what breaks is told and shown."""

import os

import numpy as np
import pytest

from conformance import case as cases
from conformance import explain, replay, subject, trial
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import laws
from conformance.checks.judgement import Judgement
from conformance.draw.tape import SIZE, Tape
from conformance.isolation import isolated
from conformance.judge.compare import Comparison
from conformance.law import Ball
from conformance.ops import OPERATORS, moves
from conformance.ops import laws as cellwise
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial import planted, planted_laws
from tests.trial.printed import printed
from tests.trial.stand_ins import install

PLACES = [
    (operator.name, layout) for operator in OPERATORS.values() if laws.applies(operator) for layout in operator.layouts
]
LAWS = [(name, law.name) for name, _ in PLACES for law in OPERATORS[name].laws if law.name != cellwise.RISING.name]
every_place = pytest.mark.parametrize(("name", "layout"), PLACES)


def _drawn(name, layout, count, dtype="float32", wanted=None):
    """So many cases of an operator; of one law, if it is named."""
    rng, found = np.random.default_rng(7), []
    for _ in range(50 * count):
        cell = Cell(name, "laws", dtype, "eager", layout, "cpu")
        case = cases.draw(cell, OPERATORS[name], Tape.cut(rng.bytes(SIZE)))
        laws.prepare(case)
        if wanted in (None, case.law[0].name):
            found.append(case)
        if len(found) == count:
            break
    return found


@every_place
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_reference_in_the_dtype_itself_keeps_every_law(name, layout, dtype):
    for case in _drawn(name, layout, 30, dtype):
        if case.region != "extreme" or name != "batch_norm":  # where plain sums overflow
            found = laws.judge(case, planted.Careful())
            assert not found.fails, (case.region, [part.call for part in case.sequence], found)


@pytest.mark.parametrize(("name", "law"), dict.fromkeys(LAWS))
def test_every_law_speaks_and_is_not_slack(name, law):
    """Four times the room in one element of the last call, or one step where there is none, is seen."""
    spoilt = 0
    for layout in OPERATORS[name].layouts:
        for case in _drawn(name, layout, 6, wanted=law):
            seen = Spoiling(case)
            found = laws.judge(case, seen)
            spoilt += seen.spoilt
            assert found.fails == seen.spoilt, (case.sequence, found)
            assert not seen.spoilt or found.output.endswith(f"by {law}")
    assert spoilt


class Spoiling(planted.Careful):
    """Spoils the largest finite element of the last call of a case, if that is not beyond all bounds."""

    def __init__(self, case):
        self.case, self.calls, self.spoilt = case, 0, False

    def forward(self, call):
        answer = super().forward(call)
        self.calls += 1
        if self.calls < len(self.case.sequence) or answer.error is not None:
            return answer
        out, honest = answer.arrays["0"].copy(), HonestlyLast(answer)
        room = honest.room(self.case)
        places = np.flatnonzero(np.isfinite(out) & np.isfinite(room) & (np.abs(out) < 1e30))
        if len(places):
            place = places[len(places) // 2]
            out.reshape(-1)[place] += 4 * room.flat[place] + 2 * np.spacing(np.abs(out.flat[place]))
            self.spoilt = True
        return Answer({**answer.arrays, "0": out})


class HonestlyLast(planted.Careful):
    """How much room the law leaves around an answer of the last call."""

    def __init__(self, answer):
        self.answer = answer

    def room(self, case):
        noted = {}

        def noting(law, got, last, expected):
            room = np.broadcast_to(expected.radius + last.radius, got.shape)
            apart = np.abs(got - expected.value)
            noted.setdefault("room", np.where(np.isinf(room), room, apart if law.exact else room + apart))
            return Comparison()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(laws, "_compared", noting)
            laws.judge(case, planted.Careful())
        return noted.get("room", np.full(self.answer.arrays["0"].shape, np.inf))


def _fault(fault, name, law, layout="any", dtype="float32"):
    return pytest.param(fault, name, law, layout, dtype, id=f"{law.name}-{name}")


FAULTS = [
    _fault(planted_laws.FirstCellOff(), "sigmoid", cellwise.ELSEWHERE),
    _fault(planted_laws.NegativesOff(), "tanh", cellwise.ODD),
    _fault(planted_laws.NegativesOff(), "gelu", cellwise.REFLECTED),
    _fault(planted_laws.AddsALittle(), "relu", cellwise.DOUBLED),
    _fault(planted_laws.AddsALittle(), "max_pool2d", cellwise.DOUBLED, "NCHW"),
    _fault(planted_laws.AddsALittle(), "relu6", cellwise.AGAIN),
    *[
        _fault(planted_laws.TurnsBack(), name, cellwise.RISING, OPERATORS[name].layouts[-1])
        for name, _ in dict.fromkeys((name, "") for name, _ in PLACES)
        if any(law.name == cellwise.RISING.name for law in OPERATORS[name].laws)
    ],
    _fault(planted_laws.WrongByAnotherName("hardtanh"), "relu6", OPERATORS["relu6"].laws[-1]),
    _fault(planted_laws.PlainExponentials(), "softmax", cellwise.SHIFTED),
    _fault(planted_laws.LeavesRoom(), "softmax", cellwise.SUM, dtype="float64"),
    _fault(planted_laws.AlwaysTheLastAxis(), "softmax", cellwise.AXES_REVERSED),
    _fault(planted_laws.FirstCellOff(), "log_softmax", cellwise.PERMUTED),
    _fault(planted_laws.WrongByAnotherName("log_softmax"), "log_softmax", OPERATORS["log_softmax"].laws[-1]),
    _fault(planted_laws.FirstChannelForAll(), "avg_pool2d", moves.PERMUTED, "NHWC"),
    _fault(planted_laws.FirstChannelForAll(), "maxout", moves.BATCH),
    _fault(planted_laws.LastAsIfFirst(), "avg_pool2d", moves.LAYOUT, "NCHW"),
    _fault(planted_laws.WrongByAnotherName("max_pool3d"), "max_pool2d", moves.HIGHER, "NHWC"),
    _fault(planted_laws.FadesAlongTheAxis(), "avg_pool2d", moves.TRANSLATED, "NCHW"),
    _fault(planted_laws.FadesAlongTheAxis(), "adaptive_avg_pool2d", moves.MIRRORED, "NHWC"),
    _fault(planted_laws.AddsALittle(), "avg_pool1d", moves.CELLS, "NCL"),
    _fault(planted_laws.Squares(), "avg_pool3d", moves.ADDITIVE, "NCDHW"),
    _fault(planted_laws.NaiveVariance(), "batch_norm", moves.SHIFTED, "NC"),
    _fault(planted_laws.EpsilonOfItsOwn(), "batch_norm", moves.SCALED, "NCHW", "float64"),
    _fault(planted_laws.WeightsOfOneAtMost(), "batch_norm", moves.WEIGHED, "NLC"),
]


def test_every_law_has_its_fault():
    shared = {law.name for module in (cellwise, moves) for law in vars(module).values() if isinstance(law, laws.Law)}
    assert shared <= {fault.values[2].name for fault in FAULTS}


@pytest.mark.parametrize(("fault", "name", "law", "layout", "dtype"), FAULTS)
def test_a_fault_breaks_its_law(fault, name, law, layout, dtype):
    """And the message says which law, on which calls, where and how far."""
    broken = [
        (case, found) for case in _drawn(name, layout, 40, dtype, law.name) if (found := laws.judge(case, fault)).fails
    ]
    assert broken
    case, found = broken[0]
    told = explain.failure(case, found)
    assert f", by {law.name}: " in told.what
    assert told.call.count(";") == len(case.sequence) - 1
    assert all(
        f"{n} of call {len(case.sequence)}" in told.inputs for n in case.sequence[-1].call.arrays
    ) or not told.call.count(";")
    assert told.share != "0"
    compile(told.script, "script", "exec")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_broken_law_is_found_shrunk_and_found_again(monkeypatch, tmp_path):
    install(monkeypatch, planted_laws.FirstCellOff())
    cell = Cell("sigmoid", "laws", "float32", "eager", "any", "cpu")
    record = trial.run(cell, trial.Rules(Profile("tiny", 8, 60), 3, database=str(tmp_path)))
    assert record.verdict is Verdict.FAIL
    assert f"by {cellwise.ELSEWHERE.name}" in record.reason
    assert record.failure.call == "; ".join(['paddle.nn.functional.sigmoid(Tensor([2],"float32"))'] * 2)
    again = replay.case(record.failure.repeat.split()[-1])
    laws.prepare(again)
    assert laws.judge(again, planted_laws.FirstCellOff()).output == record.failure.output


def test_what_is_undefined_is_not_known():
    one = Ball(np.array([np.inf, np.nan, 1.0]), 0.5)
    with np.errstate(invalid="ignore"):
        assert (one - one).radius.tolist() == [np.inf, 1.0, 1.0]
        assert (one * 0.0).radius.tolist() == [np.inf, 0.0, 0.0]
    assert (one + 1.0).radius.tolist() == [0.5, 0.5, 0.5]
    assert one.sum(0).radius.tolist() == [1.5]
    assert Ball(np.array(0.0), 1.0).exp().radius == np.expm1(1.0)


@pytest.mark.usefixtures("paddle")
@every_place
def test_a_script_prints_what_paddle_gives(name, layout):
    for case in _drawn(name, layout, 2):
        last = case.sequence[-1]
        answer = subject.create("eager", "cpu").forward(last.call)
        if answer.error is None and answer.arrays["0"].size:
            index = tuple(n // 2 for n in answer.arrays["0"].shape)
            output = f"out of call {len(case.sequence)} ({last.operator.name}), by {case.law[0].name}"
            text = explain.failure(case, Judgement(output, Comparison("wrong", index, "1", "2", 1, 2))).script
            assert len(text.splitlines()) <= 20
            printed = isolated(lambda text=text: _printed(text), 60).result
            assert printed == str(answer.arrays["0"][index]), text


def _printed(text):
    return printed(text)[0].split()[1]
