"""The run as a comment on a pull request, in Markdown: the verdict, what is new, what was not looked at."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from conformance.record import ALARMING, Journal, Record, Run, Verdict
from conformance.report import digest, randomness
from conformance.report.words import SYMBOL

_FULL = 20  # examples told in full: a comment has room for some 65,000 characters


def render(journal: Journal) -> str:
    """The comment as text; every record that is not a plain pass is named."""
    parts = [
        f"## Paddle conformance: {digest.headline(journal).english}",
        " · ".join(phrase.english for phrase in digest.details(journal)),
        _counts(journal),
        *_new(digest.having(journal, ALARMING)),
        *_list("Errors of the trial itself", digest.having(journal, {Verdict.ERROR})),
        *_list("Fixed", digest.having(journal, {Verdict.FIXED})),
        *_drifted(digest.drifted(journal)),
        *_known(digest.having(journal, {Verdict.KNOWN})),
        *_odds(journal),
        *_unjudged(digest.having(journal, {Verdict.ABSENT, Verdict.NOT_RUN})),
        _environment(journal.run),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _environment(run: Run) -> str:
    found = run.environment
    paddle = f"Paddle {_plain(found.paddle)} ({_code(found.paddle_commit)})"
    machine = f"NumPy {_plain(found.numpy)}, {_plain(found.cpu)}"
    return f"{paddle}, {machine}. Repeat with {_code(digest.repeat(run))}"


def _counts(journal: Journal) -> str:
    found = digest.counts(journal.records)
    heads = [f"{SYMBOL[verdict]} {verdict}" for verdict in found]
    rows = (heads, ["--:"] * len(found), [f"{number:,}" for number in found.values()])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _new(records: list[Record]) -> Iterator[str]:
    if records:
        yield "### Needs attention"
    yield from map(_example, records[:_FULL])
    if records[_FULL:]:
        yield "And in one line each (in full in the report):"
        yield "\n".join(map(_line, records[_FULL:]))


def _example(record: Record) -> str:
    failure = record.failure
    if not failure:
        return _line(record)
    what = "" if failure.what == record.reason else failure.what
    facts = (failure.call, what, digest.answer(failure), digest.distance(failure))
    block = _block("\n".join(fact for fact in facts if fact))
    return "\n\n".join((_line(record), block, _block(failure.repeat, "sh")))


def _list(title: str, records: list[Record]) -> Iterator[str]:
    if records:
        yield f"### {title}"
        yield "\n".join(map(_line, records))


def _drifted(records: list[Record]) -> Iterator[str]:
    if records:
        yield "### Drift: inside the bound, and further off than ever recorded"
        yield "\n".join(f"- {_code(digest.name(record))}: {_plain(record.drift)}" for record in records)


def _known(records: list[Record]) -> Iterator[str]:
    if records:
        yield f"### Known divergences, seen again ({len(records)})"
        yield "\n".join(map(_known_line, records))


def _known_line(record: Record) -> str:
    if not record.divergence:
        return _line(record)
    entry = record.divergence
    where = f"{_code(entry.id)} ({_plain(record.operator)}, {_plain(entry.kind)})"
    return f"- {where}: {_plain(entry.title)}; {entry.link}"


def _odds(journal: Journal) -> Iterator[str]:
    if odds := randomness.sentence(journal.records):
        yield f"### Randomness\n\n{odds.english}"


def _unjudged(records: list[Record]) -> Iterator[str]:
    if records:
        lines = "\n".join(_grouped(records))
        yield f"<details><summary>Not judged ({len(records)})</summary>\n\n{lines}\n\n</details>"


def _grouped(records: Iterable[Record]) -> Iterator[str]:
    groups: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for record in records:
        groups[record.verdict, record.reason].append(digest.name(record))
    for (verdict, reason), names in groups.items():
        yield f"- {SYMBOL[verdict]} {verdict}: {_plain(reason)}: {', '.join(map(_code, names))}"


def _line(record: Record) -> str:
    what = record.reason or (record.failure.what if record.failure else "")
    return f"- **{SYMBOL[record.verdict]} {record.verdict}** {_code(digest.name(record))}: {_plain(what)}"


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&@])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    fence = "`" * (_longest_ticks(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{' '.join(text.split())}{space}{fence}"


def _block(text: str, language: str = "") -> str:
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _longest_ticks(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
