"""The page: complete, self-contained, safe, accessible, and honest."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest
from msgspec import structs

from conformance.record import ALARMING, Verdict
from conformance.report import html, words
from tests.report.journals import DIVERGENCE, ENVIRONMENT, FAILURE, large, make_journal, make_record, showcase

_HOSTILE = """</script></style><script>alert(1)</script><img src=x onerror=alert(2)>"'` {{ 7*7 }} &amp;"""
_OPTIONAL_END = {
    "html",
    "body",
    "head",
    "dt",
    "dd",
    "tr",
    "td",
    "th",
    "thead",
    "tbody",
    "p",
    "li",
    "colgroup",
}
_VOID = {"meta", "col", "path"}


class Page(HTMLParser):
    """What a browser makes of the page, as far as these tests ask."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.text, self.open, self.labels = [], "", [], []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID | _OPTIONAL_END:
            self.open.append(tag)
        if "t" in (dict(attrs).get("class") or "").split():
            self.labels.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in _OPTIONAL_END:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data
        if self.labels and not self.labels[-1]:
            self.labels[-1] = data.strip()

    def values(self, attribute):
        return [attrs[attribute] for _, attrs in self.tags if attrs.get(attribute)]


@pytest.fixture(scope="module")
def source():
    return html.render(showcase())


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_its_elements_are_closed(page):
    assert page.open == []


def test_every_verdict_word_and_its_meaning_appear(page):
    for verdict in Verdict:
        assert re.search(rf"\b{verdict}\b", page.text)
        assert words.MEANING[verdict][0] in page.text


def test_nothing_is_loaded_from_anywhere(source, page):
    for tag, attributes in page.tags:
        loads = {"src", "srcset", "data", "poster", "background", "action", "xlink:href"} & set(attributes)
        assert not loads, tag
        assert tag not in {"link", "iframe", "object", "embed", "base", "image"}
        assert tag == "a" or "href" not in attributes
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", source)
    (policy,) = [a["content"] for t, a in page.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")


def test_links_lead_somewhere_and_ids_are_unique(page):
    ids = page.values("id")
    assert max(Counter(ids).values()) == 1
    for link in page.values("href"):
        assert link.startswith(("https://", "http://")) or link[1:] in ids


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "unreported", " https://x"])
def test_only_web_addresses_become_links(link):
    entry = structs.replace(DIVERGENCE, link=link)
    page = Page(html.render(make_journal([make_record(verdict=Verdict.KNOWN, divergence=entry)])))
    assert link not in page.values("href")
    assert link in page.text


def _hostile(struct):
    texts = {name: _HOSTILE for name in struct.__struct_fields__ if isinstance(getattr(struct, name), str)}
    texts.pop("verdict", None)
    return structs.replace(struct, **texts)


@pytest.fixture(scope="module")
def hostile():
    failure = structs.replace(_hostile(FAILURE), inputs={_HOSTILE: _HOSTILE})
    fields = {
        "divergence": _hostile(DIVERGENCE),
        "failure": failure,
        "regions": {_HOSTILE: 1},
        "arguments": {_HOSTILE: {_HOSTILE: 1}},
    }
    records = [_hostile(make_record(verdict=verdict, **fields, worst_share=0.5)) for verdict in Verdict]
    environment = structs.replace(_hostile(ENVIRONMENT), flags={_HOSTILE: _HOSTILE}, precision={_HOSTILE: _HOSTILE})
    journal = make_journal(
        records, selection={_HOSTILE: _HOSTILE}, profile=_HOSTILE, started=_HOSTILE, environment=environment
    )
    return html.render(journal)


def test_recorded_text_is_text_only(hostile, page):
    ours = {(tag, name) for tag, attributes in page.tags for name in attributes}
    found = Page(hostile)
    assert {(tag, name) for tag, attributes in found.tags for name in attributes} <= ours
    assert [tag for tag, _ in found.tags].count("script") == 2
    assert found.text.count(_HOSTILE) > 100
    assert "{{ 7*7 }}" in found.text
    assert found.open == []


def test_nothing_of_a_record_is_lost(page):
    for record in showcase().records:
        told = [*record.key, record.reason, *record.regions, *record.arguments, record.worst_call]
        if record.worst_share == 0:
            told.remove(record.worst_call)
        if record.divergence:
            told += structs.asdict(record.divergence).values()
        if record.failure:
            f = record.failure
            told += [
                f.call,
                f.what,
                f.output,
                str(f.index),
                f.got,
                f.expected,
                f.ulp,
                f.share,
                f.repeat,
                f.script,
            ]
            told += [*f.inputs, *f.inputs.values()]
        for text in told:
            assert text in page.text


def test_every_record_has_its_row(source):
    journal = large(3)
    rows = re.findall(r"<td class=pass>pass<td>([\d,]+)", html.render(journal))
    assert Counter(rows) == Counter(f"{record.cases:,}" for record in journal.records)


@pytest.mark.parametrize("verdict", Verdict)
def test_what_needs_attention_has_a_card(verdict):
    source = html.render(make_journal([make_record(verdict=verdict)]))
    card = f'<article class="card {verdict}" id="relu-forward-float32-eager-any-cpu">'
    assert (card in source) is (verdict in ALARMING | {Verdict.ERROR})
    assert ("Needs attention</span>" in source) is (card in source)


def test_cells_show_the_worst_verdict_and_its_share():
    records = [
        make_record(layout="NCHW"),
        make_record(layout="NHWC", verdict=Verdict.FAIL),
        make_record(layout="NCL"),
        make_record(property="gradient"),
    ]
    source = html.render(make_journal(records))
    assert '<td class="v fail"><a href="#relu">1/3</a>' in source
    assert '<td class="v pass"><a href="#relu"></a>' in source


def test_every_label_has_its_chinese(page):
    dictionary = html._chinese(showcase())
    untranslated = {label for label in page.labels if label and label not in dictionary}
    assert untranslated == set()
    assert len(set(page.labels)) > 50


def test_headings_of_tables_have_a_scope(page):
    assert all(attributes.get("scope") for tag, attributes in page.tags if tag == "th")


def test_an_interrupted_run_says_so():
    page = Page(html.render(showcase(complete=False)))
    assert "Interrupted after 74 of 114 checks." in page.text
    assert "运行中断" in page.text
    assert "nterrupted" not in Page(html.render(showcase())).text


@pytest.mark.parametrize(
    "records", [[], [make_record(verdict=Verdict.ABSENT)], [make_record(cases=0, worst_share=0.0)]]
)
def test_a_run_that_judged_nothing_is_no_success(records):
    source = html.render(make_journal(records))
    assert 'class="headline caution"' in source
    assert "<svg" not in source


def test_a_thousand_records_stay_small():
    journal = large(63)
    assert len(journal.records) == 1008
    assert len(html.render(journal).encode()) < 300_000


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_contrast_in_light_and_dark(source):
    palettes = [
        dict(re.findall(r"--([\w-]+): (#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", source, re.S)
    ]
    for palette in [
        {name: c if len(c) == 7 else "#" + "".join(x * 2 for x in c[1:]) for name, c in p.items()}
        for p in palettes
        if p
    ]:
        for name in (*Verdict, "ink", "soft", "link"):
            for ground in ("ground", "raised"):
                light, dark = sorted((_luminance(palette[name]), _luminance(palette[ground])), reverse=True)
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
