"""Episodes of feeds as talk: the transcript that the publisher gives, else the recording itself, heard.

An episode stays one document, known by its page, whatever its words come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from ingest import registry
from ingest.audio.source import AudioIngest, RecordingItem, show_notes
from ingest.feeds import podcasts
from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.source import Item
from kb.errors import IngestError
from kb.types.documents import Chapter, Document, Metadata


def kept(metadata: Metadata) -> Metadata:
    """What the feed said of an entry, and still holds when its text is another."""
    names = ("feed", "summary", "published", "tags", "media", "discusses")
    return {name: metadata[name] for name in names if name in metadata}  # type: ignore[literal-required, return-value]


def near(url: str, other: str) -> bool:
    """Whether two addresses are of one site, so that who named one may mean the other."""
    return urlsplit(url)[:2] == urlsplit(other)[:2]


def written(
    http: Http, links: Sequence[Sequence[str]], about: Document, chapters: str, feed_url: str, max_mb: float
) -> tuple[Document | None, list[str]]:
    """The first transcript (address, suffix) that can be had, as the document of an episode; or why there is none."""
    reasons: list[str] = []
    for url, suffix in links:
        try:
            content = http.get(url, named=near(url, feed_url), tries=2).content
        except FetchError as error:
            reasons.append(f"{url}: {error}")
            continue
        if len(content) > max_mb * 1_000_000:
            reasons.append(f"{url}: it is larger than {max_mb:g} MB")
            continue
        item = Item(about.uri, Path(f"transcript{suffix}"), about.title, True)
        for outcome in registry.read(item, content, "transcript"):
            if isinstance(outcome, Document):
                metadata: Metadata = {**outcome.metadata, **kept(about.metadata), "rendered": True}
                if about.metadata.get("url"):
                    metadata["url"] = about.metadata["url"]
                if found := _chapters(http, chapters, feed_url):
                    metadata["chapters"] = found
                return replace(outcome, title=about.title, metadata=metadata), []
            reasons.append(f"{url}: {outcome.reason}")
    return None, reasons


def heard(
    http: Http, listening: AudioIngest, about: Document, feed_url: str, max_mb: float
) -> Iterator[Document | IngestError]:
    """The words of an episode that a feed's entry is about: its published transcript, else its recording by Whisper."""
    links = about.metadata.get("transcripts", [])
    chapters = about.metadata.get("chapters_at", "")
    found, reasons = written(http, links, about, chapters, feed_url, max_mb)
    if found is not None:
        yield found
        return
    media = about.metadata.get("media", "")
    if not media:
        yield IngestError(about.uri, f"its transcript: {'; '.join(reasons)}")
        return
    known: Metadata = {**kept(about.metadata), "media": media}
    if about.metadata.get("url"):
        known["url"] = about.metadata["url"]
    if listed := _chapters(http, chapters, feed_url):
        known["chapters"] = listed
    try:
        path, digest = listening.fetched(http, media, near(media, feed_url))
    except FetchError as error:
        yield IngestError(about.uri, f"its recording {media}: {error}")
        return
    opened = RecordingItem(about.uri, path, about.title, True, title=about.title, metadata=known, listening=listening)
    for outcome in registry.read(opened, digest):
        yield show_notes(outcome, about.text) if isinstance(outcome, Document) else outcome


def _chapters(http: Http, url: str, feed_url: str) -> list[Chapter]:
    """An episode's chapters; a list that cannot be had is no loss that stops its words."""
    if not url:
        return []
    try:
        return podcasts.chapters_of(http.get(url, named=near(url, feed_url)).content)
    except (FetchError, ValueError):
        return []
