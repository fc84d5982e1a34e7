"""What a run writes: one line of JSON per judgement, as it comes.

A run file (`run.jsonl`) is a `Run` line, then one `Record` line per operator x property x dtype x mode x
layout x device (and one per entry of the register of known divergences), then an `End` line. A file without
its `End` is an interrupted run: what it has is valid. Numbers that JSON cannot hold (NaN, infinities) are
kept as text.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import msgspec

from conformance.errors import UserError

FORMAT = 1


class Verdict(StrEnum):
    """The words of the trial; each means one thing only."""

    PASS = "pass"  # every case was inside its bound
    FAIL = "fail"  # a divergence that the register does not know
    KNOWN = "known"  # a registered divergence, seen again exactly as registered
    FIXED = "fixed"  # a registered divergence that is gone
    CHANGED = "changed"  # a registered divergence that now diverges in another way
    CRASH = "crash"  # Paddle killed the process that asked it
    TIMEOUT = "timeout"  # Paddle did not answer in time
    ABSENT = "absent"  # this Paddle has no such operator, kernel or gradient
    NOT_RUN = "not-run"  # nothing was judged, for the reason given
    ERROR = "error"  # the trial itself failed; says nothing about Paddle


ALARMING = frozenset({Verdict.FAIL, Verdict.CHANGED, Verdict.CRASH, Verdict.TIMEOUT})
"""The verdicts that make a run end with exit code 1."""


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run took place, as far as it can change a result."""

    paddle: str  # version, "3.3.1"
    paddle_commit: str
    flags: dict[str, str]  # every FLAGS_* in force
    numpy: str
    hypothesis: str
    python: str
    platform: str
    cpu: str
    threads: int
    precision: dict[str, str]  # dtype under test -> its reference's: {"float64": "longdouble (64-bit)"}


class Run(msgspec.Struct, frozen=True, kw_only=True, tag="run"):
    """The first line: what was asked, and of whom."""

    format: int = FORMAT
    started: str  # ISO 8601, UTC
    seed: int
    profile: str
    selection: dict[str, str]  # the options that narrowed the run: {"op": "relu*", "shard": "1/4"}
    planned: int  # how many records the run means to write
    environment: Environment


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest failing example, as a person wants to read it and a machine can repeat it."""

    call: str  # paddle.nn.functional.relu(Tensor([2],"float32"))
    what: str  # one sentence: "value 2 of 6 of gradient of x is outside its bound"
    output: str  # "out", "gradient of x", "_mean after step 2"
    index: list[int]
    got: str
    expected: str
    ulp: str  # the error in units in the last place of the expected value
    share: str  # the error as a share of what is allowed
    inputs: dict[str, str]  # argument -> its array, written as NumPy code
    repeat: str  # a command
    script: str  # stand-alone, at most 20 lines, needs numpy and paddle


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """What the register says of a known divergence; its smallest example is the record's `failure`."""

    id: str  # "sigmoid-tail-underflow"
    kind: str  # "bug", "documentation" or "choice"
    title: str
    right: str  # what is right, and which voice says so
    paddle: str  # what Paddle does
    when: str  # the cases it holds for, as the register has them
    versions: str  # ">=3.0,<=3.3.1"
    link: str  # an issue thread, or "unreported"


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """How much statistical tests can be wrong, and what they can see."""

    budget: float  # the probability with which a whole run may raise a false alarm, at most
    alarm: float  # the part of it that these tests used up
    tests: int
    draws: int  # how many random numbers they looked at
    power: dict[str, list[float]]  # "probability", "correlation", "distribution" -> smallest deviation, in the best and
    # in the worst case, that is caught with probability 0.99; relative for a probability, at most 1 for "none is"

    def __add__(self, other: Chance) -> Chance:
        """All these tests together."""
        found = {name: [*self.power.get(name, []), *other.power.get(name, [])] for name in self.power | other.power}
        return Chance(
            budget=self.budget,
            alarm=self.alarm + other.alarm,
            tests=self.tests + other.tests,
            draws=self.draws + other.draws,
            power={name: [min(values), max(values)] for name, values in found.items()},
        )


class Scaling(msgspec.Struct, frozen=True, kw_only=True):
    """What one call multiplied ones by; the numbers are Paddle's and the reference's."""

    setting: dict[str, str]  # {"mode": "upscale_in_train", "p": "0.5"}
    training: bool
    factor: list[float]  # of what is not dropped
    mean: list[float]


class Record(msgspec.Struct, frozen=True, kw_only=True, tag="record"):
    """One judgement."""

    operator: str  # "avg_pool2d"
    property: str  # "forward", "gradient", "state", "known"
    dtype: str
    mode: str  # "eager"
    layout: str  # "NCHW"; "any" where the operator has none
    device: str  # "cpu"
    divergence: Divergence | None = None  # where the property is "known"
    verdict: Verdict
    reason: str = ""  # one sentence, for every verdict that is not "pass"
    cases: int = 0
    excluded: int = 0  # cases set aside because the register knows them
    rounds: int = 1  # a later record of a cell, with more rounds, has the earlier ones in it
    seconds: float = 0.0
    worst_ulp: float = 0.0  # over the cases that passed, if possible those without a known divergence; finite
    worst_share: float = 0.0  # of the same cases, the largest error as a share of what was allowed
    worst_call: str = ""  # the call that had the largest share
    drift: str = ""  # how far the error of a "pass" has grown beyond what is recorded for this platform
    regions: dict[str, int] = {}  # named region of values -> cases
    arguments: dict[str, dict[str, int]] = {}  # argument -> value -> cases
    failure: Failure | None = None
    chance: Chance | None = None  # where statistical tests were made
    scalings: list[Scaling] = []

    def __post_init__(self) -> None:
        """JSON has no infinity: a line that held one could not be read back."""
        for name in ("seconds", "worst_ulp", "worst_share"):
            if not math.isfinite(value := getattr(self, name)):
                raise ValueError(f"{name} must be finite, not {value}")

    @builtins.property  # the name is taken by the field
    def key(self) -> tuple[str, ...]:
        """What makes two records of different runs comparable."""
        entry = self.divergence.id if self.divergence else ""
        return (self.operator, self.property, self.dtype, self.mode, self.layout, self.device, entry)


class End(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The last line of a run that was not interrupted."""

    seconds: float
    exit_code: int


Line = Run | Record | End
_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)


class Unreadable(UserError):
    """A run file that cannot be read; its text is one sentence for the user."""


class Journal(msgspec.Struct, frozen=True):
    """A run file, read back."""

    run: Run
    records: list[Record]
    end: End | None  # None: the run was interrupted

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return self.end is not None


def write(file: TextIO, line: Line) -> None:
    """Append one line and hand it to the operating system, so that an interrupted run keeps it."""
    file.write(_encoder.encode(line).decode() + "\n")
    file.flush()


def read(path: Path) -> Journal:
    """Read a run file.

    A last line that was cut off in the middle of a write is left out (the run then counts as interrupted).

    Raises:
        Unreadable: no such file, not a run file, another format, or a broken line in the middle.
    """
    lines = list(_lines(path))
    if not lines or not isinstance(header := lines[0], Run):
        raise Unreadable(f"{path} is not a run file: its first line must be a run header")
    if any(isinstance(line, Run) for line in lines[1:]):
        raise Unreadable(f"{path} holds more than one run; each run has a file of its own")
    ends = [line for line in lines if isinstance(line, End)]
    records = [line for line in lines if isinstance(line, Record)]
    rounds = {record.key: record.rounds for record in records}  # the last one counts
    records = [record for record in records if record.rounds == rounds[record.key]]
    return Journal(header, records, ends[-1] if ends else None)


def _lines(path: Path) -> Iterator[Line]:
    try:
        texts = path.read_bytes().split(b"\n")
    except OSError as error:
        raise Unreadable(f"cannot read {path}: {error.strerror}") from None
    _check_format(path, texts[0])
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            yield _decoder.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if number == len(texts):
                return
            raise Unreadable(f"{path}, line {number}, is not a line of a run file: {error}") from None


class _Header(msgspec.Struct):
    format: int = FORMAT


def _check_format(path: Path, first: bytes) -> None:
    """Ask for the format alone, since a header of another format may have other fields."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        found = msgspec.json.decode(first, type=_Header).format
        if found != FORMAT:
            raise Unreadable(f"{path} has format {found}; this version reads format {FORMAT}")
