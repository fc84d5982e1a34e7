"""Worker processes end, whether their tasks are done or not."""

import multiprocessing
import os
import signal
import time

import pytest

from conformance import workers

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def test_every_task_is_done_once():
    offset = object()  # cannot be sent to another process; workers inherit it
    results = workers.spread(lambda task: (task, offset is not None), ["a", "b", "c"], 2)
    assert sorted(results) == [("a", True), ("b", True), ("c", True)]
    assert not multiprocessing.active_children()


def test_workers_that_are_done_end_by_themselves(monkeypatch):
    """A signal at the end could come just before they wait for another task, and be lost."""
    monkeypatch.setattr(workers, "terminate", lambda pool: pytest.fail("they were told to end"))
    assert list(workers.spread(abs, [-1], 2)) == [1]


def test_who_does_not_want_the_rest_waits_for_nobody():
    results = workers.spread(lambda task: time.sleep(task) or task, [0, 60], 2)
    assert next(results) == 0
    results.close()
    assert not multiprocessing.active_children()


def _deaf_once():
    """As a worker is to a signal that comes just before it begins to wait."""

    def hear(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, hear)


@pytest.mark.timeout(30)
def test_a_worker_that_missed_the_signal_is_told_again():
    pool = multiprocessing.get_context("fork").Pool(1, _deaf_once)
    pool.apply(abs, (-1,))
    pool.apply_async(time.sleep, (60,))
    time.sleep(0.2)
    workers.terminate(pool)
    assert not multiprocessing.active_children()
