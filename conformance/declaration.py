"""The declaration of an operator: all that the trial has to know of it, in one record.

Checks, command line, pytest and reports are generic over declarations; whatever is particular to an operator stands
in its declaration (conformance/ops/), its reference (refimpl/) or its row of the table of bounds
(conformance/judge/bounds.py).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import refimpl
from conformance.call import Call, LayerForm
from conformance.draw.tape import Tape
from conformance.draw.values import REGIONS
from conformance.floats import NARROW, is_floating, of_numpy
from conformance.law import Law
from conformance.sample import Sample
from refimpl.random import Generator

Array = NDArray[Any]
Arguments = Mapping[str, Any]
Codes = NDArray[np.uint32]

SEEDS = 64
"""How many seeds the drawn calls of random operators have: enough for masks of every kind, and soon worked out."""


@dataclass(frozen=True)
class Tensor:
    """A place for an array: its shape, and where its values come from (None: the region drawn for the case)."""

    shape: tuple[int, ...]
    region: str | None = None
    positive: bool = False  # absolute values, for variances
    dtype: str | None = None  # None: the dtype under test
    values: Callable[[Codes, tuple[int, ...], Arguments], Array] | None = None  # of whole numbers, in place of a region


@dataclass(frozen=True)
class Layer:
    """How `paddle.nn` wraps the operator: class by layout, constructor options, state; `also` are further classes.

    `implied(options)` are the arguments that options stand for where they have other names, or none.
    """

    names: Mapping[str, str]  # layout -> class; "any" serves every layout
    options: Callable[[Arguments], dict[str, Any] | None]  # None: the layer has no options for these arguments
    state: Mapping[str, str] | None = None  # key of state_dict -> argument
    implied: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda options: {}
    also: tuple[Layer, ...] = ()

    @property
    def all(self) -> tuple[Layer, ...]:
        """This one, and the further ones."""
        return self, *self.also

    def form(self, layout: str, arguments: Arguments) -> LayerForm | None:
        """The layer of one call, or None where only the function can be called so."""
        options = self.options(arguments)
        if options is None:
            return None
        name = self.names.get(layout) or self.names["any"]
        present = {k: a for k, a in (self.state or {}).items() if arguments.get(a) is not None}
        return LayerForm(name, options, present)


@dataclass(frozen=True)
class InPlace:
    """The variant that writes its result over its first argument: its name, and what it takes besides."""

    name: str  # "relu_"
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator on trial.

    `draw(tape, layout)` gives the arguments of a call, with a `Tensor` in the place of every array. `noise(stream,
    arguments)` draws from Paddle's stream the extra arguments that the reference of a random operator takes; `sample`
    says how to look at the operator where that stream is not known; `settings` are arguments whose effect in training
    and in evaluation the report shows side by side. `settled(arguments, noise)` is false where a rounding within the
    bounds would change the result altogether, so that nothing is claimed of it. `function` names the function that the
    operator is another layer of: it is called as that layer alone. `meaningless(
    arguments)` are changes that leave a call without meaning. `points(arguments)` are the places where the function is
    not smooth, for the region "kinks". `facts(arguments)` is what the register's predicates may ask of a call beyond
    its arguments. One batch of cases is tried where another operator has `slower`.
    """

    name: str
    family: str
    draw: Callable[[Tape, str], dict[str, Any]]
    layouts: tuple[str, ...] = ("any",)
    regions: tuple[str, ...] = tuple(REGIONS)
    outputs: tuple[str, ...] = ("out",)
    differentiable: tuple[str, ...] = ("x",)
    updates: tuple[str, ...] = ()
    layer: Layer | None = None
    in_place: InPlace | None = None
    exact_devices: tuple[str, ...] = ("cpu",)  # where `noise` is known to be what the operator draws
    points: Callable[[Arguments], Sequence[float]] = lambda arguments: (0.0,)
    facts: Callable[[Arguments], Mapping[str, Any]] = lambda arguments: {}
    noise: Callable[[Generator, Arguments], dict[str, Any]] | None = None
    sample: Sample | None = None
    settings: tuple[Mapping[str, Any], ...] = ()
    laws: tuple[Law, ...] = ()  # the first speaks of every call
    settled: Callable[[Arguments, Arguments], bool] = lambda arguments, noise: True
    meaningless: Callable[[Arguments], Sequence[dict[str, Any]]] | None = None
    dtypes: tuple[str, ...] = ("float32", "float64")
    narrow: tuple[str, ...] = NARROW  # dtypes in which it is judged where the installed Paddle has a kernel
    moves: bool = False  # whether it only moves numbers, so that the reference takes whole ones too
    module: str = "paddle.nn.functional"
    function: str = ""
    slower: int = 1

    @property
    def asked(self) -> tuple[str, ...]:
        """Every dtype in which the operator may be judged: those it has everywhere, and those to be asked for."""
        return tuple(dict.fromkeys((*self.dtypes, *self.narrow)))

    @property
    def api(self) -> str:
        """The function that stands trial."""
        return f"{self.module}.{self.function or self.name}"

    @cached_property
    def signature(self) -> inspect.Signature:
        """The arguments of the reference, which are Paddle's without `name`; not the randomness, given by keyword."""
        parameters = inspect.signature(getattr(refimpl, self.function or self.name)).parameters.values()
        return inspect.Signature([p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD])

    def reference(self, call: Call, arguments: Arguments, noise: Arguments | None = None) -> dict[str, Array]:
        """The outputs of the reference, by name, then the new values of the updated arguments.

        `noise` takes the place of what the call's seed would give.
        """
        function = getattr(refimpl, self.function or self.name)
        result = function(**{**arguments, **self.noise_of(call, noise)})
        results = result if isinstance(result, tuple) else (result,)
        return dict(zip(self.outputs + self.updates, results, strict=False))

    def reference_gradients(
        self, call: Call, cotangent: Array, arguments: Arguments, noise: Arguments | None = None
    ) -> dict[str, Array]:
        """The gradients of the reference, by the name of the argument."""
        function = getattr(refimpl, f"{self.function or self.name}_vjp")
        gradients = function(cotangent, **{**arguments, **self.noise_of(call, noise)})
        wanted = [name for name in self.differentiable if arguments.get(name) is not None]
        present = [g for g in gradients if g is not None]
        return dict(zip(wanted, present, strict=True))

    def noise_of(self, call: Call, known: Arguments | None = None) -> Arguments:
        """The randomness of a call: what is known of it, or what Paddle draws after the call's seed."""
        if known is not None or self.noise is None or call.seed is None:
            return known or {}
        arguments = {n: of_numpy(v) if isinstance(v, np.ndarray) else v for n, v in call.arguments.items()}
        return self.noise(copy(_seeded(call.seed)), arguments)


@lru_cache(maxsize=SEEDS)
def _seeded(seed: int) -> Generator:
    """The stream after a seed, which takes a millisecond to work out."""
    return Generator(seed)


def widen(arguments: Arguments, dtype: np.dtype[Any]) -> dict[str, Any]:
    """The same arguments with every floating array in another dtype."""
    return {
        name: value.astype(dtype) if isinstance(value, np.ndarray) and is_floating(value.dtype) else value
        for name, value in arguments.items()
    }
