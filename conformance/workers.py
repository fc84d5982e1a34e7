"""Worker processes: tasks done side by side, results as they come, and an end whatever happens."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.pool import Pool
from typing import Any, TypeVar

from conformance.isolation import end_with_child

Task = TypeVar("Task")
Result = TypeVar("Result")

AGAIN = 0.2
"""Seconds after which a worker that has not ended is told again."""

_of_number: Callable[[int], Any]
"""What a worker does with the number of a task; it inherits the rest, which to send would cost milliseconds."""


def spread(work: Callable[[Task], Result], tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """The results of the tasks, in the order in which they come, from so many forked workers."""
    pool = multiprocessing.get_context("fork").Pool(jobs, _begin, (work, tasks))
    try:
        yield from pool.imap_unordered(_do, range(len(tasks)))
    except BaseException:  # an interruption, or nobody wants the rest
        terminate(pool)
        raise
    pool.close()  # workers without a task end by themselves
    pool.join()


def terminate(pool: Pool) -> None:
    """End the workers at once.

    A signal that reaches a worker just before it begins to wait for a task is noticed when the next one comes: they are
    told until they have ended.
    """
    ending = threading.Thread(target=pool.terminate)
    ending.start()
    while ending.is_alive():
        ending.join(AGAIN)
        for worker in multiprocessing.active_children():
            worker.terminate()


def _begin(work: Callable[[Task], Result], tasks: Sequence[Task]) -> None:
    """Begin the life of a worker."""
    global _of_number

    def of_number(number: int) -> Result:
        return work(tasks[number])

    _of_number = of_number
    end_with_child()


def _do(number: int) -> Any:
    return _of_number(number)
