"""From a lesson to its files: a page in each language, with an example and what it prints, and a figure."""

from __future__ import annotations

import contextlib
import io
import runpy
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from docs.lessons.draw import svg
from docs.lessons.lesson import Array, Lesson

HERE = Path(__file__).parent
FOLDERS = {"en": HERE, "zh": HERE / "zh"}


def shown(array: Array, digits: int) -> str:
    """An array as NumPy prints it, in columns, with a fixed number of decimals and no negative zero."""
    rounded = np.asarray(array, np.float64).round(digits) + 0.0
    width = max(len(f"{value:.{digits}f}") for value in rounded.flat)
    formats: dict[str, Any] = {"float": lambda value: f"{value:{width}.{digits}f}"}
    return np.array2string(rounded, separator="  ", formatter=formats)


def output(program: Path) -> str:
    """What an example prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        runpy.run_path(str(program))
    return printed.getvalue().rstrip()


def pages(lesson: Lesson) -> dict[Path, str]:
    """The text of the lesson's page in each language."""
    loader = jinja2.FileSystemLoader(HERE / "templates")
    settings: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    templates = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, **settings)
    program = HERE / "examples" / f"{lesson.name}.py"
    names = {**lesson.values, "shown": shown, "code": program.read_text().rstrip(), "output": output(program)}
    return {
        folder / f"{lesson.name}.md": templates.get_template(f"{lesson.name}.{language}.md").render(names)
        for language, folder in FOLDERS.items()
    }


def files(lesson: Lesson) -> dict[Path, str]:
    """Everything that building the lesson writes."""
    return {**pages(lesson), HERE / "figures" / f"{lesson.name}.svg": svg(lesson.figure)}
