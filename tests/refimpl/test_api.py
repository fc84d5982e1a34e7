"""docs/api.md is what the docstrings say, and every function of the library has one."""

from __future__ import annotations

import inspect

import pytest

import refimpl
from docs import api

FUNCTIONS = [name for name in refimpl.__all__ if name != "random"]


def test_the_page_is_up_to_date() -> None:
    assert api.PAGE.read_text(encoding="utf-8") == api.page(), "run `python -m docs.api`"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_is_on_the_page_and_has_its_gradient(name: str) -> None:
    assert inspect.getdoc(getattr(refimpl, name))
    assert f"\nrefimpl.{name}(" in api.page()
    assert f"{name.removesuffix('_vjp')}_vjp" in FUNCTIONS


def test_indented_formulas_and_argument_lists_become_markdown() -> None:
    text = "One line.\n\nx: an array\n    of two lines\nRaises ValueError.\n\n>>> 1 + 1\n2"
    told = "\n".join(api._text(text))
    assert "- x: an array" in told
    assert "\n```\nof two lines\n```\n" in told
    assert told.rstrip().endswith("```python\n>>> 1 + 1\n2\n```")
