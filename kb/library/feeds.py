"""What a knowledge base follows: feeds, the links that they bring, and what the person makes of those."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import IngestError, UsageError

if TYPE_CHECKING:
    from index.storage.feeds import FeedRow
    from ingest.net.robots import Robots
    from kb.digest.fetch import FeedResponse, FetchReport, News
    from kb.library.context import LibraryContext
    from kb.types.documents import Document

# Episodes whose transcripts one fetch asks for; what is left waits for the next.
_MOST_TRANSCRIPTS = 30
Tell = Callable[[str, int, int], None]


@dataclass(slots=True)
class Imported:
    """What came of a list of subscriptions: feeds that are new, those known before, and what is none, with reasons."""

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


class Feeds:
    """Feeds, links and digests of one knowledge base."""

    def __init__(self, context: LibraryContext) -> None:
        self._context = context
        self._robots: Robots | None = None

    # Feeds

    def feeds(self) -> list[FeedRow]:
        """Every feed that is subscribed to, by title."""
        from index.storage import feeds as subscriptions

        catalog = self._context.catalog()
        return subscriptions.feeds(catalog) if catalog is not None else []

    def add_feed(
        self, url: str, tags: Sequence[str] = (), weight: float | None = None, wait: float = 0.0
    ) -> tuple[FeedRow, FetchReport]:
        """Subscribe to the feed at an address, or to the one that the page there names, and read it once.

        Raises `UsageError` for what is no address and `IngestError` where no feed can be read there.
        """
        from index.storage import feeds as subscriptions
        from ingest.feeds.entries import NotAFeed
        from ingest.net import urls
        from ingest.net.errors import FetchError
        from kb.digest import fetch as feeds

        url = url.strip()
        if not urls.is_url(url) or not urls.is_sound(url):
            raise UsageError(f"{url!r} is no address of a feed; write it as https://example.org/feed.xml.")
        if urls.has_credentials(url):
            raise UsageError("The address holds a name and a password, which kb does not keep. Write it without them.")
        if weight is not None and not 0 < weight <= 10:
            raise UsageError("--weight is more than 0 and at most 10; 1 is usual.")
        try:
            address, answer = feeds.find(self._context.http(), url)
        except (FetchError, NotAFeed) as error:
            raise IngestError(url, str(error)) from None
        assert answer.feed is not None
        with self._context.ledger() as db, db.transaction():
            fresh = subscriptions.add(db, address, answer.feed.title, tags, weight, self._context.utc())
            row = subscriptions.find(db, address)
            if fresh and not answer.row.typed:
                # A page named it, on another host: it is never asked for as if the person had.
                subscriptions.update(db, row.id, typed=0)
                row = replace(row, typed=False)
        report = feeds.FetchReport(feeds=1)
        if fresh:
            self._keep([replace(answer, row=row)], report, wait)
        with self._context.ledger() as db:
            return next(r for r in subscriptions.feeds(db) if r.id == row.id), report

    def remove_feeds(self, names: Sequence[str]) -> list[FeedRow]:
        """Unsubscribe; what was read from the feeds stays. Raises `UnknownId` before any is removed."""
        from index.storage import feeds as subscriptions

        catalog = self._context.catalog()
        rows = [subscriptions.find(catalog, name) for name in names]
        with self._context.ledger() as db, db.transaction():
            for row in rows:
                subscriptions.remove(db, row.id)
        return rows

    def import_feeds(self, text: str) -> Imported:
        """Subscribe to the feeds of an OPML list; none is fetched yet. Raises `UsageError` if it is no such list."""
        from index.storage import feeds as subscriptions
        from ingest.feeds import opml

        try:
            found, refused = opml.read(text)
        except opml.NotOpml as error:
            raise UsageError(f"It cannot be imported: {error}.") from None
        out = Imported(refused=refused)
        with self._context.ledger() as db, db.transaction():
            for one in found:
                fresh = subscriptions.add(db, one.url, one.title, one.tags, None, self._context.utc())
                (out.added if fresh else out.known).append(one.url)
        return out

    def export_feeds(self) -> str:
        """The subscriptions as OPML."""
        from ingest.feeds import opml

        return opml.write(opml.Subscription(row.url, row.title, row.tags) for row in self.feeds())

    def fetch_feeds(
        self, names: Sequence[str] = (), full_text: int = 0, wait: float = 0.0, tell: Tell | None = None
    ) -> FetchReport:
        """Ask all feeds (or those named) for what is new, and read it; `full_text` pages of it are read whole.

        Raises `UnknownId` for a feed that is none, and `StoreError` if the base cannot be written.
        """
        from index.storage import feeds as subscriptions
        from kb.digest import fetch as feeds

        began = time.monotonic()
        catalog = self._context.catalog()
        rows = [subscriptions.find(catalog, name) for name in names] or self.feeds()
        rows = [row for row in rows if row.state != "gone" or names]
        report = feeds.FetchReport(feeds=len(rows))
        say = tell or (lambda _what, _done, _total: None)
        answers = feeds.fetch_all(
            self._context.http(), rows, self._context.now(), lambda done, total: say("feeds", done, total)
        )
        self._keep(answers, report, wait, say)
        self._fetch_transcripts(report, wait, say)
        if full_text:
            with self._context.ledger() as db:
                latest = [e.url for e in subscriptions.news(db, "", self._context.instant())]
            self.read_whole(latest, full_text, report, wait)
        return feeds.timed(report, began)

    def _keep(
        self, answers: Sequence[FeedResponse], report: FetchReport, wait: float, tell: Tell | None = None
    ) -> None:
        """Write what feeds brought: the documents before what was seen, so that a crash repeats and loses nothing."""
        from index.storage import feeds as subscriptions
        from kb.digest import fetch as feeds

        now = self._context.now()
        with self._context.ledger() as db:
            changed: list[News] = []
            for answer in answers:
                if answer.feed is not None:
                    changed.append(feeds.news_of(db, answer, now))
                    report.entries += len(answer.feed.entries)
            self._write([document for news in changed for document in news.documents], report, wait, tell)
            with db.transaction():
                at = self._context.instant()
                for news in changed:
                    subscriptions.put_entries(db, news.entries, at)
                for answer in answers:
                    feeds.note(db, answer, now, report)

    def _write(self, documents: Sequence[Document], report: FetchReport, wait: float, tell: Tell | None = None) -> None:
        """Make documents searchable. Raises `StoreError` if another program writes for longer than `wait` seconds."""
        from index.writer import writing
        from kb.sync.report import IngestOptions, Report

        if not documents:
            return
        made = Report()

        def told(progress: object) -> None:
            if tell is not None:
                tell("passages", getattr(progress, "embedded", 0), 0)

        with writing(self._context.home, self._context.model, wait) as writer:
            self._context.ingest_run(writer, writer.catalog, IngestOptions(), made, told).documents(documents)
        report.added += made.added
        report.updated += made.updated
        report.embedded += made.embedded
        report.failed += made.failed

    def _fetch_transcripts(self, report: FetchReport, wait: float, tell: Tell) -> None:
        """Ask for the transcripts that publishers give of new episodes: they are there before any recogniser is."""
        from index.storage import feeds as subscriptions
        from kb.digest import full_text as behind_links

        with self._context.ledger() as db:
            waiting = subscriptions.pending(db, _MOST_TRANSCRIPTS)
            if not waiting:
                return
            places = {row.id: row.url for row in subscriptions.feeds(db)}
            wanted = [(one, entry, places.get(one.feed_id, "")) for one in waiting if (entry := db.entry_of(one.url))]
            tell("transcripts", 0, len(wanted))
            got = list(behind_links.transcripts(self._context.http(), wanted, self._context.config.max_file_mb))
            self._write([one.document for one in got if one.document is not None], report, wait)
            with db.transaction():
                for one in got:
                    subscriptions.set_pending(db, one.entry, one.pending)
                    if one.document is None:
                        report.warnings.append((one.entry.title, f"its transcript cannot be had: {one.reason}"))
                known = {(one.entry.feed_id, one.entry.key) for one in got}
                for one_seen in waiting:
                    if (one_seen.feed_id, one_seen.key) not in known:
                        subscriptions.set_pending(db, one_seen, "")

    def read_whole(self, urls: Sequence[str], most: int, report: FetchReport, wait: float) -> None:
        """Read the pages of links whole, the first `most` of which nobody tried yet; what cannot be had is noted."""
        from index.storage import feeds as subscriptions
        from index.storage import links
        from ingest.net.robots import Robots
        from kb.digest import full_text as behind_links

        if self._robots is None:
            self._robots = Robots(self._context.http())
        with self._context.ledger() as db:
            records = links.by_url(db, list(dict.fromkeys(urls)))
            untried = [url for url in dict.fromkeys(urls) if url in records and not records[url].read_whole]
            wanted: list[behind_links.PageRequest] = []
            for url in untried:
                if len(wanted) >= most:
                    break
                entry = db.entry_of(url)
                if entry is not None and entry.kind == "link" and "url" in entry.metadata:
                    wanted.append(behind_links.PageRequest(entry, subscriptions.feed_of(db, url)))
            if not wanted:
                return
            got = behind_links.pages(
                self._context.fetching(), self._robots, wanted, self._context.config.max_file_mb * 5
            )
            documents = [document for one in got for document in one.documents]
            report.read_whole += len(documents)
            self._write(documents, report, wait)
            with db.transaction():
                for one in got:
                    links.note_reading(db, one.url, "full" if one.documents else one.reason)


def read_list(path: str) -> str:
    """The text of a list of subscriptions, or of standard input (`-`). Raises `UsageError` if it cannot be read."""
    from ingest.text.decoding import declared_in, decode

    try:
        data = sys.stdin.buffer.read() if path == "-" else Path(path).expanduser().read_bytes()
        return decode(data, declared_in(data)).text
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}).") from None
    except ValueError as error:
        raise UsageError(f"{path} cannot be imported: {error}.") from None
