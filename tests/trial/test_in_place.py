"""In-place variants: an honest one passes, and every way to be wrong is seen."""

import numpy as np
import pytest

from conformance import case as cases
from conformance import explain
from conformance.call import Answer
from conformance.cell import Cell
from conformance.checks import in_place
from conformance.draw.tape import SIZE, Tape
from conformance.ops import OPERATORS

VARIANTS = [operator for operator in OPERATORS.values() if in_place.applies(operator)]
FAULTS = {
    "same": ("the object", lambda array: np.array(False)),
    "refused": ("a leaf that needs its gradient", lambda array: np.array(False)),
    "0": ("out", lambda array: array + 1),
    "gradient of x": ("gradient of x", lambda array: array * 0 + 7),
}


class StandIn:
    """The reference in the place of a variant, with one of its answers changed."""

    def __init__(self, operator, fault=""):
        self.operator, self.fault = operator, fault

    def in_place(self, call, cotangent):
        plain = {n: v for n, v in call.arguments.items() if n in self.operator.signature.parameters}
        gradients = self.operator.reference_gradients(call, cotangent, plain)
        answer = {"same": np.array(True), "refused": np.array(True), "0": self.operator.reference(call, plain)["out"]}
        answer |= {f"gradient of {name}": value for name, value in gradients.items()}
        if self.fault:
            answer[self.fault] = FAULTS[self.fault][1](answer[self.fault])
        return Answer(answer)


def _cases(operator):
    rng, cell = np.random.default_rng(3), Cell(operator.name, "in_place", "float32", "eager", "any", "cpu")
    for _ in range(20):
        case = cases.draw(cell, operator, Tape.cut(bytes([0]) + rng.bytes(SIZE - 1)))  # ordinary values
        in_place.prepare(case)
        yield case


@pytest.mark.parametrize("operator", VARIANTS, ids=lambda operator: operator.name)
def test_an_honest_variant_passes(operator):
    assert not any(in_place.judge(case, StandIn(operator)).fails for case in _cases(operator))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operator", VARIANTS, ids=lambda operator: operator.name)
def test_every_fault_is_seen_and_told(operator, fault):
    for case in _cases(operator):
        given, view = case.call.arguments["x"], case.views[1]
        lost = not np.array_equal(operator.reference(view.call, view.call.arguments)["out"], given)
        if given.size and (lost or fault != "refused"):
            found = in_place.judge(case, StandIn(operator, fault))
            assert found.output == FAULTS[fault][0]
            told = explain.failure(case, found)
            assert operator.in_place.name in told.call
            assert operator.in_place.name in told.script
            compile(told.script, "script", "exec")


def test_what_the_register_leaves_out_is_not_judged():
    """The values alone, the gradient alone, or the call."""
    (case, *_) = _cases(OPERATORS["relu"])
    for view, fault in zip(case.views, ("same", "0", "gradient of x"), strict=True):
        view.claimed = False
        assert not in_place.judge(case, StandIn(OPERATORS["relu"], fault)).fails
        view.claimed = True
