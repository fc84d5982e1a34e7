"""The laws that operators may name, each written once: those of functions of one cell, and what they are built with.

x is the first array of a call; what is said of f holds of the operator that names the law. Laws of windows and of
channels stand in conformance/ops/moves.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl
from conformance.law import Arguments, Ball, Law, Seen

Array = NDArray[Any]
Calls = Sequence[tuple[str, Arguments]]
Change = Callable[[Arguments, int], Arguments | None]
When = Callable[[Arguments], bool]


def then(change: Change, first: Change = lambda arguments, number: arguments) -> Any:
    """The calls of a law: one, its arguments changed if need be, and the same with further changes."""

    def calls(name: str, arguments: Arguments, number: int) -> Calls | None:
        one = {**arguments, **(first(arguments, number) or {})}
        other = change(one, number)
        return None if other is None else [(name, one), (name, {**one, **other})]

    return calls


def of(expected: Callable[[Seen, int], Ball]) -> Callable[[Sequence[Seen], int], Mapping[str, Ball]]:
    """What the last call gives, from the first."""
    return lambda seen, number: {"out": expected(seen[0], number)}


def only(when: When, law: Law) -> Law:
    """The law, of calls of which this holds."""
    return Law(
        law.name,
        lambda name, arguments, number: law.calls(name, arguments, number) if when(arguments) else None,
        law.expected,
        law.exact,
    )


def tamed(x: Array) -> Array:
    """x with exponents between -16 and 15, so that nothing that is made of it overflows or becomes subnormal."""
    mantissa, exponent = np.frexp(x)
    return np.where(np.isfinite(x), np.ldexp(mantissa, exponent % 32 - 16), x).astype(x.dtype)


def gridded(x: Array) -> Array:
    """x in steps of 1/64 up to 256, so that a sum with a small whole number is exact."""
    return np.where(np.isfinite(x), np.round(np.clip(x, -256, 256) * 64) / 64, x).astype(x.dtype)


def power(number: int) -> float:
    """A power of two, by which every rounding is multiplied exactly as long as nothing over- or underflows."""
    return (2.0, 0.5, 8.0, 0.25)[number % 4]


# --- of one cell


def _in_a_row(x: Array, number: int) -> Array:
    return np.roll(x.reshape(-1), 1 + number)


ELSEWHERE = Law(
    "f(x in a row, moved on) = f(x), moved on",
    then(lambda a, n: {name: _in_a_row(v, n) for name, v in a.items() if isinstance(v, np.ndarray)}),
    of(lambda first, n: first.out.at(lambda out: _in_a_row(out, n))),
)
"""A value gives the same result elsewhere, up to the bound: in a vector register or behind the last one."""

ODD = Law("f(-x) = -f(x)", then(lambda a, n: {"x": -a["x"]}), of(lambda first, n: first.out * -1.0))

REFLECTED = Law(
    "f(-x) = f(x) - x",
    then(lambda a, n: {"x": -a["x"]}),
    of(lambda first, n: first.out - first.arguments["x"]),
)

DOUBLED = Law(
    "f(2^k x) = 2^k f(x)",
    then(lambda a, n: {"x": a["x"] * a["x"].dtype.type(power(n))}, lambda a, n: {"x": tamed(a["x"])}),
    of(lambda first, n: first.out * power(n)),
    exact=True,
)


def _given(name: str, arguments: Arguments, number: int) -> Calls:
    return [(name, {**arguments, "x": getattr(refimpl, name)(**arguments)})]


AGAIN = Law("f(y) = y where y = f(x)", _given, of(lambda only, n: Ball(only.arguments["x"], 0.0)))
"""Of functions without roundings, for which it is known beforehand what they give."""


def _no_less(arguments: Arguments, number: int) -> Arguments:
    """Arrays that are nowhere less: the next number, or the number of another cell if that is larger."""
    x = arguments["x"]
    return {"x": np.maximum(x, _in_a_row(x, number).reshape(x.shape)) if number % 2 else np.nextafter(x, np.inf)}


def _risen(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    """Nothing is said where infinities of either sign have made a NaN, which another number may undo."""
    first, last = (call.out for call in seen)
    return {"out": Ball(np.maximum(first.value, last.value), np.where(first.unknown, np.inf, first.radius))}


RISING = Law("f(y) >= f(x) where y >= x", then(_no_less), _risen)


# --- by another operator


def by(
    name: str, other: str, made: Callable[[Arguments, int], Arguments], expected: Callable[[Seen, Seen], Ball]
) -> Law:
    """What another operator gives for arguments that are made of those of this one."""
    return Law(
        name,
        lambda own, arguments, number: [(own, arguments), (other, made(arguments, number))],
        lambda seen, number: {"out": expected(*seen)},
    )


def same_as(name: str, other: str, made: Callable[[Arguments], Arguments]) -> Law:
    """Another operator that gives the same."""
    return by(name, other, lambda a, n: {"x": a["x"], **made(a)}, lambda own, last: own.out)


# --- of shares along an axis


def _shift(arguments: Arguments, number: int) -> Arguments:
    x = arguments["x"]
    return {"x": x + x.dtype.type(1 + number % 100)}


SHIFTED = Law("f(x + c) = f(x)", then(_shift, lambda a, n: {"x": gridded(a["x"])}), of(lambda first, n: first.out))


def _complement(seen: Sequence[Seen], number: int) -> Mapping[str, Ball]:
    """Each share is what the others leave of 1."""
    (call,) = seen
    if not call.out.value.ndim:
        return {"out": Ball(np.ones_like(call.out.value), 0.0)}
    others = call.out.sum(call.arguments["axis"]) - call.out
    return {"out": others * -1.0 + 1.0}


SUM = Law("sum(f(x)) = 1", lambda name, arguments, number: [(name, arguments)], _complement)

AXES_REVERSED = Law(
    "f(x.T) = f(x).T",
    then(lambda a, n: {"x": a["x"].T, "axis": (a["x"].ndim or 1) - 1 - a["axis"] % (a["x"].ndim or 1)}),
    of(lambda first, n: first.out.at(np.transpose)),
)


def _along(x: Array, arguments: Arguments, number: int) -> Array:
    return np.roll(x, 1 + number, arguments["axis"] if x.ndim else None)


PERMUTED = Law(
    "f(x moved on along the axis) = f(x), moved on",
    then(lambda a, n: {"x": _along(a["x"], a, n)}),
    of(lambda first, n: first.out.at(lambda out: _along(out, first.arguments, n))),
)
