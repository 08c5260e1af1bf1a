"""What could not be read: named in the report, and remembered until it can."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from index.writer import Writer
from ingest.net import urls
from ingest.net.urls import path_of
from ingest.remote import is_remote
from kb.errors import IngestError, KbError, SkippedItem
from kb.sync.report import Report


class Failures:
    """The failures of one run. `before` are the uris that could not be read before it."""

    def __init__(self, writer: Writer | None, report: Report, now: Callable[[], dt.datetime]) -> None:
        self._writer = writer
        self._report = report
        self._now = now
        self._reasons: dict[str, str] = {}
        self.before: frozenset[str] = frozenset()

    def note(self, error: IngestError) -> None:
        """Count a failure or a skipped item; a failure is remembered, so that it can be tried again."""
        if isinstance(error, SkippedItem):
            self._report.skipped.append((error.uri, error.reason))
            return
        self._report.failed.append((error.uri, error.reason))
        self._reasons[error.uri] = error.reason
        path = path_of(error.uri)
        # A name that leads nowhere is reported, not remembered: it is a slip of the keyboard, nothing to try again.
        remembered = path.exists() if path is not None else is_remote(error.uri) and urls.is_sound(error.uri)
        if remembered:
            self._remember(error.uri, error.reason)

    def unforeseen(self, uri: str, error: Exception) -> None:
        """A reader's own fault, on a file nobody thought of: it costs that file and nothing else."""
        said = " ".join(str(error).split())[:160]
        self.note(IngestError(uri, f"it could not be read ({type(error).__name__}: {said})"))

    @contextmanager
    def guard(self, uri: str) -> Iterator[None]:
        """A fault of the code within costs this item only. Errors of ours, SQLite's and of memory are raised."""
        try:
            yield
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            self.unforeseen(uri, error)

    def renew(self, uri: str) -> None:
        """Remember again what failed of a document that was written otherwise: that does not resolve it."""
        if reason := self._reasons.get(uri):
            self._remember(uri, reason)

    def resolve(self, uri: str) -> None:
        """An unchanged file that once could not be read, and now can, has no failure any more."""
        if self._writer is not None and uri in self.before:
            with self._writer.catalog.transaction():
                self._writer.catalog.clear_failure(uri)

    def _remember(self, uri: str, reason: str) -> None:
        if self._writer is not None:
            with self._writer.catalog.transaction():
                self._writer.catalog.put_failure(uri, reason, self._now().isoformat(timespec="seconds"))
