"""The accuracy ratchet: the worst error recorded of every operator and dtype on a platform, and its growth.

`accuracy.toml` holds, for a platform, the largest error of outputs and gradients that runs have seen in eager mode, as
a share of what is allowed. An error that has grown well beyond it is no divergence, since it is inside its bound, but
it is *drift*: the record says so, and the report shows it. `python -m conformance.known.accuracy RUN...` records anew
what these runs have judged.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from conformance import record
from conformance.errors import UserError
from conformance.record import Journal, Record, Verdict

PATH = Path(__file__).with_name("accuracy.toml")
MACHINES = ("x86_64", "AMD64", "aarch64", "arm64")

GROWN, NEAR = 2.0, 0.125
"""What is no chance: an error twice as large as ever recorded, that is, a bit less of accuracy, and above an eighth of
the bound. Runs draw their own cases and so differ in the worst of them."""

Shares = dict[str, dict[str, dict[str, float]]]  # operator -> property -> dtype -> share of what is allowed

HEAD = """\
# The worst error that runs have seen, as a share of what is allowed, by platform, operator, property and dtype.
# Written by `python -m conformance.known.accuracy RUN...`, best of several standard runs.
"""


class Broken(UserError):
    """The file cannot be read; its text says why."""


def kind(platform: str) -> str:
    """The system and the machine that a platform's name begins with and holds: "Linux x86_64"."""
    words = platform.split("-")
    return f"{words[0]} {next((word for word in words if word in MACHINES), 'unknown')}"


def read(path: Path = PATH) -> dict[str, Shares]:
    """What is recorded, by platform.

    Raises:
        Broken: not TOML, or not of this form.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, Shares])
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise Broken(f"cannot read {path}: {error}") from None


def told(found: Record, shares: Shares) -> Record:
    """The record, with a word on its drift where its error has grown; where nothing is recorded there is none."""
    before = shares.get(found.operator, {}).get(found.property, {}).get(found.dtype)
    if before is None or not _of_many_cases(found):
        return found
    if found.worst_share <= max(GROWN * before, NEAR):
        return found
    text = f"worst error {found.worst_share:.3g} of what is allowed, recorded is {before:.3g}"
    return msgspec.structs.replace(found, drift=text)


def _of_many_cases(found: Record) -> bool:
    """Whether a record is of what most cases are spent on; the worst of few says little of a kernel."""
    return found.verdict is Verdict.PASS and found.mode == "eager" and found.property in ("forward", "gradient")


def worst(journals: Iterable[Journal]) -> dict[str, Shares]:
    """The largest share in these runs, over layouts, by platform."""
    found: dict[str, Shares] = {}
    for journal in journals:
        shares = found.setdefault(kind(journal.run.environment.platform), {})
        for one in journal.records:
            if _of_many_cases(one) and one.cases:
                dtypes = shares.setdefault(one.operator, {}).setdefault(one.property, {})
                dtypes[one.dtype] = max(dtypes.get(one.dtype, 0.0), one.worst_share)
    return found


def joined(old: Mapping[str, Shares], new: Mapping[str, Shares]) -> dict[str, Shares]:
    """What was recorded, with what has been judged anew in its place."""
    every = {name: dict(old.get(name, {})) for name in old.keys() | new.keys()}
    for name, shares in new.items():
        for operator, properties in shares.items():
            kept = every[name].get(operator, {})
            every[name][operator] = {key: kept.get(key, {}) | properties.get(key, {}) for key in kept | properties}
    return every


def render(recorded: Mapping[str, Shares]) -> str:
    """The file's text, in the order of names, so that a change of it can be reviewed."""
    lines = [HEAD.rstrip()]
    for name in sorted(recorded):
        for operator, properties in sorted(recorded[name].items()):
            lines += ["", f'["{name}".{operator}]']
            for key, dtypes in sorted(properties.items()):
                values = ", ".join(f"{dtype} = {_three_digits(share)}" for dtype, share in sorted(dtypes.items()))
                lines.append(f"{key} = {{ {values} }}")
    return "\n".join(lines) + "\n"


def _three_digits(share: float) -> str:
    return str(float(f"{share:.3g}"))


def main(arguments: list[str] | None = None) -> int:
    """Record the worst errors of some runs."""
    parser = argparse.ArgumentParser(prog="python -m conformance.known.accuracy", description=main.__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", type=Path, help="a run.jsonl; several are taken together")
    options = parser.parse_args(arguments)
    try:
        found = worst(record.read(path) for path in options.runs)
        PATH.write_text(render(joined(read() if PATH.exists() else {}, found)), "utf-8")
    except UserError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
