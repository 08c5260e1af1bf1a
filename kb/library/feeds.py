"""What a knowledge base follows: feeds, the links that they bring, and what the person makes of those."""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import IngestError, UsageError
from kb.library.context import Parts

if TYPE_CHECKING:
    from index.storage.catalog import Catalog
    from index.storage.feeds import FeedRow
    from index.storage.links import LinkRecord, Mark
    from ingest.net.robots import Robots
    from kb.digest.fetch import Answer, FetchReport, News
    from kb.digest.files import Told
    from kb.digest.items import Digest
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


class Following(Parts):
    """Feeds and links of one knowledge base."""

    _robots: Robots | None = None

    @contextmanager
    def _ledger(self) -> Iterator[Catalog]:
        """The catalog, open for small changes that concern no index: they need no writer's lock, only SQLite's own."""
        from index.storage.catalog import Catalog
        from index.writer import CATALOG
        from kb.errors import StoreError

        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror
            raise StoreError(f"The home {self.home} cannot be made ({reason}). Name another with --home.") from None
        catalog = Catalog(self.home / CATALOG, write=True)
        try:
            yield catalog
        finally:
            catalog.close()

    def _utc(self) -> str:
        return self._now().astimezone(dt.UTC).isoformat(timespec="seconds")

    def _instant(self) -> str:
        """Now, to the thousandth: what is seen after a digest was begun is of the next one."""
        return self._now().astimezone(dt.UTC).isoformat(timespec="milliseconds")

    # Feeds

    def feeds(self) -> list[FeedRow]:
        """Every feed that is subscribed to, by title."""
        from index.storage import feeds as subscriptions

        catalog = self.retriever().catalog()
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
            address, answer = feeds.find(self.http(), url)
        except (FetchError, NotAFeed) as error:
            raise IngestError(url, str(error)) from None
        assert answer.feed is not None
        with self._ledger() as db, db.transaction():
            fresh = subscriptions.add(db, address, answer.feed.title, tags, weight, self._utc())
            row = subscriptions.find(db, address)
            if fresh and not answer.row.typed:
                # A page named it, on another host: it is never asked for as if the person had.
                subscriptions.update(db, row.id, typed=0)
                row = replace(row, typed=False)
        report = feeds.FetchReport(feeds=1)
        if fresh:
            self._keep([replace(answer, row=row)], report, wait)
        with self._ledger() as db:
            return next(r for r in subscriptions.feeds(db) if r.id == row.id), report

    def remove_feeds(self, names: Sequence[str]) -> list[FeedRow]:
        """Unsubscribe; what was read from the feeds stays. Raises `UnknownId` before any is removed."""
        from index.storage import feeds as subscriptions

        catalog = self.retriever().catalog()
        rows = [subscriptions.find(catalog, name) for name in names]
        with self._ledger() as db, db.transaction():
            for row in rows:
                subscriptions.remove(db, row.id)
        return rows

    def import_feeds(self, text: str) -> Imported:
        """Subscribe to the feeds of an OPML list; none is fetched yet. Raises `UsageError` if it is no such list."""
        from index.storage import feeds as subscriptions
        from ingest.feeds import opml

        try:
            found, refused = opml.read(text)
        except opml.NoList as error:
            raise UsageError(f"It cannot be imported: {error}.") from None
        out = Imported(refused=refused)
        with self._ledger() as db, db.transaction():
            for one in found:
                fresh = subscriptions.add(db, one.url, one.title, one.tags, None, self._utc())
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
        catalog = self.retriever().catalog()
        rows = [subscriptions.find(catalog, name) for name in names] or self.feeds()
        rows = [row for row in rows if row.state != "gone" or names]
        report = feeds.FetchReport(feeds=len(rows))
        say = tell or (lambda _what, _done, _total: None)
        answers = feeds.fetch_all(self.http(), rows, self._now(), lambda done, total: say("feeds", done, total))
        self._keep(answers, report, wait, say)
        self._fetch_transcripts(report, wait, say)
        if full_text:
            with self._ledger() as db:
                latest = [e.url for e in subscriptions.news(db, "", self._instant())]
            self._read_whole(latest, full_text, report, wait)
        return feeds.timed(report, began)

    def _keep(self, answers: Sequence[Answer], report: FetchReport, wait: float, tell: Tell | None = None) -> None:
        """Write what feeds brought: the documents before what was seen, so that a crash repeats and loses nothing."""
        from index.storage import feeds as subscriptions
        from kb.digest import fetch as feeds

        now = self._now()
        with self._ledger() as db:
            changed: list[News] = []
            for answer in answers:
                if answer.feed is not None:
                    changed.append(feeds.news_of(db, answer, now))
                    report.entries += len(answer.feed.entries)
            self._write([document for news in changed for document in news.documents], report, wait, tell)
            with db.transaction():
                at = self._instant()
                for news in changed:
                    subscriptions.put_entries(db, news.entries, at)
                for answer in answers:
                    feeds.note(db, answer, now, report)

    def _write(self, documents: Sequence[Document], report: FetchReport, wait: float, tell: Tell | None = None) -> None:
        """Make documents searchable. Raises `StoreError` if another program writes for longer than `wait` seconds."""
        from index.writer import writing
        from kb.sync.report import Options, Report

        if not documents:
            return
        made = Report()

        def told(progress: object) -> None:
            if tell is not None:
                tell("passages", getattr(progress, "embedded", 0), 0)

        with writing(self.home, self.model, wait) as writer:
            self._ingest(writer, writer.catalog, Options(), made, told).documents(documents)
        report.added += made.added
        report.updated += made.updated
        report.embedded += made.embedded
        report.failed += made.failed

    def _fetch_transcripts(self, report: FetchReport, wait: float, tell: Tell) -> None:
        """Ask for the transcripts that publishers give of new episodes: they are there before any recogniser is."""
        from index.storage import feeds as subscriptions
        from kb.digest import full_text as behind_links

        with self._ledger() as db:
            waiting = subscriptions.pending(db, _MOST_TRANSCRIPTS)
            if not waiting:
                return
            places = {row.id: row.url for row in subscriptions.feeds(db)}
            wanted = [(one, entry, places.get(one.feed_id, "")) for one in waiting if (entry := db.entry_of(one.url))]
            tell("transcripts", 0, len(wanted))
            got = list(behind_links.transcripts(self.http(), wanted, self.config.max_file_mb))
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

    def _read_whole(self, urls: Sequence[str], most: int, report: FetchReport, wait: float) -> None:
        """Read the pages of links whole, the first `most` of which nobody tried yet; what cannot be had is noted."""
        from index.storage import feeds as subscriptions
        from index.storage import links
        from ingest.net.robots import Robots
        from kb.digest import full_text as behind_links

        if self._robots is None:
            self._robots = Robots(self.http())
        with self._ledger() as db:
            records = links.by_url(db, list(dict.fromkeys(urls)))
            untried = [url for url in dict.fromkeys(urls) if url in records and not records[url].read_whole]
            wanted: list[behind_links.Wanted] = []
            for url in untried:
                if len(wanted) >= most:
                    break
                entry = db.entry_of(url)
                if entry is not None and entry.kind == "link" and "url" in entry.metadata:
                    wanted.append(behind_links.Wanted(entry, subscriptions.feed_of(db, url)))
            if not wanted:
                return
            got = behind_links.pages(self._fetching(), self._robots, wanted, self.config.max_file_mb * 5)
            documents = [document for one in got for document in one.documents]
            report.read_whole += len(documents)
            self._write(documents, report, wait)
            with db.transaction():
                for one in got:
                    links.note_reading(db, one.url, "full" if one.documents else one.reason)

    # Links

    def links(
        self,
        everything: bool = False,
        state: str | None = None,
        best: bool | None = None,
        tag: str | None = None,
    ) -> list[LinkRecord]:
        """Links of feeds and digests, the latest first; with `everything` those that stand in notes as well.

        A note's links are nothing new to the person: they are never unread.
        """
        from index.storage import links

        if state not in (None, "read", "unread"):
            raise UsageError(f"A link is read or unread, not {state!r}.")
        catalog = self.retriever().catalog()
        if catalog is None:
            return []
        found = links.listed(catalog)
        if everything:
            found += links.of_notes(catalog, {record.url for record in found})
        wanted = tag.lstrip("#").casefold() if tag else None
        return [
            record
            for record in found
            if (state is None or record.state == state)
            and (best is None or record.best == best)
            and (wanted is None or wanted in (t.casefold() for t in record.tags))
        ]

    def link(self, name: str) -> LinkRecord:
        """The link with an id or an address. Raises `UnknownId`."""
        from index.storage import links
        from ingest.net import urls

        return links.find(self.retriever().catalog(), name, urls.canonical(name))

    def mark_links(self, names: Sequence[str], mark: Mark) -> list[LinkRecord]:
        """Set states of links, by id or address; the same twice is the same as once.

        Raises `UnknownId` before anything is changed.
        """
        from index.storage import links
        from ingest.net import urls

        if self.retriever().catalog() is None:
            links.find(None, names[0] if names else "")
        with self._ledger() as db:
            found = [links.find(db, name, urls.canonical(name)) for name in names]
            with db.transaction():
                for record in found:
                    links.mark(db, record, mark, self._utc())
            return [links.find(db, record.id) for record in found]

    # The daily digest

    def digest(
        self,
        since: str | None = None,
        until: str | None = None,
        fetch: bool = True,
        wait: float = 0.0,
        tell: Tell | None = None,
    ) -> Digest:
        """What is new since the last digest that was written, or of the days that are named; kept in `digests/`.

        With `fetch` the feeds are asked first, and the most promising pages read whole. Raises `UsageError` for a date
        that is none, and `StoreError` if the base cannot be written.
        """
        from index.filters import day
        from index.storage import feeds as subscriptions
        from kb.answer.entailment import judge
        from kb.digest import files
        from kb.digest.build import Editor
        from kb.digest.fetch import FetchReport
        from kb.digest.items import Digest

        today = self._now().date()
        first, last = day(since, today), day(until, today)
        report = self.fetch_feeds(wait=wait, tell=tell) if fetch and self.feeds() else FetchReport()
        say = tell or (lambda _what, _done, _total: None)
        with self._ledger() as db:
            files.take_ticks(db, self.home, self._utc())
            now = self._now()
            window = files.window(db, now, first, last)
            find = subscriptions.news if window.through else subscriptions.dated
            entries = find(db, window.since, window.until)
            llm = self.llm()
            checked = judge(lambda texts: self.embedder().embed(texts), self.reader()) if llm is not None else None
            editor = Editor(db, self.embedder(), self.model, now, llm, checked) if entries else None
            say("stories", 0, len(entries))
            found = editor.ordered(entries) if editor is not None else []
            if fetch and found and editor is not None and self.config.full_text:
                say("pages", 0, min(self.config.full_text, len(found)))
                promising = [story.record.url for story in found[: self.config.full_text]]
                self._read_whole(promising, self.config.full_text, report, wait)
            items = editor.items(found) if editor is not None else ()
            warnings = [*report.warnings, *(editor.warnings if editor is not None else [])]
            aside = files.keep_edits(db, files.path_of(self.home, window.date)) if items else None
            if aside is not None:
                warnings.append((aside.name, "you had written in today's digest; that is kept in this file"))
            made = Digest(window.date, window.since, window.until, items, tuple(report.failed), tuple(warnings))
            if not items:
                return made
            path = files.write(self.home, made)
            with db.transaction():
                if window.through:
                    subscriptions.note_written(db, window)
                files.remember(db, path)
        self._keep_digest(path, wait)
        return made

    def latest_digest(self) -> tuple[str, tuple[Told, ...]]:
        """The date of the latest digest that was written, and its links as they stand now; nothing is written."""
        from kb.digest import files

        catalog = self.retriever().catalog()
        return files.latest(catalog, self.home) if catalog is not None else ("", ())

    def _keep_digest(self, path: Path, wait: float) -> None:
        """Make a digest searchable; what is quoted is what it links to."""
        from index.writer import writing
        from kb.sync.report import Options, Report

        with writing(self.home, self.model, wait) as writer:
            self._ingest(writer, writer.catalog, Options(kind="digest"), Report()).run([path])


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
