"""The ways to execute an operator: each gives what eager mode gives, and is judged like it."""

import numpy as np
import pytest

from conformance import case as cases
from conformance import subject, trial
from conformance.__main__ import main
from conformance.cell import Cell
from conformance.checks import PROPERTIES, forward, gradient, stream
from conformance.draw.tape import SIZE, Tape
from conformance.errors import UserError
from conformance.isolation import isolated
from conformance.judging import registered
from conformance.known import register
from conformance.ops import OPERATORS
from conformance.plan import Selection, cells
from conformance.record import Verdict
from conformance.search import Profile
from conformance.subject import MODES

OPERATORS_TRIED = {"relu": "any", "softmax": "any", "prelu": "NCHW", "max_pool2d": "NHWC", "batch_norm": "NCL"}
DEAR = [mode for mode in MODES if mode != "eager"]


@pytest.fixture(scope="module", autouse=True)
def _paddle():
    try:
        subject.load()
    except UserError as absent:
        pytest.skip(str(absent))


def _alike(operator, mode, structure, count=3):
    """Cases of one form, with other values each, of the gradient if the mode has one."""
    prop = "forward" if MODES[mode].evaluates else "gradient"
    cell = Cell(operator, prop, "float32", mode, OPERATORS_TRIED[operator], "cpu")
    rng = np.random.default_rng(structure)
    head = bytes([0, structure % 2]) + rng.bytes(30)
    for _ in range(count):
        case = cases.draw(cell, OPERATORS[operator], Tape.cut(head + rng.bytes(SIZE - len(head))))
        PROPERTIES[prop].prepare(case)
        yield case


def _same(one, other):
    """Whether two answers are alike, up to the last bits that another order of the same operations moves."""
    assert (one.error, other.error) == (None, None)
    assert one.arrays.keys() <= other.arrays.keys(), "eager mode lacks a gradient that it should have"
    for name, array in one.arrays.items():
        assert array.dtype == other.arrays[name].dtype
        np.testing.assert_allclose(array, other.arrays[name], 1e-5, 1e-5)


@pytest.mark.parametrize("mode", DEAR)
@pytest.mark.parametrize("operator", OPERATORS_TRIED)
def test_every_mode_gives_what_eager_mode_gives(operator, mode):
    """As a function and as a layer; calls of one form share a program, each with its own values and state."""
    outcome = isolated(lambda: _compare(operator, mode), 100)  # no process that has run a program may fork
    assert (outcome.died, outcome.traceback) == ("", "")


def _compare(operator, mode):
    eager, other = (subject.create(name, "cpu") for name in ("eager", mode))
    known = register.read()
    tried = [case for structure in (4, 5) for case in _alike(operator, mode, structure)]
    for case in tried:
        if not all(entry.within for entry in registered(case, known)):
            continue  # it may kill this process
        _same(eager.forward(case.call), other.forward(case.call))
        if case.extras:
            cotangent = case.extras["cotangent"]
            _same(eager.gradient(case.call, cotangent), other.gradient(case.call, cotangent))


def test_calls_of_one_form_share_a_program():
    from conformance.subject.recent import Recent

    made = []
    programs = Recent(lambda call: made.append(call) or len(made))
    calls = [case.call for structure in (4, 4, 5) for case in _alike("batch_norm", "static", structure)]
    assert [programs.of(call) for call in calls] == [1] * 6 + [2] * 3


def test_sot_makes_one_program_of_a_form():
    """No second one, which would be what is left where tracing breaks off, and none of an earlier call's."""
    from paddle.jit.sot.opcode_translator.executor.executor_cache import OpcodeExecutorCache

    def count():
        sot = subject.create("sot", "cpu")
        for structure in (4, 6, 4):
            cases = list(_alike("max_pool2d", "sot", structure))
            answers = [sot.gradient(case.call, case.extras["cotangent"]) for case in cases]
            assert not any(answer.error for answer in answers)
            made.append(OpcodeExecutorCache().translate_count)
        return made

    made = []
    outcome = isolated(count, 100)
    assert (outcome.result, outcome.traceback) == ([1, 1, 1], "")


def _spoilt(module, name):
    """What gives the results of a mode, a little off."""
    right = getattr(module, name)
    return lambda *given: tuple(np.float32(1.001) * result for result in right(*given))


@pytest.mark.parametrize("mode", DEAR)
@pytest.mark.parametrize("prop", ["forward", "gradient"])
def test_a_fault_of_one_mode_is_caught_there(monkeypatch, tmp_path, mode, prop):
    from conformance.subject import deployed, static, traced

    if mode not in PROPERTIES[prop].PACE.modes:
        return
    places = {"static": (static, "tuple_of"), "saved": (deployed, "tuple_of")}
    places |= dict.fromkeys(("predictor", "onednn"), (deployed.Predicted, "run"))
    place = places.get(mode, (traced, "tuple_of"))
    rules = trial.Rules(Profile("tiny", 64, 60), 3, tuple(register.read()), database=str(tmp_path))
    cell = Cell("leaky_relu", prop, "float32", mode, "any", "cpu")
    monkeypatch.setattr(*place, _spoilt(*place))
    assert trial.run(cell, rules).verdict is Verdict.FAIL
    monkeypatch.undo()
    assert trial.run(cell, rules).verdict is Verdict.PASS


def test_the_profile_says_which_modes_are_tried():
    tried = {p: {c.mode for c in cells(Selection(profile=p)) if c.property == "forward"} for p in ("quick", "standard")}
    assert tried == {"quick": {"eager"}, "standard": {"eager", "static", "to_static"}}
    assert {c.mode for c in cells(Selection())} == set(MODES)
    assert {c.mode for c in cells(Selection(mode="saved", profile="quick"))} == {"saved"}
    assert not [c for c in cells(Selection(mode="saved")) if c.property == "gradient"]


def test_a_dear_mode_gets_a_sample_and_eager_mode_everything():
    for check in (forward, gradient):
        assert check.PACE.in_mode("eager") == check.PACE
        sample = check.PACE.in_mode("static")
        assert sample.batches(32) * sample.batch < check.PACE.batches(32) * check.PACE.batch / 50
    experiments = stream.PACE.in_mode("static")
    assert 0 < experiments.batches(32) < stream.PACE.batches(32)
    assert experiments.batch == stream.PACE.batch == 1


def test_what_is_deployed_evaluates():
    for case in _alike("batch_norm", "saved", 4):
        assert case.call.arguments["training"] is False
    cell = Cell("gumbel_softmax", "forward", "float32", "saved", "any", "cpu")
    record = trial.run(cell, trial.Rules(Profile("tiny", 2, 60), 0))
    assert record.verdict is Verdict.NOT_RUN
    assert "draws in evaluation too" in record.reason


def test_the_help_names_every_mode(capsys):
    for command in ("run", "check"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        told = capsys.readouterr().out
        assert all(mode in told for mode in MODES)
