"""Stream: random calls in a row draw from one generator what it is known to give, and leave it where they should.

The values of the arrays are plain, and outputs are compared to 16 bits: here a wrong draw is looked for, not a
rounding, which is what forward and gradient are for. After every call the next number of the generator is compared as
well, so that a call which draws too much or too little, or in evaluation at all, is found where it happens.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Call, Step
from conformance.case import Case, assemble
from conformance.checks.judgement import Judgement, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.draw.tape import TRACKS, Tape
from conformance.judge.compare import Comparison, compare
from conformance.ops import OPERATORS
from refimpl.random import Generator

Array = NDArray[Any]

PACE = Pace(modes=("eager", "static", "to_static"), batch=1, slower=4, shrinks=False, several=True)

_PRECISION = 2.0**-16


def applies(operator: Operator) -> bool:
    """Whether the operator draws anything, and values are known that show what."""
    return operator.noise is not None and operator.sample is not None


def prepare(case: Case) -> None:
    """Draw the further calls of the sequence, each from a track of the tape."""
    tape = case.tape or Tape(b"")
    case.call = replace(_plain(case.operator, case.call), seed=zlib.crc32(str(tape).encode()))
    case.sequence = [(case.operator, replace(case.call, seed=None))]
    others = [o for o in OPERATORS.values() if applies(o) and case.cell.dtype in o.dtypes and o is not case.operator]
    for track in tape.tracks[1:TRACKS]:
        case.sequence.append(_further(case, Tape(track), [case.operator, *others]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a case beyond the arguments of its calls, one by one: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output, gradient or state of the generator along the sequence."""
    steps, expected = zip(*_script(case), strict=True)
    verdicts: dict[str, Comparison] = {}
    for wanted, answer in zip(expected, subject.script(steps), strict=True):
        if answer.error is not None:
            return replace(raised(answer), output=next(iter(wanted), "the generator"))
        for name, (key, value) in wanted.items():
            verdicts[name] = _compared(answer.arrays.get(key), value)
    return worst(verdicts)


def _further(case: Case, tape: Tape, operators: list[Operator]) -> tuple[Operator, Call]:
    """Another call, of the same dtype; of the same operator if the tape says nothing."""
    operator = tape.one_of(*operators)
    cell = replace(case.cell, operator=operator.name, layout=tape.one_of(*operator.layouts))
    layer = tape.flag()
    call = assemble(operator, cell, operator.draw(tape, cell.layout), "ordinary", case.codes, layer=layer, seed=None)
    return operator, _plain(operator, call)


def _plain(operator: Operator, call: Call) -> Call:
    """The call with plain values, which show what was drawn."""
    assert operator.sample is not None
    name, x = next(iter(call.arrays.items()))
    values = operator.sample.values(call.arguments).astype(x.dtype)
    return replace(call, arguments={**call.arguments, name: values})


Wanted = dict[str, tuple[str, Array]]
"""What the answer to a step should hold: the name for people -> the name in the answer, and the value."""


def _script(case: Case) -> Iterator[tuple[Step, Wanted]]:
    """The steps: a seed, the calls; then back to where the second began; then the first from the same seed again."""
    seed = case.call.seed or 0
    stream = Generator(seed)
    named = [(f"call {n} ({operator.name})", operator, call) for n, (operator, call) in enumerate(case.sequence, 1)]
    yield Step("seed", seed=seed), {}
    yield from _call(stream, *named[0])
    saved = stream.state
    yield Step("save"), {}
    for further in named[1:]:
        yield from _call(stream, *further)
    yield Step("restore"), {}
    stream.state = saved
    for name, operator, call in named[1:2]:
        yield from _call(stream, f"{name} from the restored state", operator, call)
    yield Step("seed", seed=seed), {}
    for name, operator, call in named[:1]:
        yield from _call(Generator(seed), f"{name} from the same seed", operator, call)


def _call(stream: Generator, name: str, operator: Operator, call: Call) -> Iterator[tuple[Step, Wanted]]:
    """A call with its gradient, and a look at the number that comes next."""
    assert operator.noise is not None
    noise = operator.noise(stream, call.arguments)
    outputs = operator.reference(call, call.arguments, noise)
    out = outputs[operator.outputs[0]]
    cotangent = np.linspace(1, 2, out.size, dtype=out.dtype).reshape(out.shape)
    again = operator.sample is not None and operator.sample.again
    gradients = operator.reference_gradients(call, cotangent, call.arguments, noise) if again else {}
    wanted = {f"{key} of {name}": (str(n), value) for n, (key, value) in enumerate(outputs.items())}
    wanted |= {f"gradient of {key} of {name}": (f"gradient of {key}", value) for key, value in gradients.items()}
    yield Step("call", call, cotangent if again else None), wanted
    here = stream.state
    following = stream.uniform((1,))
    stream.state = here
    yield Step("peek"), {f"the generator after {name}": ("next", following)}


def _compared(got: Array | None, expected: Array) -> Comparison:
    if expected.dtype.kind != "f":
        return compare(got, expected, 0.0, expected.dtype)
    allowed = _PRECISION * (1 + np.abs(expected))
    return compare(got, expected, allowed, expected.dtype)
