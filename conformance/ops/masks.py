"""How the masks of dropouts show in their outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.declaration import Arguments, Tensor
from conformance.draw.tape import Tape
from conformance.sample import Event, Sample, Spread, standard

Array = NDArray[Any]


def sample(
    operator: Callable[..., Array],
    draw: Callable[[Tape, str], dict[str, Any]],
    axes: Callable[[Arguments], tuple[int, ...]],
    keeps: Callable[[Arguments], tuple[str, ...]],
) -> Sample:
    """The sample of a dropout whose mask varies along some axes and is shared along the others.

    `draw` is that of ordinary calls; here p is neither 0 nor 1, and every axis is long.
    """

    def sites(arguments: Arguments) -> tuple[int, ...]:
        varying = axes(arguments)
        return tuple(n if axis in varying else 1 for axis, n in enumerate(_x(arguments).shape))

    def extremes(arguments: Arguments) -> tuple[Array, Array]:
        wide = {name: v.astype(np.float64) if isinstance(v, np.ndarray) else v for name, v in arguments.items()}
        one = np.ones(sites(arguments), bool)
        return operator(**wide, mask=one), operator(**wide, mask=~one)

    def recover(arguments: Arguments, outs: Array) -> dict[str, Array]:
        if not arguments["training"]:
            return {}
        kept, dropped = extremes(arguments)
        near = np.abs(outs - kept) <= np.abs(outs - dropped)
        shared = tuple(1 + axis for axis, n in enumerate(sites(arguments)) if n == 1)
        return {"mask": near.all(axis=shared, keepdims=True)}

    def look(arguments: Arguments, outs: Array, noise: Any) -> list[Event | Spread]:
        return [Event("dropped", ~noise["mask"], arguments["p"])] if noise else []

    return Sample(
        draw=lambda tape, layout: _large(draw(tape, layout), axes, tape),
        values=lambda arguments: standard(_x(arguments).shape),
        sites=sites,
        recover=recover,
        look=look,
        keeps=lambda arguments: keeps(arguments) if arguments["training"] else (),
        extremes=extremes,
    )


def _x(arguments: Arguments) -> Any:
    return next(iter(arguments.values()))


def _large(arguments: dict[str, Any], axes: Callable[[Arguments], tuple[int, ...]], tape: Tape) -> dict[str, Any]:
    """The arguments with an x that is long along the axes of the mask, in training, and 0 < p < 1."""
    name, x = next(iter(arguments.items()))
    arguments = {**arguments, name: Tensor(x.shape or (1,))}
    varying = axes(arguments)
    base = _LENGTHS[len(varying)]
    lengths = [
        2 * (base + tape.integer(0, base)) if a in varying else 2 + tape.integer(0, 1) for a in range(len(x.shape) or 1)
    ]
    return {
        **arguments,
        name: Tensor(tuple(lengths)),
        "p": tape.one_of(0.75, 0.5, 0.1, 0.3, 0.9, 0.25),
        "training": True,
    }


_LENGTHS = {1: 300, 2: 20, 3: 6, 4: 3, 5: 2}
"""Half of the least length of each of so many axes, such that there are some thousand elements."""
