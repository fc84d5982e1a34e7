"""The reader of divergences.toml.

Cases that an entry matches are kept out of the general property, so that a known divergence can never make a run
fail by chance. They are not let go: where the entry names a `within` row (conformance/judge/within.py) they are held
to that wider, derived bound, and the entry's smallest example must still diverge in exactly the registered way.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
from packaging.specifiers import SpecifierSet

from conformance.cell import Cell
from conformance.errors import UserError
from conformance.known.predicate import Predicate

PATH = Path(__file__).with_name("divergences.toml")
KINDS = ("bug", "documentation", "choice")
SEVERITIES = ("memory", "wrong", "refused", "special", "digits")
"""Memory is harmed, or the process dies; a result is wrong without a word; a call that has a meaning raises, or lacks
its gradient; only NaN, infinities and the ends of the range come out wrong; only digits are lost."""


class Example(msgspec.Struct, frozen=True, kw_only=True, eq=False, forbid_unknown_fields=True):
    """The smallest case that shows a divergence, and what Paddle makes of it."""

    call: str  # a line as people write it
    values: dict[str, Any] = {}  # argument -> nested lists
    property: str  # "forward" or "gradient"
    output: str  # "out", "gradient of x", "the call" for an exception, "the process" for a crash
    index: tuple[int, ...] = ()
    got: str  # Paddle's value there, as NumPy prints it, the class of the exception, or the signal
    seed: int = 0  # of the arrays that are not given, and of Paddle's generator


class Entry(msgspec.Struct, frozen=True, kw_only=True, eq=False, forbid_unknown_fields=True):
    """One known divergence: one cause. One pattern may stand for a list of them."""

    id: str
    title: str
    operators: tuple[str, ...]  # patterns, as the next four
    properties: tuple[str, ...]
    dtypes: tuple[str, ...] = ("*",)
    modes: tuple[str, ...] = ("*",)
    devices: tuple[str, ...] = ("cpu",)
    when: Predicate
    versions: str
    kind: str
    severity: str
    right: str
    paddle: str
    link: str
    within: str = ""  # a row of conformance/judge/within.py
    example: Example

    def concerns(self, cell: Cell) -> bool:
        """Whether the entry is about cases of this cell at all."""
        pairs = (
            (self.operators, cell.operator),
            (self.properties, cell.property),
            (self.dtypes, cell.dtype),
            (self.modes, cell.mode),
            (self.devices, cell.device),
        )
        return all(any(fnmatchcase(value, pattern) for pattern in patterns) for patterns, value in pairs)

    def matches(self, names: Mapping[str, Any]) -> bool:
        """Whether the entry is about this case; a case without one of the predicate's names is not meant."""
        return self.when.names <= names.keys() and self.when(names)


class Broken(UserError):
    """The register cannot be read; the text names the entry and what is wrong with it."""


class _Document(msgspec.Struct, forbid_unknown_fields=True):
    divergence: list[dict[str, Any]] = []


def read(path: Path = PATH, paddle: str = "") -> list[Entry]:
    """The entries that hold for this version of Paddle (all of them, if none is named).

    Raises:
        Broken: not TOML, a field missing, unknown or of the wrong kind, a predicate that cannot be read, an id twice.
    """
    try:
        tables = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _Document).divergence
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise Broken(f"cannot read {path}: {error}") from None
    entries = [_entry(table) for table in tables]
    ids = [entry.id for entry in entries]
    for name in ids:
        if ids.count(name) > 1:
            raise Broken(f"{path}: the id {name!r} is there twice")
    return [entry for entry in entries if not paddle or holds(entry.versions, paddle)]


_PATTERNS = ("operators", "properties", "dtypes", "modes", "devices")


def _entry(table: Mapping[str, Any]) -> Entry:
    name = table.get("id", "(no id)")
    words = {field: [table[field]] for field in _PATTERNS if isinstance(table.get(field), str)}
    try:
        entry = msgspec.convert({**table, **words}, Entry, dec_hook=_predicate)
        SpecifierSet(entry.versions)
    except (ValueError, msgspec.ValidationError) as error:
        raise Broken(f"divergence {name}: {error}") from None
    for field, allowed in (("kind", KINDS), ("severity", SEVERITIES)):
        if (value := getattr(entry, field)) not in allowed:
            raise Broken(f"divergence {name}: {field} is {value!r}; allowed: {', '.join(allowed)}")
    return entry


def _predicate(kind: type, value: Any) -> Predicate:
    """What msgspec cannot make by itself."""
    if not isinstance(value, str):
        raise ValueError(f"a predicate is a text, not {value!r}")
    return Predicate(value)


def holds(versions: str, version: str) -> bool:
    """Whether a version is in a range such as ">=3.0,<=3.3.1"; a build's local part (+gpu) does not matter."""
    return SpecifierSet(versions).contains(version, prereleases=True)
