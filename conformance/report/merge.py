"""The shards of one run, put together again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from conformance.errors import UserError
from conformance.record import End, Environment, Journal, Run
from conformance.report import digest

_MACHINE = ("platform", "cpu", "python")  # may differ from shard to shard; everything else may not


class Unmergeable(UserError):
    """Runs that are not shards of one run; its text is one sentence for the user."""


def merge(journals: Sequence[Journal]) -> Journal:
    """One journal of all records; it is complete when every shard is.

    Raises:
        Unmergeable: the runs differ in more than shard and machine, or hold the same record twice.
    """
    if not journals:
        raise Unmergeable("there is no run to merge")
    if len(journals) == 1:
        return journals[0]
    runs = [journal.run for journal in journals]
    for other in runs[1:]:
        _check_same(runs[0], other)
    records = [record for journal in journals for record in journal.records]
    twice = [record for record, number in Counter(map(digest.name, records)).items() if number > 1]
    if twice:
        raise Unmergeable(f"these runs are not shards of one run: more than one of them holds {twice[0]}")
    return Journal(_merged(runs), records, _end(journals))


def _merged(runs: list[Run]) -> Run:
    machines = {name: _joined([getattr(run.environment, name) for run in runs]) for name in _MACHINE}
    return msgspec.structs.replace(
        runs[0],
        started=min(run.started for run in runs),
        selection=_selection(runs[0]),
        planned=sum(run.planned for run in runs),
        environment=msgspec.structs.replace(runs[0].environment, **machines),
    )


def _end(journals: Sequence[Journal]) -> End | None:
    """The longest time, since shards run side by side, and the gravest exit code; none if one lacks it."""
    ends = [journal.end for journal in journals if journal.end]
    if len(ends) < len(journals):
        return None
    return End(seconds=max(end.seconds for end in ends), exit_code=max(end.exit_code for end in ends))


def _check_same(run: Run, other: Run) -> None:
    theirs = _comparable(other)
    for name, value in _comparable(run).items():
        if value != theirs[name]:
            raise Unmergeable(f"only shards of one run merge, and their {name} differs: {value} and {theirs[name]}")


def _comparable(run: Run) -> dict[str, object]:
    environment = msgspec.structs.asdict(run.environment)
    same = {name: environment[name] for name in Environment.__struct_fields__ if name not in _MACHINE}
    return {"seed": run.seed, "profile": run.profile, "selection": _selection(run), **same}


def _selection(run: Run) -> dict[str, str]:
    return {option: value for option, value in run.selection.items() if option != "shard"}


def _joined(values: list[str]) -> str:
    return "; ".join(dict.fromkeys(values))
