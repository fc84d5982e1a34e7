"""Is a known divergence still there, exactly as the register has it?"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache

import msgspec

from conformance import bind, line, single
from conformance.case import Case
from conformance.cell import Cell
from conformance.known.register import Entry
from conformance.record import Divergence, Failure, Record, Verdict
from conformance.trial import Rules


def cell(entry: Entry, device: str) -> Cell:
    """The cell of an entry's record: that of its smallest example, but for the property."""
    return replace(_case(entry, device).cell, property="known")


def run(entry: Entry, rules: Rules, device: str) -> Record:
    """Judge the smallest example of an entry.

    The verdict is "known" if Paddle gives what is registered, "fixed" if it is right, "changed" if it diverges in
    another way; "fail" in the place of "known" where known divergences are ignored.
    """
    started = time.monotonic()
    case = _case(entry, device)
    found = single.judge(case, (), f"python -m conformance run --op {case.operator.name}")
    verdict, reason = _verdict(entry, found)
    if verdict is Verdict.KNOWN and rules.ignore_known:
        verdict = Verdict.FAIL
    return msgspec.structs.replace(
        found,
        property="known",
        verdict=verdict,
        reason=reason,
        seconds=round(time.monotonic() - started, 3),
        worst_ulp=0.0,
        worst_share=0.0,
        divergence=_told(entry),
    )


def _verdict(entry: Entry, found: Record) -> tuple[Verdict, str]:
    example = entry.example
    if found.verdict is Verdict.PASS:
        return Verdict.FIXED, f"{entry.title}: Paddle is right now; take the entry out, or limit its versions"
    if found.failure is None:
        return found.verdict, found.reason
    if _same(entry, found.failure):
        return Verdict.KNOWN, entry.title
    failure = found.failure
    return Verdict.CHANGED, (
        f"{entry.title}: registered is {example.got} in {example.output} at {list(example.index)},"
        f" now it is {failure.got} in {failure.output} at {failure.index}"
    )


def _same(entry: Entry, failure: Failure) -> bool:
    """Whether Paddle gave what is registered."""
    example = entry.example
    same = failure.output == example.output and tuple(failure.index) == example.index
    return same and _essence(failure.output, failure.got) == _essence(example.output, example.got)


def _essence(output: str, got: str) -> str:
    """What counts of a wrong result: of an exception its class, of a dead process that it died, not by which signal."""
    separator = {"the call": ":", "the process": " by "}.get(output)
    return got.partition(separator)[0] if separator else got


@lru_cache
def _case(entry: Entry, device: str) -> Case:
    example = entry.example
    values = bind.Values(seed=example.seed, given=example.values)
    mode = "eager" if entry.modes == ("*",) else entry.modes[0]
    return bind.cases(line.parse(example.call), values, mode, device, (example.property,))[0]


def _told(entry: Entry) -> Divergence:
    return Divergence(
        id=entry.id,
        kind=entry.kind,
        title=entry.title,
        right=entry.right,
        paddle=entry.paddle,
        when=entry.when.text,
        versions=entry.versions,
        link=entry.link,
    )
