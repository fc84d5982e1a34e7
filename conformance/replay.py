"""The replay command: judge again what a record or a message says. Heavy imports wait until the command runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UserError

if TYPE_CHECKING:
    from conformance.case import Case
    from conformance.cell import Cell
    from conformance.draw.tape import Tape

COMMAND = "python -m conformance replay "
"""How `Failure.repeat` starts where the failing case was drawn."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("what", metavar="WHAT", help="CELL:TAPE, as messages say it, or a run.jsonl: all its failures")
    parser.add_argument("--ignore-known", action="store_true", help="let known divergences fail")


def main(options: argparse.Namespace) -> int:
    """Judge again and print what comes out; 0: nothing fails, 1: something does.

    Raises:
        UserError: neither a case nor a run file that can be read.
    """
    from conformance import single
    from conformance.check import entries, shown, summary
    from conformance.run import exit_code

    path = Path(options.what)
    texts, others = _failures(path) if path.exists() else ([options.what], [])
    cases = [case(text) for text in texts]
    known = entries(options) if cases else ()
    records = []
    for drawn in cases:
        records.append(single.judge(drawn, known, f"{COMMAND}{drawn.cell}:{drawn.tape}"))
        print(shown(records[-1]), flush=True)
    for command in others:
        print(f"not drawn from a tape; repeat it with: {command}")
    if path.exists():
        print(f"{len(records)} failures judged again: {summary(records) or 'the run has none that can be replayed'}")
    return exit_code({record.verdict for record in records})


def _failures(path: Path) -> tuple[list[str], list[str]]:
    """The failures of a run: cases to be replayed, and the commands of those that are repeated otherwise."""
    from conformance import record
    from conformance.record import ALARMING

    journal = record.read(path / "run.jsonl" if path.is_dir() else path)
    commands = [r.failure.repeat for r in journal.records if r.failure and r.verdict in ALARMING]
    drawn = [command.removeprefix(COMMAND) for command in commands if command.startswith(COMMAND)]
    return drawn, [command for command in commands if not command.startswith(COMMAND)]


def case(text: str) -> Case:
    """The case of a CELL:TAPE.

    Raises:
        UserError: not of this form, or nothing of this name is on trial.
    """
    from conformance import case as cases
    from conformance.ops import OPERATORS

    cell, tape = _parsed(text)
    return cases.draw(cell, OPERATORS[cell.operator], tape)


def _parsed(text: str) -> tuple[Cell, Tape]:
    from conformance.cell import Cell
    from conformance.draw.tape import TRACKS, Tape

    name, colon, tape_text = text.rpartition(":")
    try:
        if not colon:
            raise ValueError("there is no : in it")
        cell, tape = Cell.parse(name), Tape.parse(tape_text)
        if len(tape.tracks) > TRACKS:
            raise ValueError(f"a tape has at most {TRACKS} points")
    except ValueError as error:
        raise UserError(
            f"{text!r} is neither a file nor a case such as relu-forward-float32-eager-any-cpu:0102.3f: {error}"
        ) from None
    _on_trial(cell)
    return cell, tape


def _on_trial(cell: Cell) -> None:
    """Refuse a cell that a run cannot have."""
    from conformance.checks import PROPERTIES
    from conformance.ops import OPERATORS

    if cell.operator not in OPERATORS:
        raise UserError(f"the operator is {cell.operator!r}; allowed: {', '.join(OPERATORS)}")
    operator = OPERATORS[cell.operator]
    checks = [name for name, check in PROPERTIES.items() if check.applies(operator)]
    for word, value, allowed in (
        ("property", cell.property, checks),
        ("dtype", cell.dtype, operator.asked),
        ("mode", cell.mode, PROPERTIES[cell.property].PACE.modes if cell.property in checks else ()),
        ("layout", cell.layout, operator.layouts),
    ):
        if value not in allowed:
            raise UserError(f"the {word} is {value!r}; allowed for {operator.name}: {', '.join(allowed)}")
