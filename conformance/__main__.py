"""The command line: `python -m conformance COMMAND`. Nothing heavy is imported before a command is chosen."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from importlib import import_module

from conformance.subject import MODES

PROFILES = ("quick", "standard", "deep")


def _run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output", default="conformance-report", metavar="FOLDER", help="where the results go (%(default)s)"
    )
    parser.add_argument(
        "--jobs", type=_positive, default=_processors(), metavar="N", help="processes at once (%(default)s)"
    )
    parser.add_argument("--shard", default="", metavar="i/n", help="judge the i-th of n parts only")
    parser.add_argument(
        "--budget", type=_time, metavar="TIME", help="go on until so many seconds, or 10m, or 2h, are spent (one round)"
    )
    selection(parser)


def selection(parser: argparse.ArgumentParser) -> None:
    """The options that say what is judged, and how hard."""
    parser.add_argument("--profile", default="standard", choices=PROFILES, help="how much is tried (%(default)s)")
    parser.add_argument("--seed", type=int, help="repeat a run: the seed that it printed (drawn afresh)")
    parser.add_argument("--op", default="", metavar="GLOB", help="operators, such as 'avg_pool*' or 'relu,sigmoid'")
    parser.add_argument("--dtype", default="", metavar="NAME", help="dtypes, such as float32")
    parser.add_argument("--mode", default="", metavar="NAME", help=f"ways to execute: {', '.join(MODES)}")
    parser.add_argument(
        "--device", default="cpu", metavar="NAME", help="a device as paddle.set_device names it (%(default)s)"
    )
    parser.add_argument("--ignore-known", action="store_true", help="let every known divergence fail again")


def _ops(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--op", default="", metavar="GLOB", help="operators, such as 'avg_pool*'")


def _diff(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("base", metavar="BASE", help="the run to compare with: a run.jsonl or its folder")
    parser.add_argument("new", metavar="NEW", help="the run to judge: a run.jsonl or its folder")


def _report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="a run.jsonl or its folder; several shards of one run are joined"
    )
    parser.add_argument("--output", metavar="FOLDER", help="where the reports go (the folder of the only run)")


def _from(module: str) -> Callable[[argparse.ArgumentParser], None]:
    return lambda parser: import_module(module).add_arguments(parser)


COMMANDS: dict[str, tuple[str, str, Callable[[argparse.ArgumentParser], None]]] = {
    "run": ("conformance.run:main", "judge the installed Paddle and write a report", _run),
    "diff": ("conformance.commands:diff", "compare two runs; exits 1 on a new failure", _diff),
    "check": ("conformance.check:main", "judge results and gradients of a written call", _from("conformance.check")),
    "replay": ("conformance.replay:main", "repeat what a record or a message says", _from("conformance.replay")),
    "ops": ("conformance.commands:ops", "list the operators and what is checked of them", _ops),
    "report": ("conformance.commands:report", "write the reports of a run anew", _report),
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    module, _, function = COMMANDS[options.command][0].partition(":")
    from conformance.errors import UserError

    try:
        return int(getattr(import_module(module), function)(options))
    except UserError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader has seen enough, as in `... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m conformance",
        description="Judges PaddlePaddle's pooling, activation, BatchNorm and dropout by independent references.",
        epilog="Exit codes: 0 nothing new; 1 a new divergence, a crash, or a known one that changed; 2 could not run.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (_, text, add) in COMMANDS.items():
        add(commands.add_parser(name, help=text, description=text))
    return parser


def _positive(text: str) -> int:
    if not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _time(text: str) -> tuple[float, str]:
    """Seconds, and how they were given."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    seconds = float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[found[2]] if found else 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no time; allowed: seconds above 0, or a number with s, m or h")
    return seconds, text if text[-1].isalpha() else f"{text} s"


def _processors() -> int:
    return os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())
