"""Work in a child process, so that a crash or a hang of Paddle costs the work and not the run.

The child is forked and has all that its parent has. Where there is no fork it starts afresh and imports Paddle anew,
which takes a second or two; the work is sent to it and must be what can be pickled.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import pickle
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NoReturn

_ENDING = (signal.SIGINT, signal.SIGTERM)

_alive: set[int] = set()
"""The children that this process waits for."""


@dataclass(frozen=True)
class Outcome:
    """What became of a piece of work: its result, how its process died, or the exception that it raised."""

    result: Any = None
    died: str = ""  # "killed by SIGSEGV", "exited with status 3", "did not answer within 60 s"
    timeout: bool = False
    traceback: str = ""


@dataclass
class Child:
    """A forked process that does one piece of work and sends back the result."""

    pid: int
    pipe: int
    deadline: float
    seconds: float
    received: bytearray

    @classmethod
    def start(cls, work: Callable[[], Any], seconds: float) -> Child:
        """Fork; the child inherits everything that is imported (spawning would import Paddle anew)."""
        sys.stdout.flush()
        sys.stderr.flush()
        reading, writing = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # or it could hit the child before that ignores it
        pid = os.fork()
        if not pid:
            os.close(reading)
            _work(work, writing)
        os.close(writing)
        _alive.add(pid)
        child = cls(pid, reading, time.monotonic() + seconds, seconds, bytearray())
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        except (KeyboardInterrupt, SystemExit):
            child.kill()
            raise
        return child

    def poll(self) -> Outcome | None:
        """The outcome, if the child has ended, ran out of time, or has sent everything; never waits."""
        while select.select([self.pipe], [], [], 0)[0]:
            chunk = os.read(self.pipe, 1 << 16)
            if not chunk:
                return self._end()
            self.received += chunk
        if time.monotonic() > self.deadline:
            os.kill(self.pid, signal.SIGKILL)
            self._reap()
            return _late(self.seconds)
        return None

    def kill(self) -> None:
        """End the child without an outcome."""
        os.kill(self.pid, signal.SIGKILL)
        self._reap()

    def _end(self) -> Outcome:
        return _ended(os.waitstatus_to_exitcode(self._reap()), bytes(self.received))

    def _reap(self) -> int:
        os.close(self.pipe)
        _alive.discard(self.pid)
        return os.waitpid(self.pid, 0)[1]


def isolated(work: Callable[[], Any], seconds: float) -> Outcome:
    """Do one piece of work in a child and wait for it."""
    if not hasattr(os, "fork"):
        return _spawned(work, seconds)
    child = Child.start(work, seconds)
    try:
        while (outcome := child.poll()) is None:
            select.select([child.pipe], [], [], 0.05)
    except (KeyboardInterrupt, SystemExit):  # a run that ends leaves nobody behind
        child.kill()
        raise
    return outcome


def _spawned(work: Callable[[], Any], seconds: float) -> Outcome:
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(work, sending))
    process.start()
    sending.close()
    try:
        received = receiving.recv_bytes() if receiving.poll(seconds) else None
    except EOFError:
        received = b""
    except (KeyboardInterrupt, SystemExit):
        process.kill()
        raise
    if received is None:
        process.kill()
    process.join()
    return _late(seconds) if received is None else _ended(process.exitcode or 0, received)


def _send(work: Callable[[], Any], sending: Connection) -> NoReturn:
    """The life of a child that was not forked."""
    _quiet()
    sending.send_bytes(_outcome(work))
    os._exit(0)


def _ended(code: int, received: bytes) -> Outcome:
    """The outcome of a child that ended with this exit code, negative for a signal."""
    if code < 0:
        return Outcome(died=f"killed by {signal.Signals(-code).name}")
    if code or not received:  # whoever calls _exit(0) in the child has not answered either
        return Outcome(died=f"exited with status {code}")
    return pickle.loads(received)


def _late(seconds: float) -> Outcome:
    return Outcome(died=f"did not answer within {seconds:g} s", timeout=True)


def _quiet() -> None:
    plain_signals()
    logging.disable(logging.WARNING)  # Paddle's remarks on single calls would fill the progress of thousands


def _work(work: Callable[[], Any], writing: int) -> NoReturn:
    """The child's life. It leaves without running the parent's exit handlers."""
    gc.freeze()  # what the parent has made stays as it is: the child would copy it all only to look for garbage
    gc.set_threshold(50_000)  # a batch of cases lives as long as the batch
    _quiet()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    status = 1
    try:
        view = memoryview(_outcome(work))
        while view:
            view = view[os.write(writing, view) :]
        status = 0
    finally:
        os._exit(status)


def _outcome(work: Callable[[], Any]) -> bytes:
    """The outcome as bytes; a result that cannot be sent is an exception like any other."""
    try:
        return pickle.dumps(Outcome(work()))
    except Exception:
        return pickle.dumps(Outcome(traceback=traceback.format_exc()))


def end_with_child() -> None:
    """Let a worker process that is terminated end the child it waits for; interruptions are its parent's business.

    It ends at once: an exception would be lost where Python ignores it, as in a callback of the garbage collector.
    """
    plain_signals()

    def end(number: int, frame: Any) -> NoReturn:
        for pid in _alive:
            with suppress(OSError):  # it may have ended by itself
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        os._exit(128 + number)

    signal.signal(signal.SIGTERM, end)


def plain_signals() -> None:
    """Give deadly signals back to the system: Paddle's handlers print a page and can hang instead of ending.

    An interruption is the parent's business.
    """
    for name in ("SIGSEGV", "SIGABRT", "SIGFPE", "SIGBUS", "SIGILL", "SIGTERM"):
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
