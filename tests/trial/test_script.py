"""The stand-alone scripts: at most 20 lines of numpy and paddle that print what the record says Paddle gave."""

import ast
import os

import numpy as np
import pytest

from conformance import case as cases
from conformance import script, spelling, subject
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.draw.tape import SIZE, Tape
from conformance.isolation import isolated
from conformance.ops import OPERATORS
from tests.trial.printed import printed

PER_CELL = 2
CELLS = [
    Cell(operator.name, prop, dtype, "eager", layout, "cpu")
    for operator in OPERATORS.values()
    for prop in ("forward", "gradient", "state")
    if PROPERTIES[prop].applies(operator)
    for number, layout in enumerate(operator.layouts)
    for dtype in (operator.dtypes if len(operator.layouts) == 1 else operator.dtypes[number % 2 :: 2])
]


def _cases(cell, count, where=lambda case: True):
    """So many drawn cases of a cell."""
    rng, found = np.random.default_rng(3), []
    while len(found) < count:
        case = cases.draw(cell, OPERATORS[cell.operator], Tape.cut(rng.bytes(SIZE)))
        if where(case):
            PROPERTIES[cell.property].prepare(case)
            found.append(case)
    return found


def _answers(case):
    """What Paddle gives for a case: arrays by the name that a judgement has for them."""
    paddle, call = subject.create("eager", "cpu"), case.call
    if case.cell.property == "gradient":
        answer = paddle.gradient(call, case.extras["cotangent"])
        return {f"gradient of {name}": array for name, array in answer.arrays.items()}
    if case.cell.property == "forward":
        answer = paddle.forward(call)
        return {case.operator.outputs[int(n)] if n.isdigit() else n: a for n, a in answer.arrays.items()}
    inputs = [case.extras[f"x of step {step}"] for step in range(1, len(case.steps) + 1)]
    named, found = {"0": "out"} | call.layer.state, {}
    for step, answer in enumerate(paddle.steps(call, inputs, case.steps), 1):
        found |= {f"{named[n]} after step {step}": array for n, array in answer.arrays.items() if n in named}
    return found


def _printed(text):
    """The two lines that a script prints."""
    *many, expected = printed(text)
    got = "\n".join(many)
    return got.removeprefix("got      "), expected.removeprefix("expected ")


def _disagreements(cell):
    """What the scripts of a cell's cases print, where it is not what Paddle gave."""
    found = []
    for case in _cases(cell, PER_CELL):
        for output, array in _answers(case).items():
            index = tuple(n // 2 for n in array.shape) if array.size else ()
            text = script.write(case, output, index, "EXPECTED")
            got, expected = _printed(text)
            if (got, expected) != (str(array[index]), "EXPECTED"):
                found.append(f"{output} at {index} is {array[index]}; {got!r} {expected!r} come from\n{text}")
            if len(text.splitlines()) > script.LINES:
                found.append(f"{len(text.splitlines())} lines:\n{text}")
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.usefixtures("paddle")
@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_script_prints_what_paddle_gave(cell):
    outcome = isolated(lambda: _disagreements(cell), 60)
    assert not outcome.died + outcome.traceback
    assert not outcome.result, outcome.result[0]


@pytest.mark.parametrize("cell", CELLS[:: max(1, len(CELLS) // 40)], ids=str)
def test_a_script_imports_numpy_and_paddle_alone(cell):
    for case in _cases(cell, 5):
        text = script.write(case, "out after step 1" if case.steps else "out", (), "1.0")
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Import, ast.ImportFrom))]
        modules = {n.module for n in imports if isinstance(n, ast.ImportFrom)}
        modules |= {alias.name for n in imports if isinstance(n, ast.Import) for alias in n.names}
        assert modules <= {"numpy", "paddle"}


@pytest.mark.usefixtures("paddle")
def test_a_script_of_a_missing_gradient_says_so():
    """Paddle gives None, and the script prints that."""
    cell = Cell("batch_norm", "gradient", "float32", "eager", "NC", "cpu")
    case = _cases(cell, 1, lambda c: c.call.layer is None and c.call.arguments["weight"] is not None)[0]
    lines = script.write(case, "gradient of weight", (), "an array").splitlines()
    lines.insert(-2, "result = None")
    assert _printed("\n".join(lines))[0].strip() == "None"


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_arrays_are_spelt_exactly(dtype):
    """Every bit comes back, signs of zero, infinities and subnormal numbers too."""
    rng, kind = np.random.default_rng(0), np.dtype(dtype)
    info = np.finfo(kind)
    arrays = [
        np.array(0.1, kind),
        np.array([0.0, -0.0, np.inf, -np.inf, np.nan, info.max, info.smallest_subnormal, 1 / 3], kind),
        np.zeros((0, 3), kind),
        np.zeros((2, 0), kind),
        rng.standard_normal((2, 3, 40)).astype(kind),
        rng.integers(0, 1 << 16, 2000, np.uint16).view(np.float16).astype(kind),
        np.full((1, 1, 1, 1), -1e-7, kind),
    ]
    for array in arrays:
        again = eval(spelling.array(array), {"np": np, "inf": np.inf, "nan": np.nan})
        assert (again.dtype, again.shape) == (array.dtype, array.shape)
        same = np.array_equal(again, array, equal_nan=True) and np.array_equal(np.signbit(again), np.signbit(array))
        assert same or np.isnan(array).any()
        numbers = ~np.isnan(array)
        assert again[numbers].tobytes() == array[numbers].tobytes()


def test_whole_numbers_and_truth_values_are_spelt():
    for array in (np.array([1, -2], np.int64), np.array([[True], [False]]), np.array(3, np.int32)):
        again = eval(spelling.array(array), {"np": np})
        assert (again.dtype, again.tolist()) == (array.dtype, array.tolist())
