"""Faults planted by hand are caught, shrunk and explained by the whole trial; without one, nothing is found."""

import os
import re

import pytest

from conformance import explain, trial
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.draw.tape import Tape
from conformance.draw.values import REGIONS
from conformance.ops import OPERATORS
from conformance.plan import Selection, cells
from conformance.record import Verdict
from conformance.search import Profile
from tests.trial import planted
from tests.trial.stand_ins import install

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

STANDARD = Profile("standard", 16, 30)
QUICK = Profile("quick", 8, 30)
TINY = Profile("tiny", 3, 30)
PLAIN = ("avg_pool2d", "max_pool2d", "relu", "sigmoid", "batch_norm", "dropout")
TUTORIAL = [
    cell
    for cell in cells(Selection(",".join(PLAIN), "float32,float64", "eager"))
    if cell.property in ("forward", "gradient", "state") and cell.layout in ("any", "NC", "NCHW", "NHWC")
]


@pytest.fixture
def judged(monkeypatch, tmp_path):
    """Judge a cell, written in words, with a subject in Paddle's place."""

    def judge(subject, text, profile=STANDARD, seed=0):
        install(monkeypatch, subject)
        return trial.run(_cell(text), trial.Rules(profile, seed, database=str(tmp_path / "examples")))

    return judge


def _cell(text):
    operator, prop, dtype, layout = text.split()
    return Cell(operator, prop, dtype, "eager", layout, "cpu")


def _size(record):
    """How many elements the arrays of the printed call have."""
    total = 0
    for shape in re.findall(r"Tensor\(\[([\d, ]*)\]", record.failure.call):
        size = 1
        for extent in shape.replace(" ", "").split(",") if shape else ():
            size *= int(extent)
        total += size
    return total


def _fault(subject, cell, output, size, *words):
    return pytest.param(subject, cell, output, size, words, id=f"{subject.__name__}-{cell.replace(' ', '-')}")


FAULTS = [
    _fault(planted.ScaledByTheWrongProbability, "dropout forward float32 any", "out", 2),
    _fault(planted.BackwardWithoutItsMask, "dropout gradient float32 any", "gradient of x", 2),
    _fault(planted.DropsAFewMore, "dropout forward float32 any", "out", 20),
    _fault(planted.UnbiasedVariance, "batch_norm forward float64 NCHW", "out", 8, "training=True"),
    _fault(planted.UnbiasedVariance, "batch_norm state float32 NC", "out after step", 8),
    _fault(planted.UnbiasedRunningVariance, "batch_norm state float64 NCHW", "running_var after step", 8),
    _fault(planted.MomentumReversed, "batch_norm forward float64 NC", "running_", 8),
    _fault(planted.GradientWithoutATerm, "batch_norm gradient float64 NCHW", "gradient of x", 8, "training=True"),
    _fault(planted.GradientOfWeightMissing, "batch_norm gradient float32 NC", "gradient of weight", 6, "weight="),
    _fault(planted.UpdatesInEvaluation, "batch_norm forward float32 NC", "running_", 8),
    _fault(planted.StateOfAnotherShape, "batch_norm forward float32 NC", "running_mean", 4),
    _fault(planted.StateOfAnotherShape, "batch_norm state float32 NC", "running_mean after step 1", 6),
    _fault(planted.ExclusiveFlipped, "avg_pool2d forward float32 NCHW", "out", 2, "padding="),
    _fault(planted.PaddingIsZero, "max_pool2d forward float32 NCHW", "out", 2, "padding="),
    _fault(planted.GradientToEveryTie, "max_pool2d gradient float32 NCHW", "gradient of x", 4),
    _fault(planted.GradientToEveryTie, "max_pool2d gradient float64 NHWC", "gradient of x", 4),
    _fault(planted.LayoutIgnored, "avg_pool2d forward float64 NHWC", "out", 8, "data_format='NHWC'"),
    _fault(planted.MaskOfTheLastMaximum, "max_pool2d forward float32 NCHW", "mask", 4, "return_mask=True"),
    _fault(planted.MaskMissing, "max_pool2d forward float32 NCHW", "mask", 1, "return_mask=True"),
    _fault(planted.LayerForgetsCeilMode, "avg_pool2d forward float32 NCHW", "out", 6, "AvgPool2D", "ceil_mode=True"),
    _fault(planted.DerivativeAtTheKink, "relu gradient float32 any", "gradient of x", 1),
    _fault(planted.TailLost, "sigmoid forward float32 any", "out", 3),
    _fault(planted.InSinglePrecision, "sigmoid forward float64 any", "out", 1),
    _fault(planted.InSinglePrecision, "batch_norm forward float64 NCHW", "", 8),
    _fault(planted.InSinglePrecision, "max_pool2d forward float64 NCHW", "out", 1),
    _fault(planted.InBrainFloat, "sigmoid forward float16 any", "out", 6),
    _fault(planted.WrongDtype, "sigmoid forward float32 any", "out", 1),
    _fault(planted.WrongDtype, "relu forward float16 any", "out", 1),
    _fault(planted.DerivativeAtTheKink, "relu gradient bfloat16 any", "gradient of x", 1, 'dtype="bfloat16"'),
    _fault(planted.ScalarsGrowAnAxis, "relu forward float32 any", "out", 1, "Tensor([]"),
    _fault(planted.TailOfTheVector, "sigmoid forward float32 any", "out", 13),
    _fault(planted.LosesNaN, "max_pool2d forward float32 NCHW", "out", 1),
    _fault(planted.LosesNaN, "batch_norm forward float32 NC", "", 6),
    _fault(planted.RefusesEmptyArrays, "relu forward float64 any", "the call", 0),
]


@pytest.mark.parametrize(("fault", "text", "output", "size", "words"), FAULTS)
def test_a_fault_is_caught_shrunk_and_explained(judged, fault, text, output, size, words):
    record = judged(fault(), text)
    assert record.verdict is Verdict.FAIL, record.reason
    failure = record.failure
    assert failure.output.startswith(output)
    assert _size(record) <= size, failure.call
    assert failure.got != failure.expected
    _explained(record, words)
    _repeated(fault(), record)


def _explained(record, words):
    """The message says what, where, how far and how to see it again."""
    message, failure = explain.message(record), record.failure
    cell = _cell(f"{record.operator} {record.property} {record.dtype} {record.layout}")
    assert message.startswith(f"FAIL  {record.operator} {record.property} {record.dtype} eager")
    for word in (*words, failure.call, failure.output, failure.got, failure.expected, *failure.inputs.values()):
        assert word in message
    assert re.search(r"([\d.e+-]+|infinitely many) ULP, ([\d.e+-]+|infinitely many) times what is allowed", message)
    assert f"python -m conformance replay {cell}:" in message
    lines = failure.script.splitlines()
    assert len(lines) <= 20
    compile(failure.script, "script", "exec")
    assert lines[0] == "import numpy as np, paddle"
    assert all(line in message for line in lines)


def _repeated(subject, record):
    """What the printed tape stands for fails in the same way."""
    name, _, tape = record.failure.repeat.split()[-1].partition(":")
    again = trial.Trial(Cell.parse(name), trial.Rules(TINY, 0)).judge(Tape.parse(tape))[1]
    assert (again.output, again.comparison.got) == (record.failure.output, record.failure.got)


@pytest.mark.parametrize("text", ["avg_pool2d gradient float32 NCHW", "sigmoid forward float32 any"])
def test_the_same_seed_gives_the_same_record(monkeypatch, tmp_path, text):
    install(monkeypatch, planted.TailOfTheVector() if "forward" in text else planted.Careful())
    records = [
        trial.run(_cell(text), trial.Rules(TINY, seed, database=str(tmp_path / str(n))))
        for n, seed in enumerate([3, 3, 4])
    ]
    first, second, other = ({n: getattr(r, n) for n in r.__struct_fields__ if n != "seconds"} for r in records)
    assert first == second
    assert first != other


@pytest.mark.parametrize("cell", TUTORIAL, ids=str)
def test_without_a_fault_nothing_fails(monkeypatch, tmp_path, cell):
    """Though every operation is rounded to the dtype under test; test_bounds.py says so of all operators."""
    monkeypatch.setitem(REGIONS, "extreme", REGIONS["wide"])  # where plain sums overflow
    install(monkeypatch, planted.Careful())
    record = trial.run(cell, trial.Rules(TINY, 0, database=str(tmp_path)))
    assert record.verdict is Verdict.PASS, explain.message(record)
    assert record.cases == PROPERTIES[cell.property].PACE.batches(TINY.batches, OPERATORS[cell.operator].slower) * 64
    assert sum(record.regions.values()) == record.cases
    assert record.worst_share <= 1


def test_a_mended_fault_fails_no_more(judged):
    """The example of the failing run is judged first, passes, and is forgotten."""
    assert judged(planted.TailOfTheVector(), "relu forward float32 any").verdict is Verdict.FAIL
    mended, after = (judged(planted.Careful(), "relu forward float32 any", TINY) for _ in range(2))
    assert mended.verdict is after.verdict is Verdict.PASS
    assert mended.cases > after.cases == TINY.batches * 64


def test_a_fault_that_chance_would_miss_is_remembered(judged):
    fault, text = planted.DropsAFewMore(), "dropout forward float32 any"
    first = judged(fault, text)
    again = judged(fault, text, Profile("none", 1, 30), seed=99)
    assert again.verdict is Verdict.FAIL
    assert again.failure.call == first.failure.call


def test_a_crash_costs_one_case_and_is_told_by_its_smallest(judged):
    """The rest of the cell is judged, and what fails there is told too."""
    record = judged(planted.DiesAndIsWrong(), "sigmoid forward float32 any", QUICK, seed=9)
    assert record.verdict is Verdict.CRASH
    assert "killed by SIGSEGV" in record.reason
    assert "another case fails: out: the error is larger than allowed" in record.reason
    assert record.cases > 400
    failure = record.failure
    assert failure.call == 'paddle.nn.functional.sigmoid(Tensor([3],"float32"))'
    assert (failure.output, failure.got) == ("the process", "killed by SIGSEGV")
    assert len(failure.script.splitlines()) <= 20
    message = explain.message(record)
    assert message.startswith("CRASH  sigmoid forward float32 eager")
    assert all(word in message for word in (record.reason, failure.call, failure.inputs["x"]))
    assert re.search(r"replay sigmoid-forward-float32-eager-any-cpu:\S+", failure.repeat)


def test_a_hang_ends_in_time(judged):
    record = judged(planted.Hangs(), "relu forward float32 any", Profile("hasty", 8, 3), seed=29)
    assert record.verdict is Verdict.TIMEOUT
    assert "did not answer within 3 s" in record.reason
    assert record.failure.call.startswith("paddle.nn.")
    assert record.cases > 400


def test_what_fails_at_times_is_a_failure(judged):
    record = judged(planted.WrongAtTimes(), "sigmoid forward float32 any")
    assert record.verdict is Verdict.FAIL, record.reason
    assert record.failure.got
    assert "times" in explain.message(record)


def test_a_mistake_of_the_trial_is_an_error(judged):
    record = judged(planted.BrokenTrial(), "relu forward float32 any", TINY)
    assert record.verdict is Verdict.ERROR
    assert "LookupError: a mistake of ours" in record.reason


def test_what_this_paddle_lacks_is_absent(judged, monkeypatch):
    subject = planted.Careful()
    monkeypatch.setattr(subject, "has", lambda api, layer: False)
    record = judged(subject, "batch_norm forward float32 NCHW")
    assert record.verdict is Verdict.ABSENT
    assert "batch_norm" in record.reason
    assert record.cases == 0


@pytest.mark.parametrize("text", ["relu forward float16 any", "relu gradient bfloat16 any"])
def test_a_dtype_without_kernels_is_absent_if_it_may_be(judged, text):
    record = judged(planted.WithoutKernels(), text)
    assert record.verdict is Verdict.ABSENT
    assert "no kernel for relu in" in record.reason
    assert judged(planted.WithoutKernels(), text.replace(text.split()[2], "float32")).verdict is Verdict.FAIL


def test_a_gradient_without_kernel_is_absent_by_itself(judged):
    lacking = planted.WithoutKernels(gradients_only=True)
    assert judged(lacking, "relu gradient float16 any").verdict is Verdict.ABSENT
    assert judged(lacking, "relu forward float16 any", TINY).verdict is Verdict.PASS
