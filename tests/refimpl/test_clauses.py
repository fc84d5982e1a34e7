"""Every clause of docs/spec stands beside a line of the reference and in a test, and no label is invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PREFIX = "ACT|POOL|BN|DROP|RNG"
LABEL = re.compile(rf"\b(?:{PREFIX})(?:-[A-Z0-9]+)+\b")
NAME = re.compile(rf"def test_({PREFIX.lower()})_(\w+)")
FAMILIES = sorted(page.stem for page in (ROOT / "docs/spec").glob("*.md"))


def read(*paths: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def named(source: str) -> set[str]:
    """The labels in the names of tests: test_bn_f1_n2_anything checks BN-F1 and BN-N2."""
    return {f"{prefix}-{word}".upper() for prefix, words in NAME.findall(source) for word in words.split("_")}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", ["refimpl", "tests/refimpl"])
def test_every_clause_is_done_and_tested(family: str, place: str) -> None:
    mentioned = LABEL.findall(read(ROOT / f"docs/spec/{family}.md"))
    assert mentioned, f"docs/spec/{family}.md has no clause"
    prefix = mentioned[0].partition("-")[0]  # a page may mention another family's clauses
    source = read(*(ROOT / place / family).rglob("*.py"))
    clauses, found = (
        {label for label in labels if label.startswith(f"{prefix}-")} for labels in (mentioned, LABEL.findall(source))
    )
    assert sorted(clauses - found - named(source)) == [], f"clauses without a line in {place}/{family}"
    assert sorted(found - clauses) == [], f"labels in {place}/{family} without a clause"
