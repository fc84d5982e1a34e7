"""Pooling geometry: kernels, strides and paddings in every form they can be written in, and extents that fit them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.draw.shapes import images
from conformance.draw.tape import Tape

Pairs = list[tuple[int, int]]

LONGEST = {1: 17, 2: 7, 3: 5}
"""The longest axis by the number of axes: past one vector register if there is one, not too many cells if three."""


def windows(tape: Tape, layout: str, *, strings: bool = True) -> tuple[tuple[int, ...], dict[str, Any]]:
    """An input shape and the arguments kernel_size, stride, padding and ceil_mode; at least one window fits."""
    spatial = len(layout) - 2
    kernel = sizes(tape, spatial, 4)
    kernels = [kernel] * spatial if isinstance(kernel, int) else kernel
    padding, pairs = _padding(tape, layout, kernels, strings)
    extents = [max(tape.integer(1, LONGEST[spatial]), k - sum(pair)) for k, pair in zip(kernels, pairs, strict=True)]
    arguments = {
        "kernel_size": kernel,
        "stride": sizes(tape, spatial, 3) if tape.flag() else None,
        "padding": padding,
        "ceil_mode": tape.flag() and padding != "VALID",
    }
    return images(tape, layout, extents), arguments


def sizes(tape: Tape, spatial: int, high: int) -> int | list[int]:
    """One number for all axes, or a number for each."""
    return tape.integers(spatial, 1, high) if tape.flag() else tape.integer(1, high)


def _padding(tape: Tape, layout: str, kernel: Sequence[int], strings: bool) -> tuple[Any, Pairs]:
    """A padding argument, and what it comes to before and after each axis ("SAME" counts as none: it always fits)."""
    form = tape.one_of("int", "ints", "sides", "nested", "string" if strings else "int")
    spatial = len(kernel)
    if form == "string":
        padding = tape.one_of("SAME", "VALID")
        return padding, [(0, 0) if padding == "VALID" else (k, k) for k in kernel]
    before = tape.integers(spatial, 0, 3)
    after = tape.integers(spatial, 0, 3) if form in ("sides", "nested") else before
    pairs = [(min(b, k - 1), min(a, k - 1)) for b, a, k in zip(before, after, kernel, strict=True)]
    if form == "int":
        least = min(b for b, _ in pairs)
        return least, [(least, least)] * spatial
    if form == "ints":
        return [b for b, _ in pairs], pairs
    if form == "sides":
        return [side for pair in pairs for side in pair], pairs
    nested = [list(pair) for pair in pairs]
    return ([[0, 0], *nested, [0, 0]] if layout.endswith("C") else [[0, 0], [0, 0], *nested]), pairs
