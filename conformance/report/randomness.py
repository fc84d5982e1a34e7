"""What the reports say of random operators: the odds of a false alarm, what the tests can see, how dropouts scale."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import reduce
from operator import add
from typing import NamedTuple

from conformance.record import Chance, Record, Scaling
from conformance.report.digest import Phrase


class Cell(NamedTuple):
    """A number of Paddle's beside the reference's."""

    paddle: str
    reference: str


class Scalings(NamedTuple):
    """A table of what one operator multiplied by: the groups of its columns, and the cells by the rows' names."""

    operator: str
    dtype: str
    row: str  # the argument whose values are the rows
    groups: list[str]
    rows: dict[str, list[Cell]]


COLUMNS = ("factor in training", "factor in evaluation", "mean in training", "mean in evaluation")


def odds(records: Iterable[Record]) -> Chance | None:
    """All statistical tests of a run together; None where there were none."""
    found = [record.chance for record in records if record.chance]
    return reduce(add, found) if found else None


def by_operator(records: Iterable[Record]) -> dict[str, Chance]:
    """The statistical tests of each operator together."""
    found: dict[str, list[Chance]] = defaultdict(list)
    for record in records:
        if record.chance:
            found[record.operator].append(record.chance)
    return {name: reduce(add, found[name]) for name in sorted(found)}


def sentence(records: Iterable[Record]) -> Phrase | None:
    """The odds of a false alarm, and the smallest deviations that are caught."""
    chance = odds(records)
    if chance is None:
        return None
    tests, draws, alarm = f"{chance.tests:,}", f"{chance.draws:,}", f"{chance.alarm:.1e}"
    caught = {name: ends(chance, name) for name in chance.power}
    return Phrase(
        f"{tests} statistical tests of {draws} random numbers raise a false alarm with a probability of at most"
        f" {alarm}, of {chance.budget:.0e} that a whole run may have. With a probability of 0.99 they catch "
        + ", ".join(f"{_KINDS[name].english} {caught[name]}" for name in _KINDS if name in caught)
        + ".",
        f"{tests} 项统计检验考察了 {draws} 个随机数，误报概率不超过 {alarm}"
        f"（整次运行的预算为 {chance.budget:.0e}）。以 0.99 的概率可检出："
        + "，".join(f"{_KINDS[name].chinese} {caught[name]}" for name in _KINDS if name in caught)
        + "。",
    )


_KINDS = {
    "probability": Phrase("a probability that is off by", "概率的相对偏差"),
    "correlation": Phrase("a correlation of", "相关系数"),
    "distribution": Phrase("a distribution function that is off by", "分布函数的偏差"),
}


def ends(chance: Chance, kind: str) -> str:
    """`1.1 % to 4.2 %`: the smallest deviation that is caught, by the best of the tests and by the worst."""
    if kind not in chance.power:
        return ""
    least, most = (f"{float(f'{100 * value:.2g}'):g} %" for value in chance.power[kind])
    return least if least == most else f"{least} to {most}"


def scalings(records: Iterable[Record]) -> list[Scalings]:
    """A table for every record that measured how an operator scales."""
    return [_table(record) for record in records if record.scalings]


def _table(record: Record) -> Scalings:
    group, row = record.scalings[0].setting
    found: dict[str, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for training, after in zip(record.scalings[::2], record.scalings[1::2], strict=True):
        found[training.setting[row]][training.setting[group]] = _cells(training, after)
    groups = list(dict.fromkeys(scaling.setting[group] for scaling in record.scalings))
    rows = {name: [cell for group in groups for cell in cells[group]] for name, cells in found.items()}
    return Scalings(record.operator, record.dtype, row, groups, rows)


def _cells(training: Scaling, evaluation: Scaling) -> list[Cell]:
    pairs = (training.factor, evaluation.factor, training.mean, evaluation.mean)
    return [Cell(*(f"{value:.4g}" for value in pair)) for pair in pairs]
