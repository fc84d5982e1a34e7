"""docs/api.md, made from the docstrings of refimpl: `python -m docs.api`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import refimpl
from refimpl import activation, normalization, pooling, random, regularization

PAGE = Path(__file__).with_suffix(".md")
FAMILIES = {
    "Pooling": pooling,
    "Activation": activation,
    "Batch normalization": normalization,
    "Dropout": regularization,
    "The random stream": random,
}
HEAD = """\
# The references, function by function

Made from the docstrings by `python -m docs.api`.

{intro}
"""


def page() -> str:
    """The whole page."""
    lines = [HEAD.format(intro=inspect.getdoc(refimpl))]
    for title, family in FAMILIES.items():
        clauses = family.__name__.rpartition(".")[2]
        lines += [f"## {title}", "", f"{inspect.getdoc(family)} Its clauses: [spec](spec/{clauses}.md).", ""]
        for name in sorted(family.__all__, key=_forward_first):
            lines += _entry(family, name)
    return "\n".join(lines).strip() + "\n"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _forward_first(name: str) -> tuple[str, bool]:
    return name.removesuffix("_vjp"), name.endswith("_vjp")


def _entry(family: ModuleType, name: str) -> Iterator[str]:
    """A heading for an operator, none for its gradient; signature and docstring, and the same of public methods."""
    found = getattr(family, name)
    if not name.endswith("_vjp"):
        yield from (f"### {name}", "")
    prefix = "refimpl.random." if family is random else "refimpl."
    yield from _described(prefix + name, found)
    if inspect.isclass(found) and not issubclass(found, tuple):
        for method, value in vars(found).items():
            if not method.startswith("_"):
                yield from _described(f"{name}.{method}", value)


def _described(name: str, found: Any) -> Iterator[str]:
    call = getattr(found, "__func__", found)
    signature = "" if isinstance(call, property) else _arguments(call)
    yield from ("```python", f"{name}{signature}", "```", "", *_text(inspect.getdoc(call) or ""))


def _arguments(call: Callable[..., Any]) -> str:
    """The arguments and their defaults; their types are told by the docstrings."""
    parameters = [p.replace(annotation=p.empty) for p in inspect.signature(call).parameters.values()]
    if parameters and parameters[0].name in ("self", "cls"):
        del parameters[0]
    return re.sub(r"<class 'numpy\.(\w+)'>", r"np.\1", str(inspect.Signature(parameters)))


def _text(docstring: str) -> Iterator[str]:
    """The docstring as Markdown: examples and indented formulas as code, descriptions of arguments as a list."""
    for paragraph in docstring.split("\n\n"):
        if paragraph.startswith(">>>"):
            yield from ("```python", paragraph, "```", "")
            continue
        for indented, group in groupby(paragraph.split("\n"), key=lambda line: line.startswith("    ")):
            lines = list(group)
            yield from ("```", dedent("\n".join(lines)), "```") if indented else _prose(lines)
            yield ""


def _prose(lines: list[str]) -> Iterator[str]:
    listing = False
    for line in lines:
        starts = re.match(r"[a-z_, ]+: ", line) is not None
        if listing and line.startswith("Raises"):
            yield ""
            listing = False
        listing |= starts
        yield f"- {line}" if starts else f"  {line}" if listing else line


if __name__ == "__main__":
    main()
