"""Programs that are built once for all calls of one form: they differ in the numbers of their arrays alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from conformance.call import Call

T = TypeVar("T")

KEPT = 16
"""How many programs are kept; cases of one form follow one another."""


class Recent(Generic[T]):
    """What was made last for each form of call."""

    def __init__(self, make: Callable[[Call], T]) -> None:
        self._make = make
        self._made: OrderedDict[str, T] = OrderedDict()

    def of(self, call: Call, purpose: str = "") -> T:
        """What was made for a call of this form and for this purpose, or is made now."""
        key = f"{purpose}:{form(call)}"
        if key not in self._made:
            self._made[key] = self._make(call)
        self._made.move_to_end(key)
        if len(self._made) > KEPT:
            self._made.popitem(last=False)
        return self._made[key]


def form(call: Call) -> str:
    """All of a call but the numbers of its arrays."""
    arguments = {n: (v.shape, str(v.dtype)) if isinstance(v, np.ndarray) else v for n, v in call.arguments.items()}
    return repr((call.api, arguments, call.layer))
