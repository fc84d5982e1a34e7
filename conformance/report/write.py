"""The reports of a run, written beside it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from conformance import record
from conformance.record import Journal
from conformance.report import html, junit, summary

_REPORTS = {"report.html": html.render, "junit.xml": junit.render, "summary.md": summary.render}


class Unwritable(Exception):
    """A report that cannot be written; its text is one sentence for the user."""


def write_all(folder: Path) -> list[Path]:
    """Read `run.jsonl` in the folder and (re)write its reports; returns their paths.

    Raises:
        Unreadable: the run file cannot be read; nothing is written.
        Unwritable: the folder cannot be written to.
    """
    return write_journal(record.read(folder / "run.jsonl"), folder)


def write_journal(journal: Journal, folder: Path) -> list[Path]:
    """Write the reports of a run that is in memory; a reader never sees half a file.

    Raises:
        Unwritable: the folder cannot be written to.
    """
    texts = {folder / name: render(journal) for name, render in _REPORTS.items()}
    unfinished = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            unfinished[path].write_text(text, encoding="utf-8")
        for path in texts:
            unfinished[path].replace(path)
    except OSError as error:
        raise Unwritable(f"cannot write the reports to {folder}: {error.strerror}") from None
    finally:
        for path in unfinished.values():
            with suppress(OSError):
                path.unlink()
    return list(texts)
