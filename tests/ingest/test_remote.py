"""Addresses as sources: pages, files, papers of arXiv."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import kb
from index.models.embedder import Embedder
from kb.library import Library
from kb.types.documents import Lines, Page
from tests.builders import A_TALK, a_page, a_pdf
from tests.conftest import NOW
from tests.site import Page as Answer
from tests.site import Site

ARTICLE = """<html><head><title>On zebras</title></head><body><nav><a href="/">Home</a></nav>
<article><h1>On zebras</h1><p>Zebras are striped animals that live in herds on the plains of Africa.</p>
<h2>Stripes</h2><p>Their stripes confuse the flies that bite them, as one experiment has shown.</p></article>
<!-- token --></body></html>"""
ATOM = """<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">
<entry><id>http://arxiv.org/abs/2407.21783v3</id><published>2024-07-31T17:54:27Z</published>
<title>A Herd of
  Models</title><summary>  We present a herd of models. They support tool use. </summary>
<author><name>Ann Lee</name></author><author><name>Bo Ek</name></author>
<link href="http://arxiv.org/abs/2407.21783v3" rel="alternate" type="text/html"/>
<link title="pdf" href="PDF" rel="related" type="application/pdf"/><category term="cs.AI"/></entry></feed>"""
NONE = '<feed xmlns="http://www.w3.org/2005/Atom"><title>arXiv Query</title></feed>'


@pytest.fixture
def library(home: Path, embedder: Embedder, site: Site) -> Iterator[Library]:
    with kb.open(home, now=lambda: NOW, embedder=embedder, arxiv_api=f"{site.url}/api/query") as opened:
        opened.http().pause = 0.0
        yield opened


def test_a_page_is_read_as_an_article_under_its_headings(library: Library, site: Site) -> None:
    site.pages["/zebras"] = Answer(ARTICLE)
    assert library.ingest([f"{site.url}/zebras?utm_source=x"]).added == 1
    hit = library.search("what confuses flies?", 1).hits[0]
    assert (hit.kind, hit.title, hit.uri) == ("web", "On zebras", f"{site.url}/zebras")
    assert isinstance(hit.chunk.locator, Lines)
    assert "Home" not in library.source(hit.chunk.document_id)[1]
    assert hit.link == f"{site.url}/zebras"


def test_a_page_that_says_the_same_is_unchanged_whatever_its_tokens(library: Library, site: Site) -> None:
    site.pages["/zebras"] = Answer(ARTICLE)
    library.ingest([f"{site.url}/zebras"])
    site.pages["/zebras"] = Answer(ARTICLE.replace("token", "another token"))
    assert library.ingest([f"{site.url}/zebras"]).unchanged == 1
    site.pages["/zebras"] = Answer(ARTICLE.replace("herds", "families"))
    assert library.ingest([f"{site.url}/zebras"]).updated == 1


def test_a_page_that_is_gone_keeps_what_was_read_and_is_retried_when_asked(library: Library, site: Site) -> None:
    site.pages["/zebras"] = Answer(ARTICLE)
    address = f"{site.url}/zebras"
    library.ingest([address])
    del site.pages["/zebras"]
    assert library.ingest([address]).failed == [(address, "there is no such page (404)")]
    assert library.search("zebras", 1).hits
    assert [row.state for row in library.sources()] == ["failed"]
    site.pages["/zebras"] = Answer(ARTICLE)
    assert library.ingest([], retry_failed=True).unchanged == 1
    assert [row.state for row in library.sources()] == ["ok"]


@pytest.mark.parametrize(
    ("type_", "name", "kind"),
    [
        ("text/markdown", "notes", "note"),
        ("text/plain", "talk.txt", "transcript"),
        ("application/octet-stream", "paper.bin", "paper"),
    ],
)
def test_a_file_behind_an_address_is_read_as_what_it_is(
    library: Library, site: Site, type_: str, name: str, kind: str
) -> None:
    body = {"note": "# N\n\nwords here", "transcript": A_TALK, "paper": a_pdf(a_page("Words of a whole paper."))}[kind]
    site.pages[f"/{name}"] = Answer(body, type_)
    library.ingest([f"{site.url}/{name}"])
    assert [(row.kind, row.state) for row in library.sources()] == [(kind, "ok")]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b"\x00\x01", "application/x-thing"), "no reader for application/x-thing"),
        (Answer("<rss/>", "application/rss+xml"), "it is a feed"),
        (Answer("<html><body><nav>Home</nav></body></html>"), "no article could be found"),
        (Answer("<html><body>" + "<div>" * 200_000 + "words"), "no article could be found"),
        (Answer(status=302, headers={"Location": "http://10.0.0.1/"}), "no public address"),
    ],
    ids=["unknown", "feed", "menus", "nested", "inside"],
)
def test_what_cannot_be_read_fails_by_name(library: Library, site: Site, answer: Answer, reason: str) -> None:
    site.pages["/x"] = answer
    ((uri, said),) = library.ingest([f"{site.url}/x"]).failed
    assert uri == f"{site.url}/x"
    assert reason in said


def test_an_arxiv_paper_is_its_abstract_with_authors_and_date(library: Library, site: Site) -> None:
    site.pages["/api/query?id_list=2407.21783&max_results=1"] = Answer(ATOM, "application/atom+xml")
    library.ingest(["arxiv:2407.21783v2"])
    hit = library.search("tool use", 1).hits[0]
    entry, text = library.source(hit.chunk.document_id)
    assert (entry.uri, entry.title) == ("https://arxiv.org/abs/2407.21783", "A Herd of Models")
    assert (entry.metadata["authors"], entry.published) == (["Ann Lee", "Bo Ek"], "2024-07-31")
    assert text == "We present a herd of models. They support tool use."
    assert isinstance(hit.chunk.locator, Page)


def test_an_arxiv_paper_is_read_whole_when_asked(library: Library, site: Site) -> None:
    site.pages["/api/query"] = Answer(ATOM.replace("PDF", f"{site.url}/pdf/2407.21783v3"), "application/atom+xml")
    site.pages["/pdf/2407.21783v3"] = Answer(a_pdf(a_page("Abstract", "A herd."), a_page("Zebras are on page two.")))
    library.ingest(["https://arxiv.org/pdf/2407.21783"], full_text=True)
    hit = library.search("zebras", 1).hits[0]
    assert (hit.title, hit.link) == ("A Herd of Models", f"{site.url}/pdf/2407.21783v3#page=2")


def test_an_unknown_paper_fails_by_name(library: Library, site: Site) -> None:
    site.pages["/api/query"] = Answer(NONE, "application/atom+xml")
    report = library.ingest(["arxiv:9999.99999"])
    assert report.failed == [("https://arxiv.org/abs/9999.99999", "arXiv knows no such paper")]


def test_a_wrong_id_says_how_one_is_written(library: Library) -> None:
    assert "arxiv:2407.21783" in library.ingest(["arxiv:banana"]).failed[0][1]


def test_an_address_named_twice_in_any_form_is_read_once(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/zebras"] = Answer(ARTICLE)
    address = f"{site.url}/zebras"
    report = library.ingest([address, address, f"{address}#part", f"{address}?utm_source=x"])
    assert (report.added, report.failed) == (1, [])
    assert len(site.requests) == 1


def test_a_bad_address_among_good_ones_costs_only_itself(library: Library, site: Site) -> None:
    site.pages["/bad"] = Answer(status=302, headers={"Location": "http://[bad/"})
    site.pages["/zebras"] = Answer(ARTICLE)
    report = library.ingest([f"{site.url}/bad", "http://localhost:99999/x", f"{site.url}/zebras"])
    assert (report.added, len(report.failed)) == (1, 2)
    assert [row.uri for row in library.sources() if row.state == "failed"] == [f"{site.url}/bad"]


def test_a_page_that_works_again_is_no_failure_any_more(library: Library, site: Site) -> None:
    address = f"{site.url}/zebras"
    site.pages["/zebras"] = Answer(ARTICLE)
    library.ingest([address])
    site.pages["/zebras"] = Answer(status=500)
    library.ingest([address])
    site.pages["/zebras"] = Answer(ARTICLE.replace("token", "another"))
    library.ingest([address])
    assert [row.state for row in library.sources()] == ["ok"]


def test_an_address_that_failed_can_be_taken_off_the_list(library: Library, site: Site) -> None:
    address = f"{site.url}/none"
    library.ingest([address])
    assert library.remove([address]) == [address]
    assert library.sources() == []


def test_a_page_that_moved_for_good_keeps_its_document(library: Library, site: Site) -> None:
    site.pages["/old"] = Answer(ARTICLE)
    library.ingest([f"{site.url}/old"])
    (before,) = library.sources()
    site.pages["/new"] = Answer(ARTICLE)
    site.pages["/old"] = Answer(status=301, headers={"Location": "/new"})
    library.ingest([f"{site.url}/old", f"{site.url}/new"])
    assert [(row.document_id, row.uri) for row in library.sources()] == [(before.document_id, f"{site.url}/new")]


def test_the_encoding_that_a_server_names_is_believed(library: Library, site: Site) -> None:
    site.pages["/pl"] = Answer(ARTICLE.replace("herds", "Łódź").encode("iso-8859-2"), "text/html; charset=iso-8859-2")
    library.ingest([f"{site.url}/pl"])
    assert "Łódź" in library.source(library.sources()[0].document_id or "")[1]
