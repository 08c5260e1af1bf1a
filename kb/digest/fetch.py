"""Fetching feeds: all at once, a host at a time, politely; what is new in them becomes documents and link records.

The network comes first and holds no lock; then what changed is written in one go. A feed's validators are kept only
after its entries are, so that an interruption loses nothing: the next run reads them again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from index.storage import feeds as subscriptions
from index.storage.database import Database
from index.storage.feeds import FeedRow, SeenEntry
from ingest.feeds import parser as feeds
from ingest.feeds import source
from ingest.feeds.entries import Feed, FeedEntry, NotAFeed
from ingest.net import urls
from ingest.net.errors import FetchError
from ingest.net.http import Fetched, Http
from kb.types.documents import Document

_ACCEPTED = "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, */*;q=0.5"
_WORKERS = 128  # nearly all of them wait, each for the second that its host is left alone
_TRIES = 2
# Of what a feed has when it is first fetched, this much is news: its latest, and what is of the last days.
_NEWEST_OF_NEW = 20
_DAYS_OF_NEW = 14
_EARLIEST = "1990"  # a date before the web is a clock that was never set
_GONE = 410
_LONGEST_PAUSE = 7 * 86_400.0  # seconds that a server may ask for


@dataclass(slots=True)
class FetchReport:
    """What a fetch did: counts of feeds and entries, and each feed that failed, with the reason.

    `not_modified` were answered 304; `unchanged` are those and the ones that sent the very bytes of the last time.
    """

    feeds: int = 0
    not_modified: int = 0
    unchanged: int = 0
    entries: int = 0
    added: int = 0
    updated: int = 0
    embedded: int = 0
    read_whole: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FeedResponse:
    """What came of asking for a feed: an unchanged one has neither `feed` nor `error`.

    `moved` is the address to ask from now on, where its server or the feed says so and a feed is there.
    """

    row: FeedRow
    fetched: Fetched | None = None
    feed: Feed | None = None
    hash: str = ""
    moved: str = ""
    error: str = ""
    status: int = 0
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class News:
    """What of a feed is new or was edited: its documents, and the entries to be kept once those are."""

    documents: tuple[Document, ...]
    entries: tuple[SeenEntry, ...]


def fetch_all(
    http: Http, rows: Sequence[FeedRow], now: dt.datetime, on_done: Callable[[int, int], None] = lambda _d, _t: None
) -> list[FeedResponse]:
    """Ask for every feed, the hosts side by side and each host's feeds one after the other."""
    hosts: dict[str, list[FeedRow]] = {}
    for row in rows:
        hosts.setdefault(urlsplit(row.url).hostname or "", []).append(row)
    done = 0
    answers: list[FeedResponse] = []
    with ThreadPoolExecutor(max_workers=min(_WORKERS, max(len(hosts), 1))) as pool:
        # The longest queues first: a host's pause between requests is what the whole waits for.
        queues = sorted(hosts.values(), key=len, reverse=True)
        for some in pool.map(lambda queue: list(_host(http, queue, now)), queues):
            answers += some
            done += len(some)
            on_done(done, len(rows))
    return answers


def _host(http: Http, rows: Sequence[FeedRow], now: dt.datetime) -> Iterator[FeedResponse]:
    unreachable = ""
    for row in rows:
        if row.not_before and row.not_before > _utc(now):
            asked = f"its server asked to be left alone until {row.not_before[:16].replace('T', ' ')} (UTC)"
            yield FeedResponse(row, error=asked)
        elif unreachable:
            yield FeedResponse(row, error=unreachable)
        else:
            try:
                yield followed(http, ask(http, row))
            except FetchError as error:
                unreachable = str(error) if error.unreachable else ""
                yield FeedResponse(row, error=str(error), status=error.status, retry_after=error.retry_after)


def followed(http: Http, answer: FeedResponse) -> FeedResponse:
    """The answer from where a feed says that it moved to, if a feed is there; else the one that says so."""
    moved = answer.feed.moved if answer.feed is not None else ""
    row = answer.row
    if not urls.is_url(moved) or not urls.is_sound(moved) or moved == row.url or urls.has_credentials(moved):
        return answer
    try:
        typed = row.typed and urlsplit(moved)[:2] == urlsplit(row.url)[:2]
        there = ask(http, replace(row, url=moved, etag="", modified="", hash="", typed=typed))
    except FetchError:
        return answer
    return replace(there, row=row, moved=there.moved or moved) if there.feed is not None else answer


def ask(http: Http, row: FeedRow) -> FeedResponse:
    """Ask for one feed, as little as its server allows. Raises `FetchError`."""
    headers = {"Accept": _ACCEPTED}
    if row.etag:
        headers["If-None-Match"] = row.etag
    if row.modified:
        headers["If-Modified-Since"] = row.modified
    fetched = http.get(row.url, headers, named=row.typed, tries=_TRIES)
    if fetched.status == 304:
        return FeedResponse(row, fetched, moved=fetched.moved)
    digest = hashlib.sha256(fetched.content).hexdigest()
    if digest == row.hash:
        return FeedResponse(row, fetched, hash=digest, moved=fetched.moved)
    try:
        feed = feeds.parse(fetched.content, fetched.url, _content_type(fetched))
        return FeedResponse(row, fetched, feed, digest, fetched.moved)
    except NotAFeed as error:
        return FeedResponse(row, fetched, error=str(error))


def _content_type(fetched: Fetched) -> str:
    """The server's media type, only where it names an encoding: everything else of it is better seen in the bytes."""
    return f"application/xml; charset={fetched.charset}" if fetched.charset else ""


def find(http: Http, url: str) -> tuple[str, FeedResponse]:
    """The feed at an address, or the first that the page there names. Raises `FetchError` or `NotAFeed`."""
    row = FeedRow("", url, "", "", (), 1.0, "", "", "", "new", "", "", 0, "", True, "", "")
    answer = ask(http, row)
    if answer.feed is not None:
        return url, answer
    assert answer.fetched is not None
    named = feeds.discover(answer.fetched.content, answer.fetched.url)
    for address in named[:3]:
        same = urlsplit(address)[:2] == urlsplit(answer.fetched.url)[:2]
        try:
            other = ask(http, replace(row, url=address, typed=same))
        except FetchError:
            continue
        if other.feed is not None:
            return address, other
    raise NotAFeed(answer.error if not named else f"{answer.error}, and the feed that it names cannot be read")


def news_of(db: Database, answer: FeedResponse, now: dt.datetime) -> News:
    """What of a feed was not seen before, or was edited since; the same entry as last time costs nothing."""
    assert answer.feed is not None
    row, feed = answer.row, answer.feed
    known = subscriptions.seen(db, row.id)
    title = row.title or feed.title or row.url
    fresh = _fresh(feed.entries, now) if row.state == "new" else set()
    documents: list[Document] = []
    entries: list[SeenEntry] = []
    owners = {seen.url: (key, seen.title) for key, seen in known.items()}
    for entry in feed.entries:
        uri = _address(entry, row.url, known, owners)
        made = source.document(entry, title, row.url, row.tags, uri)
        key, before = _before(known, entry, made.uri)
        if before is not None and before.hash == entry.digest:
            continue
        date = before.date if before is not None else date_of(entry.published, now)
        if not entry.published or entry.published[:10] != date[:10]:
            made = replace(made, metadata={**made.metadata, "published": date})
        documents.append(made)
        seen = before.seen if before is not None else ""  # when it is kept, so that no digest in between misses it
        is_news = before.news if before is not None else row.state != "new" or entry.key in fresh
        pending = _pending(entry) if before is None and is_news else before.pending if before is not None else ""
        entries.append(SeenEntry(row.id, key, made.uri, made.title, entry.digest, seen, date, is_news, pending))
    return News(tuple(documents), tuple(entries))


def _address(entry: FeedEntry, feed_url: str, known: dict[str, SeenEntry], owners: dict[str, tuple[str, str]]) -> str:
    """Where an entry is kept: at its page, unless another entry of its feed, of another title, is kept there."""
    uri = source.uri_of(entry, feed_url)
    before = known.get(entry.key)
    if before is not None and before.url.partition("#")[0] == uri.partition("#")[0]:
        return before.url
    key, title = owners.setdefault(uri, (entry.key, entry.title))
    if key != entry.key and title != entry.title:
        uri = source.apart(entry, uri)
        owners.setdefault(uri, (entry.key, entry.title))
    return uri


def _before(known: dict[str, SeenEntry], entry: FeedEntry, uri: str) -> tuple[str, SeenEntry | None]:
    """An entry as it was seen last; an id that now means another page of another title is another entry."""
    before = known.get(entry.key)
    if before is not None and before.url != uri and before.title != (entry.title or uri):
        key = f"{entry.key} {uri}"
        return key, known.get(key)
    return entry.key, before


def _fresh(entries: Iterable[FeedEntry], now: dt.datetime) -> set[str]:
    """The keys of what is news in a feed that is fetched for the first time."""
    since = _utc(now - dt.timedelta(days=_DAYS_OF_NEW))
    latest = sorted(entries, key=lambda entry: date_of(entry.published, now), reverse=True)
    return {e.key for n, e in enumerate(latest) if n < _NEWEST_OF_NEW or date_of(e.published, now) >= since}


def date_of(published: str, now: dt.datetime) -> str:
    """The date of an entry that is first seen now: its own, where that can be; never one that is still to come."""
    return published if _EARLIEST <= published <= _utc(now) else _utc(now)


def _utc(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="seconds")


def _pending(entry: FeedEntry) -> str:
    """What is still to be fetched of an entry: the transcripts of its recording, in the order to try, its chapters."""
    if not entry.episode.transcripts:
        return ""
    links = [[link.url, link.suffix] for link in entry.episode.transcripts]
    return json.dumps({"transcripts": links, "chapters": entry.episode.chapters, "tries": 0})


def note(db: Database, answer: FeedResponse, now: dt.datetime, report: FetchReport) -> None:
    """Keep what a feed's server said. The caller holds a transaction, and has kept the feed's entries."""
    row, at = answer.row, _utc(now)
    if answer.error:
        report.failed.append((row.title or row.url, answer.error))
        wait = (
            ""
            if answer.retry_after is None
            else _utc(now + dt.timedelta(seconds=min(answer.retry_after, _LONGEST_PAUSE)))
        )
        state = "gone" if answer.status == _GONE else "failed" if row.state != "new" else "new"
        values = {"state": state, "error": answer.error, "failures": row.failures + 1}
        subscriptions.update(db, row.id, **values, not_before=wait or row.not_before)
        return
    fetched = answer.fetched
    assert fetched is not None
    report.unchanged += answer.feed is None
    report.not_modified += fetched.status == 304
    values = {"state": "ok", "error": "", "failures": 0, "not_before": "", "fetched": at}
    if fetched.status != 304:
        values |= {"etag": fetched.headers.get("etag", ""), "modified": fetched.headers.get("last-modified", "")}
        values["hash"] = answer.hash
    if answer.feed is not None:
        warning = "; ".join(answer.feed.warnings)
        values |= {"title": row.title or answer.feed.title, "site": answer.feed.site, "warning": warning}
        if warning:
            report.warnings.append((row.title or answer.feed.title or row.url, warning))
    subscriptions.update(db, row.id, **values)
    _move(db, row, answer.moved)


def _move(db: Database, row: FeedRow, moved: str) -> None:
    """A feed that moved for good is asked for at its new address, unless that is subscribed to already."""
    if not moved or moved == row.url:
        return
    if db.rows("SELECT 1 FROM feeds WHERE url = ?", (moved,)):
        return
    same = urlsplit(moved)[:2] == urlsplit(row.url)[:2]
    subscriptions.update(db, row.id, url=moved, typed=int(row.typed and same))


def timed(report: FetchReport, began: float) -> FetchReport:
    """The report with the seconds since `began`, by the monotonic clock."""
    report.seconds = round(time.monotonic() - began, 3)
    return report
