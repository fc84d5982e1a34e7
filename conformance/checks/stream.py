"""Stream: random calls in a row draw from one generator what it is known to give, and leave it where they should.

The values of the arrays are plain: a wrong draw is looked for here. After every call the next number of the generator
is compared as well, so that a call which draws too much or too little, or in evaluation at all, is found where it
happens.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Call, Step
from conformance.case import Case, assemble
from conformance.checks.judgement import Judgement, judge_forward, judge_gradient, raised, worst
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.draw.tape import TRACKS, Tape
from conformance.judge.compare import Comparison, compare
from conformance.ops import OPERATORS
from refimpl.random import Generator

Array = NDArray[Any]

PACE = Pace(modes=("eager", "static", "to_static"), batch=1, shrinks=False, several=True, everywhere=True)


def applies(operator: Operator) -> bool:
    """Whether the operator draws anything, and values are known that show what."""
    return operator.noise is not None and operator.sample is not None


def prepare(case: Case) -> None:
    """Draw the further calls of the sequence, each from a track of the tape; the first is the same call once more."""
    tape = case.tape or Tape(b"")
    seed = case.call.seed if case.tape is None else zlib.crc32(str(tape).encode())
    case.call = replace(_plain(case.operator, case.call), seed=seed)
    case.sequence = [replace(case, call=replace(case.call, seed=None), tape=None) for _ in range(2)]
    others = [o for o in OPERATORS.values() if applies(o) and case.cell.dtype in o.dtypes and o is not case.operator]
    for track in tape.tracks[2:TRACKS]:
        case.sequence.append(_further(case, Tape(track), [case.operator, *others]))


def names(case: Case) -> dict[str, Any]:
    """What the register may ask of a call of the sequence beyond its arguments: nothing."""
    return {}


def judge(case: Case, subject: Any) -> Judgement:
    """The worst output, gradient or state of the generator along the sequence."""
    links = list(_script(case))
    verdicts: dict[str, Comparison] = {}
    for link, answer in zip(links, subject.script([link.step for link in links]), strict=True):
        if answer.error is None:
            verdicts |= link.judge(answer.arrays)
        elif link.claimed:
            return replace(raised(answer), output=f"out of {link.name}")
    return worst(verdicts)


def _further(case: Case, tape: Tape, operators: list[Operator]) -> Case:
    """Another call, of the same dtype; of the same operator if the tape says nothing."""
    operator = tape.one_of(*operators)
    cell = replace(case.cell, operator=operator.name, layout=tape.one_of(*operator.layouts))
    layer = operator.layer if tape.flag() else None
    arguments = operator.draw(tape, cell.layout)
    call = assemble(operator, cell, arguments, "ordinary", case.codes, layer=layer, seed=None)
    return Case(cell, operator, _plain(operator, call), "ordinary", case.codes)


def _plain(operator: Operator, call: Call) -> Call:
    """The call with plain values, which show what was drawn."""
    assert operator.sample is not None
    name, x = next(iter(call.arrays.items()))
    values = operator.sample.values(call.arguments).astype(x.dtype)
    return replace(call, arguments={**call.arguments, name: values})


@dataclass(frozen=True)
class _Link:
    """A step of the script, and what its answer should be."""

    name: str
    step: Step
    judge: Callable[[Mapping[str, Array]], dict[str, Comparison]] = lambda arrays: {}
    claimed: bool = True


def _script(case: Case) -> Iterator[_Link]:
    """The steps: a seed, the calls; then back to where the second began; then the first from the same seed again."""
    seed = case.call.seed or 0
    stream = Generator(seed)
    named = [(f"call {n} ({part.operator.name})", part) for n, part in enumerate(case.sequence, 1)]
    yield _Link("the seed", Step("seed", seed=seed))
    yield from _call(stream, *named[0])
    saved = stream.state
    yield _Link("the saved state", Step("save"))
    for further in named[1:]:
        yield from _call(stream, *further)
    yield _Link("the restored state", Step("restore"))
    stream.state = saved
    for name, part in named[1:2]:
        yield from _call(stream, f"{name} from the restored state", part)
    yield _Link("the seed", Step("seed", seed=seed))
    for name, part in named[:1]:
        yield from _call(Generator(seed), f"{name} from the same seed", part)


def _call(stream: Generator, name: str, part: Case) -> Iterator[_Link]:
    """A call, with its gradient where that depends on the draws; and a look at the number that comes next."""
    assert part.operator.noise is not None
    assert part.operator.sample is not None
    noise = part.operator.noise(stream, part.call.arguments)
    out = part.operator.reference(part.call, part.call.arguments, noise)[part.operator.outputs[0]]
    cotangent = np.linspace(1, 2, out.size, dtype=out.dtype).reshape(out.shape) if part.operator.sample.again else None
    step = Step("call", part.call, cotangent)
    yield _Link(name, step, partial(_judge_call, name, part, noise, cotangent), part.claimed)
    here = stream.state
    following = stream.uniform((1,))
    stream.state = here
    yield _Link(
        name,
        Step("peek"),
        lambda arrays: {f"the generator after {name}": compare(arrays["next"], following, 0.0, following.dtype)},
    )


def _judge_call(
    name: str, part: Case, noise: Mapping[str, Any], cotangent: Array | None, got: Mapping[str, Array]
) -> dict[str, Comparison]:
    """The outputs of a call and its gradients, for the draws that it should have had."""
    if not part.claimed:
        return {}
    found = judge_forward(part, got, noise)
    if cotangent is not None:
        found |= judge_gradient(part, got, noise, cotangent)
    return {f"{output} of {name}": comparison for output, comparison in found.items()}
