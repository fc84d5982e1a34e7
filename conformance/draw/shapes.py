"""Shapes: small uneven extents, with batch 1, channel 1 and emptiness in their place."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.draw.tape import Tape


def any_shape(tape: Tape) -> tuple[int, ...]:
    """Any shape of 0 to 4 dimensions, sometimes empty, at most 1024 elements; the simplest has one element."""
    ndim = tape.one_of(1, 2, 3, 4, 0)
    extents = tape.integers(ndim, 1, 4)
    if ndim:
        extents[-1] += tape.one_of(0, 0, 5, 12)  # past one vector register of eight floats, into the scalar tail
    if ndim and tape.integer(0, 31) == 31:
        extents[tape.integer(0, ndim - 1)] = 0
    return tuple(extents)


def images(tape: Tape, layout: str, extents: Sequence[int]) -> tuple[int, ...]:
    """The shape of a batch of images in a layout such as NCHW or NHWC."""
    n, c = tape.integer(1, 3), tape.integer(1, 3)
    return (n, *extents, c) if layout.endswith("C") else (n, c, *extents)


def channels(tape: Tape, layout: str) -> tuple[int, ...]:
    """A shape of a layout such as CL, NC, NCHW or NDHWC, of small uneven extents, now and then empty."""
    extents = tape.integers(len(layout), 1, 4)
    if tape.integer(0, 31) == 31:
        extents[tape.integer(0, len(layout) - 1)] = 0
    return tuple(extents)
