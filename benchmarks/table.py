"""Results as a Markdown page: the aims and what was reached, every row, and the machine."""

from __future__ import annotations

import datetime
import math
import os
import platform
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import paddle

from benchmarks.references import Result

MIB = 2**20
INTRODUCTION = """\
# Benchmarks

Time of the references as a multiple of the time of Paddle's own CPU kernel, one thread each, measured in turns in one
process and in CPU time: the median of the rounds and, in brackets, their middle half. Below 1 the reference is the
faster one. Memory is the most that a call of the reference holds, beyond the size of its results. The gradient of an
adaptive maximum finds the maxima again, whereas Paddle's has kept them in its forward pass; dropout draws its mask on
both sides.
"""


class Aim(NamedTuple):
    """Something that must not exceed a number."""

    what: str
    reached: float
    most: float

    @property
    def met(self) -> bool:
        return self.reached <= self.most


def page(results: Sequence[Result], aims: Iterable[Aim]) -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRODUCTION,
            *machine(),
            "",
            *aim_lines(aims),
            "",
            *rows(results),
            "",
        ]
    )


def aim_lines(aims: Iterable[Aim]) -> Iterator[str]:
    yield from ("| aim | reached | at most | |", "|---|---|---|---|")
    for aim in aims:
        yield f"| {aim.what} | {aim.reached:.2f} | {aim.most:g} | {'met' if aim.met else '**missed**'} |"


def rows(results: Sequence[Result]) -> Iterator[str]:
    """One line for each name, the dtypes side by side."""
    dtypes = sorted({result.dtype for result in results})
    found = {(result.name, result.dtype): result for result in results}
    yield f"| work | {' | '.join(dtypes)} | {' | '.join(f'memory, {dtype}' for dtype in dtypes)} |"
    yield "|---" * (1 + 2 * len(dtypes)) + "|"
    for name in dict.fromkeys(result.name for result in results):
        of = [found.get((name, dtype)) for dtype in dtypes]
        times = ["" if r is None else f"{r.ratio.median:.2f} ({r.ratio.low:.2f}-{r.ratio.high:.2f})" for r in of]
        memory = ["" if r is None else f"{(r.peak - r.output) / MIB:+.2f} MiB" for r in of]
        yield f"| {name} | {' | '.join(times + memory)} |"


def geometric_mean(numbers: Iterable[float]) -> float:
    logarithms = [math.log(number) for number in numbers]
    return math.exp(sum(logarithms) / len(logarithms))


def machine() -> list[str]:
    """What the numbers depend on, without the machine's name."""
    versions = f"NumPy {np.__version__}, Paddle {paddle.__version__} ({paddle.version.commit[:12]})"
    return [
        f"- {datetime.date.today().isoformat()}, {processor()}, {os.cpu_count()} logical cores, {platform.system()}",
        f"- Python {platform.python_version()}, {versions}",
    ]


def processor() -> str:
    """The model of the processor as the system tells it."""
    told = Path("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", told.read_text(), re.M) if told.exists() else None
    return model[1] if model else platform.processor() or platform.machine()
