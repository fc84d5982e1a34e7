"""Aliases: an honest function passes, and every way to take another name wrongly is seen."""

import numpy as np
import pytest

from conformance import case as cases
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import aliases
from conformance.draw.tape import SIZE, Tape
from conformance.ops import OPERATORS


class StandIn:
    """softmax, by the names that are known; `fault` is one of the ways to be wrong."""

    def __init__(self, fault="", known=("input", "dim")):
        self.fault, self.known = fault, known

    def forward(self, call):
        given = dict(call.arguments)
        for name, alias in aliases.ALIASES.items():
            if alias in given:
                if alias not in self.known:
                    return Answer({}, TypeError(f"softmax() got an unexpected keyword argument '{alias}'"))
                if name in given and self.fault != "both":
                    return Answer({}, TypeError(f"softmax() got multiple values for '{name}'"))
                given[name] = given.pop(alias) * (0 if self.fault == alias else 1)
        if self.fault == "dtype" and given.get("dtype"):
            given["x"] = np.round(given["x"], 2)
        return Answer({"0": OPERATORS["softmax"].reference(call, given)["out"]})


def _judged(subject, way):
    operator, cell = OPERATORS["softmax"], Cell.parse("softmax-aliases-float32-eager-any-cpu")
    rng, found = np.random.default_rng(3), []
    while len(found) < 20:
        case = cases.draw(cell, operator, Tape.cut(rng.bytes(SIZE)))
        aliases.prepare(case)
        if case.way == way and not case.call.layer:
            found.append(aliases.judge(case, subject))
    return found


@pytest.mark.parametrize("way", [aliases.ALONE, aliases.BOTH, aliases.CAST])
def test_an_honest_function_passes(way):
    assert not any(judgement.fails for judgement in _judged(StandIn(), way))


@pytest.mark.parametrize(
    ("fault", "way"),
    [("input", aliases.ALONE), ("dim", aliases.ALONE), ("both", aliases.BOTH), ("dtype", aliases.CAST)],
)
def test_every_fault_is_seen(fault, way):
    assert any(judgement.fails for judgement in _judged(StandIn(fault), way))


def test_names_that_are_not_known_are_not_tried():
    assert not any(judgement.fails for judgement in _judged(StandIn("input", known=("dim",)), aliases.ALONE))


def test_an_operator_without_another_name_is_absent():
    cell = Cell.parse("relu-aliases-float32-eager-any-cpu")
    case = cases.draw(cell, OPERATORS["relu"], Tape(b""))
    assert aliases.absent(case, StandIn(known=())) == "no argument of relu has another name in the installed Paddle"
    assert np.array_equal(case.call.arguments["x"], [0])
