"""The bounds of the activations: rounded references stay inside, at the tails too; what is far outside is caught."""

import numpy as np
import pytest

from conformance import case as cases
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.declaration import widen
from conformance.draw.tape import SIZE, Tape
from conformance.judge.precision import reference_dtype
from conformance.judge.table import TABLE
from conformance.ops import OPERATORS
from tests.trial.stand_ins import Honest

NAMES = [name for name, o in OPERATORS.items() if o.family == "activation" and o.noise is None]
CURVES = ["gelu", "silu", "mish", "softplus", "log_sigmoid", "tanh", "elu", "celu", "selu", "tanhshrink", "softmax"]


class Off(Honest):
    """Off by a share of each result."""

    share = 2.0**-10

    def spoil(self, value):
        return value * (1 + self.share) if value.dtype.kind == "f" else value


def _judged(name, prop, dtype, subject, count=150):
    operator = OPERATORS[name]
    rng = np.random.default_rng(11)
    cell = Cell(name, prop, dtype, "eager", operator.layouts[0], "cpu")
    for _ in range(count):
        case = cases.draw(cell, operator, Tape.cut(rng.bytes(SIZE)))
        PROPERTIES[prop].prepare(case)
        yield case, PROPERTIES[prop].judge(case, subject)


@pytest.mark.parametrize("prop", ["forward", "gradient"])
@pytest.mark.parametrize("name", NAMES)
def test_the_rounded_reference_is_inside(name, prop):
    for case, judgement in _judged(name, prop, "float64", Honest()):
        assert not judgement.fails, (case.call, judgement)


@pytest.mark.parametrize("prop", ["forward", "gradient"])
@pytest.mark.parametrize("name", CURVES)
def test_an_error_far_beyond_rounding_is_caught(name, prop):
    """2**-10 is thousands of roundings of float32, yet no more than any tolerance of 1e-3 would let pass."""
    found = [judgement.fails for _, judgement in _judged(name, prop, "float32", Off())]
    assert sum(found) > len(found) / 3
    assert sum(found) > 0


@pytest.mark.parametrize("x", [-5.0, -10.0, -12.5])
@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "softplus"])
def test_a_tail_flushed_to_zero_is_caught(name, x):
    """The bound is relative far out, where the result is small and known to full accuracy."""
    values = np.array([x])
    operator = OPERATORS[name]
    extra = {"gelu": {"approximate": False}, "softplus": {"beta": 1.0, "threshold": 20.0}}.get(name, {})
    allowed = _allowed(operator, {"x": values, **extra})
    expected = _reference(operator, {"x": values, **extra})
    assert 0 < allowed[0] < abs(expected[0]) * 1e-4


def test_the_derivative_of_gelu_may_vanish_near_its_minimum():
    """There the bound is that of the terms, which cancel; a hundred times as far away it is relative again."""
    extra = {"approximate": False}
    near, far = (_allowed_slope("gelu", x, extra) for x in (-0.7517915246935645, 0.5))
    assert near[0] > 1e6 * abs(near[1]) * 2.0**-24
    assert far[0] < 40 * abs(far[1]) * 2.0**-24


def _reference(operator, arguments):
    import refimpl

    return getattr(refimpl, operator.name)(**widen(arguments, reference_dtype(np.dtype("float32"))))


def _facts(operator, arguments, expected, cotangent=None):
    from conformance.judge import precision
    from conformance.judge.bounds import Facts

    single = np.dtype("float32")
    return Facts(
        "out" if cotangent is None else "x", arguments, expected, precision.uncertainty(single),
        precision.underflow(single), float(np.finfo(single).max), lambda **changes: expected, cotangent,
    )  # fmt: skip


def _allowed(operator, arguments):
    expected = _reference(operator, arguments)
    return TABLE[operator.name].outputs["out"].allowed(_facts(operator, arguments, expected))


def _allowed_slope(name, x, extra):
    import refimpl

    arguments = {"x": np.array([x]), **extra}
    expected = getattr(refimpl, name + "_vjp")(np.ones(1), **arguments)[0]
    allowed = TABLE[name].gradients["x"].allowed(_facts(OPERATORS[name], arguments, expected, np.ones(1)))
    return float(allowed[0]), float(expected[0])
