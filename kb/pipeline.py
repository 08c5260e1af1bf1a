"""Ingest: from named places to documents that can be found, document by document.

Unchanged files are recognised by their content and cost a read and a hash. Changed ones are chunked, what is new in
them is embedded, and a group of documents at a time becomes searchable; an interruption loses at most that group.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from index import chunks as chunking
from index.base import Change, Writer
from index.catalog import Catalog
from index.derived import Derive, passages
from index.embed import Embedder
from index.rows import Entry
from ingest import files, siblings, source, urls
from ingest.remote import Fetching, is_remote
from ingest.source import Item
from kb import upkeep
from kb.documents import Document, Kind, Metadata
from kb.errors import IngestError, KbError, SkippedItem
from kb.upkeep import path_of

# A group is written at once: large enough that the indexes' own commits do not count, small enough to lose.
_GROUP_CHUNKS = 512
_GROUP_DOCUMENTS = 100
_GROUP_SECONDS = 5.0
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
    _seen: set[str] = field(default_factory=set)  # uris that were read in this run
    _owners: dict[str, Entry] = field(default_factory=dict)  # documents by the files that say the same
    _group_began: float = 0.0
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
            self._owners = {uri: entry for entry in self.catalog.joined() for uri in entry.metadata.get("also", [])}
            self._failing = frozenset(failure.uri for failure in self.catalog.failures())
        if self.options.retry_failed and self.catalog is not None:
            named += upkeep.left_before(self.catalog, self.writer)
        try:
            found = list(files.find(named, self.options.kind is not None, self.fetching))
            if self.options.kind is None:
                found = siblings.join(found, self._known, self.max_file_mb)
            if self.options.board:
                found = [replace(i, board=self.options.board) if isinstance(i, Item) else i for i in found]
            self._total = len(found)
            waiting = upkeep.queue(self.writer, found)
            for item in found:
                self._item(item)
                self._done += 1
                self._tell(getattr(item, "uri", ""))
            self._flush()
            if waiting and self.writer is not None:
                with self.writer.catalog.transaction():
                    self.writer.catalog.unqueue(waiting)
            self.report.removed += upkeep.retire(self.catalog, self.writer, found)
            upkeep.no_longer_met(self.writer, named, found)
            if self.options.prune and self.catalog is not None:
                many = self.options.allow_mass_removal
                self.report.removed += upkeep.prune(self.catalog, self.writer, named, self._taken, many)
        finally:
            self.report.seconds = time.perf_counter() - began
        return self.report

    def _known(self, uri: str) -> bool:
        return self.catalog is not None and self.catalog.entry_of(uri) is not None

    def _tell(self, current: str) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, current))

    def _item(self, item: Item | IngestError) -> None:
        if isinstance(item, IngestError):
            self._problem(item)
            return
        opened = self._opened(item)
        if opened is None:
            return
        item, data = opened
        kind = self.options.kind
        entry = self.catalog.entry_of(item.uri) if self.catalog is not None else None
        if entry is not None and not item.board and entry.metadata.get("board"):
            item = replace(item, board=entry.metadata["board"])  # told once, it stays
        fingerprint = ":".join([source.fingerprint(item, data, kind), str(chunking.VERSION), *item.also])
        content = fingerprint.partition(":")[0]
        buried = self.catalog is not None and self.catalog.buried([item.uri, f"content:{content}"])
        if buried and not self.options.force:
            self.report.skipped.append((item.uri, "you took it out; --force brings it back"))
            return
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
                elif outcome.uri != item.uri:
                    self._elsewhere(outcome)
                else:
                    self._document(outcome, entry, fingerprint, content, item.also)
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            # A reader's own fault, on a file nobody thought of: it costs that file and nothing else.
            self._problem(_unforeseen(item.uri, error))

    def documents(self, made: Iterable[Document | IngestError]) -> None:
        """Take documents that are known by addresses of their own: entries of feeds, pages that were read before."""
        for outcome in made:
            if isinstance(outcome, IngestError):
                self._problem(outcome)
            else:
                self._elsewhere(outcome)
        self._flush()

    def _elsewhere(self, document: Document) -> None:
        """A document whose item is not what it is known by: what it says decides whether it changed."""
        if document.uri in self._seen:
            return
        self._seen.add(document.uri)
        said = json.dumps([document.kind, document.title, document.text, document.metadata], sort_keys=True)
        content = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
        fingerprint = f"{content}:{chunking.VERSION}"
        if self.catalog is not None and self.catalog.buried([document.uri]) and not self.options.force:
            self.report.skipped.append((document.uri, "you took it out; --force brings it back"))
            return
        entry = self.catalog.entry_of(document.uri) if self.catalog is not None else None
        # What was read whole is not replaced by what a feed says of it.
        whole = entry is not None and entry.kind != "link" and document.kind == "link"
        if entry is not None and (whole or entry.fingerprint == fingerprint) and not self.options.force:
            self.report.unchanged += 1
            self._mended(document.uri)
            return
        self._document(document, entry, fingerprint, content, ())

    def _opened(self, item: Item) -> tuple[Item, bytes] | None:
        """The item with its bytes; None for what is told already: read as part of another, failed, read before."""
        if self._joined(item):
            self.report.unchanged += 1
            return None
        # Pictures make a PDF large, not its words.
        limit = self.max_file_mb * (_BINARY_TIMES if source.is_binary(item) else 1)
        try:
            opened, data = item.load(limit)
        except IngestError as error:
            self._problem(error)
            return None
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            self._problem(_unforeseen(item.uri, error))
            return None
        if opened.uri != item.uri:
            self._readdressed(item.uri, opened.uri)
        if opened.uri in self._seen:
            return None  # another address of what was read already
        self._seen.add(opened.uri)
        return opened, data

    def _joined(self, item: Item) -> bool:
        """Whether a file is read as part of another's document, which is there and is not named now."""
        if self.catalog is None or self.options.force or item.also or path_of(item.uri) is None:
            return False
        owner = self._owners.get(item.uri)
        head = path_of(owner.uri) if owner is not None else None
        return head is not None and head.exists() and not self._known(item.uri)

    def _readdressed(self, old: str, new: str) -> None:
        """A page that moved for good keeps its document, unless there is one at its new address already."""
        entry = self.catalog.entry_of(old) if self.catalog is not None else None
        if entry is not None and self.writer is not None and not self._known(new):
            with self.writer.catalog.transaction():
                self.writer.catalog.move_document(entry.id, new, entry.title, entry.metadata)

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
        kept = path.exists() if path is not None else is_remote(error.uri) and urls.is_sound(error.uri)
        if self.writer is not None and kept:
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
        heir = self._owners.get(item.uri)
        # A talk whose file is gone lives on in the file that said the same.
        candidates = [*([heir] if heir is not None else []), *self.catalog.entries_with(content)]
        for entry in candidates:
            old = path_of(entry.uri)
            if old is None or old.exists() or entry.id in self._taken:
                continue
            title = item.path.stem if entry.title == old.stem else entry.title
            self._taken.add(entry.id)
            if self.writer is not None:
                metadata = upkeep.moved(entry.metadata, item.path)
                with self.writer.catalog.transaction():
                    self.writer.catalog.move_document(entry.id, item.uri, title, metadata)
            return replace(entry, uri=item.uri, title=title)
        return None

    def _document(
        self, document: Document, entry: Entry | None, fingerprint: str, content: str, also: tuple[str, ...]
    ) -> None:
        document_id = entry.id if entry is not None else self._new_id(document.uri)
        self._taken.add(document_id)
        if entry is not None and path_of(document.uri) is None and self._says_the_same(document, entry, fingerprint):
            self.report.unchanged += 1
            self._mended(document.uri)
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
        if len(self._group) == 1:
            self._group_began = time.monotonic()
        waiting = sum(len(change.chunks) for change in self._group)
        # Addresses come slowly; what was fetched should not wait long to be kept.
        late = time.monotonic() - self._group_began > _GROUP_SECONDS
        if waiting >= _GROUP_CHUNKS or len(self._group) >= _GROUP_DOCUMENTS or late:
            self._flush()

    def _says_the_same(self, document: Document, entry: Entry, fingerprint: str) -> bool:
        """Pages carry counters and tokens that differ with every visit; what matters is what they say."""
        assert self.catalog is not None
        same_reader = entry.fingerprint.split(":")[1:] == fingerprint.split(":")[1:] and entry.kind == document.kind
        same_reader = same_reader and document.kind != "link"  # a feed's words carry no counters, its tags may change
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


def _unforeseen(uri: str, error: Exception) -> IngestError:
    said = " ".join(str(error).split())[:160]
    return IngestError(uri, f"it could not be read ({type(error).__name__}: {said})")
