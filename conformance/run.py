"""The run command: judge what was asked for, write every record as it comes, then the reports."""

from __future__ import annotations

import argparse
import os
import platform
import secrets
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TextIO

from conformance import confirm, explain, record, rounds, subject, workers
from conformance.cell import Cell
from conformance.environment import describe
from conformance.errors import UserError
from conformance.known import accuracy, register
from conformance.known.register import Entry
from conformance.plan import Selection, cells
from conformance.progress import Progress
from conformance.record import ALARMING, End, Record, Run, Verdict
from conformance.report import digest, write
from conformance.rounds import Budget
from conformance.search import PROFILES, warm_up
from conformance.trial import Rules
from conformance.trial import run as judge_cell


def main(options: argparse.Namespace) -> int:
    """Run the trial; the exit code says whether anything is new.

    Raises:
        UserError: the run cannot start.
    """
    if options.seed is None:
        options.seed = secrets.randbits(32)
    rules, tasks = rules_of(options), tasks_of(options)
    header = Run(
        started=datetime.now(UTC).isoformat(timespec="seconds"), seed=rules.seed, profile=rules.profile.name,
        selection=described(options), planned=len(tasks), environment=describe(),
    )  # fmt: skip
    folder = Path(options.output)
    print(
        f"PaddlePaddle {header.environment.paddle}, profile {header.profile}, seed {header.seed}: {len(tasks)} checks"
    )
    with _open(folder) as file:
        code = _judge_all(_all_results(tasks, rules, options), header, file)
    paths = write.write_all(folder)
    print(digest.headline(record.read(folder / "run.jsonl")).english)
    print(f"The report is {next(path for path in paths if path.suffix == '.html')}")
    return code


def rules_of(options: argparse.Namespace) -> Rules:
    """What the options say of the whole run."""
    entries = tuple(register.read(paddle=subject.version()))
    recorded = accuracy.read().get(accuracy.kind(platform.platform()), {})
    return Rules(PROFILES[options.profile], options.seed, entries, options.ignore_known, recorded=recorded)


def described(options: argparse.Namespace) -> dict[str, str]:
    """The options that narrowed or changed the run, as a report repeats them."""
    said = selection_of(options).described()
    said |= {"ignore-known": ""} if options.ignore_known else {}
    return said | ({"budget": options.budget[1]} if options.budget else {})


def selection_of(options: argparse.Namespace) -> Selection:
    """What the options select."""
    return Selection(options.op, options.dtype, options.mode, options.device, options.shard, options.profile)


def tasks_of(options: argparse.Namespace) -> list[Cell | Entry]:
    """What there is to judge: the examples of the register first, then the cells.

    Raises:
        UserError: nothing is selected, there is no Paddle, or it has no such device.
    """
    selection = selection_of(options)
    subject.create("eager", selection.device)
    known = [
        entry for entry in rules_of(options).register if selection.has(confirm.cell(entry, selection.device), entry.id)
    ]
    tasks: list[Cell | Entry] = [*known, *cells(selection)]
    if not tasks:
        raise UserError("nothing matches the selection; `python -m conformance ops` lists what there is")
    return tasks


def name_of(task: Cell | Entry) -> str:
    """The name of a check, for people."""
    return str(task) if isinstance(task, Cell) else f"known-{task.id}"


def judge(task: Cell | Entry, rules: Rules, device: str, budget: Budget | None = None) -> Record:
    """The record of one task; the examples of the register are judged whatever the budget."""
    if isinstance(task, Cell):
        if budget and budget.spent():
            return budget.refusal(task)
        return accuracy.told(judge_cell(task, rules), rules.recorded)
    return confirm.run(task, rules, device)


def exit_code(verdicts: set[Verdict]) -> int:
    """0: nothing new; 1: a new divergence, a crash or a changed one; 2: the trial itself failed."""
    if verdicts & ALARMING:
        return 1
    return 2 if Verdict.ERROR in verdicts else 0


def _open(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / "run.jsonl").open("w", encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write to --output {str(folder)!r}: {error.strerror}") from None


def _judge_all(results: Iterable[Record], header: Run, file: TextIO) -> int:
    record.write(file, header)
    progress, started = Progress(header.planned), time.monotonic()
    verdicts: set[Verdict] = set()
    try:
        for result in results:
            record.write(file, result)
            verdicts.add(result.verdict)
            if result.verdict in ALARMING | {Verdict.ERROR, Verdict.FIXED} or result.drift:
                progress.clear()
                print(explain.message(result), flush=True)
            progress.add(result)
    except KeyboardInterrupt:
        progress.clear()
        print("interrupted; what was judged so far is kept", file=sys.stderr)
        return 130
    progress.clear()
    code = exit_code(verdicts)
    record.write(file, End(seconds=round(time.monotonic() - started, 3), exit_code=code))
    return code


def _all_results(tasks: Sequence[Cell | Entry], rules: Rules, options: argparse.Namespace) -> Iterator[Record]:
    """The records as they come; with a budget, in rounds."""
    if options.budget is None:
        return _results(tasks, rules, options.device, options.jobs)
    seconds, said = options.budget
    budget = Budget(time.monotonic() + seconds, said)
    return rounds.records(tasks, rules, budget, lambda t, r: _results(t, r, options.device, options.jobs, budget))


def _results(
    tasks: Sequence[Cell | Entry], rules: Rules, device: str, jobs: int, budget: Budget | None = None
) -> Iterator[Record]:
    work = partial(judge, rules=rules, device=device, budget=budget)
    if jobs == 1 or not hasattr(os, "fork"):
        yield from map(work, tasks)
        return
    warm_up()
    yield from workers.spread(work, tasks, jobs)
