"""A knowledge base on disk: catalog, vector store and lexical index, kept in step.

The catalog is the truth. A change is noted in its journal, told to the derived indexes, made in the catalog, and the
note is taken away; what a crash leaves half-told is mended from the journal by the next writer. Queries drop what the
catalog does not know, so nothing half-written is ever seen.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from index.chunking import chunker as chunking
from index.models.embedder import Embedder
from index.search import bm25, phonetic
from index.search.bm25 import LexicalIndex
from index.search.vectors import VectorStore
from index.storage import embeddings, locks, vocabulary
from index.storage.catalog import Catalog
from kb.errors import StoreError, StoreFull
from kb.types.documents import Document
from kb.types.search import Chunk

CATALOG = "catalog.sqlite"


@dataclass(slots=True)
class Change:
    """A document to be written: its chunks, and the hashes of what of them is embedded."""

    document: Document
    fingerprint: str
    content: str
    chunks: list[Chunk]
    hashes: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hashes = [embedded_hash(chunk.embedded) for chunk in self.chunks]


def embedded_hash(text: str) -> bytes:
    """The key of a vector in the cache: the hash of the very text that was embedded."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]


def embed_changes(
    catalog: Catalog,
    changes: Sequence[Change],
    embedder: Embedder,
    model: str,
    on_batch: Callable[[int], None] | None = None,
) -> int:
    """Embed what of the changes the cache has no vector for under a model's name; how many texts."""
    wanted = {h: c.embedded for change in changes for h, c in zip(change.hashes, change.chunks, strict=True)}
    known = embeddings.by_hash(catalog, list(wanted), model)
    missing = [h for h in wanted if h not in known]
    if missing:
        vectors = embedder.embed([wanted[h] for h in missing], on_batch)
        with catalog.transaction():
            embeddings.put(catalog, zip(missing, vectors, strict=True), model)
    return len(missing)


def note_facts(catalog: Catalog, embedder: Embedder, model: str) -> None:
    """Note by what a base is embedded, cut and indexed. The caller holds a transaction."""
    for name, value in (
        ("model", model),
        ("dimension", str(embedder.dimension)),
        ("chunker", str(chunking.VERSION)),
        ("lexical", str(bm25.VERSION)),
    ):
        catalog.set_fact(name, value)


class Indexes:
    """The two derived indexes of a home, open in this process, and the generation they were opened at."""

    def __init__(self, home: Path, model: str) -> None:
        self.store = VectorStore(home / "chroma", model)
        self.lexical = LexicalIndex(home / "lexical")
        self.generation = -1

    def close(self) -> None:
        """Let go of the files."""
        self.store.close()


def drop_broken(home: Path, model: str) -> None:
    """Remove a derived index that cannot be read; the next reconciling builds it anew. The caller holds the locks."""
    try:
        store = VectorStore(home / "chroma", model)
        try:
            store.ids()
        finally:
            store.close()
    except StoreFull:
        raise
    except StoreError:
        shutil.rmtree(home / "chroma", ignore_errors=True)
    try:
        LexicalIndex(home / "lexical").ids()
    except (StoreError, ValueError, OSError):
        LexicalIndex.clear(home / "lexical")


@contextmanager
def writing(home: Path, model: str, wait: float = 0.0, mend: bool = False) -> Iterator[Writer]:
    """Hold a home for writing, mended if the last writer was interrupted; `mend` also rebuilds an unreadable index.

    Raises `StoreLocked`, `StoreTooNew`, `StoreFull` or another `StoreError`.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The home {home} cannot be made ({error.strerror}). Name another with --home.") from None
    with locks.writer(home, wait):
        catalog = Catalog(home / CATALOG, write=True)
        writer: Writer | None = None
        try:
            check_model(catalog, model)
            with locks.access(home, exclusive=True):
                if mend:
                    drop_broken(home, model)
                writer = Writer(home, model, catalog)
            writer.reconcile()
            yield writer
        finally:
            # A store on a full disk can fail to close; the error that brought us here says more.
            with suppress(StoreError):
                if writer is not None:
                    writer.indexes.close()
                catalog.close()


def check_model(catalog: Catalog, model: str) -> None:
    """Raises `StoreError` if the base was embedded by another model."""
    used = catalog.fact("model")
    if used is not None and used != model:
        raise StoreError(
            f"This knowledge base was embedded with {used}, but the setting asks for {model}. "
            f"Set KB_MODEL={used}, or change it over: kb reindex --model {model}."
        )


class Writer:
    """Applies changes to all three parts of a home, in an order that survives being killed."""

    def __init__(self, home: Path, model: str, catalog: Catalog) -> None:
        self.home = home
        self.model = model
        self.catalog = catalog
        self.indexes = Indexes(home, model)

    def embed(
        self, changes: Sequence[Change], embedder: Embedder, on_batch: Callable[[int], None] | None = None
    ) -> int:
        """Embed what the cache of vectors lacks and keep it there; the number of texts embedded."""
        embedded = embed_changes(self.catalog, changes, embedder, self.model, on_batch)
        if embedded:
            with self.catalog.transaction():
                note_facts(self.catalog, embedder, self.model)
        return embedded

    def apply(self, changes: Sequence[Change], now: str) -> None:
        """Make documents searchable whose vectors are cached; their vanished chunks go last."""
        if not changes:
            return
        before = {change.document.id: self.catalog.chunk_hashes(change.document.id) for change in changes}
        after = {chunk.id for change in changes for chunk in change.chunks}
        # A chunk may keep its id and be embedded anew: speakers' names are not part of its text.
        new = [
            chunk
            for change in changes
            for chunk, digest in zip(change.chunks, change.hashes, strict=True)
            if before[change.document.id].get(chunk.id) != digest
        ]
        gone = sorted(set().union(*before.values()) - after)
        self.catalog.begin_changes([*(c.id for c in new), *gone])
        with locks.access(self.home, exclusive=True):
            self._tell(new, [])
            with self.catalog.transaction():
                for change in changes:
                    self.catalog.put_document(change.document, change.fingerprint, change.content, now)
                    self.catalog.put_chunks(change.document.id, change.chunks, change.hashes)
                    vocabulary.put(self.catalog, phonetic.words_of_talk(change.document))
            if gone:
                self._tell([], gone)
            self.catalog.end_changes()

    def remove(self, document_ids: Sequence[str], bury: bool = False) -> None:
        """Take documents out of all three parts; with `bury`, so that an ingest of their folder leaves them out."""
        gone = sorted(set().union(*(self.catalog.chunk_ids(i) for i in document_ids)))
        self.catalog.begin_changes(gone)
        with locks.access(self.home, exclusive=True):
            with self.catalog.transaction():
                if bury:
                    for entry in self.catalog.documents_of(document_ids).values():
                        # Not its other files either, nor its words under another name.
                        self.catalog.bury([entry.uri, *entry.metadata.get("also", []), f"content:{entry.content}"])
                for document_id in document_ids:
                    self.catalog.remove_document(document_id)
            self._tell([], gone)
            self.catalog.end_changes()

    def _tell(self, new: Sequence[Chunk], gone: Sequence[str]) -> None:
        """Bring the derived indexes up to date; vectors come from the cache."""
        if new:
            hashes = [embedded_hash(chunk.embedded) for chunk in new]
            known = embeddings.by_hash(self.catalog, hashes, self.model)
            vectors = np.stack([known[h] for h in hashes])
            self.indexes.store.upsert([c.id for c in new], vectors, [c.document_id for c in new])
        if gone:
            self.indexes.store.delete(gone)
        if new or gone:
            self._lexical_errors(lambda: self.indexes.lexical.write(new, gone))

    def _lexical_errors(self, write: Callable[[], None]) -> None:
        try:
            write()
        except (ValueError, OSError) as error:
            where = str(self.home / "lexical")
            if "No space left" in str(error) or "os error 28" in str(error):
                raise StoreFull(where) from error
            raise StoreError(
                f"The lexical index in {where} cannot be written ({error}). Delete that folder."
            ) from error

    def embed_missing(self, embedder: Embedder) -> int:
        """Embed the passages whose vectors the cache lacks; how many there were."""
        missing = embeddings.missing(self.catalog, self.model)
        if missing:
            vectors = embedder.embed(list(missing.values()))
            with self.catalog.transaction():
                embeddings.put(self.catalog, zip(missing, vectors, strict=True), self.model)
        return len(missing)

    def reconcile(self, everything: bool = False) -> None:
        """Mend what an interrupted writer left: the journal's ids, and all of them where the counts differ.

        With `everything` the ids are compared even where the counts agree.
        """
        unsure = set(self.catalog.journal())
        total = self.catalog.count("chunks")
        stale_lexical = self.catalog.fact("lexical") not in (None, str(bm25.VERSION))
        if everything or stale_lexical or len(self.indexes.store) != total or len(self.indexes.lexical) != total:
            wanted = self.catalog.chunk_ids()
            unsure |= wanted ^ self.indexes.store.ids()
            unsure |= wanted if stale_lexical else wanted ^ self.indexes.lexical.ids()
        if not unsure:
            return
        chunks = self.catalog.chunks(sorted(unsure))
        with locks.access(self.home, exclusive=True):
            # In portions, so that a whole rebuild does not hold every vector at once.
            present = list(chunks.values())
            for at in range(0, len(present), 2000):
                self._tell(present[at : at + 2000], [])
            self._tell([], sorted(unsure - set(chunks)))
            if stale_lexical:
                with self.catalog.transaction():
                    self.catalog.set_fact("lexical", str(bm25.VERSION))
            self.catalog.end_changes()
