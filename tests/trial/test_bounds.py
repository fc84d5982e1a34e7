"""The bounds: careful arithmetic stays inside them, and an error of a few times a bound is caught."""

from collections import defaultdict
from functools import cache
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest

from conformance import case as cases
from conformance.case import Case
from conformance.cell import Cell
from conformance.checks import PROPERTIES, judgement
from conformance.checks.judgement import Judgement
from conformance.draw.tape import SIZE, Tape
from conformance.floats import NARROW, is_floating, limits
from conformance.judge import precision
from conformance.judge.compare import compare
from conformance.judge.table import TABLE
from conformance.ops import OPERATORS
from tests.trial.kernels import Hasty, Plain
from tests.trial.planted import Careful

CASES = 60
CELLS = [
    Cell(operator.name, prop, dtype, "eager", layout, "cpu")
    for operator in OPERATORS.values()
    for prop in ("forward", "gradient")
    if PROPERTIES[prop].applies(operator)
    for layout in operator.layouts
    for dtype in operator.dtypes
]
PLAIN = ("relu", "sigmoid", "dropout", "avg_pool2d", "max_pool2d", "batch_norm")  # what tests/trial/kernels.py has
PLAIN_CELLS = [cell for cell in CELLS if cell.operator in PLAIN and cell.layout in ("any", "NC", "NCHW", "NHWC")]

NARROW_CELLS = [
    Cell(name, prop, dtype, "eager", OPERATORS[name].layouts[0], "cpu")
    for name in PLAIN
    for prop in ("forward", "gradient")
    for dtype in NARROW
]

every_cell = pytest.mark.parametrize("cell", CELLS, ids=str)
every_plain_cell = pytest.mark.parametrize("cell", PLAIN_CELLS, ids=str)


class Compared(NamedTuple):
    """One comparison: what was judged, how far off it may be, and the share of that it was off."""

    output: str
    expected: np.ndarray
    allowed: np.ndarray
    dtype: np.dtype
    share: float


class Judged(NamedTuple):
    """A case, its judgement, and the comparisons behind it."""

    case: Case
    found: Judgement
    compared: list[Compared]

    @property
    def told(self):
        return f"{self.case.region}: {self.case.call} {self.case.extras} {self.found}"


def _drawn(cell, count):
    """So many cases of a cell, of every region alike often."""
    rng, operator = np.random.default_rng(5), OPERATORS[cell.operator]
    for number in range(count):
        head = bytes([number % len(operator.regions)])
        case = cases.draw(cell, operator, Tape.cut(head + rng.bytes(SIZE - 1)))
        PROPERTIES[cell.property].prepare(case)
        yield case


def _outputs(case):
    """The names of what is compared, in the order in which it is."""
    given = case.operator.outputs + case.operator.updates
    return given if case.cell.property == "forward" else case.call.wanted_gradients


def _judge(case, subject):
    """Judge a case, and note the comparisons."""
    noted = []

    def noting(got, expected, allowed, dtype, **options):
        found = compare(got, expected, allowed, dtype, **options)
        noted.append((expected, np.broadcast_to(allowed, expected.shape), dtype, found.share))
        return found

    with mock.patch.object(judgement, "compare", noting):
        found = PROPERTIES[case.cell.property].judge(case, subject)
    return Judged(case, found, [Compared(n, *rest) for n, rest in zip(_outputs(case), noted, strict=False)])


@cache
def _careful(cell):
    return [_judge(case, Careful()) for case in _drawn(cell, CASES) if not _overflows(case)]


def _overflows(case):
    """Whether plain sums may overflow before what they are multiplied with brings them back into the range."""
    return case.region == "extreme" and len(case.operator.differentiable) > 1


@cache
def _plain(cell):
    return [
        _judge(case, kernel) for case in _drawn(cell, CASES) if _plain_enough(case) for kernel in (Plain(), Hasty())
    ]


def _plain_enough(case):
    """Whether a plain kernel cannot overflow on the way to a finite result, nor subtract infinities."""
    if case.cell.operator in ("batch_norm", "avg_pool2d") and case.region in ("extreme", "wide"):
        return False
    return not (case.cell.operator == "batch_norm" and case.region == "special")


@pytest.mark.parametrize("cell", [*CELLS, *NARROW_CELLS], ids=str)
def test_the_reference_in_the_dtype_itself_stays_inside(cell):
    """Its every operation is rounded as a kernel's are: a bound that it leaves is impossible, and an alarm false."""
    for judged in _careful(cell):
        assert not judged.found.fails, judged.told


@every_plain_cell
def test_plain_kernels_stay_inside(cell):
    for judged in _plain(cell):
        assert not judged.found.fails, judged.told


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PLAIN)
def test_no_bound_is_slack(name, dtype):
    """Plain arithmetic comes within an eighth of every bound that lets anything pass."""
    nearest = defaultdict(float)
    for cell in PLAIN_CELLS:
        if (cell.operator, cell.dtype) == (name, dtype):
            for compared in (c for judged in _plain(cell) for c in judged.compared if np.any(c.allowed)):
                key = cell.property, compared.output
                nearest[key] = max(nearest[key], compared.share)
    assert nearest or name == "relu", "every bound is zero"
    assert all(share > 1 / 8 for share in nearest.values()), dict(nearest)


@pytest.mark.parametrize("cell", [*CELLS, *NARROW_CELLS], ids=str)
def test_a_few_times_the_bound_is_caught(cell):
    """Four times the allowed error in one element, or one step where nothing is allowed, wherever that element is."""
    rng, spoilt = np.random.default_rng(1), 0
    for judged in _careful(cell)[::3]:
        for _, expected, allowed, dtype, _ in judged.compared:
            if not is_floating(dtype) or not len(places := _spoilable(expected, allowed, dtype)):
                continue
            index = tuple(int(i) for i in places[rng.integers(len(places))])
            found = compare(_spoilt(expected, allowed, dtype, index), expected, allowed, dtype)
            assert found.problem, f"{judged.case.call}: {allowed[index]} is allowed of {expected[index]}"
            spoilt += 1
    assert spoilt > 5


def _spoilable(expected, allowed, dtype):
    """The indices of finite elements whose allowed error is finite, too, and leaves room below the largest number."""
    room = float(limits(dtype).max) / 8
    return np.argwhere(np.isfinite(expected) & np.isfinite(allowed) & (abs(expected) + 4 * allowed < room))


def _spoilt(expected, allowed, dtype, index):
    """The expected values, rounded, with one of them off by four times its allowed error."""
    with np.errstate(all="ignore"):
        got = np.array(expected, dtype)
    if allowed[index]:
        got[index] = dtype.type(expected[index] + 4 * allowed[index])
    else:
        got[index] = np.nextafter(got[index], dtype.type(np.inf))
    return got


@every_cell
def test_a_bound_is_narrow_somewhere_and_finite_nearly_everywhere(cell):
    """At its narrowest 128 roundings of the expected value, sums included; infinite in few elements."""
    narrowest, infinite, count = defaultdict(lambda: np.inf), 0, 0
    unit = precision.uncertainty(np.dtype(cell.dtype))
    for judged in _careful(cell):
        for output, expected, allowed, dtype, _ in judged.compared:
            if dtype.kind == "f" and judged.case.region not in ("special", "extreme", "wide", "subnormal"):
                sizes = np.abs(expected)
                ordinary = np.isfinite(sizes) & (sizes > limits(dtype).smallest_normal * 2.0**30)
                ratios = allowed[ordinary] / (unit * sizes[ordinary])
                narrowest[output] = min(narrowest[output], ratios.min(initial=np.inf))
                infinite, count = infinite + np.isinf(allowed).sum(), count + allowed.size
    assert all(ratio <= 128 for ratio in narrowest.values()), dict(narrowest)
    assert infinite <= count / 20


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_every_output_and_gradient_has_a_row_and_every_row_its_reason(operator):
    rows = TABLE[operator.name]
    assert set(rows.outputs) == set(operator.outputs) | set(operator.updates)
    assert set(rows.gradients) == set(operator.differentiable)
    assert all(row.why for row in (*rows.outputs.values(), *rows.gradients.values()))
