"""`pytest conformance`: one test for every check that the command line would run."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest

from conformance import explain, run
from conformance.cell import Cell
from conformance.known.register import Entry
from conformance.record import ALARMING, Verdict


def test_conformance(
    conformance_task: Cell | Entry, request: pytest.FixtureRequest, record_property: Callable[[str, object], None]
) -> None:
    options = request.config.option
    record = run.judge(conformance_task, run.rules_of(options), options.device)
    record_property("verdict", record.verdict.value)
    record_property("cases", record.cases)
    if record.verdict in ALARMING | {Verdict.ERROR}:
        pytest.fail(explain.message(record), pytrace=False)
    if record.drift:
        warnings.warn(explain.message(record), stacklevel=1)
    if record.verdict is Verdict.KNOWN:
        pytest.xfail(record.reason)
    if record.verdict in (Verdict.ABSENT, Verdict.NOT_RUN):
        pytest.skip(record.reason)
