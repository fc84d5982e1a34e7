"""Two runs compared, record by record: what a change to Paddle, or another version of it, does to verdicts.

A record has become worse when it went down this scale: right (pass, fixed), divergent (known, fail,
changed), dead (crash, timeout). Whatever became worse is a new failure; a registered divergence that had
been fixed and is back is one too. Absent, not-run and error have no place on the scale, since they say
nothing of right and wrong.

Drift is growth of the worst error while the verdict stays right. Where both runs judged the same cases
(same seed, profile, Hypothesis, reference and number of cases), any growth beyond the reference's own
rounding counts: the reference carries at least 11 bits more than the dtype under test, so its rounding
moves an error by some 2^-11 of what is allowed; the threshold is 2^-8 of it. Otherwise the cases differ,
and so, by chance, does the worst of them: growth counts when it costs a bit (a factor of 2) and ends near
the bound (above half of what is allowed).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from conformance.record import ALARMING, Journal, Record, Run, Verdict
from conformance.report import digest

ROUNDING = 2.0**-8  # growth of an error on the same case that is not the reference's rounding, as a share
DOUBLED, NEAR = 2.0, 0.5  # growth, and share reached, that are not chance where the cases differ


class Change(StrEnum):
    """What became of a record, the most important first."""

    NEW_FAILURE = "new failure"
    CHANGED = "changed"  # wrong in both runs, but not in the same way
    STILL_FAILING = "still failing"
    DRIFTED = "drifted"
    NOT_RUN = "not run"  # the new run says nothing of it
    REMOVED = "removed"
    FIXED = "fixed"
    NEW = "new"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Item:
    """One record of both runs, or of one of them."""

    change: Change
    base: Record | None
    new: Record | None
    note: str = ""

    @property
    def record(self) -> Record:
        """The new run's side where there is one, else the base's."""
        record = self.new or self.base
        assert record is not None
        return record


@dataclass(frozen=True)
class Difference:
    """Every record of both runs as an item; by change, then by name."""

    base: Journal
    new: Journal
    items: list[Item]

    def having(self, change: Change) -> list[Item]:
        """The items of one kind."""
        return [item for item in self.items if item.change is change]

    @property
    def exit_code(self) -> int:
        """1 when the new run has an alarm that the base had not: a new failure, or a known one changed."""
        return int(any(_is_new_alarm(item) for item in self.items))


def compare(base: Journal, new: Journal) -> Difference:
    """Sort every record of either run. Records with one key are paired in the order in which they came."""
    old, now = _keyed(base.records), _keyed(new.records)
    items = [_item(old.get(key), now.get(key), base.run, new) for key in old | now]
    order = list(Change)
    return Difference(base, new, sorted(items, key=lambda item: (order.index(item.change), item.record.key)))


def _keyed(records: Iterable[Record]) -> dict[tuple[tuple[str, ...], int], Record]:
    seen: Counter[tuple[str, ...]] = Counter()
    keyed = {}
    for record in records:
        keyed[record.key, seen[record.key]] = record
        seen[record.key] += 1
    return keyed


_SCALE = {
    **dict.fromkeys((Verdict.PASS, Verdict.FIXED), 0),
    **dict.fromkeys((Verdict.KNOWN, Verdict.FAIL, Verdict.CHANGED), 1),
    **dict.fromkeys((Verdict.CRASH, Verdict.TIMEOUT), 2),
}


def _item(old: Record | None, now: Record | None, base: Run, new: Journal) -> Item:
    change, note = _classify(old, now, base, new)
    return Item(change, old, now, note)


def _classify(old: Record | None, now: Record | None, base: Run, new: Journal) -> tuple[Change, str]:
    if now is None:
        return _missing(base, new)
    if now.verdict not in _SCALE:
        return _unjudged(old, now)
    if old is None:
        return (Change.NEW_FAILURE if now.verdict in ALARMING else Change.NEW), ""
    if old.verdict not in _SCALE:
        return (Change.NEW_FAILURE if now.verdict in ALARMING else Change.NEW), f"before: {old.reason}"
    return _judged(old, now, _same_draws(base, new.run))


def _missing(base: Run, new: Journal) -> tuple[Change, str]:
    if not new.complete:
        return Change.NOT_RUN, "the new run was interrupted"
    if (base.profile, base.selection) != (new.run.profile, new.run.selection):
        return Change.NOT_RUN, "the new run has another profile or selection"
    return Change.REMOVED, "the new run has no such check"


def _unjudged(old: Record | None, now: Record) -> tuple[Change, str]:
    if old and old.verdict is now.verdict:
        return Change.UNCHANGED, ""
    if now.verdict is not Verdict.ABSENT:
        return Change.NOT_RUN, now.reason
    return (Change.REMOVED if old and old.verdict in _SCALE else Change.NOT_RUN), now.reason


def _judged(old: Record, now: Record, same_draws: bool) -> tuple[Change, str]:
    worse = _SCALE[now.verdict] - _SCALE[old.verdict]
    if worse > 0:
        return Change.NEW_FAILURE, ""
    if worse < 0:
        return (Change.CHANGED, "") if _SCALE[now.verdict] else (Change.FIXED, _set_aside(old, now))
    if not _SCALE[now.verdict]:
        note = _drift(old, now, same_draws)
        return (Change.DRIFTED if note else Change.UNCHANGED), note
    return _both_wrong(old, now)


def _both_wrong(old: Record, now: Record) -> tuple[Change, str]:
    verdicts = {old.verdict, now.verdict}
    if verdicts == {Verdict.KNOWN}:
        return Change.UNCHANGED, ""
    if verdicts == {Verdict.KNOWN, Verdict.FAIL}:
        return Change.STILL_FAILING, "only one of the runs knows the register's entry"
    if len(verdicts) > 1:
        return Change.CHANGED, ""
    note = _other_answer(old, now)
    return (Change.CHANGED if note else Change.STILL_FAILING), note


def _other_answer(old: Record, now: Record) -> str:
    """Whether the same call, on the same inputs, gives another wrong value."""
    before, after = old.failure, now.failure
    if before is None or after is None or before.got == after.got:
        return ""
    question = (before.call, before.inputs, before.output, before.index)
    if question != (after.call, after.inputs, after.output, after.index):
        return ""
    return f"the same call gave {before.got}"


def _set_aside(old: Record, now: Record) -> str:
    more = now.excluded - old.excluded
    return f"or registered: {more:,} more cases are set aside as known divergences" if more > 0 else ""


def _same_draws(base: Run, new: Run) -> bool:
    def draws(run: Run) -> tuple[object, ...]:
        return run.seed, run.profile, run.environment.hypothesis, run.environment.precision

    return draws(base) == draws(new)


def _drift(old: Record, now: Record, same_draws: bool) -> str:
    """The rule by which the worst error has grown, or nothing."""
    grown = f"worst error {old.worst_share:.3g} -> {now.worst_share:.3g} of what is allowed"
    if same_draws and (old.cases, old.excluded) == (now.cases, now.excluded):
        return f"{grown}, on the same cases" if now.worst_share > old.worst_share + ROUNDING else ""
    counts = now.worst_share > max(DOUBLED * old.worst_share, NEAR)
    return f"{grown}, on other cases: more than doubled and above half" if counts else ""


def _is_new_alarm(item: Item) -> bool:
    if item.change is not Change.CHANGED:
        return item.change is Change.NEW_FAILURE
    return item.base is not None and item.base.verdict is Verdict.KNOWN


def render(difference: Difference) -> str:
    """The comparison for a terminal: both runs, a row per item, most important first, and the sum."""
    lines = [_run_line("base", difference.base), _run_line("new ", difference.new)]
    lines += [f"      {line}" for line in _environments(difference.base.run, difference.new.run)]
    for change in Change:
        items = difference.having(change)
        if items and change is not Change.UNCHANGED:
            lines += ["", f"{change} ({len(items):,})", *_rows(items)]
    return "\n".join([*lines, "", _sum(difference), ""])


def _run_line(name: str, journal: Journal) -> str:
    run, count = journal.run, f"{len(journal.records):,}"
    end = "records" if journal.complete else f"of {journal.run.planned:,} records, interrupted"
    paddle = f"Paddle {run.environment.paddle} ({run.environment.paddle_commit[:10]})"
    return f"{name}  {paddle}, profile {run.profile}, seed {run.seed}, {count} {end}"


def _environments(base: Run, new: Run) -> Iterator[str]:
    """What else differs between the runs, one line each."""
    old, now = (msgspec.structs.asdict(run.environment) | {"selection": run.selection} for run in (base, new))
    old, now = old | old.pop("flags"), now | now.pop("flags")
    for name in old | now:
        if not name.startswith("paddle") and old.get(name) != now.get(name):
            yield f"{name}: {old.get(name, 'not set')} -> {now.get(name, 'not set')}"


def _rows(items: list[Item]) -> Iterator[str]:
    width = max(len(digest.name(item.record)) for item in items)
    for item in items:
        before, after = (side.verdict if side else "-" for side in (item.base, item.new))
        yield f"  {digest.name(item.record):<{width}}  {before} -> {after}  {item.note}".rstrip()
        if item.change in {Change.NEW_FAILURE, Change.CHANGED}:
            yield from (f"      {line}" for line in _example(item.record))


def _example(record: Record) -> Iterator[str]:
    if record.reason:
        yield record.reason
    if failure := record.failure:
        yield failure.call
        if failure.what != record.reason:
            yield failure.what
        yield digest.answer(failure)
        if distance := digest.distance(failure):
            yield distance
        yield f"repeat: {failure.repeat}"


def _sum(difference: Difference) -> str:
    counts = [(change, difference.having(change)) for change in Change]
    text = ", ".join(f"{len(items):,} {change}" for change, items in counts if items) or "no records"
    neither = sum(item.record.verdict not in _SCALE for item in difference.having(Change.UNCHANGED))
    return text + (f" ({neither:,} of them judged in neither run)" if neither else "")
