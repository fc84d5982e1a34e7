"""What was being judged when a process died."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance.draw.tape import Tape


class BlackBox:
    """The tape that is being judged, where it outlives the process that judges it.

    The memory reaches forked children by itself, and any other process by the file of this path.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        if path is None:
            self._memory = mmap.mmap(-1, mmap.PAGESIZE)
            return
        with path.open("r+b") as file:
            file.truncate(mmap.PAGESIZE)
            self._memory = mmap.mmap(file.fileno(), mmap.PAGESIZE)

    def __reduce__(self) -> tuple[type[BlackBox], tuple[Path | None]]:
        return BlackBox, (self._path,)

    def write(self, tape: Tape) -> None:
        """Note the tape before Paddle gets its case."""
        text = str(tape).encode()
        self._memory[: len(text) + 1] = text + b"\n"

    def read(self) -> Tape:
        """The tape noted last; the simplest, if there was none."""
        text, _, _ = self._memory[:].strip(b"\0").partition(b"\n")
        return Tape.parse(text.decode())


@contextmanager
def black_box() -> Iterator[BlackBox]:
    """A box that child processes share."""
    if hasattr(os, "fork"):
        yield BlackBox()
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "box"
        path.touch()
        yield BlackBox(path)
