"""Ingest: from named places to documents that can be found, document by document.

Unchanged files are recognised by their content and cost a read and a hash. Changed ones are chunked, what is new in
them is embedded, and a group of documents at a time becomes searchable; an interruption loses at most that group.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from index import chunks as chunking
from index.base import Change, Writer
from index.catalog import Catalog, Entry
from index.embed import Embedder
from ingest import files, source
from ingest.source import Item
from kb.documents import Document, Kind
from kb.errors import IngestError, SkippedItem

# A group is written at once: large enough that the indexes' own commits do not count, small enough to lose.
_GROUP_CHUNKS = 512
_GROUP_DOCUMENTS = 100


@dataclass(slots=True)
class Report:
    """What an ingest did: counts of documents, and each item that was skipped or failed, with its reason."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    chunks: int = 0
    embedded: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: items looked at, of how many, and chunks embedded."""

    done: int
    total: int
    embedded: int
    current: str


@dataclass(slots=True)
class Ingest:
    """One run over some places. `report` is true at every moment, also after an interruption."""

    writer: Writer
    embedder: Callable[[], Embedder]
    now: Callable[[], dt.datetime]
    max_file_mb: float
    on_progress: Callable[[Progress], None] = lambda _: None
    report: Report = field(default_factory=Report)
    _group: list[Change] = field(default_factory=list)
    _pending: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _done: int = 0
    _total: int = 0

    def run(self, places: Iterable[str | Path], kind: Kind | None = None) -> Report:
        """Bring the base up to date with the places; items that fail are in the report.

        Raises `StoreError` if the base cannot be written; all that was acknowledged before is kept.
        """
        began = time.perf_counter()
        try:
            found = list(files.find(places, any_suffix=kind is not None))
            self._total = len(found)
            for item in found:
                self._item(item, kind)
                self._done += 1
                self._tell(getattr(item, "uri", ""))
            self._flush()
        finally:
            self.report.seconds = time.perf_counter() - began
        return self.report

    def _tell(self, current: str) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, current))

    @property
    def _catalog(self) -> Catalog:
        return self.writer.catalog

    def _item(self, item: Item | IngestError, kind: Kind | None) -> None:
        if isinstance(item, IngestError):
            self._problem(item)
            return
        try:
            data = item.read(self.max_file_mb)
        except IngestError as error:
            self._problem(error)
            return
        fingerprint = f"{source.fingerprint(data, kind)}:{chunking.VERSION}"
        content = fingerprint.partition(":")[0]
        entry = self._catalog.entry_of(item.uri)
        if entry is None:
            entry = self._moved(item, content)
        if entry is not None and entry.fingerprint == fingerprint:
            self.report.unchanged += 1
            return
        for outcome in source.read(item, data, kind):
            if isinstance(outcome, IngestError):
                self._problem(outcome)
            else:
                self._document(outcome, entry, fingerprint, content)

    def _problem(self, error: IngestError) -> None:
        if isinstance(error, SkippedItem):
            self.report.skipped.append((error.uri, error.reason))
            return
        self.report.failed.append((error.uri, error.reason))
        with self._catalog.transaction():
            self._catalog.put_failure(error.uri, error.reason, self.now().isoformat(timespec="seconds"))

    def _moved(self, item: Item, content: str) -> Entry | None:
        """The document whose file stood elsewhere, is gone from there, and has this very content: it keeps its id."""
        for entry in self._catalog.entries_with(content):
            old = path_of(entry.uri)
            if old is None or old.exists() or entry.id in self._taken:
                continue
            with self._catalog.transaction():
                title = item.path.stem if entry.title == old.stem else entry.title
                self._catalog.move_document(entry.id, item.uri, title)
            return replace(entry, uri=item.uri, title=title)
        return None

    def _document(self, document: Document, entry: Entry | None, fingerprint: str, content: str) -> None:
        document_id = entry.id if entry is not None else self._new_id(document.uri)
        self._taken.add(document_id)
        document = replace(document, id=document_id)
        embedder = self.embedder()
        made = chunking.chunk(document, embedder.count, embedder.window)
        for warning in document.metadata.get("warnings", []):
            self.report.warnings.append((document.uri, warning))
        self._group.append(Change(document, fingerprint, content, made))
        self._pending.append("added" if entry is None else "updated")
        waiting = sum(len(change.chunks) for change in self._group)
        if waiting >= _GROUP_CHUNKS or len(self._group) >= _GROUP_DOCUMENTS:
            self._flush()

    def _new_id(self, uri: str) -> str:
        n = 0
        while True:
            document_id = "d" + hashlib.sha256(f"{uri}\x1f{n}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
            if document_id not in self._taken and not self._catalog.has_document(document_id):
                return document_id
            n += 1

    def _flush(self) -> None:
        if not self._group:
            return

        def embedded(n: int) -> None:
            self.report.embedded += n
            self._tell(self._group[-1].document.uri)

        self.writer.embed(self._group, self.embedder(), embedded)
        self.writer.apply(self._group, self.now().isoformat(timespec="seconds"))
        for change, word in zip(self._group, self._pending, strict=True):
            self.report.chunks += len(change.chunks)
            if word == "added":
                self.report.added += 1
            else:
                self.report.updated += 1
        self._group, self._pending = [], []


def path_of(uri: str) -> Path | None:
    """The file behind a `file://` URI; None for any other."""
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file://") else None
