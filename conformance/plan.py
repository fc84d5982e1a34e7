"""Which cells a run judges: the operators' matrix, narrowed by what was asked for."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.checks.pace import Pace
from conformance.declaration import Operator
from conformance.errors import UserError
from conformance.ops import OPERATORS
from conformance.subject import MODES


@dataclass(frozen=True)
class Selection:
    """What a run was asked to judge; empty means everything."""

    op: str = ""
    dtype: str = ""
    mode: str = ""
    device: str = "cpu"
    shard: str = ""
    profile: str = "deep"

    def __post_init__(self) -> None:
        """Raises UserError for an operator, dtype, mode or shard that there is not."""
        for pattern in self.op.split(",") if self.op else ():
            if not any(fnmatchcase(name, pattern) for name in OPERATORS):
                raise UserError(f"--op is {pattern!r}, which no operator matches; there are: {', '.join(OPERATORS)}")
        dtypes = sorted({dtype for operator in OPERATORS.values() for dtype in operator.asked})
        _allowed("--dtype", self.dtype, dtypes)
        _allowed("--mode", self.mode, MODES)
        self.part()

    def part(self) -> tuple[int, int]:
        """The shard as (number, of how many); (1, 1) for the whole."""
        if not self.shard:
            return 1, 1
        number, slash, count = self.shard.partition("/")
        if not slash or not number.isdigit() or not count.isdigit() or not 1 <= int(number) <= int(count):
            raise UserError(f"--shard is {self.shard!r}; allowed: i/n with 1 <= i <= n, such as 1/4")
        return int(number), int(count)

    def has(self, cell: Cell, key: str = "") -> bool:
        """Whether a cell was asked for, and belongs to the shard; `key` tells apart what shares a cell."""
        number, count = self.part()
        return (
            (not self.op or any(fnmatchcase(cell.operator, pattern) for pattern in self.op.split(",")))
            and (not self.dtype or cell.dtype in self.dtype.split(","))
            and (not self.mode or cell.mode in self.mode.split(","))
            and zlib.crc32(f"{cell}{key}".encode()) % count == number - 1
        )

    def described(self) -> dict[str, str]:
        """The options that narrowed the run."""
        given = {name: value for name, value in vars(self).items() if name != "profile"}
        return {name: value for name, value in given.items() if value and (name, value) != ("device", "cpu")}


def _allowed(option: str, given: str, allowed: Collection[str]) -> None:
    for word in given.split(",") if given else ():
        if word not in allowed:
            raise UserError(f"{option} is {word!r}; allowed: {', '.join(allowed)}")


def cells(selection: Selection) -> list[Cell]:
    """Every cell that was asked for, in the order of the declarations."""
    profile = "deep" if selection.mode else selection.profile
    return [cell for cell in _all(OPERATORS.values(), selection.device, profile) if selection.has(cell)]


def _all(operators: Iterable[Operator], device: str, profile: str) -> Iterator[Cell]:
    for operator in operators:
        for name, check in PROPERTIES.items():
            if check.applies(operator):
                for mode in check.PACE.modes:
                    for layout in operator.layouts if check.PACE.tried(mode, profile) else ():
                        for dtype in _dtypes(operator, check.PACE, mode):
                            yield Cell(operator.name, name, dtype, mode, layout, device)


def _dtypes(operator: Operator, pace: Pace, mode: str) -> tuple[str, ...]:
    """The dtypes in which a property is judged in a mode."""
    if pace.alone:
        return operator.dtypes[:1]
    return operator.asked if pace.narrow and mode == "eager" else operator.dtypes
