"""Where there is no fork, the work is sent to a process that starts afresh, and comes out the same."""

import operator
import os
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from msgspec import structs

from conformance import search, single, trial
from conformance.black_box import BlackBox, black_box
from conformance.cell import Cell
from conformance.draw.tape import Tape
from conformance.isolation import Outcome, isolated
from conformance.known.register import read as read_register
from conformance.record import Verdict
from conformance.replay import case as case_of

SLOW = 60  # seconds that a start may take on a machine with much to do


@pytest.fixture
def _no_fork(monkeypatch):
    monkeypatch.delattr(os, "fork", raising=False)


@pytest.mark.usefixtures("_no_fork")
@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        (partial(operator.add, b"x" * (1 << 20), b"y"), Outcome(b"x" * (1 << 20) + b"y")),
        (partial(operator.getitem, [None], 0), Outcome()),
        (os.abort, Outcome(died="killed by SIGABRT")),
        (partial(os._exit, 3), Outcome(died="exited with status 3")),
        (partial(os._exit, 0), Outcome(died="exited with status 0")),
    ],
    ids=["a result", "none", "a signal", "a status", "no answer"],
)
def test_the_outcome_comes_back(work, outcome):
    assert isolated(work, SLOW) == outcome


@pytest.mark.usefixtures("_no_fork")
def test_it_is_another_process_with_its_own_exceptions_and_its_own_time():
    assert isolated(os.getpid, SLOW).result != os.getpid()
    assert isolated(partial(operator.truediv, 1, 0), SLOW).traceback.rstrip().endswith("division by zero")
    assert isolated(partial(time.sleep, 60), 0.2) == Outcome(died="did not answer within 0.2 s", timeout=True)


@pytest.mark.usefixtures("_no_fork")
def test_the_box_is_shared():
    with black_box() as box:
        assert box.read() == Tape(b"")
        isolated(partial(box.write, Tape(b"\1\2", (b"\3",))), SLOW)
        assert box.read() == Tape(b"\1\2", (b"\3",))
        path = Path(box.__reduce__()[1][0])
        assert path.exists()
    assert not path.exists()


def test_a_box_of_forked_children_needs_no_file():
    with black_box() as box:
        assert box.__reduce__() == (BlackBox, (None,))


def _records(monkeypatch, work):
    """The record that comes with a fork and without one."""
    found = [work(0)]
    monkeypatch.delattr(os, "fork", raising=False)
    found.append(work(1))
    return [structs.replace(record, seconds=0.0) for record in found]


@pytest.mark.parametrize("ignore", [False, True])
def test_a_cell_has_the_same_record(monkeypatch, tmp_path, ignore):
    """Also one that fails and shrinks."""
    pytest.importorskip("paddle")
    cell = Cell("relu", "forward", "float32", "eager", "any", "cpu")
    rules = trial.Rules(search.Profile("tiny", 2, SLOW), 3, tuple(read_register()), ignore)

    def run(n):
        return trial.run(cell, replace(rules, database=str(tmp_path / str(n))))

    first, second = _records(monkeypatch, run)
    assert first == second
    assert first.verdict is (Verdict.FAIL if ignore else Verdict.PASS)


@pytest.mark.parametrize("name", ["relu-laws-float32-eager-any-cpu:0102", "dropout-stream-float64-eager-any-cpu:03"])
def test_a_case_has_the_same_record(monkeypatch, name):
    """Though its declaration does not travel."""
    pytest.importorskip("paddle")
    first, second = _records(monkeypatch, lambda n: single.judge(case_of(name), tuple(read_register()), "again"))
    assert first == second
    assert first.verdict is Verdict.PASS
