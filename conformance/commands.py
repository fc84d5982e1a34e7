"""The commands that only read: diff, ops, report."""

from __future__ import annotations

import argparse
from fnmatch import fnmatchcase
from pathlib import Path

from conformance import record
from conformance.errors import UserError
from conformance.record import Journal


def diff(options: argparse.Namespace) -> int:
    """Compare two runs."""
    from conformance.report import diff as differences

    difference = differences.compare(_journal(options.base), _journal(options.new))
    print(differences.render(difference), end="")
    return difference.exit_code


def report(options: argparse.Namespace) -> int:
    """Write the reports of a run, or of the shards of one run, anew."""
    from conformance.report import digest, merge, write

    if len(options.runs) > 1 and not options.output:
        raise UserError("several runs are joined into one report; --output must say where it goes")
    journal = merge.merge([_journal(path) for path in options.runs])
    folder = Path(options.output) if options.output else _file(options.runs[0]).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to --output {str(folder)!r}: {error.strerror}") from None
    paths = write.write_journal(journal, folder)
    print(digest.headline(journal).english)
    print("\n".join(f"wrote {path}" for path in paths))
    return 0


def ops(options: argparse.Namespace) -> int:
    """List the operators, their layouts and dtypes, and the properties that are checked."""
    from conformance.checks import PROPERTIES
    from conformance.ops import OPERATORS

    chosen = [o for o in OPERATORS.values() if not options.op or fnmatchcase(o.name, options.op)]
    if not chosen:
        raise UserError(f"--op is {options.op!r}, which no operator matches; there are: {', '.join(OPERATORS)}")
    rows: list[tuple[str, ...]] = [("operator", "family", "layouts", "dtypes", "properties")]
    for operator in chosen:
        properties = [name for name, check in PROPERTIES.items() if check.applies(operator)]
        lists = operator.layouts, operator.dtypes or operator.narrow, properties
        rows.append((operator.name, operator.family, *map(" ".join, lists)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _file(path: str) -> Path:
    return Path(path) / "run.jsonl" if Path(path).is_dir() else Path(path)


def _journal(path: str) -> Journal:
    return record.read(_file(path))
