"""A stand-alone script for a sequence of random calls, up to the one that diverges."""

from __future__ import annotations

import re

from conformance import spelling
from conformance.case import Case

_OUTPUT = re.compile(
    r"(gradient of \w+|\w+|the generator) (?:of|after) call (\d+) \(\w+\)(?: from the (restored|same))?.*"
)


def write(case: Case, output: str, index: tuple[int, ...], expected: str) -> str:
    """The script; empty for a mode that a script of a few lines cannot show."""
    found = _OUTPUT.fullmatch(output)
    if case.cell.mode != "eager" or found is None:
        return ""
    what, last, back = found[1], int(found[2]), found[3]
    lines = ["import numpy as np, paddle", "from numpy import inf, nan", f"paddle.seed({case.call.seed})"]
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


def _call(case: Case, number: int) -> list[str]:
    operator, call = case.sequence[number - 1]
    (name, x), *_ = call.arrays.items()
    made = f"x{number} = paddle.to_tensor({spelling.array(x)}, stop_gradient=False)"
    return [made, f"out{number} = {spelling.written(operator, call, {name: f'x{number}'})}"]


def _result(case: Case, what: str, number: int) -> str:
    if what == "the generator":
        return "paddle.rand([1])"
    operator, call = case.sequence[number - 1]
    first = f"out{number}[0]" if call.arguments.get("return_mask") else f"out{number}"
    if what.startswith("gradient of "):
        ramp = f'paddle.to_tensor(np.linspace(1, 2, {first}.size, dtype="{case.cell.dtype}").reshape({first}.shape))'
        return f"paddle.grad({first}, [x{number}], [{ramp}])[0]"
    place = operator.outputs.index(what)
    return f"out{number}[{place}]" if call.arguments.get("return_mask") else first
