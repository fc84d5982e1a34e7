"""A failing case as a record keeps it and a person reads it."""

from __future__ import annotations

import math
import textwrap

from conformance import script, spelling
from conformance.case import Case
from conformance.checks.judgement import Judgement
from conformance.record import Failure, Record


def failure(case: Case, judgement: Judgement) -> Failure:
    """What a record says of a failing case."""
    worst = judgement.comparison
    arrays = {**case.call.arrays, **case.extras}
    inputs = {name: spelling.array(value) for name, value in arrays.items()}
    if case.call.seed is not None:
        inputs["paddle.seed"] = str(case.call.seed)
    return Failure(
        call=spelling.call(case.operator, case.call),
        what=f"{judgement.output}: {worst.problem}",
        output=judgement.output,
        index=list(worst.index),
        got=worst.got,
        expected=worst.expected,
        ulp=_number(worst.ulp),
        share=_number(worst.share),
        inputs=inputs,
        repeat=f"python -m conformance replay {case.cell}:{case.tape}",
        script=script.write(case, judgement.output, worst.index, worst.expected),
    )


def message(record: Record) -> str:
    """A record with a failure, as the terminal and pytest print it."""
    f = record.failure
    head = f"{record.verdict.upper()}  {' '.join(part for part in record.key if part)}"
    if f is None:
        return f"{head}\n  {record.reason}"
    where = f" at {f.index}" if f.index else ""
    rows = [
        ("call", f.call),
        ("what", f.what + where),
        ("got", f.got),
        ("expected", f.expected),
        ("error", f"{f.ulp} ULP, {f.share} times what is allowed"),
        *((name, value) for name, value in f.inputs.items()),
        ("repeat", f.repeat),
    ]
    width = max(len(name) for name, _ in rows)
    body = "\n".join(f"  {name:<{width}}  {value}" for name, value in rows)
    return f"{head}\n{body}\n  script:\n{textwrap.indent(f.script, '    ')}"


def _number(value: float) -> str:
    return "infinitely many" if math.isinf(value) else f"{value:.3g}"
