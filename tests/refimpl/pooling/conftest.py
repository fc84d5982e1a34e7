"""The ways in which windows, and the places of maxima, are found: which one is taken must not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from refimpl.pooling import boxes, maximum, places, windows

WAYS: dict[str, dict[str, int]] = {
    "at once": {},
    "joined": {"SMALL": -1, "GATHERED": -1},
    "one by one": {"SMALL": -1, "GATHERED": -1, "FEW": 0},
}
Choose = Callable[[str], None]


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Choose]:
    """Has windows looked for in one of the ways."""

    def by(way: str) -> None:
        for name, value in WAYS[way].items():
            monkeypatch.setattr(windows if name == "GATHERED" else places, name, value)
        forget()

    yield by
    forget()


@pytest.fixture(params=WAYS)
def every_way(request: pytest.FixtureRequest, choose: Choose) -> None:
    """Runs a test once in each of them."""
    choose(request.param)


def forget() -> None:
    """What was decided by the constants before."""
    for decided in (boxes.blocks, windows.plan, places.apart, places.layout, maximum._cost):
        decided.cache_clear()
