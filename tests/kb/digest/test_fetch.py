"""Following feeds: what is asked for, what becomes of it, and what no server can do to us."""

from __future__ import annotations

import datetime as dt
import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kb
from index.models.embedder import Embedder
from index.storage.feeds import FeedRow
from index.storage.links import Mark
from kb.digest.fetch import FetchReport
from kb.errors import IngestError, UnknownId, UsageError
from kb.library import Library
from tests.builders import a_feed, an_entry
from tests.conftest import NOW
from tests.site import Page, Site

XML = "application/rss+xml"
FRIDAY = "Fri, 01 May 2026 10:00:00 GMT"


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def later(self, **step: float) -> None:
        self.now += dt.timedelta(**step)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def library(home: Path, embedder: Embedder, clock: Clock) -> Iterator[Library]:
    with kb.open(home, now=clock, embedder=embedder) as opened:
        opened.http().pause = 0.0
        opened.http().sleep = lambda _: None
        yield opened


def serve(site: Site, path: str, *entries: str, title: str = "A feed", **page: Any) -> str:
    site.pages[path] = Page(a_feed(*entries, title=title), XML, **page)
    return site.url + path


def only(library: Library) -> FeedRow:
    (row,) = library.feeds()
    return row


def failure(report: FetchReport) -> str:
    ((_, error),) = report.failed
    return error


def test_a_feed_that_is_added_is_read_once_and_its_entries_can_be_found(library: Library, site: Site) -> None:
    url = serve(
        site, "/feed", an_entry("Moss", f"{site.url}/moss", FRIDAY, "Moss drinks the morning fog."), title="Garden"
    )
    row, report = library.add_feed(url, ["green"])
    assert (row.title, row.state, report.added) == ("Garden", "ok", 1)
    hit = library.search("what drinks fog", 1).hits[0]
    assert (hit.kind, hit.uri, hit.published) == ("link", f"{site.url}/moss", "2026-05-01T10:00:00+00:00")
    assert library.filters(tags=["green"])
    assert [h.title for h in library.search("fog", 5, library.filters(tags=["green"])).hits] == ["Moss"]


def test_a_page_leads_to_the_feed_that_it_names(library: Library, site: Site) -> None:
    serve(site, "/feed.xml", an_entry("Moss", f"{site.url}/moss"))
    site.pages["/"] = Page(
        '<html><head><link rel="alternate" type="application/rss+xml" href="feed.xml"></head></html>'
    )
    assert library.add_feed(f"{site.url}/")[0].url == f"{site.url}/feed.xml"


def test_a_feed_that_a_page_names_and_is_gone_does_not_hide_the_next(library: Library, site: Site) -> None:
    serve(site, "/feed.xml", an_entry("Moss", f"{site.url}/moss"))
    link = '<link rel="alternate" type="application/rss+xml" href="{}">'
    site.pages["/"] = Page(f"<html><head>{link.format('gone.xml')}{link.format('feed.xml')}</head></html>")
    assert library.add_feed(f"{site.url}/")[0].url == f"{site.url}/feed.xml"


def test_a_feed_on_a_host_that_a_page_named_is_not_asked_as_if_the_person_had(
    home: Path, embedder: Embedder, site: Site
) -> None:
    there = serve(site, "/feed.xml", an_entry("Moss", f"{site.url}/moss")).replace("127.0.0.1", "localhost")
    site.pages["/"] = Page(
        f'<html><head><link rel="alternate" type="application/rss+xml" href="{there}"></head></html>'
    )
    with kb.open(home, embedder=embedder, allow_hosts=("localhost",)) as library:
        library.http().pause = 0.0
        library.add_feed(f"{site.url}/")
    with kb.open(home, embedder=embedder) as library:
        library.http().pause = 0.0
        assert only(library).url == there
        assert "no public address" in failure(library.fetch_feeds())


def test_what_is_no_feed_is_not_followed(library: Library, site: Site) -> None:
    site.pages["/"] = Page("<html><body>words</body></html>")
    with pytest.raises(IngestError, match="it is a page, not a feed"):
        library.add_feed(f"{site.url}/")
    assert library.feeds() == []


def test_an_unchanged_feed_is_answered_304_and_costs_nothing(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss"), etag='"one"'))
    report = library.fetch_feeds()
    assert (report.not_modified, report.unchanged, report.entries, report.embedded) == (1, 1, 0, 0)
    assert site.requests[-1][1]["if-none-match"] == '"one"'


def test_a_304_with_a_body_is_still_nothing_new(library: Library, site: Site) -> None:
    url = serve(site, "/feed", an_entry("Moss", f"{site.url}/moss"))
    library.add_feed(url)
    site.pages["/feed"] = Page(a_feed(an_entry("Other", f"{site.url}/other")), XML, status=304)
    library.fetch_feeds()
    assert [record.title for record in library.links()] == ["Moss"]


def test_the_same_bytes_without_a_validator_are_not_parsed_again(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss")))
    report = library.fetch_feeds()
    assert (report.not_modified, report.unchanged, report.entries) == (0, 1, 0)


def test_an_edited_entry_is_updated_and_not_repeated(library: Library, site: Site) -> None:
    url = serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", FRIDAY, "Old words here.", "1"))
    library.add_feed(url)
    serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", FRIDAY, "New words here.", "1"))
    report = library.fetch_feeds()
    assert (report.added, report.updated) == (0, 1)
    assert [record.summary for record in library.links()] == ["New words here."]


def test_an_id_that_later_means_another_page_is_another_entry(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Today: moss", f"{site.url}/moss", guid="today")))
    serve(site, "/feed", an_entry("Today: fern", f"{site.url}/fern", guid="today"))
    library.fetch_feeds()
    assert {record.title for record in library.links()} == {"Today: moss", "Today: fern"}


def test_an_entry_that_leaves_its_feed_stays_known(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss")))
    serve(site, "/feed", an_entry("Fern", f"{site.url}/fern"))
    library.fetch_feeds()
    assert {record.title for record in library.links()} == {"Moss", "Fern"}


@pytest.mark.parametrize("date", ["Thu, 01 Jan 1970 00:00:00 GMT", "Sat, 01 Jan 2099 00:00:00 GMT", "", "yesterday"])
def test_a_date_that_cannot_be_is_the_day_it_was_seen_and_stays_so(
    library: Library, site: Site, clock: Clock, date: str
) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", date, "Words.", "1")))
    clock.later(days=3)
    serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", date, "Edited words.", "1"))
    library.fetch_feeds()
    assert [record.date for record in library.links()] == ["2026-05-04T08:30:00+00:00"]


def test_a_feed_that_moved_for_good_is_asked_at_its_new_address(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/old", an_entry("Moss", f"{site.url}/moss")))
    site.pages["/old"] = Page(status=301, headers={"Location": "/new"})
    serve(site, "/new", an_entry("Moss", f"{site.url}/moss"), an_entry("Fern", f"{site.url}/fern"))
    library.fetch_feeds()
    assert only(library).url == f"{site.url}/new"
    assert len(library.links()) == 2


def test_a_feed_that_says_it_moved_is_believed_once_a_feed_is_there(library: Library, site: Site) -> None:
    def moved() -> None:
        told = f"<itunes:new-feed-url>{site.url}/new</itunes:new-feed-url><item><title>Moved</title></item>"
        site.pages["/old"] = Page(f"<rss><channel><title>A</title>{told}</channel></rss>", XML)

    library.add_feed(serve(site, "/old", an_entry("Moss", f"{site.url}/moss")))
    moved()
    library.fetch_feeds()
    assert only(library).url == f"{site.url}/old"
    serve(site, "/new", an_entry("Fern", f"{site.url}/fern"))
    site.pages["/old"].body = str(site.pages["/old"].body) + "\n"  # changed, so that it is looked at again
    library.fetch_feeds()
    assert only(library).url == f"{site.url}/new"
    assert "Fern" in {record.title for record in library.links()}


def test_a_feed_that_is_gone_is_asked_no_more(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss")))
    site.pages["/feed"] = Page(status=410)
    assert "gone for good" in failure(library.fetch_feeds())
    asked = len(site.requests)
    assert library.fetch_feeds().failed == []
    assert len(site.requests) == asked
    assert only(library).state == "gone"
    assert len(library.links()) == 1


def test_a_server_that_asks_for_patience_gets_it(library: Library, site: Site, clock: Clock) -> None:
    url = serve(site, "/feed", an_entry("Moss", f"{site.url}/moss"))
    library.add_feed(url)
    site.pages["/feed"] = Page(status=503, headers={"Retry-After": "3600"})
    assert "503" in failure(library.fetch_feeds())
    asked = len(site.requests)
    assert "left alone until 2026-05-04 09:30" in failure(library.fetch_feeds())
    assert len(site.requests) == asked
    clock.later(hours=2)
    serve(site, "/feed", an_entry("Moss", f"{site.url}/moss"))
    assert library.fetch_feeds().failed == []


def test_what_passes_is_tried_again(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss")))
    site.pages["/feed"] = Page(status=502)
    asked = len(site.requests)
    assert "502" in failure(library.fetch_feeds())
    assert len(site.requests) == asked + 2


def test_one_feed_that_fails_costs_no_other(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/a", an_entry("Moss", f"{site.url}/moss"), title="A"))
    library.add_feed(serve(site, "/b", an_entry("Fern", f"{site.url}/fern"), title="B"))
    site.pages["/a"] = Page("<html><body>We moved</body></html>")
    serve(site, "/b", an_entry("Fern", f"{site.url}/fern"), an_entry("Ivy", f"{site.url}/ivy"), title="B")
    report = library.fetch_feeds()
    assert report.failed == [("A", "it is a page, not a feed")]
    assert report.added == 1


def test_a_bomb_of_gzip_is_cut_off(library: Library, site: Site) -> None:
    library.http().max_mb = 1.0
    bomb = gzip.compress(b"<rss>" + b" " * 50_000_000)
    site.pages["/feed"] = Page(bomb, XML, headers={"Content-Encoding": "gzip"})
    with pytest.raises(IngestError, match="larger than 1 MB"):
        library.add_feed(f"{site.url}/feed")


def test_thirty_redirects_are_too_many(library: Library, site: Site) -> None:
    for n in range(30):
        site.pages[f"/{n}"] = Page(status=302, headers={"Location": f"/{n + 1}"})
    with pytest.raises(IngestError, match="redirects more than"):
        library.add_feed(f"{site.url}/0")


def test_a_server_that_drips_bytes_is_left(library: Library, site: Site) -> None:
    def drip(out: Any) -> None:
        for _ in range(100):
            out.write(b"<")
            out.flush()
            time.sleep(0.05)

    library.http().seconds = 0.5
    site.pages["/feed"] = Page(drip, XML)
    began = time.monotonic()
    with pytest.raises(IngestError, match=r"did not end within 0.5 seconds"):
        library.add_feed(f"{site.url}/feed")
    assert time.monotonic() - began < 4


def test_a_feed_cannot_send_us_inside(library: Library, site: Site) -> None:
    with Site() as other:
        site.pages["/feed"] = Page(status=302, headers={"Location": f"{other.url}/secret"})
        with pytest.raises(IngestError, match="no public address"):
            library.add_feed(f"{site.url}/feed")
        assert other.requests == []


def test_a_host_that_the_settings_allow_may_be_anywhere(home: Path, embedder: Embedder, site: Site) -> None:
    with kb.open(home, embedder=embedder, allow_hosts=["127.0.0.1"]) as library, Site() as other:
        library.http().pause = 0.0
        serve(other, "/feed", an_entry("Moss", f"{site.url}/moss"))
        site.pages["/feed"] = Page(status=302, headers={"Location": f"{other.url}/feed"})
        assert library.add_feed(f"{site.url}/feed")[1].added == 1


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "feed", "", "http://me:secret@a.example/"]
)
def test_what_is_no_address_of_a_feed_is_refused(library: Library, url: str) -> None:
    with pytest.raises(UsageError) as caught:
        library.add_feed(url)
    assert "secret" not in str(caught.value)


def test_entries_without_an_address_are_documents_too(library: Library, site: Site) -> None:
    bad = an_entry("Headline alone", "javascript:alert(1)", guid="1")
    library.add_feed(serve(site, "/feed", bad, an_entry("Another", guid="2")))
    found = {record.url for record in library.links()}
    assert len(found) == 2
    assert all(url.startswith(f"{site.url}/feed#") for url in found)


def test_a_headline_supports_no_more_than_itself(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss found on the dark side of the wall", f"{site.url}/moss")))
    entry, text = library.source(library.sources()[0].document_id or "")
    assert entry.metadata["headline_only"]
    assert text == "Moss found on the dark side of the wall"


def test_only_the_latest_of_a_long_new_feed_is_news(library: Library, site: Site) -> None:
    dates = [f"{n:02d} Jan 2026 00:00:00 GMT" for n in range(1, 29)]
    url = serve(site, "/feed", *(an_entry(f"Entry {d}", f"{site.url}/{n}", d) for n, d in enumerate(dates)))
    library.add_feed(url)
    assert len(library.links()) == 28
    assert len(library.digest(fetch=False).items) == 20


def test_a_feed_is_found_by_title_and_taken_away_without_its_links(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss"), title="Garden"))
    library.remove_feeds(["garden"])
    assert library.feeds() == []
    assert [record.title for record in library.links()] == ["Moss"]
    with pytest.raises(UnknownId, match="No feed has"):
        library.remove_feeds(["garden"])


def test_the_publishers_transcript_of_an_episode_is_read_with_its_times(library: Library, site: Site) -> None:
    vtt = "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n<v Ann>Moss drinks the fog of the morning.\n"
    site.pages["/1.vtt"] = Page(vtt, "text/vtt")
    site.pages["/1.json"] = Page('{"chapters": [{"startTime": 0, "title": "Fog"}]}', "application/json")
    more = (
        f"<enclosure url='{site.url}/1.mp3' type='audio/mpeg'/>"
        f"<podcast:transcript url='{site.url}/1.vtt' type='text/vtt'/>"
        f"<podcast:transcript url='{site.url}/gone.json' type='application/json'/>"
        f"<podcast:chapters url='{site.url}/1.json'/>"
    )
    library.add_feed(serve(site, "/feed", an_entry("Episode 1", f"{site.url}/1", more=more)))
    report = library.fetch_feeds()
    assert (report.updated, report.failed) == (1, [])
    hit = library.search("what drinks fog", 1).hits[0]
    assert (hit.kind, hit.title) == ("transcript", "Episode 1")
    assert hit.link == f"{site.url}/1.mp3#t=1,5"
    assert "Fog" in hit.chunk.breadcrumb
    assert library.fetch_feeds().updated == 0


def test_a_transcript_that_cannot_be_had_is_named_and_given_up_after_three_tries(library: Library, site: Site) -> None:
    more = f"<podcast:transcript url='{site.url}/gone.vtt' type='text/vtt'/>"
    library.add_feed(serve(site, "/feed", an_entry("Episode 1", f"{site.url}/1", more=more)))
    reports = [library.fetch_feeds() for _ in range(4)]
    said = [report.warnings for report in reports]
    assert [report.failed for report in reports] == [[]] * 4  # the feed itself is well
    assert [len(warnings) for warnings in said] == [1, 1, 1, 0]
    assert "its transcript cannot be had" in said[0][0][1]


def test_a_page_is_read_whole_where_its_site_allows_it(library: Library, site: Site) -> None:
    article = "<html><body><article><h1>Moss</h1><p>{}</p></article></body></html>"
    site.pages["/moss"] = Page(
        article.format("Moss drinks the morning fog through its leaves and needs no roots. " * 3)
    )
    site.pages["/fern"] = Page(article.format("Ferns spread by spores that the wind carries far away. " * 3))
    site.pages["/robots.txt"] = Page("User-agent: *\nDisallow: /fern\n", "text/plain")
    both = [an_entry(name, f"{site.url}/{name.lower()}", FRIDAY, f"On {name}.") for name in ("Moss", "Fern")]
    library.add_feed(serve(site, "/feed", *both))
    report = library.fetch_feeds(full_text=5)
    assert report.read_whole == 1
    assert {row.title: row.kind for row in library.sources()} == {"Moss": "web", "Fern": "link"}
    whole = {record.title: record.read_whole for record in library.links()}
    assert whole == {"Moss": "full", "Fern": "its robots.txt asks programs not to read it"}
    assert "/fern" not in [path for path, _ in site.requests]
    # A second time nothing is asked again, and the feed does not put its own words in place of the page's.
    asked = len(site.requests)
    serve(site, "/feed", *both, an_entry("Ivy", guid="ivy"))
    library.fetch_feeds(full_text=5)
    assert [path for path, _ in site.requests[asked:]] == ["/feed"]
    assert {row.kind for row in library.sources() if row.title == "Moss"} == {"web"}


def test_a_feed_file_can_be_ingested_without_following_it(library: Library, tmp_path: Path) -> None:
    file = tmp_path / "feed.xml"
    file.write_text(
        a_feed(an_entry("Moss", "https://a.example/moss", summary="Moss drinks fog."), an_entry("Fern", guid="2"))
    )
    report = library.ingest([file])
    assert (report.added, report.failed) == (2, [])
    assert library.ingest([file]).unchanged == 2
    assert library.feeds() == []
    assert library.search("fog", 1).hits[0].uri == "https://a.example/moss"


def test_the_address_of_a_feed_can_be_ingested_too(library: Library, site: Site) -> None:
    url = serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", summary="Moss drinks fog."))
    assert library.ingest([url], kind="feed").added == 1
    assert library.ingest([url]).unchanged == 1


def test_a_list_of_subscriptions_is_no_document_and_says_what_to_do(library: Library, tmp_path: Path) -> None:
    (tmp_path / "subs.opml").write_text("<opml><body><outline xmlUrl='http://a.example/f'/></body></opml>")
    report = library.ingest([tmp_path / "subs.opml"])
    assert "kb feeds import" in report.failed[0][1]


def test_an_import_goes_around(library: Library) -> None:
    text = (
        "<opml><body><outline text='Science'><outline text='Moss' xmlUrl='http://a.example/moss'/></outline>"
        "<outline text='Fern' xmlUrl='http://a.example/fern'/></body></opml>"
    )
    assert len(library.import_feeds(text).added) == 2
    exported = library.export_feeds()
    assert sorted(library.import_feeds(exported).known) == ["http://a.example/fern", "http://a.example/moss"]
    assert {row.title: row.tags for row in library.feeds()} == {"Moss": ("Science",), "Fern": ()}


def test_what_a_person_took_out_does_not_come_back_with_its_feed(library: Library, site: Site) -> None:
    library.add_feed(serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", summary="Words.", guid="1")))
    library.remove([library.sources()[0].document_id or ""])
    serve(site, "/feed", an_entry("Moss", f"{site.url}/moss", summary="Other words.", guid="1"))
    library.fetch_feeds()
    assert library.sources() == []


def test_a_fetch_that_is_interrupted_before_the_entries_are_kept_reads_them_again(
    library: Library, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.import_feeds(
        f"<opml><body><outline xmlUrl='{serve(site, '/feed', an_entry('Moss', guid='1'), etag='x')}'/></body></opml>"
    )

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("index.storage.feeds.put_entries", stop)
        with pytest.raises(KeyboardInterrupt):
            library.fetch_feeds()
    report = library.fetch_feeds()
    assert (report.not_modified, report.entries) == (0, 1)
    assert len(library.digest(fetch=False).items) == 1


def test_entries_that_share_a_page_are_kept_apart(library: Library, site: Site) -> None:
    def version(n: int) -> str:
        return an_entry(f"Version {n}", f"{site.url}/changelog#v{n}", summary=f"The news of {n}.", guid=f"v{n}")

    library.add_feed(serve(site, "/feed", version(1), version(2)))
    library.mark_links([f"{site.url}/changelog"], Mark(state="read"))
    serve(site, "/feed", version(2), version(3))
    library.fetch_feeds()
    assert {record.title: record.state for record in library.links()} == {
        "Version 1": "read",
        "Version 2": "unread",
        "Version 3": "unread",
    }


def test_an_entry_of_words_alone_is_called_by_how_it_begins(library: Library, site: Site) -> None:
    words = "The bridge near Porto fell last night after a storm of many hours, and nobody was hurt at all there."
    site.pages["/feed"] = Page(a_feed(f"<item><description>{words}</description></item>"), XML)
    assert library.add_feed(f"{site.url}/feed")[1].added == 1
    assert library.links()[0].title == "The bridge near Porto fell last night after a storm of many hours, and nobody …"


def test_a_wall_before_a_page_is_not_its_text(library: Library, site: Site) -> None:
    wall = "<h1>Verify you are human</h1><p>Please enable cookies and complete the challenge below to go on.</p>" * 3
    site.pages["/telescope"] = Page(f"<html><body><article>{wall}</article></body></html>")
    entry = an_entry("New telescope sees first light", f"{site.url}/telescope", summary="It stands in Chile.")
    library.add_feed(serve(site, "/feed", entry))
    library.fetch_feeds(full_text=1)
    (record,) = library.links()
    assert "something stands before it" in record.read_whole
    assert [row.title for row in library.sources()] == ["New telescope sees first light"]
