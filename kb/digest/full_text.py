"""What links lead to: pages read whole, where their sites allow it, and the transcripts that podcasts publish."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from index.search.bm25 import subject_words
from index.storage.feeds import SeenEntry
from index.storage.rows import Entry
from ingest import episodes, registry, remote
from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.net.robots import Robots
from ingest.remote import Fetching
from kb.errors import IngestError
from kb.types.documents import Document, Metadata

_WORKERS = 16
_LEAST_SHARED = 0.3
_TRIES = 3  # of a transcript, on as many days


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A page that is to be read: the entry that told of it, and the site of its feed, which the person chose."""

    entry: Entry
    feed_url: str


@dataclass(frozen=True, slots=True)
class PageResult:
    """What came of it: the documents that were read (the first is the page), or why there is only the headline."""

    url: str
    documents: tuple[Document, ...] = ()
    reason: str = ""


def pages(fetching: Fetching, robots: Robots, wanted: Sequence[PageRequest], max_mb: float) -> list[PageResult]:
    """Read pages, the hosts side by side; a host that cannot be reached is asked once."""
    hosts: dict[str, list[PageRequest]] = {}
    for one in wanted:
        hosts.setdefault(urlsplit(one.entry.uri).hostname or "", []).append(one)

    def host(queue: list[PageRequest]) -> list[PageResult]:
        out: list[PageResult] = []
        dead = ""
        for one in queue:
            if dead:
                out.append(PageResult(one.entry.uri, reason=dead))
                continue
            try:
                out.append(_page(fetching, robots, one, max_mb))
            except FetchError as error:
                dead = str(error) if error.unreachable else ""
                out.append(PageResult(one.entry.uri, reason=str(error)))
        return out

    with ThreadPoolExecutor(max_workers=min(_WORKERS, max(len(hosts), 1))) as pool:
        return [got for some in pool.map(host, list(hosts.values())) for got in some]


def _page(fetching: Fetching, robots: Robots, one: PageRequest, max_mb: float) -> PageResult:
    entry = one.entry
    typed = episodes.near(entry.uri, one.feed_url)
    if refused := robots.refusal(entry.uri, typed):
        return PageResult(entry.uri, reason=refused)
    item = remote.item(entry.uri, fetching, typed)
    if isinstance(item, IngestError):
        return PageResult(entry.uri, reason=item.reason)
    try:
        opened, data = item.load(max_mb)
    except IngestError as error:
        cause = error.__context__
        if isinstance(cause, FetchError):
            raise cause from None
        return PageResult(entry.uri, reason=error.reason)
    if opened.path.suffix in (".xml", ".opml"):
        return PageResult(entry.uri, reason="it is no page")
    made: list[Document] = []
    reason = "no article could be found in it"
    for outcome in registry.read(opened, data):
        if isinstance(outcome, IngestError):
            reason = outcome.reason
        else:
            made.append(outcome)
    if not made:
        return PageResult(entry.uri, reason=reason)
    first = made[0]
    if not _is_about(entry, first.text):
        return PageResult(entry.uri, reason="the page has nothing of what its feed says; something stands before it")
    known: Metadata = {**first.metadata, **episodes.kept(entry.metadata)}
    known.pop("headline_only", None)
    return PageResult(entry.uri, (replace(first, uri=entry.uri, title=entry.title, metadata=known),))


def _is_about(entry: Entry, text: str) -> bool:
    """Whether a page has words of what its feed says of it: a wall that stands before it has none."""
    said = subject_words(f"{entry.title} {entry.metadata.get('summary', '')[:400]}")
    if not said:
        return True
    held = set(subject_words(text[:20_000]))
    return sum(word in held for word in said) >= _LEAST_SHARED * len(said)


@dataclass(frozen=True, slots=True)
class TranscriptResult:
    """What came of an episode's transcript: its document, or why there is none; `pending` is what is left to fetch."""

    entry: SeenEntry
    document: Document | None = None
    reason: str = ""
    pending: str = ""


def transcripts(
    http: Http, wanted: Sequence[tuple[SeenEntry, Entry, str]], max_mb: float
) -> Iterator[TranscriptResult]:
    """The transcripts of episodes: `wanted` are what was seen, its document's entry, the address of its feed."""
    hosts: dict[str, list[tuple[SeenEntry, Entry, str]]] = {}
    for one in wanted:
        first = json.loads(one[0].pending)["transcripts"][0][0]
        hosts.setdefault(urlsplit(first).hostname or "", []).append(one)

    def host(queue: list[tuple[SeenEntry, Entry, str]]) -> list[TranscriptResult]:
        return [_transcript(http, *one, max_mb) for one in queue]

    with ThreadPoolExecutor(max_workers=min(_WORKERS, max(len(hosts), 1))) as pool:
        for some in pool.map(host, list(hosts.values())):
            yield from some


def _transcript(http: Http, seen: SeenEntry, entry: Entry, feed_url: str, max_mb: float) -> TranscriptResult:
    todo = json.loads(seen.pending)
    about = Document(entry.uri, "link", entry.title, "", (), entry.metadata)
    found, reasons = episodes.written(http, todo["transcripts"], about, todo["chapters"], feed_url, max_mb)
    if found is not None:
        return TranscriptResult(seen, found)
    tries = todo["tries"] + 1
    again = json.dumps({**todo, "tries": tries}) if tries < _TRIES else ""
    return TranscriptResult(seen, None, "; ".join(reasons), again)
