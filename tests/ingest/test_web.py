"""Web pages and the transcripts that come as HTML."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.transcripts import html_pages
from kb.errors import IngestError
from kb.types.documents import Document, Lines, TimeSpan
from tests.builders import read_any, read_file, texts

PAGE = """<!doctype html><html><head><title>Bread</title><meta name="author" content="Jo Doe">
<link rel="canonical" href="https://Example.org/bread?utm_source=x">
<meta property="article:published_time" content="2025-03-01T10:00:00Z"></head><body><header>Menu</header><main>
<h1>Bread</h1><p>Bread is made of flour, of water, and of time that passes slowly.</p>
<h2>Steps</h2><ul><li>Mix it well<ul><li>by hand if you can</li></ul></li><li>Wait for it</li></ul>
<pre><code>bake(230)</code></pre><script>alert(1)</script></main><footer>Imprint</footer></body></html>"""
TALK = """<cite>Ann:</cite>\n<time>0:00</time>\n<p>Hello &amp; welcome.</p>
<cite>Bo:</cite>\n<time>1:02:03</time>\n<p>Good to <b>be</b> here.</p>\n<p>Really.</p>"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "saved.html"


def test_a_page_keeps_its_outline_and_loses_its_menus(file: Path) -> None:
    document = read_file(file, PAGE)
    assert texts(document) == [
        "Bread",
        "Bread is made of flour, of water, and of time that passes slowly.",
        "Steps",
        "Mix it well",
        "by hand if you can",
        "Wait for it",
        "`bake(230)`",
    ]
    place = document.segments[-1].locator
    assert isinstance(place, Lines)
    assert place.heading[-1] == "Steps"


def test_a_page_says_who_wrote_it_when_and_where(file: Path) -> None:
    metadata = read_file(file, PAGE).metadata
    assert (metadata["authors"], metadata["published"], metadata["url"]) == (
        ["Jo Doe"],
        "2025-03-01",
        "https://example.org/bread",
    )


@pytest.mark.parametrize("tag", ["div", "b", "ul><li", "table><tr><td", "blockquote"])
def test_a_megabyte_of_nested_tags_breaks_nothing(file: Path, tag: str) -> None:
    html = "<html><body>" + f"<{tag}>" * (1_000_000 // (len(tag) + 2)) + "words in the middle of it"
    outcome = read_any(file, html)
    assert isinstance(outcome, Document | IngestError)


def test_what_is_no_page_is_told(file: Path) -> None:
    assert isinstance(read_any(file, "just words"), IngestError)


def test_a_transcript_in_html_has_speakers_and_times(file: Path) -> None:
    document = read_file(file, TALK)
    assert document.kind == "transcript"
    assert [(t, s.locator) for t, s in zip(texts(document), document.segments, strict=True)] == [
        ("Hello & welcome.", TimeSpan(0, 3723, ("Ann",))),
        ("Good to be here.", TimeSpan(3723, 3723, ("Bo",))),
        ("Really.", TimeSpan(3723, 3723, ("Bo",))),
    ]


@given(
    st.lists(st.sampled_from(["<cite>", "</cite>", "<time>", "</time>", "<p>", "</p>", "1:02", "99:99:99", "x", "<"]))
)
def test_no_html_breaks_the_reader_of_transcripts(parts: list[str]) -> None:
    text = "".join(parts)
    assert html_pages.is_talk(text) in (True, False)
    assert all(said.start <= said.end for said in html_pages.parse(text))


def test_a_page_says_in_which_encoding_it_is(file: Path) -> None:
    page = PAGE.replace("<head>", '<head><meta charset="iso-8859-2">').replace("flour", "Łódź")
    assert "Łódź" in read_file(file, page.encode("iso-8859-2")).text


def test_a_page_that_lies_about_being_utf_8_is_read_all_the_same(file: Path) -> None:
    page = PAGE.replace("<head>", '<head><meta charset="iso-8859-1">').replace("flour", "café")
    assert "café" in read_file(file, page.encode()).text


def test_a_page_in_a_script_without_spaces_is_an_article(file: Path) -> None:
    html = (
        "<html><body><article><p>"
        + "東京の天気は晴れで、気温は二十度くらいになるでしょう。" * 3
        + "</p></article></body></html>"
    )
    assert isinstance(read_any(file, html), Document)


def test_percent_magic_of_notebooks_in_a_page_is_no_comment(file: Path) -> None:
    html = PAGE.replace("flour", "%%time and %%bash and flour %%writefile")
    assert "and flour" in texts(read_file(file, html))[1]
