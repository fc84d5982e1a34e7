"""Programs and layers that are made once for all calls of one form."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

import numpy as np

from conformance.call import Call

T = TypeVar("T")

KEPT = 16
"""How many are kept; cases of one form follow one another."""


class Recent(Generic[T]):
    """What was made last for each form of call; calls of one form differ in the numbers of their arrays, or as told."""

    def __init__(
        self, make: Callable[[Call], T], form: Callable[[Call], str] | None = None, kept: int = KEPT
    ) -> None:
        self._make, self._form, self._kept = make, form or numbers_apart, kept
        self._made: OrderedDict[str, T] = OrderedDict()

    def of(self, call: Call, purpose: str = "") -> T:
        """What was made for a call of this form and for this purpose, or is made now."""
        key = f"{purpose}:{self._form(call)}"
        if key not in self._made:
            self._made[key] = self._make(call)
        self._made.move_to_end(key)
        if len(self._made) > self._kept:
            self._made.popitem(last=False)
        return self._made[key]


def numbers_apart(call: Call) -> str:
    """All of a call but the numbers of its arrays."""
    arguments = {n: (v.shape, str(v.dtype)) if isinstance(v, np.ndarray) else v for n, v in call.arguments.items()}
    return repr((call.api, arguments, call.layer))
