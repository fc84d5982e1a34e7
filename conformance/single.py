"""One case judged by itself, in a child process, and all that is to be said of it."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from conformance import explain, subject
from conformance.case import Case
from conformance.checks import PROPERTIES
from conformance.checks.judgement import Judgement
from conformance.errors import UserError
from conformance.isolation import isolated
from conformance.judge.compare import Comparison
from conformance.judging import judge_case, registered
from conformance.known.register import Entry
from conformance.record import Record, Verdict

SECONDS = 60.0
"""After which a case counts as hanging."""

MEMORY = 3 << 30
"""Bytes that this process may have while the reference is asked whether a call has a meaning."""


def judge(case: Case, register: Sequence[Entry], repeat: str) -> Record:
    """The record of a case; it is "known" where it diverges no further than the register lets it.

    `repeat` is the command that judges it again.

    Raises:
        UserError: the call has no meaning, or there is no such device.
    """
    subject.load()  # before the fork, or every child would import Paddle anew
    subject.warm(case.cell.mode)
    if PROPERTIES[case.cell.property].PACE.meant:
        meaning(case)
    PROPERTIES[case.cell.property].prepare(case)
    known = registered(case, register)
    outcome = isolated(partial(_judge, case, known, repeat), SECONDS)
    if outcome.traceback:
        return _record(case, Verdict.ERROR, outcome.traceback)
    if outcome.died:
        reason = f"Paddle's process {outcome.died}"
        died = Judgement("the process", Comparison(reason, (), outcome.died, "a result", math.inf, math.inf))
        return _diverging(case, Verdict.TIMEOUT if outcome.timeout else Verdict.CRASH, died, repeat, reason)
    if isinstance(outcome.result, UserError):
        raise outcome.result
    record: Record = outcome.result
    return record


def meaning(case: Case) -> Mapping[str, NDArray[Any]]:
    """The outputs of the reference, in the dtype of the call.

    Raises:
        UserError: the call has no meaning, and the reference says why; or it needs more than `MEMORY`.
    """
    name = case.call.api
    try:
        with _limited_memory(), np.errstate(all="ignore"):
            return case.operator.reference(case.call, case.arguments)
    except MemoryError:
        raise UserError(f"{name} is too large here: the reference needs more than {MEMORY >> 30} GiB") from None
    except Exception as error:
        if isinstance(error, (TypeError, ValueError)) and "; allowed: " in str(error):
            raise UserError(f"{name} has no meaning here: {error}") from None
        raise UserError(f"the reference of {name} is at fault: {type(error).__name__}: {error}") from error


@contextmanager
def _limited_memory() -> Iterator[None]:
    """Let a careless size, such as a padding of 10**9, raise MemoryError before the machine runs out (Linux)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (MEMORY, soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _judge(case: Case, known: Sequence[Entry], repeat: str) -> Record | UserError:
    """The record of a case, in the child; a UserError goes back as a value, for the parent to raise."""
    try:
        paddle = subject.create(case.cell.mode, case.cell.device)
    except UserError as error:
        return error
    if not paddle.has(case.call.api, case.call.layer.name if case.call.layer else None):
        return _record(case, Verdict.ABSENT, "the installed Paddle has no such function or layer")
    strict = judge_case(case, paddle, ())
    if strict is None:  # no register was asked
        return _record(case, Verdict.ABSENT, f"the installed Paddle has no kernel for this in {case.cell.dtype} here")
    if not strict.fails:
        return _record(case, Verdict.PASS, judgement=strict)
    if not known:
        return _diverging(case, Verdict.FAIL, strict, repeat)
    held = judge_case(case, paddle, known)
    reason = "; ".join(f"{entry.id}: {entry.title}" for entry in known)
    if held is not None and held.fails:
        return _diverging(case, Verdict.FAIL, held, repeat, f"worse than is registered as {reason}")
    return _diverging(case, Verdict.KNOWN, strict, repeat, f"registered as {reason}")


def _diverging(case: Case, verdict: Verdict, judgement: Judgement, repeat: str, reason: str = "") -> Record:
    failure = msgspec.structs.replace(explain.failure(case, judgement), repeat=repeat)
    return msgspec.structs.replace(_record(case, verdict, reason or failure.what, judgement), failure=failure)


def _record(case: Case, verdict: Verdict, reason: str = "", judgement: Judgement | None = None) -> Record:
    worst = judgement.comparison if judgement else Comparison()
    ulp, share = (value if math.isfinite(value) else 0.0 for value in (worst.ulp, worst.share))
    return Record(**asdict(case.cell), verdict=verdict, reason=reason, cases=1, worst_ulp=ulp, worst_share=share)
