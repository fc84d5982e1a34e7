"""The lessons: Paddle and refimpl agree within derived bounds; the pages are true and up to date."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Callable

import numpy as np
import pytest

from docs.lessons import activation, batch_norm, dropout, pooling, vanishing
from docs.lessons.__main__ import LESSONS
from docs.lessons.lesson import Lesson, Pair
from docs.lessons.page import HERE, files

NUMBER = re.compile(r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)")
built = functools.cache(lambda make: make())
every_lesson = pytest.mark.parametrize("make", LESSONS, ids=lambda make: make.__module__.rsplit(".", 1)[-1])


def step(number: str) -> float:
    """One unit of the last printed digit; whole numbers have to be equal."""
    mantissa, _, exponent = number.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals) if decimals or exponent else 0.0


def differences(committed: str, new: str, tolerance: Callable[[str], float]) -> list[tuple[str, str]]:
    """Where two texts differ, numbers by more than the tolerance."""
    old_parts, new_parts = NUMBER.split(committed), NUMBER.split(new)
    if len(old_parts) != len(new_parts):
        return [(f"{len(old_parts)} parts", f"{len(new_parts)} parts")]
    return [
        (old, new)
        for i, (old, new) in enumerate(zip(old_parts, new_parts, strict=True))
        if old != new and (i % 2 == 0 or abs(float(old) - float(new)) > 1.001 * tolerance(old))
    ]


def drawn(svg: str) -> str:
    """A figure without what depends on the machine: compressed pixels, and names made from hashes."""
    return re.sub(r"data:image/png;base64,[^\"]*|\b[mp][0-9a-f]{10}\b", "", svg)


@every_lesson
def test_paddle_and_refimpl_agree(make: Callable[[], Lesson]):
    apart = {pair.what: pair.worst() for pair in built(make).pairs if not pair.worst() <= 1}
    assert not apart, "as a share of what is allowed"


@every_lesson
def test_the_pages_are_up_to_date(make: Callable[[], Lesson]):
    for path, text in files(built(make)).items():
        assert path.exists(), f"{path.name} is missing: make lessons"
        if path.suffix == ".svg":
            assert not differences(drawn(path.read_text()), drawn(text), lambda _: 0.05), "make lessons"
        else:
            assert not differences(path.read_text(), text, step), f"{path.name} is out of date: make lessons"


@every_lesson
def test_both_languages_show_the_same_numbers(make: Callable[[], Lesson]):
    name = built(make).name
    english, chinese = ((HERE / folder / f"{name}.md").read_text() for folder in ("", "zh"))
    for part in (r"```.*?```", r"(?m)^\|.*$"):  # programs, what they print, arrays; rows of tables
        shown = [re.findall(part, page, re.DOTALL if "`" in part else 0) for page in (english, chinese)]
        assert [NUMBER.findall(each) for each in shown[0]] == [NUMBER.findall(each) for each in shown[1]]


def test_every_link_leads_somewhere():
    for page in sorted(HERE.rglob("*.md")):
        if "templates" not in page.parts:
            for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
                assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_examples_are_short():
    for program in sorted((HERE / "examples").glob("*.py")):
        assert len(ast.unparse(ast.parse(program.read_text())).splitlines()) <= 15, program.name


@pytest.mark.parametrize(
    ("got", "expected", "allowed"),
    [
        (np.zeros(2), np.zeros(3), 1.0),
        (np.array([1.0]), np.array([1.0 + 1e-9]), 0.0),
        (np.array([np.nan]), np.array([0.0]), 1.0),
        (np.array([0.0, 1.0]), np.array([0.0, 1.2]), np.array([1.0, 0.1])),
    ],
    ids=["shape", "one bit", "nan", "one element"],
)
def test_a_pair_that_differs_is_noticed(got: np.ndarray, expected: np.ndarray, allowed: np.ndarray | float):
    assert not Pair("", got, expected, allowed).worst() <= 1


def test_a_stale_number_is_noticed():
    assert not differences("1.234 and 5", "1.235 and 5", step)
    assert differences("1.234 and 5", "1.236 and 5", step)
    assert differences("1.234 and 5", "1.234 and 6", step)
    assert not differences("1.2e-05", "1.3e-05", step)
    assert differences("1.2e-05", "1.4e-05", step)
    assert differences("a 1.0", "b 1.0", step)


def test_pooling_survives_as_the_page_says():
    shares = built(pooling.lesson).values["shares"]
    for shift in pooling.SHIFTS:
        none, average, maximum = shares["drawing", shift]
        assert maximum > none > average > 50
        none, average, maximum = shares["noise", shift]
        chance = 1 / 7 if shift == "both" else 1 / 3
        assert none == average == 0
        assert abs(maximum / 100 - chance) < 4 * np.sqrt(chance * (1 - chance) / 1024)
    assert built(pooling.lesson).values["whole_step"] == 100


def test_relu_differs_from_the_tutorial_at_zero_alone():
    values = built(activation.lesson).values
    assert values["at_zero"] == 0
    assert values["differing"] == [0]
    assert values["nearest"] != 0
    assert values["steepest"] == 0.25


def test_the_gradient_vanishes_as_the_page_says():
    values = built(vanishing.lesson).values
    for depth, best, *sigmoids, shut, opened in values["rows"]:
        assert best == 0.25**depth
        assert max(sigmoids) <= best
        assert (shut, opened) == (0, 1)
    assert values["tiniest"] < np.nextafter(np.float32(0), np.float32(1))
    assert vanishing.centred_pair(values["gone"] - 1).paddle > 0


def test_the_hand_computation_is_off_as_predicted():
    values = built(batch_norm.lesson).values
    for row in [*values["matrix"], *values["images"]]:
        assert abs(row["excess"] / row["predicted"] - 1) <= values["second_order"] < 1e-4
        assert abs(row["measured"] - row["excess"]) < 2e-2 * abs(row["excess"])


def test_dropout_keeps_the_average():
    values = built(dropout.lesson).values
    for ratio in values["ratios"].values():
        assert abs(ratio - 1) < 4 * values["spread"]
