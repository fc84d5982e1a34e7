"""The check command: judge calls that are written as people write them. Heavy imports wait until a call is there."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from conformance import line
from conformance.errors import UserError
from conformance.subject import MODES

if TYPE_CHECKING:
    from conformance.bind import Values
    from conformance.known.register import Entry
    from conformance.record import Record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("call", nargs="?", metavar="CALL", help="""such as 'F.relu(Tensor([2, 3],"float32"))'""")
    parser.add_argument("--file", metavar="FILE", help="a call a line, '#' for comments; - reads standard input")
    parser.add_argument("--region", default="ordinary", metavar="NAME", help="the kind of values drawn (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="which values are drawn (%(default)s)")
    parser.add_argument("--values", metavar="FILE", help="arrays by argument, .npz or .json, in place of drawn ones")
    modes = ", ".join(MODES)
    parser.add_argument("--mode", default="eager", metavar="NAME", help=f"the way to execute (%(default)s): {modes}")
    parser.add_argument("--device", default="cpu", metavar="NAME", help="as paddle.set_device names it (%(default)s)")
    parser.add_argument("--ignore-known", action="store_true", help="let known divergences fail")


def main(options: argparse.Namespace) -> int:
    """Judge the call, or every call of the file; 0: nothing new, 1: a divergence, 2: something could not be judged.

    Raises:
        UserError: the only call, an option or a file is not usable.
    """
    if (options.call is None) == (options.file is None):
        raise UserError("give one call, or --file with a call a line")
    if options.file is None:
        parsed = line.parse(options.call)
        records = _judge(parsed, options.call, options, _values(options), entries(options))
        print("\n".join(shown(record) for record in records))
        return _code(records)
    if options.values is not None:
        raise UserError("--values belongs to one call; the calls of --file draw their values")
    return _main_file(options)


def _main_file(options: argparse.Namespace) -> int:
    """Judge the calls of a file; one that cannot be judged is reported and does not stop the others."""
    texts = list(_calls(options.file))
    values, register = _values(options), entries(options)
    records: list[Record] = []
    bad = 0
    for number, text in texts:
        print(f"line {number}: {text}")
        try:
            found = _judge(line.parse(text), text, options, values, register)
        except UserError as error:
            bad += 1
            print(f"line {number}: {error}", file=sys.stderr)
            continue
        records += found
        print("\n".join(shown(record) for record in found), flush=True)
    print(f"{len(texts)} calls: {summary(records)}" + (f"; {bad} not judged" if bad else ""))
    return 2 if bad else _code(records)


def _calls(file: str) -> Iterator[tuple[int, str]]:
    """The numbered calls of a file."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read --file {file!r}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"--file {file!r} is not text in UTF-8: {error.reason} at byte {error.start}") from None
    for number, row in enumerate(text.splitlines(), 1):
        if row.strip() and not row.lstrip().startswith("#"):
            yield number, row.strip()


def _values(options: argparse.Namespace) -> Values:
    """Where the arrays come from."""
    from conformance import given
    from conformance.bind import Values, modes
    from conformance.draw.values import REGIONS

    for option, value, allowed in (("--region", options.region, REGIONS), ("--mode", options.mode, modes())):
        if value not in allowed:
            raise UserError(f"{option} is {value!r}; allowed: {', '.join(allowed)}")
    if not 0 <= options.seed < 1 << 32:
        raise UserError(f"--seed is {options.seed}; allowed: 0 to {(1 << 32) - 1}")
    return Values(options.region, options.seed, given.read(Path(options.values)) if options.values else {})


def entries(options: argparse.Namespace) -> Sequence[Entry]:
    """The known divergences that count for the installed Paddle."""
    from conformance import subject
    from conformance.known import register

    return () if options.ignore_known else register.read(paddle=subject.version())


def _judge(
    call: line.Line, text: str, options: argparse.Namespace, values: Values, register: Sequence[Entry]
) -> list[Record]:
    """The records of one call."""
    from conformance import bind, single

    cases = bind.cases(call, values, options.mode, options.device)
    return [single.judge(case, register, _repeat(text, options)) for case in cases]


def _repeat(text: str, options: argparse.Namespace) -> str:
    """The command that judges this call again."""
    words = ["python", "-m", "conformance", "check", text, "--region", options.region, "--seed", str(options.seed)]
    for name, default in (("values", None), ("mode", "eager"), ("device", "cpu")):
        if (value := getattr(options, name)) != default:
            words += [f"--{name}", value]
    return shlex.join(words)


def shown(record: Record) -> str:
    """A record as the command prints it: the worst error of what passes, all that is known of what does not."""
    from conformance import explain
    from conformance.record import Verdict

    if record.verdict is not Verdict.PASS:
        return explain.message(record)
    worst = f"{record.worst_ulp:.3g} ULP, {record.worst_share:.3g} times what is allowed"
    return f"{explain.head(record)}  (worst error {worst})"


def summary(records: Sequence[Record]) -> str:
    """How often each verdict came out."""
    counts = Counter(record.verdict.value for record in records)
    return ", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items()))


def _code(records: Sequence[Record]) -> int:
    from conformance.run import exit_code

    return exit_code({record.verdict for record in records})
