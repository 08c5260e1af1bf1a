"""Ingest: from named places to documents that can be found, document by document.

Unchanged files are recognised by their content and cost a read and a hash. Changed ones are chunked, what is new in
them is embedded, and a group of documents at a time becomes searchable; an interruption loses at most that group.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

from index import chunks as chunking
from index.base import Change, Writer
from index.catalog import Catalog
from index.derived import Derive, passages
from index.embed import Embedder
from index.rows import Entry
from ingest import files, siblings, source
from ingest.remote import Fetching, is_remote
from ingest.source import Item
from kb.documents import Document, Kind, Metadata
from kb.errors import IngestError, KbError, MassRemoval, SkippedItem

# A group is written at once: large enough that the indexes' own commits do not count, small enough to lose.
_GROUP_CHUNKS = 512
_GROUP_DOCUMENTS = 100
# More than this share of a folder's sources gone at once is rather a disk that is not mounted.
_MOST_PRUNED = 0.2
_BINARY_TIMES = 5


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


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asks of an ingest beside its places.

    `kind` instead of a look inside; `dry_run` only counts; `prune` removes sources under the named folders whose files
    are gone; `force` reads everything again, also what was taken out; `retry_failed` adds what failed before;
    `full_text` fetches the PDFs of arXiv's papers, not only what it says of them;
    `board` is the imageboard that saved threads are of.
    """

    kind: Kind | None = None
    dry_run: bool = False
    prune: bool = False
    allow_mass_removal: bool = False
    force: bool = False
    retry_failed: bool = False
    full_text: bool = False
    board: str = ""


@dataclass(slots=True)
class Ingest:
    """One run over some places. `report` is true at every moment, also after an interruption.

    A dry run has no `writer`, and no `catalog` where nothing was ever ingested.
    """

    writer: Writer | None
    catalog: Catalog | None
    embedder: Callable[[], Embedder]
    now: Callable[[], dt.datetime]
    max_file_mb: float
    fetching: Fetching
    options: Options = field(default_factory=Options)
    on_progress: Callable[[Progress], None] = lambda _: None
    derive: Derive = passages
    report: Report = field(default_factory=Report)
    _group: list[Change] = field(default_factory=list)
    _pending: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _fingerprint: str = ""  # of the item that is read
    _failing: frozenset[str] = frozenset()  # what could not be read before this run
    _done: int = 0
    _total: int = 0

    def run(self, places: Iterable[str | Path]) -> Report:
        """Bring the base up to date with the places; items that fail are in the report.

        Raises `StoreError` if the base cannot be written, `MassRemoval` if pruning would remove too much; all that was
        acknowledged before is kept.
        """
        began = time.perf_counter()
        named = list(places)
        if self.catalog is not None:
            self._failing = frozenset(failure.uri for failure in self.catalog.failures())
        if self.options.retry_failed and self.catalog is not None:
            named += self._failed_before(self.catalog)
        try:
            found = list(files.find(named, self.options.kind is not None, self.fetching))
            if self.options.kind is None:
                found = siblings.join(found, self._known, self.max_file_mb)
            if self.options.board:
                found = [replace(i, board=self.options.board) if isinstance(i, Item) else i for i in found]
            self._total = len(found)
            waiting = self._queue(found)
            for item in found:
                self._item(item)
                self._done += 1
                self._tell(getattr(item, "uri", ""))
            self._flush()
            if waiting and self.writer is not None:
                with self.writer.catalog.transaction():
                    self.writer.catalog.unqueue(waiting)
            self._retire(found)
            if self.options.prune:
                self._prune(named)
        finally:
            self.report.seconds = time.perf_counter() - began
        return self.report

    def _failed_before(self, catalog: Catalog) -> list[str | Path]:
        """What failed and is still there, and what an interrupted run did not come to; what is gone is forgotten."""
        there: list[str | Path] = []
        for uri in [*catalog.queued(), *(failure.uri for failure in catalog.failures())]:
            path = path_of(uri)
            if path is None or path.exists():
                there.append(path or uri)
            elif self.writer is not None:
                with catalog.transaction():
                    catalog.clear_failure(uri)
        return there

    def _queue(self, found: list[Item | IngestError]) -> list[str]:
        """Note what is new before it is read, so that `kb sources list` tells what an interruption left."""
        if self.writer is None:
            return []
        known = self.writer.catalog.uris()
        waiting = [item.uri for item in found if isinstance(item, Item) and item.uri not in known]
        if waiting:
            with self.writer.catalog.transaction():
                self.writer.catalog.queue(waiting)
        return waiting

    def _retire(self, found: list[Item | IngestError]) -> None:
        """A file that now goes under another's document keeps none of its own: what it says is found there."""
        also = [uri for item in found if isinstance(item, Item) for uri in item.also]
        entries = [entry for uri in also if self.catalog is not None and (entry := self.catalog.entry_of(uri))]
        if entries and self.writer is not None:
            self.writer.remove([entry.id for entry in entries])
        self.report.removed += len(entries)

    def _known(self, uri: str) -> bool:
        return self.catalog is not None and self.catalog.entry_of(uri) is not None

    def _tell(self, current: str) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, current))

    def _item(self, item: Item | IngestError) -> None:
        if isinstance(item, IngestError):
            self._problem(item)
            return
        try:
            # Pictures make a PDF large, not its words.
            more = _BINARY_TIMES if source.is_binary(item) else 1
            item, data = item.load(self.max_file_mb * more)
        except IngestError as error:
            self._problem(error)
            return
        kind = self.options.kind
        fingerprint = ":".join([source.fingerprint(item, data, kind), str(chunking.VERSION), *item.also])
        content = fingerprint.partition(":")[0]
        self._fingerprint = fingerprint
        if self.catalog is not None and self.catalog.buried(item.uri) and not self.options.force:
            self.report.skipped.append((item.uri, "you took it out; --force brings it back"))
            return
        entry = self.catalog.entry_of(item.uri) if self.catalog is not None else None
        if entry is None:
            entry = self._moved(item, content)
        if entry is not None and entry.fingerprint == fingerprint and not self.options.force:
            self.report.unchanged += 1
            self._mended(item.uri)
            return
        try:
            for outcome in source.read(item, data, kind):
                if isinstance(outcome, IngestError):
                    self._problem(self._emptied(outcome, entry))
                else:
                    self._document(outcome, entry, fingerprint, content, item.also)
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            # A reader's own fault, on a file nobody thought of: it costs that file and nothing else.
            self._problem(IngestError(item.uri, f"it could not be read ({type(error).__name__}: {error})"))

    def _emptied(self, error: IngestError, entry: Entry | None) -> IngestError:
        """A file that was read once and holds nothing now is a failure: what it held is still found and cited."""
        if entry is None or not isinstance(error, SkippedItem):
            return error
        return IngestError(error.uri, f"{error.reason}; what was read from it before is kept")

    def _problem(self, error: IngestError) -> None:
        if isinstance(error, SkippedItem):
            self.report.skipped.append((error.uri, error.reason))
            return
        self.report.failed.append((error.uri, error.reason))
        path = path_of(error.uri)
        # A name that leads nowhere is told, not kept: it is a slip of the keyboard, and nothing to try again.
        if self.writer is not None and (path.exists() if path is not None else is_remote(error.uri)):
            with self.writer.catalog.transaction():
                now = self.now().isoformat(timespec="seconds")
                self.writer.catalog.put_failure(error.uri, error.reason, now)

    def _mended(self, uri: str) -> None:
        """An unchanged file that once could not be read, and now can, has no failure any more."""
        if self.writer is not None and uri in self._failing:
            with self.writer.catalog.transaction():
                self.writer.catalog.clear_failure(uri)

    def _moved(self, item: Item, content: str) -> Entry | None:
        """The document whose file stood elsewhere, is gone from there, and has this very content: it keeps its id."""
        if self.catalog is None:
            return None
        for entry in self.catalog.entries_with(content):
            old = path_of(entry.uri)
            if old is None or old.exists() or entry.id in self._taken:
                continue
            title = item.path.stem if entry.title == old.stem else entry.title
            self._taken.add(entry.id)
            if self.writer is not None:
                metadata = _moved_media(entry.metadata, item.path)
                with self.writer.catalog.transaction():
                    self.writer.catalog.move_document(entry.id, item.uri, title, metadata)
            return replace(entry, uri=item.uri, title=title)
        return None

    def _document(
        self, document: Document, entry: Entry | None, fingerprint: str, content: str, also: tuple[str, ...]
    ) -> None:
        document_id = entry.id if entry is not None else self._new_id(document.uri)
        self._taken.add(document_id)
        if entry is not None and path_of(document.uri) is None and self._says_the_same(document, entry):
            self.report.unchanged += 1
            return
        if self.writer is None:
            self._count("added" if entry is None else "updated")
            return
        metadata: Metadata = {**document.metadata, "also": list(also)} if also else document.metadata
        document = replace(document, id=document_id, metadata=metadata)
        embedder = self.embedder()
        made = chunking.chunk(document, embedder.count, embedder.window)
        made += self.derive(document, made, embedder.count, embedder.window)
        for warning in document.metadata.get("warnings", []):
            self.report.warnings.append((document.uri, warning))
        self._group.append(Change(document, fingerprint, content, made))
        self._pending.append("added" if entry is None else "updated")
        waiting = sum(len(change.chunks) for change in self._group)
        if waiting >= _GROUP_CHUNKS or len(self._group) >= _GROUP_DOCUMENTS:
            self._flush()

    def _says_the_same(self, document: Document, entry: Entry) -> bool:
        """Pages carry counters and tokens that differ with every visit; what matters is what they say."""
        assert self.catalog is not None
        same_reader = entry.fingerprint.split(":")[1:] == self._fingerprint.split(":")[1:]
        return same_reader and not self.options.force and self.catalog.text_of(entry.id) == document.text

    def _new_id(self, uri: str) -> str:
        n = 0
        while True:
            document_id = "d" + hashlib.sha256(f"{uri}\x1f{n}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
            taken = self.catalog is not None and self.catalog.has_document(document_id)
            if document_id not in self._taken and not taken:
                return document_id
            n += 1

    def _flush(self) -> None:
        if not self._group or self.writer is None:
            return

        def embedded(n: int) -> None:
            self.report.embedded += n
            self._tell(self._group[-1].document.uri)

        self.writer.embed(self._group, self.embedder(), embedded)
        self.writer.apply(self._group, self.now().isoformat(timespec="seconds"))
        for change, word in zip(self._group, self._pending, strict=True):
            self.report.chunks += len(change.chunks)
            self._count(word)
        self._group, self._pending = [], []

    def _count(self, word: str) -> None:
        if word == "added":
            self.report.added += 1
        else:
            self.report.updated += 1

    def _prune(self, named: list[str | Path]) -> None:
        """Remove sources under the named folders whose files are gone; a folder that is itself gone removes nothing."""
        if self.catalog is None:
            return
        roots = [files.file_uri(path) + "/" for path in map(files.expanded, named) if path.is_dir()]
        under = [entry for entry in self.catalog.entries() if entry.uri.startswith(tuple(roots))] if roots else []
        gone = [
            entry
            for entry in under
            if entry.id not in self._taken and (path := path_of(entry.uri)) is not None and not path.exists()
        ]
        if len(gone) > _MOST_PRUNED * len(under) and not self.options.allow_mass_removal:
            raise MassRemoval(len(gone), len(under))
        if gone and self.writer is not None:
            self.writer.remove([entry.id for entry in gone])
        self.report.removed += len(gone)


def _moved_media(metadata: Metadata, path: Path) -> Metadata:
    """What is known of a moved document, its recording looked for beside its new place."""
    if "media" not in metadata:
        return metadata
    old = path_of(metadata["media"])
    beside = path.with_suffix(old.suffix) if old is not None else path
    moved: Metadata = {**metadata}
    if beside.is_file():
        moved["media"] = beside.absolute().as_uri()
    elif old is None or not old.is_file():
        del moved["media"]
    return moved


def path_of(uri: str) -> Path | None:
    """The file behind a `file://` URI; None for any other."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path))) if uri.startswith("file://") else None
