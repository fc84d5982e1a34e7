"""The ways in which windows, and the places of maxima, are found: which one is taken must not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from refimpl.pooling import boxes, maximum, places, spread, windows

WAYS: dict[str, list[tuple[ModuleType, str, int]]] = {
    "at once": [],
    "joined": [(windows, "TINY", -1), (windows, "MATRIX", -1), (places, "SMALL", -1)],
}
WAYS["one by one"] = [*WAYS["joined"], (places, "FEW", 0)]
Choose = Callable[[str], None]


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Choose]:
    """Has windows looked for in one of the ways."""

    def by(way: str) -> None:
        for module, name, value in WAYS[way]:
            monkeypatch.setattr(module, name, value)
        forget()

    yield by
    forget()


@pytest.fixture(params=WAYS)
def every_way(request: pytest.FixtureRequest, choose: Choose) -> None:
    """Runs a test once in each of them."""
    choose(request.param)


def forget() -> None:
    """What was decided by the constants before."""
    for decided in (boxes.blocks, windows.plan, places.apart, places.layout, maximum._cost, spread._products):
        decided.cache_clear()
