"""The daily digest of one knowledge base: built, stored, shown again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.digest.files import DigestLink
    from kb.digest.items import Digest
    from kb.library.context import LibraryContext
    from kb.library.feeds import Feeds, Tell


class Digests:
    """The digests of one knowledge base."""

    def __init__(self, context: LibraryContext, feeds: Feeds) -> None:
        self._context = context
        self._feeds = feeds

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
        from kb.digest.build import DigestBuilder
        from kb.digest.fetch import FetchReport
        from kb.digest.items import Digest

        today = self._context.now().date()
        first, last = day(since, today), day(until, today)
        report = self._feeds.fetch_feeds(wait=wait, tell=tell) if fetch and self._feeds.feeds() else FetchReport()
        say = tell or (lambda _what, _done, _total: None)
        with self._context.ledger() as db:
            files.take_ticks(db, self._context.home, self._context.utc())
            now = self._context.now()
            window = files.window(db, now, first, last)
            find = subscriptions.news if window.through else subscriptions.dated
            entries = find(db, window.since, window.until)
            llm = self._context.llm()
            checked = (
                judge(lambda texts: self._context.embedder().embed(texts), self._context.reader())
                if llm is not None
                else None
            )
            editor = (
                DigestBuilder(db, self._context.embedder(), self._context.model, now, llm, checked) if entries else None
            )
            say("stories", 0, len(entries))
            found = editor.ordered(entries) if editor is not None else []
            if fetch and found and editor is not None and self._context.config.full_text:
                say("pages", 0, min(self._context.config.full_text, len(found)))
                promising = [story.record.url for story in found[: self._context.config.full_text]]
                self._feeds.read_whole(promising, self._context.config.full_text, report, wait)
            items = editor.items(found) if editor is not None else ()
            warnings = [*report.warnings, *(editor.warnings if editor is not None else [])]
            aside = files.keep_edits(db, files.path_of(self._context.home, window.date)) if items else None
            if aside is not None:
                warnings.append((aside.name, "you had written in today's digest; that is kept in this file"))
            made = Digest(window.date, window.since, window.until, items, tuple(report.failed), tuple(warnings))
            if not items:
                return made
            path = files.write(self._context.home, made)
            with db.transaction():
                if window.through:
                    subscriptions.note_written(db, window)
                files.remember(db, path)
        self._keep_digest(path, wait)
        return made

    def latest_digest(self) -> tuple[str, tuple[DigestLink, ...]]:
        """The date of the latest digest that was written, and its links as they stand now; nothing is written."""
        from kb.digest import files

        catalog = self._context.catalog()
        return files.latest(catalog, self._context.home) if catalog is not None else ("", ())

    def _keep_digest(self, path: Path, wait: float) -> None:
        """Make a digest searchable; what is quoted is what it links to."""
        from index.writer import writing
        from kb.sync.report import IngestOptions, Report

        with writing(self._context.home, self._context.model, wait) as writer:
            self._context.ingest_run(writer, writer.catalog, IngestOptions(kind="digest"), Report()).run([path])
