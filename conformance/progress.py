"""Progress of a run: one moving line on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import shutil
import sys
import time
from collections import Counter
from typing import TextIO

from conformance.record import Record

PAUSE = 5.0
"""Seconds between two lines in a log."""


class Progress:
    """Tells how far a run is, on standard error, so that standard output holds the results only."""

    def __init__(self, planned: int, stream: TextIO = sys.stderr) -> None:
        self._planned, self._stream = planned, stream
        self._verdicts: dict[tuple[str, ...], str] = {}
        self._started = self._told = time.monotonic()
        self._moving = stream.isatty()

    def add(self, record: Record) -> None:
        """Another record is there, in the place of an earlier one of its cell."""
        self._verdicts[record.key] = record.verdict.value
        now = time.monotonic()
        if self._moving:
            self._write(f"\r\033[K{self._line(record, now)[: shutil.get_terminal_size().columns - 1]}")
        elif now - self._told >= PAUSE or (len(self._verdicts) == self._planned and record.rounds == 1):
            self._told = now
            self._write(self._line(record, now) + "\n")

    def clear(self) -> None:
        """Take the moving line away, before something else is printed."""
        if self._moving:
            self._write("\r\033[K")

    def _line(self, record: Record, now: float) -> str:
        counts = ", ".join(f"{number} {word}" for word, number in sorted(Counter(self._verdicts.values()).items()))
        name = f"{record.operator} {record.property} {record.dtype} {record.layout}"
        name += f", round {record.rounds}" if record.rounds > 1 else ""
        return f"[{len(self._verdicts):>4}/{self._planned}] {now - self._started:5.0f} s  {counts}  ({name})"

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
