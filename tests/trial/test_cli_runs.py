"""Runs from outside: what they write, interruptions, and the same verdicts from pytest."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import msgspec
import pytest

from conformance import record, run
from conformance.cell import Cell
from tests.trial.command_line import ROOT, SMALL, conformance, python


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A small run of the installed Paddle: the process, and the folder of its reports."""
    folder = tmp_path_factory.mktemp("first")
    done = conformance("run", *SMALL, "--jobs", "1", cwd=folder)
    if "Paddle cannot be imported" in done.stderr:
        pytest.skip(done.stderr)
    return done, folder / "conformance-report"


def _verdicts(folder):
    return {r.key: r.verdict for r in record.read(folder / "run.jsonl").records}


def test_a_run_writes_its_records_and_reports(first):
    done, folder = first
    assert {"run.jsonl", "report.html", "junit.xml", "summary.md"} <= {path.name for path in folder.iterdir()}
    journal = record.read(folder / "run.jsonl")
    assert journal.complete
    assert len(journal.records) == journal.run.planned
    assert {r.operator for r in journal.records} == {"relu"}
    assert {r.dtype for r in journal.records} == {"float32"}
    assert (journal.run.seed, journal.run.profile, journal.run.selection) == (
        7, "quick", {"op": "relu", "dtype": "float32"}
    )  # fmt: skip
    assert journal.end.exit_code == done.returncode == run.exit_code({r.verdict for r in journal.records})
    assert len(ElementTree.parse(folder / "junit.xml").findall(".//testcase")) >= len(journal.records)
    assert "Traceback" not in done.stderr


def test_a_run_prints_its_seed_and_where_its_report_is(first):
    done, folder = first
    lines = done.stdout.splitlines()
    assert "seed 7" in lines[0]
    assert "quick" in lines[0]
    assert lines[-1].endswith(f"{folder.name}/report.html")
    planned = record.read(folder / "run.jsonl").run.planned
    assert f"{planned}/{planned}" in done.stderr, "progress stays readable in a log"
    assert "\r" not in done.stderr


def _comparable(folder):
    records = record.read(folder / "run.jsonl").records
    return sorted(msgspec.json.encode(msgspec.structs.replace(r, seconds=0.0)) for r in records)


def test_the_same_seed_gives_the_same_records_with_any_number_of_jobs(first, tmp_path):
    done = conformance("run", *SMALL, "--jobs", "2", "--output", "again", cwd=tmp_path)
    assert done.returncode == first[0].returncode
    assert _comparable(tmp_path / "again") == _comparable(first[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_pytest_gives_the_same_verdicts(first, tmp_path):
    report = tmp_path / "junit.xml"
    done = python(
        "-m", "pytest", ROOT / "conformance", *SMALL, "-n", "2", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
        "-c", ROOT / "pyproject.toml", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("name").partition("[")[2].rstrip("]")
        found[name] = next(p.get("value") for p in case.iter("property") if p.get("name") == "verdict")
    expected = {}
    for r in record.read(first[1] / "run.jsonl").records:
        cell = Cell(r.operator, r.property, r.dtype, r.mode, r.layout, r.device)
        expected[f"known-{r.divergence.id}" if r.divergence else str(cell)] = r.verdict.value
    assert found == expected


@pytest.mark.usefixtures("first")  # there is a Paddle
def test_an_interrupted_run_keeps_what_it_had(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "conformance", "run", "--profile", "deep", "--op", "relu,sigmoid", "--jobs", "2"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    path = tmp_path / "conformance-report" / "run.jsonl"
    try:
        _until(lambda: path.exists() and path.read_bytes().count(b"\n") > 2, 60)
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does
        out, err = process.communicate(timeout=60)
        with pytest.raises(ProcessLookupError):  # nobody of its session is left
            os.killpg(process.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 130, err
    assert "Traceback" not in out + err
    assert "interrupted" in err
    journal = record.read(path)
    assert not journal.complete
    assert len(journal.records) >= 2
    assert {"report.html", "summary.md", "junit.xml"} <= {file.name for file in path.parent.iterdir()}


def _until(holds, seconds):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


def test_the_records_are_plain_json(first):
    for text in (first[1] / "run.jsonl").read_text("utf-8").splitlines():
        assert isinstance(json.loads(text), dict)
