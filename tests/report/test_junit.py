"""The JUnit file: its structure, its counts, its text."""

from collections import Counter
from xml.etree import ElementTree as ET

import pytest
from msgspec import structs

from conformance.record import ALARMING, Verdict
from conformance.report import junit
from tests.report.journals import FAILURE, large, make_journal, make_record, showcase

_OUTCOMES = {"failure", "error", "skipped", "system-out"}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def parse(journal):
    return ET.fromstring(junit.render(journal).encode())


def case_of(record):
    (case,) = parse(make_journal([record])).iter("testcase")
    return case


@pytest.mark.parametrize("journal", [showcase(), showcase(complete=False), large(4), make_journal([])])
def test_structure_and_counts(journal):
    root = parse(journal)
    assert root.tag == "testsuites"
    for element in [root, *root]:
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        for attribute, tag in _COUNTED.items():
            assert int(element.get(attribute)) == len(list(element.iter(tag)))
        assert float(element.get("time")) == pytest.approx(sum(float(c.get("time")) for c in cases), abs=1e-3)
    for suite in root:
        assert (suite.tag, suite.keys()[0]) == ("testsuite", "name")
        for case in suite:
            assert case.tag == "testcase"
            assert {"classname", "name", "time"} == set(case.keys())
            assert len(case) <= 1
            assert {outcome.tag for outcome in case} <= _OUTCOMES


def test_a_suite_per_operator_and_a_case_per_record():
    journal = showcase()
    found = {suite.get("name"): len(suite) for suite in parse(journal)}
    assert found == Counter(record.operator for record in journal.records)
    names = [(case.get("classname"), case.get("name")) for case in parse(journal).iter("testcase")]
    assert len(set(names)) == len(journal.records)


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts(verdict):
    case = case_of(make_record(verdict=verdict))
    tags = {Verdict.PASS: [], Verdict.FIXED: ["system-out"], Verdict.ERROR: ["error"]}
    expected = ["failure"] if verdict in ALARMING else tags.get(verdict, ["skipped"])
    assert [child.tag for child in case] == expected
    if expected:
        assert f"because of {verdict}" in ET.tostring(case[0], encoding="unicode")


def test_a_case_took_as_long_as_its_record():
    assert case_of(make_record(seconds=1.25)).get("time") == "1.250"


def test_a_known_divergence_is_skipped_by_its_id():
    (record,) = [r for r in showcase().records if r.verdict is Verdict.KNOWN]
    message = case_of(record).find("skipped").get("message")
    assert message == "known divergence sigmoid-tail: sigmoid flushes its lower tail to zero"


def test_a_failure_carries_its_example():
    text = case_of(make_record(verdict=Verdict.FAIL)).find("failure").text
    for told in (*structs.asdict(FAILURE).values(),):
        for part in told.values() if isinstance(told, dict) else [str(told)]:
            assert part in text


def test_an_interrupted_run_has_an_error():
    case = parse(showcase(complete=False)).find("testsuite[@name='run']/testcase")
    assert case.find("error").get("message").startswith("Interrupted after 74 of 114 checks.")
    assert parse(showcase()).find("testsuite[@name='run']") is None


def test_characters_that_xml_cannot_hold_are_shown():
    record = make_record("a<b&\x00", Verdict.FAIL, reason="\x1b[31m ]]> \ufffe 已知 🙂\n")
    root = parse(make_journal([record]))
    assert root[0].get("name") == r"a<b&\x00"
    assert root.find(".//failure").get("message") == "\\x1b[31m ]]> \\ufffe 已知 🙂\n"
