"""The command line: `python -m benchmarks [PATTERN ...]`; `make bench` runs it all and writes RESULTS.md."""

from __future__ import annotations

import argparse
import os
import sys
from fnmatch import fnmatch
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    options = _options()
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB"):  # before anything loads them
        os.environ[f"{library}_NUM_THREADS"] = "1"
    try:
        import paddle
    except ImportError as error:
        return _refused(f"Paddle cannot be imported ({error}), and it is what the references are measured against.")
    paddle.set_device("cpu")

    from benchmarks import references, table, throughput
    from benchmarks.aims import aims

    everything = [*references.rows(), *throughput.rows()]
    chosen = [
        row for row in everything if any(fnmatch(f"{row.name} {row.dtype}", p) for p in options.patterns or ["*"])
    ]
    if not chosen:
        return _refused(f"no row matches {' or '.join(options.patterns)}; --list shows them all")
    if options.list:
        print(*(f"{row.name} {row.dtype}" for row in chosen), sep="\n")
        return 0
    results, speeds = [], []
    for i, row in enumerate(chosen, 1):
        if isinstance(row, throughput.Row):
            speeds.append(throughput.measure(row, options.seconds))
            told = f"{speeds[-1].trial:.0f} cases/s"
        else:
            results.append(references.measure(row, options.seconds))
            told = f"{results[-1].ratio.median:6.2f}"
        print(f"{i:4}/{len(chosen)}  {told}  {row.name} {row.dtype}", file=sys.stderr, flush=True)
    text = table.page(results, speeds, aims(results, speeds))
    print(text)
    if len(chosen) == len(everything):
        RESULTS.write_text(text, encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "patterns", nargs="*", metavar="PATTERN", help="rows to run, as in 'max_pool2d*float32'; default: all"
    )
    parser.add_argument("--seconds", type=float, default=1.0, help="about how long to measure a row (default: 1)")
    parser.add_argument("--list", action="store_true", help="show the rows instead of running them")
    options = parser.parse_args()
    if not options.seconds > 0:
        parser.error(f"--seconds is {options.seconds}; allowed: a number above 0")
    return options


def _refused(why: str) -> int:
    print(f"benchmarks: {why}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
