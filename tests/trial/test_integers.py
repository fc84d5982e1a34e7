"""Whole and complex numbers: what the installed Paddle has of them is judged, or it is said that it is not."""

import numpy as np
import pytest

from conformance import case as cases
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import complex_numbers, integers
from conformance.draw.tape import SIZE, Tape
from conformance.ops import OPERATORS
from conformance.record import Verdict
from conformance.search import PROFILES
from conformance.trial import Rules, run


class StandIn:
    """The reference, in float32 for whole numbers that it does not take; `spoil` changes what comes out of them."""

    def __init__(self, operator, dtypes, spoil=lambda out: out):
        self.operator, self.dtypes, self.spoil = operator, dtypes, spoil

    def forward(self, call):
        x = call.arrays["x"]
        if x.dtype.name not in self.dtypes and x.dtype != np.float32:
            return Answer({}, RuntimeError("no kernel"))
        plain = x if self.operator.moves else x.real.astype(np.float32)
        out = self.operator.reference(call, {**call.arguments, "x": plain})["out"]
        return Answer({"0": out if x.dtype == np.float32 else self.spoil(out)})


def _cases(name, check):
    operator, rng = OPERATORS[name], np.random.default_rng(3)
    cell = Cell(name, "integers", "float32", "eager", operator.layouts[0], "cpu")
    for _ in range(20):
        case = cases.draw(cell, operator, Tape.cut(rng.bytes(SIZE)))
        check.prepare(case)
        yield case


@pytest.mark.parametrize("name", ["sigmoid", "max_unpool2d"])
def test_an_honest_operator_passes(name):
    subject = StandIn(OPERATORS[name], ("int8", "int64"))
    assert not any(integers.judge(case, subject).fails for case in _cases(name, integers))
    assert all(
        not integers.absent(case, subject) and not integers.unjudged(case, subject) for case in _cases(name, integers)
    )


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("sigmoid", lambda out: out.astype(np.float64)),
        ("sigmoid", lambda out: np.nextafter(out, np.float32(2))),
        ("max_unpool2d", lambda out: out + 1),
        ("max_unpool2d", lambda out: out.astype(np.int16)),
    ],
)
def test_a_wrong_value_and_a_wrong_dtype_are_seen(name, spoil):
    subject = StandIn(OPERATORS[name], ("int32",), spoil)
    found = [(case, integers.judge(case, subject)) for case in _cases(name, integers) if case.call.arrays["x"].size]
    assert all(judgement.fails for _, judgement in found)
    assert all(case.call.arrays["x"].dtype == np.int32 for case, _ in found)


def test_what_no_kernel_takes_is_absent():
    (case, *_) = _cases("sigmoid", integers)
    assert integers.absent(case, StandIn(case.operator, ())) == "the installed Paddle has no sigmoid of whole numbers"
    assert complex_numbers.absent(case, StandIn(case.operator, ())).endswith("has no sigmoid of complex numbers")


def test_whole_numbers_that_nothing_says_the_rounding_of_are_not_judged():
    (case, *_) = _cases("sigmoid", integers)
    subject = StandIn(case.operator, ("int32",), lambda out: out.astype(np.int32))
    assert integers.unjudged(case, subject) == "sigmoid gives int32, and nothing says how it rounds to them"


def test_complex_numbers_are_not_judged():
    (case, *_) = _cases("sigmoid", complex_numbers)
    subject = StandIn(case.operator, ("complex64",))
    assert not complex_numbers.absent(case, subject)
    assert complex_numbers.unjudged(case, subject).startswith("there is no reference for complex64, which")


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        ("tanh-integers-float32-eager-any-cpu", Verdict.PASS),
        ("dropout1d-integers-float32-eager-any-cpu", Verdict.NOT_RUN),
        ("relu-integers-float32-eager-any-cpu", Verdict.ABSENT),
        ("tanh-complex-float32-eager-any-cpu", Verdict.NOT_RUN),
        ("relu-complex-float32-eager-any-cpu", Verdict.ABSENT),
    ],
)
def test_the_installed_paddle_is_asked(cell, verdict, tmp_path):
    record = run(Cell.parse(cell), Rules(PROFILES["quick"], 1, database=str(tmp_path)))
    assert record.verdict is verdict
    assert bool(record.reason) is (verdict is not Verdict.PASS)
