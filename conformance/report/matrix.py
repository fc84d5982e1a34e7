"""Operators by property and dtype: one cell aggregates every mode, layout and device."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from conformance.record import Record, Verdict
from conformance.report.digest import worst

_PROPERTIES = (
    "forward", "gradient", "state", "stream", "statistics", "scaling", "errors",
    "aliases", "integers", "complex",
)  # fmt: skip
_DTYPES = ("float32", "float64", "float16", "bfloat16")


class Cell(NamedTuple):
    """The worst verdict among some records, how many share it, and of how many."""

    verdict: Verdict
    share: int
    total: int


class Matrix(NamedTuple):
    """A row is an operator and a cell, or None, for each of the columns; the groups are their headings."""

    columns: list[tuple[str, str]]  # (property, dtype)
    groups: list[tuple[str, int]]  # property, its number of columns
    rows: list[tuple[str, list[Cell | None]]]


def build(records: Iterable[Record]) -> Matrix:
    """Sort the records into cells."""
    cells: dict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for record in records:
        cells[record.operator, record.property, record.dtype].append(record)
    columns = sorted({key[1:] for key in cells}, key=_column_order)
    properties = [column[0] for column in columns]
    groups = [(name, properties.count(name)) for name in dict.fromkeys(properties)]
    operators = sorted({key[0] for key in cells})
    rows = [(name, [_cell(cells.get((name, *column))) for column in columns]) for name in operators]
    return Matrix(columns, groups, rows)


def record_order(record: Record) -> tuple[object, ...]:
    """The order of an operator's records: as the columns, then as the key."""
    return (*_column_order((record.property, record.dtype)), record.key)


def _column_order(column: tuple[str, str]) -> tuple[object, ...]:
    name, dtype = column
    return (name == "known", *_rank(name, _PROPERTIES), *_rank(dtype, _DTYPES))


def _rank(name: str, first: tuple[str, ...]) -> tuple[int, str]:
    return (first.index(name) if name in first else len(first), name)


def _cell(records: list[Record] | None) -> Cell | None:
    if not records:
        return None
    verdict = worst(records)
    return Cell(verdict, sum(record.verdict is verdict for record in records), len(records))
