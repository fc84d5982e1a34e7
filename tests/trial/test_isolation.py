"""Work in a child process: what comes back, and the words for a child that does not come back."""

import ctypes
import gc
import logging
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from conformance.isolation import Child, Outcome, isolated

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def _open_files():
    return set(os.listdir("/dev/fd"))


def _signalled(name):
    """Work that is ended by a signal."""
    return lambda: (os.kill(os.getpid(), getattr(signal, name)), time.sleep(10))


def _interrupted():
    raise KeyboardInterrupt


class _Unpicklable(Exception):
    def __reduce__(self):
        raise TypeError("this cannot be sent")


def test_the_result_comes_back():
    array = np.arange(5.0)
    outcome = isolated(lambda: {"array": array * 2, "pid": os.getpid()}, 10)
    assert outcome == Outcome(result=outcome.result)
    assert outcome.result["array"].tolist() == [0, 2, 4, 6, 8]
    assert outcome.result["pid"] != os.getpid()


def test_none_is_a_result():
    assert isolated(lambda: None, 10) == Outcome()


@pytest.mark.parametrize("size", [1 << 16, 1 << 24])
def test_a_result_larger_than_a_pipe_holds(size):
    assert isolated(lambda: b"x" * size, 20).result == b"x" * size


def test_what_the_child_changes_stays_in_the_child():
    seen = []
    isolated(lambda: seen.append(1), 10)
    assert not seen


def test_the_childs_garbage_collector_leaves_alone_what_it_inherits():
    """Looking at it would copy it."""
    assert not gc.get_freeze_count()
    assert isolated(gc.get_freeze_count, 10).result > 1000


def test_remarks_are_kept_to_itself():
    """Paddle logs advice on single calls, of which there are thousands."""
    logger = logging.getLogger("paddle")
    levels = (logging.WARNING, logging.ERROR)
    assert isolated(lambda: [logger.isEnabledFor(level) for level in levels], 10).result == [False, True]
    assert logger.isEnabledFor(logging.WARNING), "here nothing is changed"


def test_an_exception_keeps_its_traceback():
    def wrong():
        return 1 / 0

    outcome = isolated(wrong, 10)
    assert outcome.traceback.startswith("Traceback")
    assert "in wrong" in outcome.traceback
    assert outcome.traceback.rstrip().endswith("ZeroDivisionError: division by zero")
    assert (outcome.result, outcome.died, outcome.timeout) == (None, "", False)


@pytest.mark.parametrize("result", [lambda: None, _Unpicklable()], ids=["a function", "refuses"])
def test_a_result_that_cannot_be_sent_is_a_failure_of_the_trial(result):
    """And no crash of Paddle."""
    outcome = isolated(lambda: result, 10)
    assert "Traceback" in outcome.traceback
    assert not outcome.died


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (_signalled("SIGSEGV"), "killed by SIGSEGV"),
        (lambda: ctypes.string_at(0), "killed by SIGSEGV"),
        (os.abort, "killed by SIGABRT"),
        (_signalled("SIGFPE"), "killed by SIGFPE"),
        (_signalled("SIGKILL"), "killed by SIGKILL"),
        (_signalled("SIGTERM"), "killed by SIGTERM"),
        (lambda: os._exit(3), "exited with status 3"),
        (lambda: os._exit(0), "exited with status 0"),
        (lambda: sys.exit(0), "exited with status 1"),
        (_interrupted, "exited with status 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_death_has_words(work, words, capfd):
    outcome = isolated(work, 10)
    assert outcome == Outcome(died=words)
    printed = capfd.readouterr()
    assert not printed.out + printed.err, "a dying child keeps quiet"


def test_handlers_of_deadly_signals_do_not_outlive_the_fork():
    """Paddle installs some that can hang."""
    before = signal.signal(signal.SIGTERM, lambda *_: time.sleep(60))
    try:
        assert isolated(_signalled("SIGTERM"), 10).died == "killed by SIGTERM"
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_interruption_is_the_parents_business():
    """The terminal sends it to both."""
    assert isolated(lambda: os.kill(os.getpid(), signal.SIGINT) or "alive", 10).result == "alive"


@pytest.mark.parametrize(
    "work", [lambda: time.sleep(60), lambda: [None for _ in iter(int, 1)]], ids=["sleeps", "spins"]
)
def test_a_hang_ends_in_time(work):
    started = time.monotonic()
    outcome = isolated(work, 0.2)
    assert (outcome.died, outcome.timeout) == ("did not answer within 0.2 s", True)
    assert time.monotonic() - started < 5


def test_the_parents_exit_handlers_run_in_the_parent_only(tmp_path):
    script = (
        "import atexit\nfrom conformance.isolation import isolated\n"
        f"atexit.register(lambda: open({str(tmp_path / 'exits')!r}, 'a').write('x'))\n"
        "print('before', end='')\n"
        "isolated(lambda: print(' child', end='', flush=True), 10); isolated(lambda: 1 / 0, 10)\n"
    )
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    done = subprocess.run([sys.executable, "-c", script], env=buffered, capture_output=True, text=True, check=True)
    assert (tmp_path / "exits").read_text() == "x"
    assert done.stdout == "before child", "the child repeats what the parent had not flushed"


def test_no_zombies_and_no_open_files_stay(monkeypatch):
    pids, fork = [], os.fork
    monkeypatch.setattr(os, "fork", lambda: pids.append(fork()) or pids[-1])
    before = _open_files()
    for work in (lambda: 1, lambda: 1 / 0, os.abort, lambda: os._exit(0), lambda: time.sleep(60)):
        for _ in range(3):
            isolated(work, 0.2)
    child = Child.start(lambda: time.sleep(60), 10)
    child.kill()
    assert _open_files() == before
    assert len(pids) == 16
    for pid in pids:
        with pytest.raises(ChildProcessError):  # waited for already
            os.waitpid(pid, os.WNOHANG)


def test_an_interrupted_wait_ends_the_child(monkeypatch):
    children, start = [], Child.start
    monkeypatch.setattr(Child, "start", lambda *args: children.append(start(*args)) or children[-1])

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            isolated(lambda: time.sleep(60), 30)
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(children[0].pid, 0)


def test_polling_never_waits():
    child = Child.start(lambda: time.sleep(0.5) or "done", 10)
    started, polls = time.monotonic(), 0
    while (outcome := child.poll()) is None:
        polls += 1
        time.sleep(0.01)
    assert outcome.result == "done"
    assert polls > 5
    assert time.monotonic() - started < 5


def test_children_beside_one_another():
    children = [Child.start(lambda n=n: n * n, 10) for n in range(5)]
    outcomes = [None] * 5
    while None in outcomes:
        outcomes = [outcome or child.poll() for child, outcome in zip(children, outcomes, strict=True)]
    assert [outcome.result for outcome in outcomes] == [0, 1, 4, 9, 16]
