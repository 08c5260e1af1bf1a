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

from index.chunking import chunker as chunking
from index.chunking.derived import Derive, passages
from index.models.embedder import Embedder
from index.storage.catalog import Catalog
from index.storage.rows import Entry
from index.writer import Change, Writer
from ingest import deduplicate, discovery, episodes, registry
from ingest.audio.transcribe import Made, Pace
from ingest.feeds.source import Feeds
from ingest.net import urls
from ingest.remote import Fetching, is_remote
from ingest.source import Item
from kb.errors import IngestError, KbError, SkippedItem
from kb.sync import cleanup
from kb.sync.cleanup import path_of
from kb.sync.report import Hearing, Options, Progress, Report
from kb.types.documents import Document, Metadata

# A group is written at once: large enough that the indexes' own commits do not count, small enough to lose.
_GROUP_CHUNKS = 512
_GROUP_DOCUMENTS = 100
_GROUP_SECONDS = 5.0
_BINARY_TIMES = 5


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
    met: list[Item | IngestError] | None = None
    fetched: dict[str, tuple[Item, bytes]] = field(default_factory=dict)  # by hearing, for reading
    _group: list[Change] = field(default_factory=list)
    _pending: list[str] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)  # uris that were read in this run
    _owners: dict[str, Entry] = field(default_factory=dict)  # documents by the files that say the same
    _group_began: float = 0.0
    _failing: frozenset[str] = frozenset()  # what could not be read before this run
    _told: dict[str, str] = field(default_factory=dict)  # what failed in this run, and why
    _only_hears: bool = False
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
            named += cleanup.left_before(self.catalog, self.writer)
        try:
            found = self._joined_up(self._meet(named))
            self._total = len(found)
            waiting = cleanup.queue(self.writer, found)
            for item in found:
                self._item(item)
                self._done += 1
                self._tell(getattr(item, "uri", ""))
            self._flush()
            if waiting and self.writer is not None:
                with self.writer.catalog.transaction():
                    self.writer.catalog.unqueue(waiting)
            self.report.removed += cleanup.retire(self.catalog, self.writer, found)
            cleanup.no_longer_met(self.writer, named, found)
            if self.options.prune and self.catalog is not None:
                many = self.options.allow_mass_removal
                self.report.removed += cleanup.prune(self.catalog, self.writer, named, self._taken, many)
        finally:
            self.report.seconds += time.perf_counter() - began
        return self.report

    def _meet(self, named: list[str | Path]) -> list[Item | IngestError]:
        """What is at the places, looked at once for hearing and reading."""
        kind = self.options.kind
        listening = self.fetching.listening
        if listening is not None:
            listening.told, listening.transcriber.tell = self._heard, self._hearing
        if self.met is None:
            self.met = list(discovery.find(named, kind is not None, self.fetching, listening, kind == "audio"))
        return self.met

    def _joined_up(self, found: list[Item | IngestError]) -> list[Item | IngestError]:
        if self.options.kind is None:
            found = deduplicate.join(found, self._known, self.max_file_mb)
        if self.options.board:
            found = [replace(i, board=self.options.board) if isinstance(i, Item) else i for i in found]
        return found

    def hear(self, places: Iterable[str | Path]) -> Report:
        """Transcribe what is to be transcribed at the places, and nothing else.

        It takes hours and changes no index, so it is done before anybody waits for the writer. What goes wrong is met
        and told again by `run`. Raises `StoreError` where no transcript can be kept.
        """
        began = time.perf_counter()
        self._only_hears = True
        named = list(places)
        if self.options.retry_failed and self.catalog is not None:
            named += cleanup.left_before(self.catalog, None)
        met = self._meet(named)
        if not any(isinstance(item, Item) and self._may_be_heard(item) for item in met):
            return self.report
        wanted = [item for item in self._joined_up(met) if isinstance(item, Item) and self._may_be_heard(item)]
        self._total = len(wanted)
        for item in wanted:
            self._item(item)
            self._done += 1
        self.report.seconds = time.perf_counter() - began
        return self.report

    def _may_be_heard(self, item: Item) -> bool:
        """Whether an item is a recording, or may be a feed of some, where those are asked for."""
        feed = self.options.audio and (is_remote(item.uri) or item.path.suffix.lower() in Feeds.suffixes)
        return item.source() is not None or item.lasts or feed

    def _known(self, uri: str) -> bool:
        return self.catalog is not None and self.catalog.entry_of(uri) is not None

    def _tell(self, current: str) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, current))

    def _hearing(self, pace: Pace) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, pace.name, pace))

    def _heard(self, uri: str, made: Made) -> None:
        if all(one.uri != uri for one in self.report.heard):
            self.report.heard.append(Hearing(uri, made.seconds, made.took))

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
        fingerprint = ":".join([registry.fingerprint(item, data, kind), str(chunking.VERSION), *item.also])
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
        elif self._is_dry and item.source() is not None:
            self._count("added" if entry is None else "updated")  # to hear it is not to only count
        else:
            self._read(item, data, entry, fingerprint)

    def _read(self, item: Item, data: bytes, entry: Entry | None, fingerprint: str) -> None:
        """The documents of an item that is new or changed."""
        kind = self.options.kind
        try:
            episodes_left = self.options.episodes or None
            for outcome in self._latest_first(registry.read(item, data, kind)):
                if isinstance(outcome, IngestError):
                    self._problem(self._emptied(outcome, entry))
                elif outcome.uri != item.uri:
                    episodes_left = self._entry(outcome, item.uri, episodes_left)
                else:
                    self._document(outcome, entry, fingerprint, fingerprint.partition(":")[0], item.also)
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            # A reader's own fault, on a file nobody thought of: it costs that file and nothing else.
            self._problem(_unforeseen(item.uri, error))

    def _latest_first(self, made: Iterable[Document | IngestError]) -> Iterable[Document | IngestError]:
        """What was read, a feed's episodes by their dates where they are to be heard: the latest are worth most."""
        if not self.options.audio:
            return made
        found = list(made)
        return sorted(found, key=_published, reverse=True)

    def _entry(self, entry: Document, feed_url: str, left: int | None) -> int | None:
        """A feed's entry; an episode of it as its words, if it is one of those that are still to be heard (None: all).

        Gives how many are left. Where its words cannot be had, what the feed says of it stays.
        """
        listening = self.fetching.listening
        is_episode = bool(entry.metadata.get("media") or entry.metadata.get("transcripts"))
        had = self._has_words_of(entry.uri)
        hears = self.options.audio and listening is not None and not self._is_dry and left != 0
        if not (is_episode and hears) or entry.uri in self._seen or had or self._is_buried(entry.uri):
            self._elsewhere(entry)
            return max(left - (had and is_episode), 0) if left is not None else None
        assert listening is not None
        spoken: Document | None = None
        try:
            for outcome in episodes.heard(self.fetching.http, listening, entry, feed_url, self.max_file_mb):
                if isinstance(outcome, IngestError):
                    self._problem(outcome)
                else:
                    spoken = outcome
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            self._problem(_unforeseen(entry.uri, error))
        self._elsewhere(spoken or entry)
        return left - 1 if left is not None else None

    def _has_words_of(self, uri: str) -> bool:
        """Whether a recording was heard, or its transcript read, and that is not to be done again."""
        entry = self.catalog.entry_of(uri) if self.catalog is not None else None
        return entry is not None and entry.kind in ("audio", "transcript") and not self.options.force

    @property
    def _is_dry(self) -> bool:
        """Whether it is only to be said what would be done."""
        return self.writer is None and not self._only_hears

    def _is_buried(self, uri: str) -> bool:
        return self.catalog is not None and self.catalog.buried([uri]) and not self.options.force

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
        if self._is_buried(document.uri):
            self.report.skipped.append((document.uri, "you took it out; --force brings it back"))
            return
        entry = self.catalog.entry_of(document.uri) if self.catalog is not None else None
        # What was read whole is not replaced by what a feed says of it.
        whole = entry is not None and entry.kind != "link" and document.kind == "link"
        same = entry is not None and entry.fingerprint == fingerprint and not self.options.force
        if whole or same:
            self.report.unchanged += 1
            self._mended(document.uri)
            return
        self._document(document, entry, fingerprint, content, ())

    def _opened(self, item: Item) -> tuple[Item, bytes] | None:
        """The item with its bytes; None for what is told already: read as part of another, failed, read before."""
        if self._joined(item):
            self.report.unchanged += 1
            return None
        if item.lasts and (self._is_dry or self._has_words_of(item.uri)):
            self._seen.add(item.uri)
            if self._has_words_of(item.uri):
                self.report.unchanged += 1
                self._mended(item.uri)
            else:
                self._count("updated" if self._known(item.uri) else "added")
            return None
        # Pictures make a PDF large, not its words.
        limit = self.max_file_mb * (_BINARY_TIMES if registry.is_binary(item) else 1)
        try:
            before = self.fetched.pop(item.uri, None)
            opened, data = before if before is not None else item.load(limit)
        except IngestError as error:
            self._problem(error)
            return None
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            self._problem(_unforeseen(item.uri, error))
            return None
        if self._only_hears and is_remote(item.uri):
            self.fetched[item.uri] = opened, data
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
        self._told[error.uri] = error.reason
        path = path_of(error.uri)
        # A name that leads nowhere is told, not kept: it is a slip of the keyboard, and nothing to try again.
        kept = path.exists() if path is not None else is_remote(error.uri) and urls.is_sound(error.uri)
        if kept:
            self._keep_failure(error.uri, error.reason)

    def _keep_failure(self, uri: str, reason: str) -> None:
        if self.writer is not None:
            with self.writer.catalog.transaction():
                self.writer.catalog.put_failure(uri, reason, self.now().isoformat(timespec="seconds"))

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
                metadata = cleanup.moved(entry.metadata, item.path)
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
        for change in self._group:
            # A part of it could not be had; that it was kept otherwise does not mend that.
            if reason := self._told.get(change.document.uri):
                self._keep_failure(change.document.uri, reason)
        for change, word in zip(self._group, self._pending, strict=True):
            self.report.chunks += len(change.chunks)
            self._count(word)
        self._group, self._pending = [], []

    def _count(self, word: str) -> None:
        if word == "added":
            self.report.added += 1
        else:
            self.report.updated += 1


def _published(outcome: Document | IngestError) -> str:
    return outcome.metadata.get("published", "") if isinstance(outcome, Document) else ""


def _unforeseen(uri: str, error: Exception) -> IngestError:
    said = " ".join(str(error).split())[:160]
    return IngestError(uri, f"it could not be read ({type(error).__name__}: {said})")
