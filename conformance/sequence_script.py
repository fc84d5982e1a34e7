"""Stand-alone scripts for calls in a row, up to the one that diverges, and for one random call many times."""

from __future__ import annotations

import re

from conformance import spelling
from conformance.case import Case

_OUTPUT = re.compile(
    r"(gradient of \w+|\w+|the generator) (?:of|after) call (\d+) \(\w+\)(?: from the (restored|same))?.*"
)


_HEAD = ["import numpy as np, paddle", "from numpy import inf, nan"]

_PROGRAM = """\
def run(call, x):
    paddle.enable_static()
    with paddle.static.program_guard(paddle.static.Program()):
        out = call(paddle.static.data("x", x.shape, str(x.dtype).split(".")[-1]))
        found = paddle.static.Executor().run(feed={"x": x.numpy()}, fetch_list=[out])
    paddle.disable_static()
    return paddle.to_tensor(found[0])"""


def many(case: Case, output: str, expected: str) -> str:
    """The script for what is said of many calls in a row: the first of them."""
    (name, x), *_ = case.call.arrays.items()
    lines = [
        *_HEAD,
        f"paddle.seed({case.call.seed})",
        f"{name} = paddle.to_tensor({spelling.array(x)})",
        "for number in range(8):",
        f"    result = {spelling.written(case.operator, case.call, {name: name})}",
        '    print("got     ", result.numpy().tolist())',
        f'print("expected", {f"{output}: {expected}"!r})',
    ]
    return "\n".join(lines) + "\n"


def write(case: Case, output: str, index: tuple[int, ...], expected: str) -> str:
    """The script; empty for what a script of a few lines cannot show."""
    found = _OUTPUT.fullmatch(output)
    if found is None or not _shows(case, found[1]):
        return ""
    what, last, back = found[1], int(found[2]), found[3]
    seed = [] if case.call.seed is None else [f"paddle.seed({case.call.seed})"]
    lines = [*_HEAD, *([_PROGRAM] if case.cell.mode == "static" else []), *seed]
    for number in range(1, (len(case.sequence) if back else last) + 1):
        lines += _call(case, number)
        if number == 1 and back == "restored":
            lines.append("state = paddle.get_rng_state()")
    if back:
        lines.append("paddle.set_rng_state(state)" if back == "restored" else f"paddle.seed({case.call.seed})")
        lines.append(_call(case, last)[-1])
    where = f"[{', '.join(map(str, index))}]" if index else ""
    lines += [
        f"result = {_result(case, what, last)}",
        f'print("got     ", result.numpy(){where})',
        f'print("expected", {expected!r})',
    ]
    return "\n".join(lines) + "\n"


def _shows(case: Case, what: str) -> bool:
    """Whether a script shows this output: of a program, the first."""
    return case.cell.mode == "eager" or (case.cell.mode == "static" and what in ("out", "the generator"))


def _call(case: Case, number: int) -> list[str]:
    operator, call = case.sequence[number - 1].operator, case.sequence[number - 1].call
    names = {name: f"{name if place else 'x'}{number}" for place, name in enumerate(call.arrays)}
    made = [
        f"{names[name]} = paddle.to_tensor({spelling.array(value)}, stop_gradient={name not in call.differentiable})"
        for name, value in call.arrays.items()
    ]
    if case.cell.mode == "static":
        name = next(iter(names))
        return [*made, f"out{number} = run(lambda x: {spelling.written(operator, call, {name: 'x'})}, x{number})"]
    return [*made, f"out{number} = {spelling.written(operator, call, names)}"]


def _result(case: Case, what: str, number: int) -> str:
    if what == "the generator":
        return "paddle.rand([1])"
    operator, call = case.sequence[number - 1].operator, case.sequence[number - 1].call
    first = f"out{number}[0]" if call.arguments.get("return_mask") else f"out{number}"
    if what.startswith("gradient of "):
        ramp = f'paddle.to_tensor(np.linspace(1, 2, {first}.size, dtype="{case.cell.dtype}").reshape({first}.shape))'
        return f"paddle.grad({first}, [x{number}], [{ramp}])[0]"
    if what in call.updates:
        return f"{what}{number}"
    place = operator.outputs.index(what)
    return f"out{number}[{place}]" if call.arguments.get("return_mask") else first
