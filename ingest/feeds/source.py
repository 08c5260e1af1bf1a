"""Entries of feeds as documents: what an entry says of what it links to, under its address.

Kind link, until its full text is had (then web), or its recording's transcript. The text is the entry's title and its
words; an entry without words is its headline, and supports no more than that.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

from ingest.feeds import parser
from ingest.feeds.entries import FeedEntry, NotAFeed
from ingest.net import urls
from ingest.source import TextFile
from ingest.text.spans import LineTable
from kb.errors import IngestError
from kb.types.documents import Document, Kind, Lines, Metadata, Segment

VERSION = 1
_LONGEST = 60_000  # characters of an entry that carries its whole text


def uri_of(entry: FeedEntry, feed_url: str) -> str:
    """The address that an entry is known by: what it links to, else its recording, else a place in its feed."""
    if entry.url:
        return entry.url
    if entry.episode.media:
        return urls.canonical(entry.episode.media)
    return f"{feed_url}#{hashlib.sha256(entry.key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def apart(entry: FeedEntry, uri: str) -> str:
    """The address of an entry on the page of another entry of its feed: a part of that page, by name or by key."""
    return f"{uri}#{entry.part or hashlib.sha256(entry.key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def document(entry: FeedEntry, feed_title: str, feed_url: str, tags: Sequence[str] = (), uri: str = "") -> Document:
    """The document of an entry; `tags` are the feed's, before the entry's own; `uri` where it is not the usual one."""
    uri = uri or uri_of(entry, feed_url)
    title = entry.title or uri
    words = entry.content if len(entry.content) >= len(entry.summary) else entry.summary
    parts = [title, *(part for part in words[:_LONGEST].split("\n\n") if part.strip() and part.strip() != title)]
    text = "\n\n".join(parts)
    lines = LineTable(text)
    segments = []
    at = 0
    for n, part in enumerate(parts):
        where = Lines(lines.line_of(at), lines.line_of(at + len(part) - 1), (title,))
        segments.append(Segment(at, at + len(part), where, "heading" if n == 0 else "prose"))
        at += len(part) + 2
    metadata: Metadata = {"trust": "published", "rendered": True, "feed": feed_title, "summary": entry.summary}
    if entry.url:
        metadata["url"] = entry.url
    if entry.authors:
        metadata["authors"] = list(entry.authors)
    if entry.published:
        metadata["published"] = entry.published
    if both := list(dict.fromkeys([*tags, *entry.tags])):
        metadata["tags"] = both
    if entry.episode.media:
        metadata["media"] = entry.episode.media
    if entry.episode.transcripts:
        metadata["transcripts"] = [[link.url, link.suffix] for link in entry.episode.transcripts]
    if entry.episode.chapters:
        metadata["chapters_at"] = entry.episode.chapters
    if about := _discussed(entry):
        metadata["discusses"] = about
    if len(parts) == 1:
        metadata["headline_only"] = True
    return Document(uri, "link", title, text, tuple(segments), metadata)


def _discussed(entry: FeedEntry) -> str:
    """What a page of discussion is about: the first link of such an entry that leads elsewhere."""
    if not urls.is_discussion(entry.url):
        return ""
    found = (urls.canonical(url) for _, url in urls.in_text(entry.html or entry.summary))
    return next((url for url in found if not urls.is_discussion(url)), "")


class FeedFiles:
    """Reads feed files and fetched feeds that nobody subscribed to: an entry a document."""

    name = "feeds"
    version = VERSION
    kind: Kind = "link"
    suffixes = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})
    empty = "it is a feed without entries"

    def recognises(self, file: TextFile) -> bool:
        """RSS, RDF, Atom or a JSON Feed, by how it begins."""
        return parser.is_feed(file.text[:8192].encode("utf-8", "replace"))

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """The documents of the entries, in the feed's order."""
        base = file.item.uri
        try:
            feed = parser.parse(file.text.encode("utf-8", "replace"), base, "application/xml; charset=utf-8")
        except NotAFeed as error:
            yield IngestError(base, str(error))
            return
        title = feed.title or file.stem
        taken: dict[str, str] = {}
        # A show whose episodes all lead to its own page has none for each of them.
        pages = Counter(entry.url for entry in feed.entries if entry.episode.media)
        pages[urls.canonical(feed.site) if feed.site else ""] += 1
        for entry in feed.entries:
            media = entry.episode.media
            uri = urls.canonical(media) if media and pages[entry.url] > 1 else uri_of(entry, base)
            if taken.setdefault(uri, entry.title) != entry.title:
                uri = apart(entry, uri)
            yield document(entry, title, base, uri=uri)
