"""What a run comes to: its counts and its one sentence, the same in every report."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from conformance.record import ALARMING, Failure, Journal, Record, Run, Verdict
from conformance.report.words import SEVERITY

UNJUDGED = frozenset({Verdict.ABSENT, Verdict.NOT_RUN, Verdict.ERROR})
"""The verdicts that say nothing about whether Paddle is right."""


class Phrase(NamedTuple):
    """One sentence in both languages."""

    english: str
    chinese: str


def name(record: Record) -> str:
    """`avg_pool2d gradient float32 eager NHWC cpu`, with the register's id where there is one."""
    return " ".join(part for part in record.key if part)


def answer(failure: Failure) -> str:
    """`out[0, 2]: got 1.0, expected 2.0`."""
    return f"{failure.output}{failure.index or ''}: got {failure.got}, expected {failure.expected}"


def distance(failure: Failure) -> str:
    """`off by 3 ULP, 1.5 of what is allowed`; empty where the error is no number, as of a wrong shape."""
    ulp = [f"off by {failure.ulp} ULP"] if is_number(failure.ulp) else []
    share = [f"{failure.share} of what is allowed"] if is_number(failure.share) else []
    return ", ".join(ulp + share)


def is_number(text: str) -> bool:
    """Whether an error as text is a quantity, so that a unit may follow it."""
    return text[:1].isdigit()


def counts(records: Iterable[Record]) -> dict[Verdict, int]:
    """How often every verdict was given, none left out, most severe first."""
    found = Counter(record.verdict for record in records)
    return {verdict: found[verdict] for verdict in SEVERITY}


def worst(records: Iterable[Record]) -> Verdict:
    """The most severe verdict among them."""
    return min((record.verdict for record in records), key=SEVERITY.index)


def having(journal: Journal, verdicts: Iterable[Verdict]) -> list[Record]:
    """The records with one of these verdicts, most severe first, then by name."""
    wanted = set(verdicts)
    chosen = [record for record in journal.records if record.verdict in wanted]
    return sorted(chosen, key=lambda record: (SEVERITY.index(record.verdict), record.key))


def drifted(journal: Journal) -> list[Record]:
    """The records whose error is inside its bound, and larger than it ever was."""
    return sorted((record for record in journal.records if record.drift), key=lambda record: record.key)


def tone(journal: Journal) -> str:
    """How the headline should look: `alarm`, `caution` or `clear`."""
    found = counts(journal.records)
    if any(found[verdict] for verdict in ALARMING):
        return "alarm"
    doubtful = not journal.complete or not _judged(journal) or found[Verdict.ERROR] or _doubts(journal)
    return "caution" if doubtful else "clear"


def headline(journal: Journal) -> Phrase:
    """The verdict on the run in one sentence; it never claims more than was judged."""
    if journal.complete:
        return _verdict(journal, Phrase("", ""))
    written, planned = len(journal.records), journal.run.planned
    so_far = _verdict(journal, Phrase(" so far", "（截至中断）"))
    return Phrase(
        f"Interrupted after {written:,} of {planned:,} checks. {so_far.english}",
        f"运行中断，仅完成 {written:,}/{planned:,} 项检查。{so_far.chinese}",
    )


def details(journal: Journal) -> list[Phrase]:
    """What a reader of the headline must also know."""
    return ([_tally(journal)] if _news(journal) else []) + _doubts(journal) + _limits(journal)


def repeat(run: Run) -> str:
    """The command that does the same run again."""
    options = {"profile": run.profile, "seed": str(run.seed), **run.selection}
    words = [word for key, value in options.items() for word in (f"--{key}", value) if word]
    return shlex.join(["python", "-m", "conformance", "run", *words])


_NEWS = {
    Verdict.CRASH: ("crash", "crashes", "次崩溃"),
    Verdict.TIMEOUT: ("timeout", "timeouts", "次超时"),
    Verdict.FAIL: ("new divergence", "new divergences", "处新的偏差"),
    Verdict.CHANGED: ("known divergence changed", "known divergences changed", "处已知偏差发生变化"),
    Verdict.ERROR: ("error of the trial itself", "errors of the trial itself", "项测试自身错误"),
    Verdict.FIXED: ("known divergence fixed", "known divergences fixed", "处已知偏差已修复"),
}


def _verdict(journal: Journal, so_far: Phrase) -> Phrase:
    if news := _news(journal):
        return Phrase(
            ", ".join(phrase.english for phrase in news) + so_far.english,
            "，".join(phrase.chinese for phrase in news) + so_far.chinese,
        )
    if not _judged(journal):
        return Phrase("Nothing was judged" + so_far.english, "没有作出任何判定" + so_far.chinese)
    tally = _tally(journal)
    return Phrase(f"Nothing new{so_far.english}: {tally.english}", f"没有新发现{so_far.chinese}：{tally.chinese}")


def _news(journal: Journal) -> list[Phrase]:
    found = counts(journal.records)
    return [
        Phrase(_plural(found[verdict], one, many), f"{found[verdict]:,} {chinese}")
        for verdict, (one, many, chinese) in _NEWS.items()
        if found[verdict]
    ]


def _tally(journal: Journal) -> Phrase:
    checks, cases = len(_judged(journal)), sum(record.cases for record in journal.records)
    known = counts(journal.records)[Verdict.KNOWN]
    return Phrase(
        f"{_plural(checks, 'check', 'checks')}, {_plural(cases, 'case', 'cases')}, "
        f"{_plural(known, 'known divergence', 'known divergences')} confirmed",
        f"{checks:,} 项检查，{cases:,} 个用例，确认 {known:,} 处已知偏差",
    )


def _doubts(journal: Journal) -> list[Phrase]:
    """What makes a run without failures worth less than it looks."""
    lost = journal.run.planned - len(journal.records) if journal.complete else 0
    empty = sum(record.verdict is Verdict.PASS and not record.cases for record in journal.records)
    return _where(
        (lost, "planned checks left no record", "项计划的检查没有记录"),
        (empty, "checks passed without a single case", "项检查没有任何用例却通过"),
        (len(drifted(journal)), "with a larger error than was ever recorded", "项的误差超过以往记录"),
    )


def _limits(journal: Journal) -> list[Phrase]:
    unjudged = len(journal.records) - len(_judged(journal))
    excluded = sum(record.excluded for record in journal.records)
    return _where(
        (unjudged, "not judged", "项未判定"),
        (excluded, "cases set aside as known divergences", "个用例因属已知偏差而排除"),
    )


def _where(*facts: tuple[int, str, str]) -> list[Phrase]:
    return [Phrase(f"{n:,} {english}", f"{n:,} {chinese}") for n, english, chinese in facts if n > 0]


def _judged(journal: Journal) -> list[Record]:
    return [record for record in journal.records if record.verdict not in UNJUDGED]


def _plural(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
