"""One self-contained page: no network, no fonts or scripts from elsewhere, English and Chinese."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from conformance.record import ALARMING, Journal, Record, Verdict
from conformance.report import digest, matrix, plot, randomness, words


class Operator(NamedTuple):
    """What the page says of one operator: its records, and what they exercised, added up."""

    name: str
    groups: dict[tuple[str, str], list[Record]]  # by property and dtype
    verdicts: dict[Verdict, int]
    regions: dict[str, int]
    arguments: dict[str, dict[str, int]]


class Dimensions(NamedTuple):
    """Mode, layout and device: a column of every table where a run has several, else said once."""

    several: list[str]
    one: dict[str, str]


def render(journal: Journal) -> str:
    """The page as text."""
    return _template().render(
        journal=journal,
        run=journal.run,
        environment=journal.run.environment,
        phrases=[digest.headline(journal), *digest.details(journal)],
        tone=digest.tone(journal),
        counts=digest.counts(journal.records),
        failures=digest.having(journal, ALARMING | {Verdict.ERROR}),
        known=[record for record in digest.having(journal, Verdict) if record.divergence],
        unjudged=_by_reason(digest.having(journal, digest.UNJUDGED - {Verdict.ERROR})),
        drifted=digest.drifted(journal),
        matrix=matrix.build(journal.records),
        plot=plot.build(journal.records),
        odds=randomness.sentence(journal.records),
        chances=randomness.by_operator(journal.records),
        scalings=randomness.scalings(journal.records),
        operators=_operators(journal.records),
        dimensions=_dimensions(journal.records),
        repeat=digest.repeat(journal.run),
        chinese=_chinese(journal),
    )


def _operators(records: Iterable[Record]) -> list[Operator]:
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in sorted(records, key=matrix.record_order):
        groups[record.operator].append(record)
    return [_operator(name, groups[name]) for name in sorted(groups)]


def _operator(name: str, records: list[Record]) -> Operator:
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.property, record.dtype].append(record)
    found = {verdict: number for verdict, number in digest.counts(records).items() if number}
    regions = _total(record.regions for record in records)
    arguments = dict.fromkeys(argument for record in records for argument in record.arguments)
    values = {name: _total(record.arguments.get(name, {}) for record in records) for name in arguments}
    return Operator(name, groups, found, regions, values)


def _total(tables: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for table in tables:
        total.update(table)
    return dict(total.most_common())


def _by_reason(records: Iterable[Record]) -> dict[tuple[Verdict, str], list[Record]]:
    groups: dict[tuple[Verdict, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[record.verdict, record.reason].append(record)
    return dict(groups)


def _dimensions(records: Iterable[Record]) -> Dimensions:
    records = list(records)
    found = {name: {getattr(record, name) for record in records} for name in ("mode", "layout", "device")}
    several = [name for name, values in found.items() if len(values) > 1]
    return Dimensions(several, {name: min(values) for name, values in found.items() if len(values) == 1})


def _chinese(journal: Journal) -> dict[str, str]:
    """The page's dictionary, with the sentences of this run."""
    odds = randomness.sentence(journal.records)
    sentences = [*words.MEANING.values(), digest.headline(journal), *digest.details(journal), *([odds] if odds else [])]
    return words.CHINESE | dict(sentences)


def _slug(record: Record) -> str:
    return "-".join(part for part in record.key if part)


def _short(value: float) -> str:
    return f"{value:.2g}"


def _number(value: float) -> str:
    return f"{value:,}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("conformance.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False}
    environment.filters.update(slug=_slug, short=_short, number=_number)
    environment.tests["quantity"] = digest.is_number
    environment.globals.update(words=words, geometry=plot, randomness=randomness)
    return environment.get_template("report.html.j2")
