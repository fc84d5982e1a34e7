"""The run as a JUnit file, for systems that show test results: a suite per operator, a case per record."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree as ET

from conformance.record import ALARMING, Journal, Record, Verdict
from conformance.report import digest

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(journal: Journal) -> str:
    """The file as text.

    A divergence, a crash and a timeout are failures, the trial's own errors are errors, known divergences
    and what was not judged are skipped with their reason. An interrupted run has one more case, with an
    error that says so.
    """
    root = ET.Element("testsuites", name="paddle-conformance")
    by_operator: dict[str, list[Record]] = defaultdict(list)
    for record in journal.records:
        by_operator[record.operator].append(record)
    for operator in sorted(by_operator):
        _suite(root, operator, [_case(record) for record in by_operator[operator]])
    if not journal.complete:
        _suite(root, "run", [_interrupted(journal)])
    _count(root, root.findall("testsuite/testcase"))
    ET.indent(root)
    return _HEADER + ET.tostring(root, encoding="unicode") + "\n"


_HEADER = '<?xml version="1.0" encoding="utf-8"?>\n'


def _suite(root: ET.Element, name: str, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=_text(name))
    suite.extend(cases)
    _count(suite, cases)


def _count(element: ET.Element, cases: list[ET.Element]) -> None:
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _case(record: Record) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_text(f"conformance.{record.operator}"),
        name=_text(" ".join(part for part in record.key[1:] if part)),
        time=f"{record.seconds:.3f}",
    )
    if record.verdict in ALARMING or record.verdict is Verdict.ERROR:
        tag = "error" if record.verdict is Verdict.ERROR else "failure"
        outcome = ET.SubElement(case, tag, type=str(record.verdict), message=_text(_message(record)))
        outcome.text = _text(_example(record))
    elif record.verdict is Verdict.FIXED:
        ET.SubElement(case, "system-out").text = _text(f"fixed: {_message(record)}")
    elif record.verdict is not Verdict.PASS:
        ET.SubElement(case, "skipped", message=_text(_skipped(record)))
    return case


def _interrupted(journal: Journal) -> ET.Element:
    case = ET.Element("testcase", classname="conformance", name="the run came to its end", time="0.000")
    ET.SubElement(case, "error", type="interrupted", message=digest.headline(journal).english)
    return case


def _skipped(record: Record) -> str:
    if record.verdict is Verdict.KNOWN and record.divergence:
        return f"known divergence {record.divergence.id}: {record.divergence.title}"
    return f"{record.verdict}: {record.reason}"


def _message(record: Record) -> str:
    return record.reason or (record.failure.what if record.failure else str(record.verdict))


def _example(record: Record) -> str:
    failure = record.failure
    if not failure:
        return record.reason
    inputs = "\n".join(f"{name} = {array}" for name, array in failure.inputs.items())
    lines = (
        failure.call,
        failure.what,
        digest.answer(failure),
        digest.distance(failure),
        inputs,
        f"repeat: {failure.repeat}",
        failure.script,
    )
    return "\n".join(line for line in lines if line)


def _text(text: str) -> str:
    """XML has no way to write most control characters; they appear as Python writes them."""
    return _NOT_XML.sub(lambda match: ascii(match.group())[1:-1], text)
