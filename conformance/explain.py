"""A failing case as a record keeps it and a person reads it."""

from __future__ import annotations

import math
import textwrap
from typing import Any

from numpy.typing import NDArray

from conformance import script, sequence_script, spelling
from conformance.case import Case
from conformance.checks.judgement import Judgement
from conformance.record import Failure, Record

LARGEST = 1024
"""The most elements that are printed; beyond it a case is told by its shapes, and has no script."""


def failure(case: Case, judgement: Judgement) -> Failure:
    """What a record says of a failing case."""
    worst = judgement.comparison
    arrays = {**case.call.arrays, **case.extras}
    small = sum(value.size for value in arrays.values()) <= LARGEST
    inputs = {name: spelling.array(value) if small else _outline(value) for name, value in arrays.items()}
    if case.call.seed is not None:
        inputs["paddle.seed"] = str(case.call.seed)
    if case.place:
        inputs["in memory"] = case.place
    return Failure(
        call="; ".join(spelling.call(part.operator, part.call) for part in case.sequence or [case]),
        what=f"{judgement.output}: {worst.problem}",
        output=judgement.output,
        index=list(worst.index),
        got=worst.got,
        expected=worst.expected,
        ulp=_number(worst.ulp),
        share=_number(worst.share),
        inputs=inputs,
        repeat=f"python -m conformance replay {case.cell}:{case.tape}",
        script=_script(case, judgement) if small else "",
    )


def _script(case: Case, judgement: Judgement) -> str:
    found = judgement.comparison
    if judgement.chance is not None:
        return sequence_script.many(case, judgement.output, found.expected)
    if case.place:
        return ""  # views of memory take more lines
    writer = sequence_script if case.sequence else script
    return writer.write(case, judgement.output, found.index, found.expected)


def message(record: Record) -> str:
    """A record with a failure, as the terminal and pytest print it."""
    f = record.failure
    if record.drift:
        return f"DRIFT  {' '.join(part for part in record.key if part)}\n  {record.drift}\n  {record.worst_call}"
    if f is None:
        return f"{head(record)}\n  {record.reason}"
    where = f" at {f.index}" if f.index else ""
    rows = [
        ("call", f.call),
        ("what", f.what + where),
        ("got", f.got),
        ("expected", f.expected),
        ("error", ", ".join(part for part in (f.ulp and f"{f.ulp} ULP", f"{f.share} times what is allowed") if part)),
        *((name, value) for name, value in f.inputs.items()),
        ("repeat", f.repeat),
    ]
    if record.reason not in f.what:
        rows.insert(0, ("why", record.reason))
    width = max(len(name) for name, _ in rows)
    body = "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
    script_lines = f"\n  script:\n{textwrap.indent(f.script, '    ')}" if f.script else ""
    return f"{head(record)}\n{body}{script_lines}"


def head(record: Record) -> str:
    """The verdict, and what it is about."""
    return f"{record.verdict.upper()}  {' '.join(part for part in record.key if part)}"


def _outline(value: NDArray[Any]) -> str:
    return f"{value.dtype} of shape {list(value.shape)}, too large to print"


def _number(value: float) -> str:
    """A number for people; NaN stands for none."""
    if math.isnan(value):
        return ""
    return "infinitely many" if math.isinf(value) else f"{value:.3g}"
