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
from index.chunking.derived import Derive
from index.models.embedder import Embedder
from index.storage.catalog import Catalog
from index.storage.rows import Entry
from index.writer import Change, Writer
from ingest import deduplicate, discovery, episodes, registry
from ingest.audio.transcribe import TranscriptionProgress, TranscriptionResult
from ingest.feeds.source import FeedFiles
from ingest.net.urls import path_of
from ingest.remote import Fetching, is_remote
from ingest.source import Item
from kb.errors import IngestError, KbError
from kb.summaries.papers import passages
from kb.sync import cleanup
from kb.sync.apply import Apply, Outcome
from kb.sync.changes import Changes, emptied
from kb.sync.failures import Failures
from kb.sync.report import IngestOptions, Progress, Report, TranscribedItem
from kb.types.documents import Document, Metadata

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
    options: IngestOptions = field(default_factory=IngestOptions)
    on_progress: Callable[[Progress], None] = lambda _: None
    derive: Derive = passages
    report: Report = field(default_factory=Report)
    met: list[Item | IngestError] | None = None
    fetched: dict[str, tuple[Item, bytes]] = field(default_factory=dict)  # by hearing, for reading
    _seen: set[str] = field(default_factory=set)  # uris that were read in this run
    _only_hears: bool = False
    _done: int = 0
    _total: int = 0
    _changes: Changes = field(init=False)
    _failures: Failures = field(init=False)
    _apply: Apply = field(init=False)

    def __post_init__(self) -> None:
        self._changes = Changes(self.catalog, self.writer, self.options)
        self._failures = Failures(self.writer, self.report, self.now)
        self._apply = Apply(self.writer, self.embedder, self.now, self.report, self._failures, self._tell)

    def run(self, places: Iterable[str | Path]) -> Report:
        """Bring the base up to date with the places; items that fail are in the report.

        Raises `StoreError` if the base cannot be written, `MassRemoval` if pruning would remove too much; all that was
        acknowledged before is kept.
        """
        began = time.perf_counter()
        named = list(places)
        self._changes.look_at_owners()
        if self.catalog is not None:
            self._failures.before = frozenset(failure.uri for failure in self.catalog.failures())
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
            self._apply.flush()
            if waiting and self.writer is not None:
                with self.writer.catalog.transaction():
                    self.writer.catalog.unqueue(waiting)
            self.report.removed += cleanup.retire(self.catalog, self.writer, found)
            cleanup.no_longer_met(self.writer, named, found)
            if self.options.prune and self.catalog is not None:
                many = self.options.allow_mass_removal
                self.report.removed += cleanup.prune(self.catalog, self.writer, named, self._changes.taken, many)
        finally:
            self.report.seconds += time.perf_counter() - began
        return self.report

    def _meet(self, named: list[str | Path]) -> list[Item | IngestError]:
        """What is at the places, looked at once for hearing and reading."""
        kind = self.options.kind
        listening = self.fetching.listening
        if listening is not None:
            listening.told = self._heard
            listening.transcriber.tell = lambda pace: self._tell(pace.name, pace)
        if self.met is None:
            self.met = list(discovery.find(named, kind is not None, self.fetching, listening, kind == "audio"))
        return self.met

    def _joined_up(self, found: list[Item | IngestError]) -> list[Item | IngestError]:
        if self.options.kind is None:
            found = deduplicate.join(found, self._changes.is_known, self.max_file_mb)
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
        feed = self.options.audio and (is_remote(item.uri) or item.path.suffix.lower() in FeedFiles.suffixes)
        return item.source() is not None or item.lasts or feed

    def _tell(self, current: str, pace: TranscriptionProgress | None = None) -> None:
        self.on_progress(Progress(self._done, self._total, self.report.embedded, current, pace))

    def _heard(self, uri: str, made: TranscriptionResult) -> None:
        if all(one.uri != uri for one in self.report.heard):
            self.report.heard.append(TranscribedItem(uri, made.seconds, made.took))

    def _item(self, item: Item | IngestError) -> None:
        if isinstance(item, IngestError):
            self._failures.note(item)
            return
        opened = self._opened(item)
        if opened is None:
            return
        item, data = opened
        kind = self.options.kind
        entry = self._changes.entry(item.uri)
        if entry is not None and not item.board and entry.metadata.get("board"):
            item = replace(item, board=entry.metadata["board"])  # told once, it stays
        fingerprint = ":".join([registry.fingerprint(item, data, kind), str(chunking.VERSION), *item.also])
        content = fingerprint.partition(":")[0]
        if self._changes.is_excluded(item.uri, f"content:{content}"):
            self.report.skipped.append((item.uri, "you took it out; --force brings it back"))
            return
        if entry is None:
            entry = self._changes.moved(item, content)
        if entry is not None and entry.fingerprint == fingerprint and not self.options.force:
            self.report.unchanged += 1
            self._failures.resolve(item.uri)
        elif self._is_dry and item.source() is not None:
            self._apply.count("added" if entry is None else "updated")  # to hear it is not to only count
        else:
            self._read(item, data, entry, fingerprint)

    def _read(self, item: Item, data: bytes, entry: Entry | None, fingerprint: str) -> None:
        """The documents of an item that is new or changed."""
        kind = self.options.kind
        with self._failures.guard(item.uri):
            episodes_left = self.options.episodes or None
            for outcome in self._latest_first(registry.read(item, data, kind)):
                if isinstance(outcome, IngestError):
                    self._failures.note(emptied(outcome, entry))
                elif outcome.uri != item.uri:
                    episodes_left = self._entry(outcome, item.uri, episodes_left)
                else:
                    self._document(outcome, entry, fingerprint, fingerprint.partition(":")[0], item.also)

    def _latest_first(self, made: Iterable[Document | IngestError]) -> Iterable[Document | IngestError]:
        """What was read, a feed's episodes by their dates where they are to be heard: the latest are worth most."""
        if not self.options.audio:
            return made
        return sorted(
            made, key=lambda one: one.metadata.get("published", "") if isinstance(one, Document) else "", reverse=True
        )

    def _entry(self, entry: Document, feed_url: str, left: int | None) -> int | None:
        """A feed's entry; an episode of it as its words, if it is one of those that are still to be heard (None: all).

        Gives how many are left. Where its words cannot be had, what the feed says of it stays.
        """
        listening = self.fetching.listening
        is_episode = bool(entry.metadata.get("media") or entry.metadata.get("transcripts"))
        had = self._changes.has_speech(entry.uri)
        hears = self.options.audio and listening is not None and not self._is_dry and left != 0
        if not (is_episode and hears) or entry.uri in self._seen or had or self._changes.is_excluded(entry.uri):
            self._elsewhere(entry)
            return max(left - (had and is_episode), 0) if left is not None else None
        assert listening is not None
        spoken: Document | None = None
        with self._failures.guard(entry.uri):
            for outcome in episodes.heard(self.fetching.http, listening, entry, feed_url, self.max_file_mb):
                if isinstance(outcome, IngestError):
                    self._failures.note(outcome)
                else:
                    spoken = outcome
        self._elsewhere(spoken or entry)
        return left - 1 if left is not None else None

    @property
    def _is_dry(self) -> bool:
        """Whether it is only to be said what would be done."""
        return self.writer is None and not self._only_hears

    def documents(self, made: Iterable[Document | IngestError]) -> None:
        """Take documents that are known by addresses of their own: entries of feeds, pages that were read before."""
        for outcome in made:
            if isinstance(outcome, IngestError):
                self._failures.note(outcome)
            else:
                self._elsewhere(outcome)
        self._apply.flush()

    def _elsewhere(self, document: Document) -> None:
        """A document whose item is not what it is known by: what it says decides whether it changed."""
        if document.uri in self._seen:
            return
        self._seen.add(document.uri)
        said = json.dumps([document.kind, document.title, document.text, document.metadata], sort_keys=True)
        content = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
        fingerprint = f"{content}:{chunking.VERSION}"
        if self._changes.is_excluded(document.uri):
            self.report.skipped.append((document.uri, "you took it out; --force brings it back"))
            return
        entry = self._changes.entry(document.uri)
        # What was read whole is not replaced by what a feed says of it.
        whole = entry is not None and entry.kind != "link" and document.kind == "link"
        same = entry is not None and entry.fingerprint == fingerprint and not self.options.force
        if whole or same:
            self.report.unchanged += 1
            self._failures.resolve(document.uri)
            return
        self._document(document, entry, fingerprint, content, ())

    def _opened(self, item: Item) -> tuple[Item, bytes] | None:
        """The item with its bytes; None for what is told already: read as part of another, failed, read before."""
        if self._changes.is_joined(item):
            self.report.unchanged += 1
            return None
        if item.lasts and (self._is_dry or self._changes.has_speech(item.uri)):
            self._seen.add(item.uri)
            if self._changes.has_speech(item.uri):
                self.report.unchanged += 1
                self._failures.resolve(item.uri)
            else:
                self._apply.count("updated" if self._changes.is_known(item.uri) else "added")
            return None
        # Pictures make a PDF large, not its words.
        limit = self.max_file_mb * (_BINARY_TIMES if registry.is_binary(item) else 1)
        try:
            before = self.fetched.pop(item.uri, None)
            opened, data = before if before is not None else item.load(limit)
        except IngestError as error:
            self._failures.note(error)
            return None
        except (KbError, sqlite3.Error, MemoryError):
            raise
        except Exception as error:
            self._failures.unforeseen(item.uri, error)
            return None
        if self._only_hears and is_remote(item.uri):
            self.fetched[item.uri] = opened, data
        if opened.uri != item.uri:
            self._changes.readdress(item.uri, opened.uri)
        if opened.uri in self._seen:
            return None  # another address of what was read already
        self._seen.add(opened.uri)
        return opened, data

    def _document(
        self, document: Document, entry: Entry | None, fingerprint: str, content: str, also: tuple[str, ...]
    ) -> None:
        document_id = entry.id if entry is not None else self._changes.new_id(document.uri)
        self._changes.taken.add(document_id)
        if (
            entry is not None
            and path_of(document.uri) is None
            and self._changes.says_the_same(document, entry, fingerprint)
        ):
            self.report.unchanged += 1
            self._failures.resolve(document.uri)
            return
        outcome: Outcome = "added" if entry is None else "updated"
        if self.writer is None:
            self._apply.count(outcome)
            return
        metadata: Metadata = {**document.metadata, "also": list(also)} if also else document.metadata
        document = replace(document, id=document_id, metadata=metadata)
        embedder = self.embedder()
        made = chunking.chunk(document, embedder.count, embedder.window)
        made += self.derive(document, made, embedder.count, embedder.window)
        for warning in document.metadata.get("warnings", []):
            self.report.warnings.append((document.uri, warning))
        self._apply.add(Change(document, fingerprint, content, made), outcome)
