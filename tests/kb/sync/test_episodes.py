"""Recordings of feeds and at addresses: which are heard, once, and what is read in their stead."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.library import Library
from tests import speech
from tests.recordings import deaf
from tests.site import Page, Site

pytestmark = pytest.mark.usefixtures("hears")
Talk = tuple[Path, list[speech.Spoken]]


def a_feed(site: Site, *episodes: str) -> str:
    items = "".join(
        f"<item><title>{name}</title><link>{site.url}/{name}</link><guid>{name}</guid>"
        f"<pubDate>Mon, 0{n + 1} Jun 2026 08:00:00 GMT</pubDate>{more}"
        f'<enclosure url="{site.url}/{name}.mp3" type="audio/mpeg" length="1"/>'
        f"<description>About {name}.</description></item>"
        for n, (name, more) in enumerate(episode.partition("|")[::2] for episode in episodes)
    )
    text = (
        '<rss version="2.0" xmlns:podcast="https://podcastindex.org/namespace/1.0"><channel><title>A podcast</title>'
        f"<link>{site.url}</link>{items}</channel></rss>"
    )
    site.pages["/feed.xml"] = Page(text, "application/rss+xml")
    return f"{site.url}/feed.xml"


def mp3(tmp_path: Path, *texts: str) -> Page:
    path = speech.encoded(speech.recording(texts)[0], tmp_path / "episode.mp3", "libmp3lame")
    return Page(path.read_bytes(), "audio/mpeg")


def test_the_episodes_of_a_feed_are_heard_and_cited_at_their_second(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:4])
    library.ingest([a_feed(site, "one")], audio=True)
    hit = library.search("quantization four bits").hits[0]
    assert (hit.kind, hit.title, hit.uri) == ("audio", "one", f"{site.url}/one")
    assert hit.link.startswith(f"{site.url}/one.mp3#t=")


def test_an_episode_is_neither_fetched_nor_heard_again(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:4])
    feed = a_feed(site, "one")
    library.ingest([feed], audio=True)
    deaf(library)
    report = library.ingest([feed], audio=True)
    assert (report.unchanged, [path for path, _ in site.requests].count("/one.mp3")) == (1, 1)


def test_a_feed_is_fetched_once_to_hear_its_episodes_and_to_read_them(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one")], audio=True)
    assert sorted(path for path, _ in site.requests) == ["/feed.xml", "/one.mp3"]


def test_only_the_latest_episodes_are_heard(library: Library, site: Site, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one", "two", "three")], audio=True, episodes=2)
    kinds = {row.title: row.kind for row in library.sources()}
    assert kinds == {"one": "link", "two": "audio", "three": "audio"}


def test_a_new_episode_does_not_bring_the_old_ones_with_it(library: Library, site: Site, tmp_path: Path) -> None:
    for name in ("one", "two", "three", "four"):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    library.ingest([a_feed(site, "one", "two", "three")], audio=True, episodes=2)
    library.ingest([a_feed(site, "one", "two", "three", "four")], audio=True, episodes=2)
    assert {row.title: row.kind for row in library.sources()}["one"] == "link"


def test_reading_a_feed_again_by_force_keeps_the_words_of_its_episodes(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    feed = a_feed(site, "one")
    library.ingest([feed], audio=True)
    library.ingest([feed], force=True)
    assert [row.kind for row in library.sources()] == ["audio"]


def test_an_empty_recording_costs_only_its_episode(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:2])
    site.pages["/two.mp3"] = Page(b"", "audio/mpeg")
    report = library.ingest([a_feed(site, "one", "two")], audio=True)
    assert [uri for uri, _ in report.failed] == [f"{site.url}/two"]
    assert {row.title: row.kind for row in library.sources()} == {"one": "audio", "two": "link"}


def test_a_failed_episode_is_still_listed_as_failed(library: Library, site: Site) -> None:
    library.ingest([a_feed(site, "one")], audio=True)
    assert [failure.uri for failure in library.status().failures] == [f"{site.url}/one"]


def test_episodes_that_all_lead_to_the_page_of_the_show_are_heard_each(
    library: Library, site: Site, tmp_path: Path
) -> None:
    for n, name in enumerate(("one", "two")):
        site.pages[f"/{name}.mp3"] = mp3(tmp_path, *speech.SENTENCES[n * 2 : n * 2 + 2])
    feed = a_feed(site, "one", "two")
    page = site.pages["/feed.xml"]
    assert isinstance(page.body, str)
    page.body = page.body.replace(f"<link>{site.url}/one</link>", f"<link>{site.url}</link>")
    page.body = page.body.replace(f"<link>{site.url}/two</link>", f"<link>{site.url}</link>")
    library.ingest([feed], audio=True)
    assert sorted((row.title, row.uri) for row in library.sources()) == [
        ("one", f"{site.url}/one.mp3"),
        ("two", f"{site.url}/two.mp3"),
    ]


def test_a_recording_whose_address_does_not_look_so_is_heard(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/play"] = mp3(tmp_path, *speech.SENTENCES[:3])
    library.ingest([f"{site.url}/play?id=3"])
    assert [row.kind for row in library.sources()] == ["audio"]


def test_a_page_whose_address_looks_like_a_recording_is_read(library: Library, site: Site) -> None:
    words = "This page is about a recording of a speech, and it says much about the owls that are heard in it. " * 5
    site.pages["/wiki/File:Speech.ogg"] = Page(
        f"<html><body><article><h1>Owls</h1><p>{words}</p></article></body></html>"
    )
    library.ingest([f"{site.url}/wiki/File:Speech.ogg"])
    assert [row.kind for row in library.sources()] == ["web"]


def test_a_published_transcript_is_read_instead_of_hearing(library: Library, site: Site) -> None:
    site.pages["/one.vtt"] = Page("WEBVTT\n\n00:01.000 --> 00:04.000\nWe speak of owls tonight.\n", "text/vtt")
    deaf(library)
    more = f'<podcast:transcript url="{site.url}/one.vtt" type="text/vtt"/>'
    library.ingest([a_feed(site, f"one|{more}")], audio=True)
    hit = library.search("owls").hits[0]
    assert (hit.kind, hit.link) == ("transcript", f"{site.url}/one.mp3#t=1,4")


def test_an_episode_whose_recording_is_gone_is_named_and_stays_a_link(library: Library, site: Site) -> None:
    report = library.ingest([a_feed(site, "one")], audio=True)
    assert (report.added, [uri for uri, _ in report.failed]) == (1, [f"{site.url}/one"])


def test_a_recording_at_an_address_is_heard(library: Library, site: Site, tmp_path: Path) -> None:
    site.pages["/talk.mp3"] = mp3(tmp_path, *speech.SENTENCES[:3])
    library.ingest([f"{site.url}/talk.mp3"])
    hit = library.search("forty passages").hits[0]
    assert (hit.kind, hit.title) == ("audio", "talk")
    assert not list((library.home / "recordings").glob("*"))


def test_the_chapters_of_show_notes_say_where_in_an_episode_a_passage_stands(
    library: Library, site: Site, tmp_path: Path
) -> None:
    site.pages["/one.mp3"] = mp3(tmp_path, *speech.SENTENCES[:8])
    feed = a_feed(site, "one")
    notes = "<p>We talk for a while about many things.</p>" * 4
    notes += "<p>00:00 Opening</p><p>00:10 The cache</p><p>00:20 The middle</p><p>Thanks to all.</p><p>See you.</p>"
    page = site.pages["/feed.xml"]
    assert isinstance(page.body, str)
    page.body = page.body.replace("About one.", notes.replace("<", "&lt;").replace(">", "&gt;"))
    library.ingest([feed], audio=True)
    entry, _ = library.source(library.sources()[0].document_id or "")
    assert [chapter["title"] for chapter in entry.metadata["chapters"]] == ["Opening", "The cache", "The middle"]
