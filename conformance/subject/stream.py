"""Several calls that share one random stream, in whatever way each of them is executed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import paddle
from numpy.typing import NDArray

from conformance.call import Answer, Call, Step

Array = NDArray[Any]
Execute = Callable[[Call, Array | None], dict[str, Array]]


def follow(steps: Sequence[Step], execute: Execute) -> list[Answer]:
    """Take the steps in their order; an answer for each."""
    saved = paddle.get_rng_state()
    answers = []
    for step in steps:
        if step.kind == "seed":
            paddle.seed(step.seed)
        elif step.kind == "save":
            saved = paddle.get_rng_state()
        elif step.kind == "restore":
            paddle.set_rng_state(saved)
        answers.append(_answer(step, execute))
    return answers


def _answer(step: Step, execute: Execute) -> Answer:
    try:
        if step.call is not None:
            return Answer(execute(step.call, step.cotangent))
        return Answer(_peek() if step.kind == "peek" else {})
    except Exception as error:
        return Answer({}, error)


def _peek() -> dict[str, Array]:
    """The number that would be drawn next; it stays undrawn."""
    here = paddle.get_rng_state()
    number = paddle.rand([1], "float32").numpy()
    paddle.set_rng_state(here)
    return {"next": number}
