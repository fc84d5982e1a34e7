"""Aliases: other ways to write a call give the same bits.

An argument may be given by its other name, but not by both at once; which names the installed Paddle knows is asked by
a call, for only some documentation tells of them. And `dtype=` is the same as an x that was cast before.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from conformance.call import Answer, Call
from conformance.case import Case
from conformance.checks.errors import ALLOWED
from conformance.checks.judgement import Judgement, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.judge.compare import Comparison, compare

PACE = Pace(batch=8, slower=4, alone=True, predicts=False, seen=("aliases", "forward"), whole=True, profile="standard")

ALIASES = {"x": "input", "axis": "dim", "threshold": "lambd", "return_mask": "return_indices"}
"""The other names that arguments have in some functions and layers."""

DTYPES = ("float64", "float32")

ALONE, BOTH, CAST = "by its other name", "by both names", "with a dtype"
_UNKNOWN = re.compile("unexpected keyword argument|has too many arguments")


def applies(operator: Operator) -> bool:
    """Whether the operator has an argument that has another name somewhere (a dtype comes with an axis)."""
    return not operator.function and bool(ALIASES.keys() & operator.signature.parameters.keys())


def absent(case: Case, subject: Any) -> str:
    """Why nothing can be judged: neither the function nor its layers know another name."""
    layers = case.operator.layer.all if case.operator.layer else ()
    forms = [layer.form(case.cell.layout, case.call.arguments) for layer in layers]
    renamed = any(True for form in (None, *forms) for _ in _renamed(replace(case.call, layer=form), subject))
    if renamed or _takes_dtype(case):
        return ""
    return f"no argument of {case.operator.name} has another name in the installed Paddle"


def prepare(case: Case) -> None:
    """Draw how the call is written; what forward is known to get wrong need not be the same twice."""
    ways = (ALONE, BOTH, CAST) if _takes_dtype(case) else (ALONE, BOTH)
    case.way = case.tape.one_of(*ways) if case.tape else BOTH
    case.call = replace(case.call, layer=None) if case.way == CAST else case.call
    for name in PACE.seen:
        case.views.append(replace(case, cell=replace(case.cell, property=name), views=[]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond its arguments: whether both names are given."""
    return {"both": case.way == BOTH}


def judge(case: Case, subject: Any) -> Judgement:
    """The first of the other ways that is not the same; it is shown as the case's call."""
    for written, found in {ALONE: _alone, BOTH: _both, CAST: _cast}[case.way](case.call, subject):
        if found.fails:
            case.call = written
            return found
    return Judgement("out")


def _alone(call: Call, subject: Any) -> Iterator[tuple[Call, Judgement]]:
    for _, _, renamed in _renamed(call, subject):
        yield renamed, _same(subject.forward(call), subject.forward(renamed))


def _both(call: Call, subject: Any) -> Iterator[tuple[Call, Judgement]]:
    for name, alias, _ in _renamed(call, subject):
        both = _with(call, {**_named(call), alias: _named(call)[name]})
        yield both, _refused(subject.forward(both).error)


def _cast(call: Call, subject: Any) -> Iterator[tuple[Call, Judgement]]:
    for dtype in DTYPES:
        with np.errstate(over="ignore"):
            before = _with(call, {**_named(call), "x": _named(call)["x"].astype(dtype)})
        asked = _with(call, {**_named(call), "dtype": dtype})
        yield asked, _same(subject.forward(before), subject.forward(asked))


def _takes_dtype(case: Case) -> bool:
    return "dtype" in case.operator.signature.parameters


def _refused(error: Exception | None) -> Judgement:
    if error is not None and {kind.__name__ for kind in type(error).__mro__} & set(ALLOWED):
        return Judgement("the call")
    got = "a result" if error is None else type(error).__name__
    return Judgement(
        "the call", Comparison("no error where there should be one", (), got, "an error", math.nan, math.inf)
    )


def _same(plain: Answer, other: Answer) -> Judgement:
    if error := plain.error or other.error:
        return raised(Answer({}, error))
    got = other.arrays
    return worst({n: compare(got.get(n), a, 0.0, a.dtype, signed_zero=True) for n, a in plain.arrays.items()})


def _renamed(call: Call, subject: Any) -> Iterator[tuple[str, str, Call]]:
    """The arguments that have another name, and the call by that name: of a layer, its options."""
    for name, alias in ALIASES.items():
        if name in _named(call):
            renamed = _with(call, {alias if n == name else n: value for n, value in _named(call).items()})
            error = subject.forward(renamed).error
            if error is None or not _UNKNOWN.search(str(error)):
                yield name, alias, renamed


def _named(call: Call) -> dict[str, Any]:
    return dict(call.layer.options if call.layer else call.arguments)


def _with(call: Call, named: dict[str, Any]) -> Call:
    return replace(call, layer=replace(call.layer, options=named)) if call.layer else replace(call, arguments=named)
