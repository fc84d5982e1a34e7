"""Every reference has the argument names, order and defaults of the installed Paddle's function."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import refimpl

paddle = pytest.importorskip("paddle")

LEFT_OUT = {"name", "inplace", "out"}  # they say how a result is labelled and stored, not what it is
OPERATORS = [name for name in refimpl.__all__ if name != "random" and not name.endswith("_vjp")]


def arguments(function: Any) -> list[tuple[str, object]]:
    """Names and defaults in order, but for what is left out and the randomness that a reference is given."""
    return [
        (parameter.name, parameter.default)
        for parameter in inspect.signature(function).parameters.values()
        if parameter.name not in LEFT_OUT and parameter.kind is not parameter.KEYWORD_ONLY
    ]


@pytest.mark.parametrize("name", OPERATORS)
def test_the_reference_takes_the_arguments_of_the_operator(name: str) -> None:
    operator = getattr(paddle.nn.functional, name, None) or getattr(paddle, name, None)
    if operator is None:
        pytest.skip(f"Paddle {paddle.__version__} has no {name}")
    reference = getattr(refimpl, name)
    assert arguments(reference) == arguments(operator)
    backward = [*inspect.signature(getattr(refimpl, f"{name}_vjp")).parameters.values()]
    assert backward[0].name == "grad_out"
    assert backward[1:] == [*inspect.signature(reference).parameters.values()]


def test_randomness_and_what_paddle_lacks_are_taken_by_keyword() -> None:
    given = {
        name: [
            p.name for p in inspect.signature(getattr(refimpl, name)).parameters.values() if p.kind is p.KEYWORD_ONLY
        ]
        for name in OPERATORS
    }
    dropouts = {name: ["mask"] for name in OPERATORS if "dropout" in name}
    assert {name: names for name, names in given.items() if names} == {
        **dropouts,
        "avg_pool1d": ["divisor_override"],
        "gumbel_softmax": ["noise"],
        "rrelu": ["noise"],
    }
