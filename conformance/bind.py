"""From a line to cases: every array gets its values, given or drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conformance import given
from conformance.call import Call
from conformance.case import Case, assemble
from conformance.cell import Cell
from conformance.checks import PROPERTIES
from conformance.declaration import Operator, Tensor
from conformance.draw.tape import HEAD, Tape
from conformance.errors import UserError
from conformance.line import Line, Named, TensorSpec
from conformance.ops import OPERATORS
from conformance.resolve import Resolved, resolve
from conformance.single import meaning
from conformance.subject import MODES

LARGEST = 1 << 24
"""The most elements of an array: the reference needs several times as much memory, in a wider dtype."""

WHOLE = ("int32", "int64")
"""The dtypes of positions."""

OF_ONE_CALL = ("forward", "gradient")
"""The properties that a written call can be judged by; the others draw more than one call."""

WITH_COTANGENT = ("gradient", "in_place", "double_gradient")
"""The properties for which a cotangent may be given."""


def modes() -> list[str]:
    """The ways to execute in which a written call can be judged."""
    return [mode for mode in MODES if any(mode in PROPERTIES[name].PACE.modes for name in OF_ONE_CALL)]


@dataclass(frozen=True)
class Values:
    """Where arrays come from: those given by name, the others drawn from a region with a seed."""

    region: str = "ordinary"
    seed: int = 0
    given: Mapping[str, Any] = field(default_factory=dict)  # arrays or nested lists; "cotangent" is one, too

    def codes(self, array: int, size: int) -> NDArray[np.uint32]:
        """Codes for the elements of the call's `array`-th array."""
        return np.random.default_rng([self.seed, array]).integers(0, 1 << 32, size, np.uint32)


def cases(line: Line, values: Values, mode: str, device: str, properties: Sequence[str] = OF_ONE_CALL) -> list[Case]:
    """The cases of a line: one for each of these properties that its operator has, or one for a call in place.

    Raises:
        UserError: the operator is not on trial, or its arguments, mode, dtype or values do not fit.
    """
    resolved = resolve(line, device)
    operator, dtype = resolved.operator, resolved.x.dtype
    if dtype not in operator.asked:
        raise UserError(f"the Tensor has dtype {dtype!r}; {resolved.api} is on trial in {', '.join(operator.asked)}")
    asked = ("in_place",) if resolved.in_place else properties
    checks = [name for name in asked if PROPERTIES[name].applies(operator) and mode in PROPERTIES[name].PACE.modes]
    if not checks:
        raise UserError(f"{resolved.api} is not on trial in mode {mode!r}")
    cells = [Cell(operator.name, name, dtype, mode, resolved.layout, device) for name in checks]
    call = _call(resolved, values, cells[0])
    return [_case(cell, operator, call, values) for cell in cells]


def _call(resolved: Resolved, values: Values, cell: Cell) -> Call:
    """The call with every array filled in."""
    operator = resolved.operator
    meant = PROPERTIES[cell.property].PACE.meant
    tensors = {name: _tensor(resolved, name, value, meant) for name, value in resolved.arguments.items()}
    seed = values.seed if operator.noise else None
    call = assemble(operator, cell, tensors, values.region, values.codes, layer=resolved.layer, seed=seed)
    own = {name: value for name, value in values.given.items() if name != "cotangent"}
    for name in own:
        if name not in call.arrays:
            raise UserError(f"there are values for {name!r}; allowed: {', '.join(call.arrays)}, cotangent")
    arrays = {n: given.array(n, v, call.arrays[n].shape, call.arrays[n].dtype) for n, v in own.items()}
    return replace(call, arguments={**call.arguments, **arrays})


def _case(cell: Cell, operator: Operator, call: Call, values: Values) -> Case:
    """The case of one property; a given cotangent has the shape of the output."""
    case = Case(cell, operator, call, values.region, values.codes)
    if cell.property in WITH_COTANGENT and "cotangent" in values.given:
        shape = meaning(case)[operator.outputs[0]].shape
        case.extras["cotangent"] = given.array("cotangent", values.given["cotangent"], shape, case.dtype)
    return case


def _tensor(resolved: Resolved, name: str, value: Any, meant: bool) -> Any:
    """An argument as the declaration has it: the place of an array, or a plain value.

    Where the call is not meant to have a meaning, an array may take any place, and truth values that of numbers.
    """
    place = _places(resolved.operator.name, resolved.layout).get(name)
    if isinstance(value, TensorSpec):
        if not meant and (place is None or value.dtype == "bool"):
            return Tensor(value.shape, dtype=value.dtype)
        if place is None:
            raise UserError(f"{name} is a Tensor; {resolved.api} is on trial with a plain value there")
        if prod(value.shape) > LARGEST:
            raise UserError(f"{name} has {prod(value.shape)} elements; at most {LARGEST} are judged")
        allowed = WHOLE if place.values else (place.dtype or resolved.x.dtype,)
        if value.dtype not in allowed:
            raise UserError(f"{name} has dtype {value.dtype!r}; allowed beside the first Tensor: {', '.join(allowed)}")
        if place.values:
            return replace(place if meant else Tensor((), "ordinary"), shape=value.shape, dtype=value.dtype)
        return replace(place, shape=value.shape)
    if place is not None and value is not None:
        raise UserError(f"{name} is {value!r}; allowed: a Tensor")
    if isinstance(value, (Named, complex, slice)) or value is ...:
        raise UserError(f"{name} is {value!r}; nothing on trial takes one")
    return value


@lru_cache
def _places(operator: str, layout: str) -> dict[str, Tensor]:
    """Which arguments are arrays, and which values they take, as the declaration draws them."""
    found: dict[str, Tensor] = {}
    for seed in range(64):  # enough to see every optional array, such as a weight
        head = np.random.default_rng(seed).bytes(HEAD)
        for name, value in OPERATORS[operator].draw(Tape(head), layout).items():
            if isinstance(value, Tensor):
                found.setdefault(name, value)
    return found
