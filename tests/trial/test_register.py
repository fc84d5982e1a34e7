"""The register: what its reader refuses, which cells, cases and versions an entry is about, and what is registered."""

import re
from fnmatch import fnmatchcase

import numpy as np
import pytest

from conformance import bind, confirm
from conformance import case as cases
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.draw.tape import SIZE, Tape
from conformance.judge.within import WITHIN
from conformance.judging import names
from conformance.known import register
from conformance.known.register import Broken, holds, read
from conformance.line import parse
from conformance.ops import OPERATORS
from conformance.plan import Selection
from conformance.plan import cells as all_cells

ENTRIES = read()

every_entry = pytest.mark.parametrize("entry", ENTRIES, ids=[entry.id for entry in ENTRIES])

_ENTRY = """
[[divergence]]
id = "relu-of-two"
title = "relu turns 2 into 3"
operators = "relu"
properties = ["forward"]
when = "any(x == 2)"
versions = ">=3.0,<3.4"
kind = "bug"
severity = "wrong"
right = "2"
paddle = "3"
link = "unreported"

[divergence.example]
call = 'paddle.nn.functional.relu(Tensor([1],"float32"))'
values = { x = [2.0] }
property = "forward"
output = "out"
index = [0]
got = "3.0"
"""


@pytest.fixture
def reading(tmp_path):
    """Read a register that is the one above with one text in the place of another."""

    def read_changed(old="", new="", **options):
        assert old in _ENTRY
        path = tmp_path / "register.toml"
        path.write_text(_ENTRY.replace(old, new, 1) if old else _ENTRY + new, "utf-8")
        return read(path, **options)

    return read_changed


def test_an_entry_is_read(reading):
    (entry,) = reading()
    assert (entry.id, entry.kind, entry.operators, entry.properties) == ("relu-of-two", "bug", ("relu",), ("forward",))
    assert (entry.dtypes, entry.modes, entry.devices, entry.within) == (("*",), ("*",), ("cpu",), "")
    assert entry.when.text == "any(x == 2)"
    assert entry.example.values == {"x": [2.0]}
    assert entry.example.index == (0,)


FIELDS = [line.partition(" =")[0] for line in _ENTRY.splitlines() if " = " in line]
OPTIONAL = {"values", "index"}


@pytest.mark.parametrize("field", [field for field in FIELDS if field not in OPTIONAL])
def test_a_missing_field_is_named(reading, field):
    line = next(line for line in _ENTRY.splitlines() if line.startswith(f"{field} ="))
    with pytest.raises(Broken, match=rf"{field}"):
        reading(line + "\n", "")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('kind = "bug"', 'kind = "feature"', "kind is 'feature'; allowed: bug, documentation, choice"),
        ('severity = "wrong"', 'severity = "grave"', "severity is 'grave'; allowed: "),
        ('when = "any(x == 2)"', 'when = "x.any()"', "predicate"),
        ('when = "any(x == 2)"', "when = 2", "when"),
        ('when = "any(x == 2)"', 'when = ""', "predicate"),
        ('title = "relu turns 2 into 3"', "title = 5", "title"),
        ('operators = "relu"', "operators = 3", "operators"),
        ('operators = "relu"', "operators = [1]", "operators"),
        ('properties = ["forward"]', "properties = true", "properties"),
        ('versions = ">=3.0,<3.4"', 'versions = "new"', "Invalid specifier: 'new'"),
        ('link = "unreported"', 'link = "unreported"\ncolour = "red"', "colour"),
        ('link = "unreported"', 'link = "unreported"\ndtypes = 32', "dtypes"),
        ('output = "out"', 'output = "out"\ncolour = "red"', "colour"),
        ("index = [0]", 'index = ["0"]', "index"),
        ("index = [0]", "index = 0", "index"),
        ("values = { x = [2.0] }", "values = [2.0]", "values"),
        ('got = "3.0"', "got = 3.0", "got"),
        ("[divergence.example]", "[divergence.sample]", "sample"),
        ("[[divergence]]", "[divergence]", "divergence"),
        ("[[divergence]]", "[[divergence", "cannot read"),
    ],
)
def test_what_is_no_entry_is_refused(reading, old, new, says):
    """In one sentence that names the entry, or the file."""
    with pytest.raises(Broken, match=re.escape(says)) as refusal:
        reading(old, new)
    text = str(refusal.value)
    assert "\n" not in text
    assert "relu-of-two" in text or "register.toml" in text


def test_two_entries_of_one_id_are_refused(reading):
    with pytest.raises(Broken, match="'relu-of-two' is there twice"):
        reading("", _ENTRY)


@pytest.mark.parametrize("text", ["divergence = 3", "divergence = [3]", '[[divergences]]\nid = "typo"', "divergence ="])
def test_what_is_no_register_is_refused(tmp_path, text):
    (tmp_path / "register.toml").write_text(text)
    with pytest.raises(Broken, match=r"cannot read .*register.toml"):
        read(tmp_path / "register.toml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(Broken, match="cannot read"):
        read(tmp_path / "nowhere.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Broken, match="cannot read"):
        read(tmp_path / "bytes.toml")


def test_an_empty_register_has_no_entries(tmp_path):
    (tmp_path / "empty.toml").write_text("")
    assert read(tmp_path / "empty.toml") == []


@pytest.mark.parametrize(
    ("versions", "version", "expected"),
    [
        (">=3.0,<3.4", "3.3.1", True),
        (">=3.0,<3.4", "3.4.0", False),
        (">=3.0", "2.6.2", False),
        (">=3.0", "3.0.0", True),
        (">=3.0,<=3.3.1", "3.3.1+gpu", True),
        (">=3.0,<=3.3.1", "3.3.1.post1", False),
        (">=3.0", "3.1.0b1", True),
        (">=3.4", "3.4.0.dev20250101", False),
        ("==3.3.*", "3.3.1", True),
        ("", "3.3.1", True),
    ],
)
def test_versions(reading, versions, version, expected):
    assert holds(versions, version) is expected
    entries = reading('versions = ">=3.0,<3.4"', f'versions = "{versions}"', paddle=version)
    assert bool(entries) is expected


def test_which_cells_an_entry_concerns(reading):
    (entry,) = reading('operators = "relu"', 'operators = ["relu*", "sigmoid"]\ndtypes = "float32"')
    right = Cell("relu6", "forward", "float32", "eager", "any", "cpu")
    assert entry.concerns(right)
    for field, value in {
        "operator": "tanh", "property": "gradient", "dtype": "float64", "device": "gpu:0"
    }.items():  # fmt: skip
        assert not entry.concerns(Cell(**{**vars(right), field: value}))
    assert entry.concerns(Cell(**{**vars(right), "operator": "sigmoid", "mode": "static"}))


def test_which_cases_an_entry_matches(reading):
    (entry,) = reading()
    assert entry.matches({"x": np.array([1, 2])})
    assert not entry.matches({"x": np.array([1, 3])})
    assert not entry.matches({"y": np.array([2])}), "a case without the predicate's names is not meant"


# --- the register as it is shipped


@every_entry
def test_an_entry_says_what_and_why(entry):
    for field in ("title", "right", "paddle", "link"):
        assert len(getattr(entry, field)) > 8, field
    assert entry.link == "unreported" or entry.link.startswith("https://")
    assert re.fullmatch("[a-z0-9-]+", entry.id)
    assert not entry.title.endswith(".")


@every_entry
def test_an_entry_is_about_what_there_is(entry):
    for patterns, there in [
        (entry.operators, OPERATORS),
        (entry.properties, PROPERTIES),
        (entry.dtypes, {dtype for operator in OPERATORS.values() for dtype in operator.dtypes}),
    ]:
        for pattern in patterns:
            assert any(fnmatchcase(name, pattern) for name in there), pattern
    assert entry.within in {"", *WITHIN}
    assert any(entry.concerns(cell) for cell in all_cells(Selection()))


def test_every_wider_bound_is_used():
    assert {entry.within for entry in ENTRIES} - {""} == set(WITHIN)


@every_entry
def test_the_example_is_a_case_that_the_entry_is_about(entry):
    """Its line is read, its values fit, and the predicate holds for it."""
    example = entry.example
    values = bind.Values(seed=example.seed, given=example.values)
    mode = confirm.cell(entry, "cpu").mode
    (case,) = bind.cases(parse(example.call), values, mode, "cpu", (example.property,))
    PROPERTIES[example.property].prepare(case)
    assert entry.concerns(case.cell)
    assert entry.matches(names(case))
    assert sum(array.size for array in case.call.arrays.values()) <= 32, "not the smallest"
    assert confirm.cell(entry, "cpu").operator == case.operator.name


@every_entry
def test_the_predicate_has_a_value_for_every_case_and_is_narrow(entry):
    rng = np.random.default_rng(0)
    concerned = [cell for cell in all_cells(Selection()) if entry.concerns(cell)]
    matched = []
    for _ in range(120):
        cell = concerned[rng.integers(len(concerned))]
        case = cases.draw(cell, OPERATORS[cell.operator], Tape.cut(rng.bytes(SIZE)))
        PROPERTIES[cell.property].prepare(case)
        matched.append(entry.matches(names(case)))
    held = entry.within or not any(fnmatchcase("eager", pattern) for pattern in entry.modes)
    assert held or np.mean(matched) < 0.5, "cases are let go that nothing else holds to a bound"


def test_the_shipped_register_is_what_runs_read():
    assert register.PATH.name == "divergences.toml"
    assert [entry.id for entry in read(paddle="3.3.1")] == [e.id for e in ENTRIES if holds(e.versions, "3.3.1")]
