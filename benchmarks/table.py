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
from benchmarks.throughput import Speed

MIB = 2**20
INTRODUCTION = """\
# Benchmarks

Time of the references as a multiple of the time of Paddle's own CPU kernel, one thread each, measured in turns in one
process and in CPU time: the median of the rounds and, in brackets, their middle half. Below 1 the reference is the
faster one. Memory is the most that a call of the reference holds, beyond the size of its results. The gradient of an
adaptive maximum finds the maxima again, whereas Paddle's has kept them in its forward pass; dropout draws its mask on
both sides.
"""


TRIAL = """\
Small cases that the trial judges a second on one core, forward and in eager mode, through Hypothesis; as many of a test
that draws one array an example and ends with `assert_allclose`; and the CPU time of a cell of the standard profile in a
forked child as a multiple of that in the process itself. What a second worker brings is told by
`python -m benchmarks.workers`.
"""


class Aim(NamedTuple):
    """Something that must not exceed a number, or must reach it."""

    what: str
    reached: float
    bound: float
    least: bool = False

    @property
    def met(self) -> bool:
        return self.reached >= self.bound if self.least else self.reached <= self.bound


def page(results: Sequence[Result], speeds: Sequence[Speed], aims: Iterable[Aim]) -> str:
    """The whole page."""
    return "\n".join(
        [
            INTRODUCTION,
            *machine(),
            "",
            *aim_lines(aims),
            "",
            *rows(results),
            *(trials(speeds) if speeds else ()),
            "",
        ]
    )


def aim_lines(aims: Iterable[Aim]) -> Iterator[str]:
    yield from ("| aim | reached | wanted | |", "|---|---|---|---|")
    for aim in aims:
        reached = f"{aim.reached:,.0f}" if aim.least else f"{aim.reached:.2f}"
        wanted = f"at {'least' if aim.least else 'most'} {aim.bound:,g}"
        yield f"| {aim.what} | {reached} | {wanted} | {'met' if aim.met else '**missed**'} |"


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


def trials(speeds: Sequence[Speed]) -> Iterator[str]:
    """The speed of the trial itself."""
    yield from ("", TRIAL, "| trial | cases a second | one array an example | ratio | in a child |")
    yield "|---|---|---|---|---|"
    for speed in speeds:
        ratio = f"{speed.trial / speed.simple:.1f} | {speed.child:.2f}"
        yield f"| {speed.name}, {speed.dtype} | {speed.trial:,.0f} | {speed.simple:,.0f} | {ratio} |"


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
