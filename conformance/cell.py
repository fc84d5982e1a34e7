"""A cell of the trial's matrix: what one record is about, and the name by which people repeat it."""

from __future__ import annotations

from dataclasses import astuple, dataclass


@dataclass(frozen=True, order=True)
class Cell:
    """One operator x property x dtype x mode x layout x device; written `relu-forward-float32-eager-any-cpu`."""

    operator: str
    property: str
    dtype: str
    mode: str
    layout: str
    device: str

    def __str__(self) -> str:
        return "-".join(astuple(self))

    @classmethod
    def parse(cls, text: str) -> Cell:
        """The cell that `str()` wrote.

        Raises:
            ValueError: not six words with hyphens between them.
        """
        words = text.split("-", 5)
        if len(words) != 6 or not all(words):
            raise ValueError(f"{text!r} is not a cell: operator-property-dtype-mode-layout-device")
        return cls(*words)
