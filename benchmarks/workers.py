"""How much faster two workers judge than one: `python -m benchmarks.workers`, on a machine with nothing else to do."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from conformance import record

LEAST = 1.7
"""Times as fast as one worker."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--op", default="", metavar="GLOB", help="operators, as `run` takes them; default: all")
    parser.add_argument("--profile", default="standard", help="how much is tried (%(default)s)")
    options = parser.parse_args(arguments)
    one, two = (seconds(jobs, options.op, options.profile) for jobs in (1, 2))
    print(f"one worker {one:.1f} s, two workers {two:.1f} s: {one / two:.2f} times as fast; the aim is {LEAST}")
    return 0


def seconds(jobs: int, op: str, profile: str) -> float:
    """The time from the first record of a run to its last, in processes of its own.

    Raises:
        RuntimeError: the run did not come to its end.
    """
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "conformance", "run", "--op", op, "--profile", profile, "--seed", "2024"]
        root = Path(__file__).parents[1]
        done = subprocess.run(
            [*command, "--jobs", str(jobs), "--output", folder], cwd=root, capture_output=True, text=True, check=False
        )
        path = Path(folder) / "run.jsonl"
        journal = record.read(path) if path.exists() else None
        if journal is None or journal.end is None:
            raise RuntimeError(f"the run came to no end: {done.stderr.strip()}")
        return journal.end.seconds


if __name__ == "__main__":
    sys.exit(main())
