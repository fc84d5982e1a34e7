"""What the installed Paddle offers: whether two names mean one function, how a layer is made, and what it keeps."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import paddle

from conformance.subject.device import function


def same(api: str, other: str) -> bool:
    """Whether two dotted names mean the same function; a name that Paddle lacks means none."""
    return function(api) is not None and function(api) is function(other)


def constructor(layer: str) -> inspect.Signature | None:
    """The options of a layer of `paddle.nn`, or None if there is no such layer."""
    found = getattr(paddle.nn, layer, None)
    return inspect.signature(found) if inspect.isclass(found) else None


def state(layer: str, options: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes in the state_dict of a layer made with these options; what its constructor raises is raised."""
    made = getattr(paddle.nn, layer)(**options)
    return {key: tuple(value.shape) for key, value in made.state_dict().items()}
