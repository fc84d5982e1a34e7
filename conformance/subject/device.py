"""What all ways to execute an operator share: the device, and what there is to be executed."""

from __future__ import annotations

import re
import warnings
from typing import Any

import paddle

from conformance.call import Answer
from conformance.subject import Unavailable

_NO_KERNEL = re.compile(r"kernel `(\w+)` is not registered")


class Subject:
    """Paddle on one device."""

    def __init__(self, device: str) -> None:
        warnings.filterwarnings("ignore", module=r"paddle\.")  # advice to users, thousands of times
        try:
            paddle.set_device(device)
        except Exception as error:
            known = ", ".join(
                ["cpu", *paddle.device.get_available_device(), *paddle.device.get_available_custom_device()]
            )
            raise Unavailable(f"the device is {device!r}; this Paddle has: {known} ({_first_line(error)})") from None

    def has(self, api: str, layer: str | None) -> bool:
        """Whether the installed Paddle has this function, and this layer."""
        return function(api) is not None and (layer is None or hasattr(paddle.nn, layer))


def function(api: str) -> Any:
    """The function of a dotted name, or None."""
    found: Any = paddle
    for part in api.split(".")[1:]:
        found = getattr(found, part, None)
    return found


def refusal(error: Exception) -> Answer:
    """The answer of a call that raised; Paddle tells of a missing kernel in its text alone."""
    lacking = _NO_KERNEL.search(str(error))
    return Answer({}, error, lacking[1] if lacking else "")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
