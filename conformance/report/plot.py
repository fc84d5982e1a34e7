"""The geometry of the figure: every record's worst error as a share of its bound, on a logarithmic axis."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from conformance.record import Record, Verdict

LEFT, WIDTH, MARGIN = 160, 960, 24  # of the axis, of the figure, around the axis
ROW = 17  # height of an operator's row
EXACT = LEFT + 16  # where the number of exact records stands: a logarithmic axis has no zero
START = LEFT + 60  # where the lowest decade stands
FLOOR, CEILING = -4, 3  # decades the axis never goes beyond; a dot outside stands at its edge


class Dot(NamedTuple):
    """One record that had an error."""

    x: int
    y: int
    title: str


class Row(NamedTuple):
    """One operator: its dots by verdict, and how many records passed without any error."""

    operator: str
    y: int
    dots: dict[Verdict, list[Dot]]
    exact: int


class Plot(NamedTuple):
    """All that the drawing needs; lengths in pixels."""

    height: int
    rows: list[Row]
    ticks: list[tuple[int, str]]
    bound: int  # the x of share 1
    lanes: list[str]  # the dtypes of a row, from above


def build(records: Iterable[Record]) -> Plot | None:
    """Place every record that had an error or passed without; None where there are none.

    The operators nearest to their bounds, or furthest beyond, come first; in a row each dtype has a lane.
    """
    by_operator: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.worst_share > 0 or _is_exact(record):
            by_operator[record.operator].append(record)
    if not by_operator:
        return None
    axis = _Axis([record for shown in by_operator.values() for record in shown])
    order = sorted(by_operator, key=lambda name: (-max(r.worst_share for r in by_operator[name]), name))
    rows = [axis.row(name, by_operator[name], MARGIN + ROW // 2 + ROW * i) for i, name in enumerate(order)]
    return Plot(MARGIN + ROW * len(rows) + 2 * MARGIN, rows, axis.ticks(), axis.x(1.0), axis.lanes)


class _Axis:
    def __init__(self, records: list[Record]) -> None:
        self.logs = [math.log10(record.worst_share) for record in records if record.worst_share > 0]
        self.low = max(FLOOR, min([math.floor(log) for log in self.logs] + [-1]))
        self.high = min(CEILING, max([math.ceil(log) for log in self.logs] + [1]))
        self.lanes = sorted({record.dtype for record in records})

    def ticks(self) -> list[tuple[int, str]]:
        """Every decade; the outermost say so where dots beyond them stand at the edge."""
        labels = {decade: f"{10.0**decade:g}" for decade in range(self.low, self.high + 1)}
        if any(log < self.low for log in self.logs):
            labels[self.low] = "≤ " + labels[self.low]
        if any(log > self.high for log in self.logs):
            labels[self.high] = "≥ " + labels[self.high]
        return [(self.x(10.0**decade), label) for decade, label in labels.items()]

    def x(self, share: float) -> int:
        decades = min(max(math.log10(share), self.low), self.high) - self.low
        return round(START + decades * (WIDTH - MARGIN - START) / (self.high - self.low))

    def row(self, operator: str, records: list[Record], y: int) -> Row:
        dots: dict[Verdict, list[Dot]] = defaultdict(list)
        for record in records:
            if record.worst_share > 0:
                place = (self.x(record.worst_share), y + self._offset(record))
                dots[record.verdict].append(Dot(*place, _title(record)))
        return Row(operator, y, dict(dots), sum(map(_is_exact, records)))

    def _offset(self, record: Record) -> int:
        centre = (len(self.lanes) - 1) / 2
        return round((self.lanes.index(record.dtype) - centre) * min(5, (ROW - 5) / len(self.lanes)))


def _is_exact(record: Record) -> bool:
    return record.verdict is Verdict.PASS and record.cases > 0 and record.worst_share == 0


def _title(record: Record) -> str:
    return f"{record.property} {record.dtype} {record.mode} {record.layout}: {record.worst_share:.2g}"
