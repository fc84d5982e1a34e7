"""The comment on a pull request: whatever is not a plain pass is in it, and nothing breaks its Markdown."""

import re

import pytest
from markdown_it import MarkdownIt
from msgspec import structs

from conformance.record import Verdict
from conformance.report import digest, summary
from tests.report.journals import DIVERGENCE, FAILURE, make_journal, make_record, showcase

_HOSTILE = "a|b *c* <img> [x](y) `d` ```e``` # @someone {f} ~g~"


def rendered(journal):
    """The comment as a reader sees it: Markdown turned into HTML."""
    return MarkdownIt().enable("table").render(summary.render(journal))


def test_the_verdict_comes_first():
    assert summary.render(showcase()).startswith("## Paddle conformance: 1 crash, 1 timeout, 1 new divergence, ")
    assert summary.render(make_journal([make_record()])).startswith(
        "## Paddle conformance: Nothing new: 1 check, 1,000 cases, 0 known divergences confirmed\n"
    )


def test_every_verdict_is_counted():
    head, _, counts = (
        line.strip("| ").split(" | ") for line in re.findall(r"^\|.*\|$", summary.render(showcase()), re.M)
    )
    assert {word.split()[1] for word in head} == set(Verdict)
    found = dict(zip((word.split()[1] for word in head), map(int, counts), strict=True))
    assert found == digest.counts(showcase().records)


def test_a_new_failure_is_told_with_its_command():
    text = summary.render(make_journal([make_record(verdict=Verdict.FAIL)]))
    for told in (
        FAILURE.call,
        FAILURE.what,
        FAILURE.got,
        FAILURE.expected,
        FAILURE.ulp,
        FAILURE.share,
        FAILURE.repeat,
    ):
        assert told in text


@pytest.mark.parametrize("verdict", sorted(set(Verdict) - {Verdict.PASS}))
def test_every_record_that_is_not_a_pass_is_named(verdict):
    records = [make_record(f"operator_{n}", verdict, reason=f"reason {n}") for n in range(300)]
    text = summary.render(make_journal(records))
    for n in range(300):
        assert re.search(rf"operator_{n}\b", text)
        assert re.search(rf"reason {n}\b", text)


def test_hundreds_of_failures_fit_into_a_comment():
    text = summary.render(make_journal([make_record(f"operator_{n}", Verdict.FAIL) for n in range(500)]))
    assert len(text) < 65_536


def test_known_divergences_take_one_line_each():
    known = [make_record(verdict=Verdict.KNOWN, divergence=structs.replace(DIVERGENCE, id=f"d{n}")) for n in range(5)]
    lines = [line for line in summary.render(make_journal(known)).splitlines() if DIVERGENCE.title in line]
    assert [line.split("`")[1] for line in lines] == ["d0", "d1", "d2", "d3", "d4"]


def test_what_was_not_judged_is_grouped_by_reason():
    text = summary.render(showcase())
    (line,) = [line for line in text.splitlines() if "no kernel for bfloat16" in line]
    assert "gelu" in line
    assert "softmax" in line
    assert "sync_batch_norm" not in line


def test_an_interrupted_run_says_so():
    assert "Interrupted after 74 of 114 checks." in summary.render(showcase(complete=False)).splitlines()[0]


def test_an_example_cannot_end_its_own_block():
    failure = structs.replace(FAILURE, got="1\n```\n# <img>", repeat="f()\n````\n<img>")
    page = rendered(make_journal([make_record(verdict=Verdict.FAIL, failure=failure)]))
    assert page.count("&lt;img&gt;") == 2
    assert "<h1>" not in page


@pytest.mark.parametrize("verdict", Verdict)
def test_recorded_text_is_shown_as_it_is(verdict):
    failure = structs.replace(FAILURE, call=_HOSTILE, what=_HOSTILE, got=_HOSTILE, repeat=_HOSTILE)
    entry = structs.replace(DIVERGENCE, id=_HOSTILE, title=_HOSTILE)
    record = make_record(_HOSTILE, verdict, reason=_HOSTILE, failure=failure, divergence=entry)
    page = rendered(make_journal([record]))
    assert not re.search(r"<img|<em>|<a |<del>", page)
    assert verdict is Verdict.PASS or page.count("a|b *c* &lt;img&gt; [x](y) `d` ```e``` # @someone {f} ~g~") >= 2
