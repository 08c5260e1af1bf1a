"""Feeds as people publish them: what is read, what is refused, what is never opened."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.feeds import parser
from ingest.feeds.entries import MOST_ENTRIES, Feed, FeedEntry, NotAFeed
from ingest.feeds.parser import parse

URL = "http://feed.example/feed.xml"


def an_rss(*items: str, channel: str = "", head: str = "") -> bytes:
    body = "".join(f"<item>{item}</item>" for item in items)
    return f'{head}<rss version="2.0"><channel><title>A feed</title>{channel}{body}</channel></rss>'.encode()


def entries(data: bytes) -> tuple[FeedEntry, ...]:
    return parse(data, URL).entries


def refusal(data: bytes) -> str:
    with pytest.raises(NotAFeed) as caught:
        parse(data, URL)
    return str(caught.value)


def as_podcastparser_says(feed: Feed, entry: FeedEntry) -> dict[str, Any]:
    at = int(dt.datetime.fromisoformat(entry.published).timestamp()) if entry.published else 0
    episode = entry.episode
    return {
        "title": entry.title,
        "description": entry.summary,
        "description_html": entry.html,
        "subtitle": entry.subtitle,
        "guid": entry.key,
        "link": entry.url,
        "published": at,
        "total_time": episode.seconds,
        "enclosures": [{"file_size": e.bytes, "url": e.url, "mime_type": e.type} for e in episode.enclosures],
        "number": episode.number,
        "type": episode.type,
        "episode_art_url": entry.image,
        "payment_url": None,  # of no entry of these files; such links are not read
        "persons": [
            {"name": p.name, "role": p.role, "group": p.group, "href": p.href or None, "img": p.image or None}
            for p in episode.people
        ],
    }


def podcastparser_files() -> list[Path]:
    folder = Path(os.environ.get("KB_TEST_DATA", Path(__file__).parents[4] / "shared")) / "data/feeds/podcastparser"
    return sorted(folder.glob("*.rss"))


@pytest.mark.parametrize("file", podcastparser_files() or [None], ids=lambda file: getattr(file, "stem", "absent"))
def test_every_file_of_podcastparser_gives_what_its_json_says(file: Path | None, data: Path) -> None:
    assert file is not None, "the real material has no such files"
    # Its own tests read the files from disk; a feed comes from an address, and its relative links lead there.
    expected = json.loads(
        file.with_suffix(".json").read_text(encoding="utf-8").replace("file://tests/", "http://tests/")
    )
    feed = parse(file.read_bytes(), f"http://tests/data/{file.name}")
    of_feed = {
        "title": feed.title or file.stem,  # which falls back on the file's name
        "description": feed.description,
        "language": feed.language,
        "explicit": feed.explicit,
        "itunes_author": feed.author,
        "cover_url": feed.image,
        "new_url": feed.moved,
    }
    assert {name: of_feed[name] for name in expected if name != "episodes"} == {
        name: value for name, value in expected.items() if name != "episodes"
    }
    found = [as_podcastparser_says(feed, entry) for entry in feed.entries]
    assert [{name: row[name] for name in wanted} for row, wanted in zip(found, expected["episodes"], strict=True)] == (
        expected["episodes"]
    )


def test_a_podcast_keeps_each_of_its_transcripts_the_timed_ones_first() -> None:
    item = (
        "<title>Ep</title><guid>1</guid><enclosure url='http://a.example/1.mp3' type='audio/mpeg'/>"
        "<podcast:transcript url='http://a.example/1.html' type='text/html'/>"
        "<podcast:transcript url='http://a.example/1.srt' type='application/srt'/>"
        "<podcast:transcript url='http://a.example/1.json' type='application/json'/>"
    )
    found = entries(an_rss(item))[0].episode
    assert [link.suffix for link in found.transcripts] == [".json", ".srt", ".html"]
    assert found.media == "http://a.example/1.mp3"


def test_the_podcast_namespaces_own_example_is_read(data: Path) -> None:
    feed = parse((data / "data/feeds/podcast-namespace/example.xml").read_bytes(), URL)
    first = feed.entries[0].episode
    assert first.transcripts
    assert first.chapters.endswith(".json")
    assert first.people


def test_an_atom_feed_is_read() -> None:
    data = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry>
    <id>tag:a,2026:1</id><title type="html">A &amp;lt;b&amp;gt; c</title><link href="/one?utm_source=x"/>
    <updated>2026-05-01T10:00:00+02:00</updated><summary>Words.</summary><category term="llm"/></entry></feed>"""
    only = entries(data)[0]
    assert (only.key, only.url, only.published, only.tags) == (
        "tag:a,2026:1",
        "http://feed.example/one",
        "2026-05-01T08:00:00+00:00",
        ("llm",),
    )


def test_a_json_feed_is_read() -> None:
    row = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "items": [
            {"id": 7, "url": "/seven", "title": "Seven", "content_html": "<p>One.</p><p>Two.</p>", "tags": ["x"],
             "date_published": "2026-05-01T10:00:00Z", "authors": [{"name": "Ann"}]},
            {"id": "8", "url": "https://blog.example/8", "external_url": "https://other.example/x",
             "content_text": "Hm"},
            "no item",
        ],
    }  # fmt: skip
    one, two = entries(json.dumps(row).encode())
    assert (one.key, one.url, one.content, one.authors) == ("7", "http://feed.example/seven", "One.\n\nTwo.", ("Ann",))
    assert (two.url, two.comments, two.title) == ("https://other.example/x", "https://blog.example/8", "Hm")


@pytest.mark.parametrize(
    "odd",
    [
        {"tags": 5, "items": [5, {"id": "1", "title": "One"}]},
        {"authors": 5, "items": [{"id": "1", "title": "One"}]},
        {"items": [{"id": "1", "title": "One", "tags": 5, "authors": 5, "attachments": 5}]},
        {"items": [{"id": "1", "title": "One", "attachments": [{"url": 5, "duration_in_seconds": 10**400}]}]},
    ],
)
def test_a_json_feed_with_the_wrong_things_in_it_gives_what_is_right(odd: dict[str, Any]) -> None:
    row = {"version": "https://jsonfeed.org/version/1.1", "title": "J"} | odd
    assert [entry.title for entry in entries(json.dumps(row).encode())] == ["One"]


def test_a_json_feed_whose_items_are_no_list_has_none() -> None:
    assert entries(b'{"version": "https://jsonfeed.org/version/1.1", "items": 5}') == ()


def test_a_tag_is_no_longer_than_sixty_characters() -> None:
    row = {"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "One", "tags": ["x" * 90]}]}
    assert entries(json.dumps(row).encode())[0].tags == ("x" * 60,)


def test_rdf_of_rss_1_is_read() -> None:
    data = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">
    <channel rdf:about="http://a.example/"><title>R</title></channel>
    <item rdf:about="http://a.example/1"><title>One</title><link>http://a.example/1</link></item></rdf:RDF>"""
    assert [entry.title for entry in entries(data)] == ["One"]


def test_an_entry_without_an_id_is_known_by_its_link_and_one_without_either_by_title_and_date() -> None:
    linked, bare = entries(
        an_rss(
            "<title>A</title><link>http://x.example/a?utm_medium=feed</link>",
            "<title>B</title><pubDate>Fri, 01 May 2026 10:00:00 GMT</pubDate>",
        )
    )
    assert linked.key == "http://x.example/a"
    assert bare.key == entries(an_rss("<title>B</title><pubDate>Fri, 01 May 2026 10:00:00 GMT</pubDate>"))[0].key


def test_an_id_that_a_feed_gives_twice_loses_neither_entry() -> None:
    one = "<guid isPermaLink='false'>same</guid><title>A</title><link>http://x.example/a</link>"
    two = "<guid isPermaLink='false'>same</guid><title>B</title><link>http://x.example/b</link>"
    found = entries(an_rss(one, two, one))
    assert [entry.title for entry in found] == ["A", "B"]
    assert len({entry.key for entry in found}) == 2


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "vbscript:x", "mailto:a@b.c"]
)
def test_a_link_that_is_no_page_is_no_link(href: str) -> None:
    only = entries(an_rss(f"<title>A</title><link>{href}</link><guid isPermaLink='false'>1</guid>"))[0]
    assert only.url == ""


def test_a_password_in_a_link_is_not_kept() -> None:
    only = entries(an_rss("<title>A</title><link>http://me:secret@x.example/a</link>"))[0]
    assert only.url == "http://x.example/a"


def test_html_in_a_feed_becomes_words_and_runs_nowhere() -> None:
    html = "&lt;p&gt;One &lt;b&gt;two&lt;/b&gt;.&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;p&gt;Three&lt;/p&gt;"
    only = entries(an_rss(f"<title>&lt;i&gt;A&lt;/i&gt; &amp;amp; B</title><description>{html}</description>"))[0]
    assert (only.title, only.summary) == ("A & B", "One two.\n\nThree")


def test_a_feed_that_breaks_off_is_read_as_far_as_it_goes_and_told() -> None:
    data = an_rss("<title>A</title><link>http://x.example/a</link>", "<title>B</title><link>http://x.example/b</link>")
    found = parse(data[: data.index(b"http://x.example/b")], URL)
    assert found.entries[0].title == "A"
    assert "not well formed" in found.warnings[0]


def test_an_undeclared_charset_is_found_out_and_a_wrong_one_is_not_believed() -> None:
    data = '<?xml version="1.0" encoding="utf-8"?><rss><channel><item><title>Caf\xe9</title></item></channel></rss>'
    assert entries(data.encode("latin-1"))[0].title == "Café"
    utf16 = data.replace("utf-8", "utf-16").encode("utf-16")
    assert entries(utf16)[0].title == "Café"


def test_a_page_is_no_feed() -> None:
    assert refusal(b"<!doctype html><html><body><p>Not found</p></body></html>") == "it is a page, not a feed"


def test_nothing_and_other_things_are_no_feed() -> None:
    assert refusal(b"") == "it is empty"
    assert refusal(b"just words") == "it is no feed"
    assert refusal(b'{"version": "1"}') == "it is JSON, and no JSON Feed"
    assert "breaks off" in refusal(b'{"version": "https://jsonfeed.org/version/1", "items": [')


def test_entities_that_a_feed_declares_are_not_expanded() -> None:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "lol">{levels}]>'
    found = entries(an_rss("<title>A &l9;</title><link>http://x.example/a</link>", head=bomb))
    assert len(found[0].title) < 100


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden words")
    head = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "{secret.as_uri()}">]>'
    found = entries(an_rss("<title>A &x;</title><description>&x;</description>", head=head))
    assert "hidden" not in found[0].title + found[0].summary


def test_a_feed_of_very_many_entries_is_cut_to_its_newest_and_told() -> None:
    month = "<pubDate>Fri, 01 May 2026 {:02d}:{:02d}:{:02d} GMT</pubDate>"
    items = [f"<title>{n}</title>" + month.format(n // 3600, n // 60 % 60, n % 60) for n in range(12_000)]
    found = parse(an_rss(*items), URL)
    assert len(found.entries) == MOST_ENTRIES
    assert {entry.title for entry in found.entries} == {str(n) for n in range(11_000, 12_000)}
    assert "the newest 1000 are read" in found.warnings[0]


def test_a_page_names_its_feeds() -> None:
    page = b"""<html><head><base href="/blog/"><link rel="alternate" type="application/rss+xml" href="feed.xml">
    <link rel="ALTERNATE" type="application/atom+xml" href="http://x.example/atom"><link rel="stylesheet" href="a.css">
    <link rel="alternate" type="application/rss+xml" href="/comments/feed/"></head></html>"""
    assert parser.discover(page, "http://x.example/a/b") == ["http://x.example/blog/feed.xml", "http://x.example/atom"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_damaged_bytes_never_stop_the_program(noise: bytes, at: int) -> None:
    data = an_rss("<title>A</title><link>http://x.example/a</link><guid>1</guid>")
    damaged = data[:at] + noise + data[at:]
    try:
        found = parse(damaged, URL)
    except NotAFeed:
        return
    assert all(entry.key for entry in found.entries)
