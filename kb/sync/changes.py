"""What a run knows of the documents that are there: which are known, moved, joined to another, taken out by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from index.storage.catalog import Catalog
from index.storage.rows import Entry
from index.writer import Writer
from ingest.net.urls import path_of
from ingest.source import Item
from kb.errors import IngestError, SkippedItem
from kb.sync import cleanup
from kb.sync.report import IngestOptions
from kb.types.documents import Document


class Changes:
    """Compares items and documents with the catalog. `taken` are the ids of documents that this run has met."""

    def __init__(self, catalog: Catalog | None, writer: Writer | None, options: IngestOptions) -> None:
        self._catalog = catalog
        self._writer = writer
        self._options = options
        self._owners: dict[str, Entry] = {}  # documents by the files that say the same
        self.taken: set[str] = set()

    def look_at_owners(self) -> None:
        """Find out which files are read as parts of others' documents."""
        if self._catalog is not None:
            self._owners = {uri: entry for entry in self._catalog.joined() for uri in entry.metadata.get("also", [])}

    def entry(self, uri: str) -> Entry | None:
        """The document of a uri; None if there is none."""
        return self._catalog.entry_of(uri) if self._catalog is not None else None

    def is_known(self, uri: str) -> bool:
        """Whether there is a document of a uri."""
        return self.entry(uri) is not None

    def is_excluded(self, *names: str) -> bool:
        """Whether the user took something out by hand, and it is not forced back in."""
        return self._catalog is not None and self._catalog.buried(list(names)) and not self._options.force

    def has_speech(self, uri: str) -> bool:
        """Whether a recording was transcribed, or its transcript read, and that is not to be done again."""
        entry = self.entry(uri)
        return entry is not None and entry.kind in ("audio", "transcript") and not self._options.force

    def is_joined(self, item: Item) -> bool:
        """Whether a file is read as part of another's document, which is there and is not named now."""
        if self._catalog is None or self._options.force or item.also or path_of(item.uri) is None:
            return False
        owner = self._owners.get(item.uri)
        head = path_of(owner.uri) if owner is not None else None
        return head is not None and head.exists() and not self.is_known(item.uri)

    def readdress(self, old: str, new: str) -> None:
        """A page that moved for good keeps its document, unless there is one at its new address already."""
        entry = self.entry(old)
        if entry is not None and self._writer is not None and not self.is_known(new):
            with self._writer.catalog.transaction():
                self._writer.catalog.move_document(entry.id, new, entry.title, entry.metadata)

    def moved(self, item: Item, content: str) -> Entry | None:
        """The document whose file stood elsewhere, is gone from there, and has this very content: it keeps its id."""
        if self._catalog is None:
            return None
        heir = self._owners.get(item.uri)
        # A talk whose file is gone lives on in the file that said the same.
        candidates = [*([heir] if heir is not None else []), *self._catalog.entries_with(content)]
        for entry in candidates:
            old = path_of(entry.uri)
            if old is None or old.exists() or entry.id in self.taken:
                continue
            title = item.path.stem if entry.title == old.stem else entry.title
            self.taken.add(entry.id)
            if self._writer is not None:
                metadata = cleanup.moved(entry.metadata, item.path)
                with self._writer.catalog.transaction():
                    self._writer.catalog.move_document(entry.id, item.uri, title, metadata)
            return replace(entry, uri=item.uri, title=title)
        return None

    def says_the_same(self, document: Document, entry: Entry, fingerprint: str) -> bool:
        """Pages carry counters and tokens that differ with every visit; what matters is what they say."""
        assert self._catalog is not None
        same_reader = entry.fingerprint.split(":")[1:] == fingerprint.split(":")[1:] and entry.kind == document.kind
        same_reader = same_reader and document.kind != "link"  # a feed's words carry no counters, its tags may change
        return same_reader and not self._options.force and self._catalog.text_of(entry.id) == document.text

    def new_id(self, uri: str) -> str:
        """An id for a new document."""
        n = 0
        while True:
            document_id = "d" + hashlib.sha256(f"{uri}\x1f{n}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
            taken = self._catalog is not None and self._catalog.has_document(document_id)
            if document_id not in self.taken and not taken:
                return document_id
            n += 1


def emptied(error: IngestError, entry: Entry | None) -> IngestError:
    """A file that was read once and holds nothing now is a failure: what it held is still found and cited."""
    if entry is None or not isinstance(error, SkippedItem):
        return error
    return IngestError(error.uri, f"{error.reason}; what was read from it before is kept")
