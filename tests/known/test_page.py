"""docs/divergences.md is what the register and the installed Paddle make of it, and its scripts show what it says."""

import contextlib
import io
import re
from pathlib import Path

import msgspec
import pytest

from conformance import confirm, subject
from conformance.errors import UserError
from conformance.isolation import isolated
from conformance.known import page, register
from conformance.known.register import KINDS, SEVERITIES
from conformance.record import Verdict
from conformance.search import PROFILES
from conformance.trial import Rules

PAGE = Path(__file__).parents[2] / "docs" / "divergences.md"
VERSION = re.search(r"PaddlePaddle (\S+)", PAGE.read_text("utf-8"))[1]
pytestmark = pytest.mark.skipif(subject.version() != VERSION, reason=f"the page is about PaddlePaddle {VERSION}")
ENTRIES = register.read(paddle=subject.version())


def test_the_page_is_up_to_date():
    """If not: python -m conformance.known.page > docs/divergences.md"""
    assert page.render() == PAGE.read_text("utf-8")


def test_the_page_begins_with_the_most_serious():
    ranks = [(SEVERITIES.index(e.severity), KINDS.index(e.kind)) for e in page.ordered(ENTRIES)]
    assert ranks == sorted(ranks)
    assert len(ranks) == len(ENTRIES)
    headings = re.findall(r"^## \d+\. (.*)$", PAGE.read_text("utf-8"), re.M)
    assert headings == [e.title for e in page.ordered(ENTRIES)]


def _printed(script):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(script, "script", "exec"), {})
    return re.search("got +(.*)", out.getvalue())[1]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.id)
def test_an_entry_fails_where_known_ones_are_ignored_and_its_script_shows_how(entry):
    record = confirm.run(entry, Rules(PROFILES["quick"], 0, ignore_known=True), "cpu")
    assert record.verdict is Verdict.FAIL
    if record.mode not in ("eager", "static"):  # which a script of a few lines cannot show
        assert not record.failure.script
        return
    outcome = isolated(lambda: _printed(record.failure.script), 60)
    got = entry.example.got
    if entry.example.output == "the process":
        assert outcome.died
    elif got == "a result" or entry.example.property == "statistics":  # whatever it is
        assert outcome.result
    elif entry.example.output == "the call":
        assert f"{got}: " in outcome.traceback
    else:
        assert outcome.result == {"nothing": "None"}.get(got, got)


def test_a_divergence_that_is_not_there_makes_no_page():
    example = msgspec.structs.replace(ENTRIES[0].example, output="out", got="twice as much")
    with pytest.raises(UserError, match="registered is twice as much"):
        page.example(msgspec.structs.replace(ENTRIES[0], example=example), "cpu")
