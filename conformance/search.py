"""The search: Hypothesis draws batches of tapes, a failing tape is kept in its database and shrunk alone.

What Hypothesis draws for a batch is a key of 16 bytes, which an extendable hash turns into the bytes of its tapes:
drawn one by one, as Hypothesis does it, these would cost as much as many a case. Nothing is lost by it: no batch is
ever shrunk, and a failing tape is shrunk by Hypothesis with all its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import shake_128
from random import Random

from hypothesis import HealthCheck, Phase, Verbosity, find, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.database import DirectoryBasedExampleDatabase, ExampleDatabase, choices_to_bytes
from hypothesis.errors import Flaky, NoSuchExample

from conformance.draw.tape import HEAD, REGION, SIZE, TRACK, TRACKS, Tape

BATCH = 64
"""Cases that are decoded from one Hypothesis example, whose own cost is shared by them."""

KEY = 16

_TAPES = st.tuples(st.binary(max_size=HEAD), *[st.binary(max_size=TRACK)] * TRACKS)


@dataclass(frozen=True)
class Profile:
    """How much is tried."""

    name: str
    batches: int  # per cell
    seconds: float  # after which a cell's process counts as hanging


PROFILES = {p.name: p for p in (Profile("quick", 4, 60), Profile("standard", 16, 300), Profile("deep", 512, 3600))}


FirstFailing = Callable[[Iterable[Tape]], Tape | None]
"""Judges the tapes of one batch, as far as it needs to."""


class _Found(Exception):
    """Ends a search at its first failing tape."""


def saved(database: ExampleDatabase, key: bytes, fails: Callable[[Tape], bool]) -> Tape | None:
    """An example of an earlier run that still fails, if there is one."""
    if not any(True for _ in database.fetch(key)):
        return None
    return _find(database, key, fails, (Phase.reuse,))


def search(batches: int, seed: int, first_failing: FirstFailing, batch: int = BATCH, alike: int = 1) -> Tape | None:
    """The first failing tape among `batches` batches of `batch` tapes, or None. The same seed draws the same tapes.

    `first_failing` judges one batch. So many tapes in a row are `alike`: they differ in their region and their values
    alone.
    """
    found: list[Tape] = []

    @seeded(seed)
    @settings(
        max_examples=batches, database=None, deadline=None, phases=(Phase.generate,), print_blob=False,
        suppress_health_check=list(HealthCheck), verbosity=Verbosity.quiet, report_multiple_bugs=False,
    )  # fmt: skip
    @given(st.binary(min_size=KEY, max_size=KEY))
    def judge_batch(key: bytes) -> None:
        if found:  # Hypothesis asks again, but who fails at times would be called flaky, and cases counted twice
            raise _Found
        tape = first_failing(_tapes(shake_128(b"%d:%b" % (seed, key)).digest(batch * SIZE), alike))
        if tape is not None:
            found.append(tape)
            raise _Found

    try:
        judge_batch()
    except _Found:
        return found[0].rewound()
    return None


@cache
def warm_up() -> None:
    """Let Hypothesis do once what its first draw takes longest for: to look for constants in every module there is."""
    search(1, 0, lambda tapes: None, 1)


def shrink(
    database: ExampleDatabase,
    key: bytes,
    tape: Tape,
    fails: Callable[[Tape], bool],
    size: Callable[[Tape], int] | None = None,
) -> Tape:
    """The simplest tape that fails as this one does; it stays in the database for the next run.

    Shrinking walks downhill from the example that was found, which can end beside a simpler one; so small examples
    are also drawn afresh, and the one of smaller `size` is kept (not without a size: where every attempt is dear).
    """
    _keep(database, key, tape)
    walked = _find(database, key, fails, (Phase.reuse, Phase.shrink)) or tape
    drawn = _find(None, key, fails, (Phase.generate, Phase.shrink)) if size else None
    if size is None or drawn is None or size(drawn) >= size(walked):
        return walked
    _keep(database, key, drawn)
    return drawn


def _keep(database: ExampleDatabase, key: bytes, tape: Tape) -> None:
    tracks = (*tape.tracks, *[b""] * (TRACKS - len(tape.tracks)))
    # The spare choice at the end keeps Hypothesis from taking the example for one that it has shrunk before.
    database.save(key, choices_to_bytes((tape.head, *tracks, 0)))


def examples(folder: str) -> ExampleDatabase:
    """Hypothesis' database in a folder."""
    return DirectoryBasedExampleDatabase(folder)


def _find(
    database: ExampleDatabase | None, key: bytes, fails: Callable[[Tape], bool], phases: tuple[Phase, ...]
) -> Tape | None:
    rules = settings(max_examples=1000, database=database, deadline=None, phases=phases)
    random = Random(0) if database is None else None  # Hypothesis leaves the database alone where a seed is given
    try:
        head, *tracks = find(
            _TAPES, lambda t: fails(Tape(t[0], t[1:])), settings=rules, random=random, database_key=key
        )
    except (NoSuchExample, Flaky):  # what fails at times only cannot be shrunk
        return None
    return Tape(head, tuple(tracks))


def _tapes(batch: bytes, alike: int) -> Iterator[Tape]:
    for number, at in enumerate(range(0, len(batch), SIZE)):
        tape = Tape.cut(batch[at : at + SIZE])
        if number % alike == 0:
            structure = tape.head[REGION:]
        yield Tape(tape.head[:REGION] + structure, tape.tracks)
