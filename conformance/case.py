"""A case: a call with every value filled in, as a tape and a declaration make it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance.call import Call
from conformance.cell import Cell
from conformance.declaration import SEEDS, Layer, Operator, Tensor
from conformance.draw.tape import Tape
from conformance.draw.values import REGIONS
from conformance.floats import of_numpy
from conformance.law import Law
from conformance.subject import MODES

Array = NDArray[Any]
Codes = Callable[[int, int], NDArray[np.uint32]]
"""(number of the array, number of its elements) -> codes for its values."""


@dataclass
class Case:
    """A call of a cell's operator, and where the further arrays that a property needs come from.

    `extras` holds these arrays (a cotangent, the inputs of further steps) once the property has drawn them; `steps` the
    switches between training and evaluation; `sequence` the calls that are judged together, each a case by itself, and
    `law` what they have to do with one another, with the number that it was drawn;
    `place` says how the arrays lie in memory, `way` how the call is written;
    `within` the known divergences that the case shows, and may show; `claimed` is false for a call of a sequence whose
    outputs the register leaves out; `views` are the case as it is to other properties.
    """

    cell: Cell
    operator: Operator
    call: Call
    region: str
    codes: Codes = field(repr=False)
    tape: Tape | None = None
    extras: dict[str, Array] = field(default_factory=dict)
    steps: tuple[bool, ...] = ()
    place: str = ""
    way: str = ""
    within: tuple[str, ...] = ()
    claimed: bool = True
    sequence: list[Case] = field(default_factory=list)
    law: tuple[Law, int] | None = None
    views: list[Case] = field(default_factory=list)

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets: declarations do not travel, their names do."""
        law = self.law and (self.operator.laws.index(self.law[0]), self.law[1])
        return {**vars(self), "operator": None, "law": law}

    def __setstate__(self, state: dict[str, Any]) -> None:
        from conformance.ops import OPERATORS

        operator, law = OPERATORS[state["cell"].operator], state["law"]
        vars(self).update(state, operator=operator, law=law and (operator.laws[law[0]], law[1]))

    @property
    def parts(self) -> list[Case]:
        """The cases that the register is asked about."""
        return self.sequence or self.views or [self]

    @cached_property
    def dtype(self) -> np.dtype[Any]:
        """The dtype under test."""
        return np.dtype(self.cell.dtype)

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the call, every array in a dtype that NumPy computes in."""
        return {n: of_numpy(v) if isinstance(v, np.ndarray) else v for n, v in self.call.arguments.items()}

    def extra(self, name: str, shape: tuple[int, ...], region: str | None = None) -> Array:
        """A further array of the case, drawn once."""
        if name not in self.extras:
            codes = self.codes(len(self.call.arrays) + len(self.extras), math.prod(shape))
            self.extras[name] = fill(Tensor(shape, region), codes, self.region, self.dtype, (0.0,))
        return self.extras[name]


def draw(cell: Cell, operator: Operator, tape: Tape) -> Case:
    """The case of a cell that a tape stands for."""
    region = tape.one_of(*operator.regions)
    wrapped = operator.layer is not None and (
        cell.property == "state" or tape.integer(0, 3) == 3 or bool(operator.function)
    )
    salt = tape.integer(0, 255)
    arguments = (operator.sample if operator.sample and cell.property == "statistics" else operator).draw(
        tape, cell.layout
    )
    if MODES[cell.mode].evaluates and "training" in arguments:
        arguments["training"] = False

    layer = operator.layer if wrapped else None
    if layer and layer.also:
        layer = tape.one_of(*(one for one in layer.all if cell.layout in one.names or "any" in one.names))

    codes = partial(tape.codes, salt=salt)
    seed = tape.integer(0, SEEDS - 1) if operator.noise else None
    call = assemble(operator, cell, arguments, region, codes, layer=layer, seed=seed)
    return Case(cell, operator, call, region, codes, tape)


def assemble(
    operator: Operator,
    cell: Cell,
    arguments: Mapping[str, Any],
    region: str,
    codes: Codes,
    *,
    layer: Layer | None,
    seed: int | None,
) -> Call:
    """The call with these arguments, every `Tensor` among them filled with values."""
    points = operator.points(arguments)
    filled, number = dict(arguments), 0
    for name, value in arguments.items():
        if isinstance(value, Tensor):
            dtype = np.dtype(value.dtype or cell.dtype)
            drawn = codes(number, math.prod(value.shape))
            if value.values:
                filled[name] = value.values(drawn, value.shape, arguments).astype(dtype)
            else:
                filled[name] = fill(value, drawn, region, dtype, points)
            number += 1
    return Call(
        operator.api,
        filled,
        operator.differentiable,
        operator.updates,
        layer.form(cell.layout, filled) if layer else None,
        seed,
    )


def fill(
    tensor: Tensor, codes: NDArray[np.uint32], region: str, dtype: np.dtype[Any], points: Sequence[float]
) -> Array:
    """An array of the tensor's shape, with values of its own region or, where it has none, of the case's."""
    values = REGIONS[tensor.region or region](codes, dtype, points).reshape(tensor.shape)
    return np.abs(values) if tensor.positive else values
