"""Subjects that stand in for Paddle: one that is right, and some with a fault planted."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import pytest

from conformance import subject
from conformance.call import Answer
from conformance.declaration import widen
from conformance.judge.precision import reference_dtype
from conformance.ops import OPERATORS
from refimpl.random import Generator


class Scripted:
    """Follows a script with the generator that Paddle has on the CPU."""

    def script(self, steps):
        stream, saved, answers = Generator(0), None, []
        for step in steps:
            if step.kind == "seed":
                stream = Generator(step.seed)
            elif step.kind == "save":
                saved = stream.state
            elif step.kind == "restore":
                stream.state = saved
            answers.append(Answer(self._taken(step, stream)))
        return answers

    def _taken(self, step, stream):
        if step.kind == "peek":
            here, number = stream.state, stream.uniform((1,))
            stream.state = here
            return {"next": number}
        return self.called(step.call, step.cotangent, stream) if step.kind == "call" else {}

    def called(self, call, cotangent, stream):
        """The outputs by position and, with a cotangent, the gradients of a call that draws from a stream."""
        operator = OPERATORS[call.api.rpartition(".")[2]]
        noise = operator.noise(stream, call.arguments)
        outputs = operator.reference(call, call.arguments, noise).values()
        found = {str(n): value for n, value in enumerate(outputs)}
        if cotangent is not None:
            gradients = operator.reference_gradients(call, cotangent, call.arguments, noise)
            found |= {f"gradient of {name}": value for name, value in gradients.items()}
        return found


class Honest(Scripted):
    """The reference, rounded to the dtype of the call."""

    def has(self, api, layer):
        return True

    def forward(self, call):
        operator = OPERATORS[call.api.rpartition(".")[2]]
        with np.errstate(all="ignore"):
            return self._answer(call, operator.reference(call, self._wide(call)))

    def gradient(self, call, cotangent):
        operator = OPERATORS[call.api.rpartition(".")[2]]
        wide = cotangent.astype(reference_dtype(cotangent.dtype))
        with np.errstate(all="ignore"):
            return self._answer(call, operator.reference_gradients(call, wide, self._wide(call)))

    def spoil(self, value):
        return value

    def _answer(self, call, arrays):
        dtype = _dtype(call)
        return Answer({n: self.spoil(a).astype(dtype) if a.dtype.kind == "f" else a for n, a in arrays.items()})

    def _wide(self, call):
        return widen(call.arguments, reference_dtype(_dtype(call)))


def _dtype(call):
    """The dtype under test: that of the first array."""
    return next(iter(call.arrays.values())).dtype


class Doubling(Honest):
    """Twice what is right."""

    def spoil(self, value):
        return value * 2


class Absent(Honest):
    """A Paddle without the operator."""

    def has(self, api, layer):
        return False


class Raising(Honest):
    """Refuses every call."""

    def forward(self, call):
        return Answer({}, RuntimeError("no kernel\nfor this"))

    def gradient(self, call, cotangent):
        return self.forward(call)


class Dying(Honest):
    """Kills the process that asks it."""

    def forward(self, call):
        os.kill(os.getpid(), signal.SIGSEGV)

    def gradient(self, call, cotangent):
        return self.forward(call)


class Hanging(Honest):
    """Never answers."""

    def forward(self, call):
        time.sleep(60)

    def gradient(self, call, cotangent):
        return self.forward(call)


class Broken(Honest):
    """A fault of the trial itself."""

    def forward(self, call):
        raise AssertionError("a mistake of ours")

    def gradient(self, call, cotangent):
        return self.forward(call)


def install(patch: pytest.MonkeyPatch, stand_in: Honest) -> None:
    """Let it stand trial in Paddle's place."""
    patch.setattr(subject, "load", lambda: None)
    patch.setattr(subject, "version", lambda: "3.3.1")
    patch.setattr(subject, "create", lambda mode, device: stand_in)


def equal(one, other) -> bool:
    """Whether two values of an argument are the same, arrays bit for bit."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    return type(one) is type(other) and one == other
