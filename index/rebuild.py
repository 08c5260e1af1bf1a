"""Building the derived indexes anew beside the old ones, for the same embedding model or for another.

The long part, chunking and embedding, goes on while queries are answered from the old indexes, and what it has done
is kept if it is interrupted. The swap is one transaction of the catalog, noted in its journal like any other write.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.chunking import chunker as chunking
from index.chunking.derived import Derive
from index.models.embedder import Embedder
from index.search.bm25 import LexicalIndex
from index.search.vectors import VectorStore
from index.storage import embeddings, locks
from index.storage.catalog import Catalog
from index.writer import Change, Indexes, Writer, embed_changes, note_facts
from kb.types.documents import Document, Lines, Segment

_GROUP = 100  # documents whose chunks are held at once
_NEXT = ".next"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuilding did: counts of documents, passages, and passages embedded."""

    model: str
    documents: int
    chunks: int
    embedded: int


def rebuild(writer: Writer, embedder: Embedder, on_progress: Callable[[int, int], None], derive: Derive) -> Rebuilt:
    """Chunk and embed every document for an embedder, build both indexes beside the old ones, then swap.

    `on_progress` hears how many documents are done, of how many; `derive` makes the derived passages.
    """
    catalog, home = writer.catalog, writer.home
    ids = [entry.id for entry in catalog.entries()]
    for name in ("chroma", "lexical"):
        shutil.rmtree(home / (name + _NEXT), ignore_errors=True)
    made, embedded = _fill(catalog, home, ids, embedder, derive, on_progress)
    writer.indexes.close()
    _swap(catalog, home, ids, embedder, made, derive)
    catalog.shrink()
    writer.model = embedder.name
    writer.indexes = Indexes(home, embedder.name)
    return Rebuilt(embedder.name, len(ids), len(made), embedded)


def _groups(catalog: Catalog, ids: list[str], embedder: Embedder, derive: Derive) -> Iterator[list[Change]]:
    for at in range(0, len(ids), _GROUP):
        yield [_rechunked(catalog, document_id, embedder, derive) for document_id in ids[at : at + _GROUP]]


def _rechunked(catalog: Catalog, document_id: str, embedder: Embedder, derive: Derive) -> Change:
    document = document_of(catalog, document_id)
    made = chunking.chunk(document, embedder.count, embedder.window)
    made += derive(document, made, embedder.count, embedder.window)
    return Change(document, "", "", made)


def document_of(catalog: Catalog, document_id: str) -> Document:
    """A document as the catalog has it, its segments put together from its chunks: its file may be gone."""
    entry = catalog.documents_of([document_id])[document_id]
    text = catalog.text_of(document_id)
    chunks = catalog.chunks(sorted(catalog.chunk_ids(document_id)))
    segments: list[Segment] = []
    for segment in sorted((s for c in chunks.values() for s in c.segments), key=lambda s: s.start_char):
        last = segments[-1] if segments else None
        if last is not None and _was_one(text, last, segment):
            segments[-1] = _joined(last, segment)
        else:
            segments.append(segment)
    return Document(entry.uri, entry.kind, entry.title, text, tuple(segments), entry.metadata, entry.id)


def _was_one(text: str, before: Segment, after: Segment) -> bool:
    """Whether two segments are parts of one that was cut between sentences."""
    between = text[before.end_char : after.start_char]
    if re.search(r"\S|\n[ \t]*\r?\n", between) or (before.form, before.depth) != (after.form, after.depth):
        return False
    if isinstance(before.locator, Lines) and isinstance(after.locator, Lines):
        same_line = before.locator.end == after.locator.start
        return before.locator.heading == after.locator.heading and (same_line or before.form in ("code", "table"))
    return before.locator == after.locator and not after.apart and "\n" not in between


def _joined(before: Segment, after: Segment) -> Segment:
    locator = before.locator
    if isinstance(locator, Lines) and isinstance(after.locator, Lines):
        locator = Lines(locator.start, after.locator.end, locator.heading)
    return replace(before, end_char=after.end_char, locator=locator)


def _fill(
    catalog: Catalog,
    home: Path,
    ids: list[str],
    embedder: Embedder,
    derive: Derive,
    on_progress: Callable[[int, int], None],
) -> tuple[set[str], int]:
    """Both indexes in folders of their own, beside those that answer queries.

    Gives the ids of the passages in them, and how many were embedded for it.
    """
    store = VectorStore(home / ("chroma" + _NEXT), embedder.name)
    words = LexicalIndex(home / ("lexical" + _NEXT))
    made: set[str] = set()
    embedded = 0
    try:
        for n, changes in enumerate(_groups(catalog, ids, embedder, derive), start=1):
            embedded += embed_changes(catalog, changes, embedder, embedder.name)
            chunks = [chunk for change in changes for chunk in change.chunks]
            hashes = [digest for change in changes for digest in change.hashes]
            known = embeddings.by_hash(catalog, hashes, embedder.name)
            if chunks:
                vectors = np.stack([known[h] for h in hashes])
                store.upsert([c.id for c in chunks], vectors, [c.document_id for c in chunks])
                words.write(chunks, [])
            made.update(chunk.id for chunk in chunks)
            on_progress(min(n * _GROUP, len(ids)), len(ids))
    finally:
        store.close()
    return made, embedded


def _swap(catalog: Catalog, home: Path, ids: list[str], embedder: Embedder, made: set[str], derive: Derive) -> None:
    """Make the new chunks the catalog's and the new folders the indexes; a crash between is mended by the journal."""
    catalog.begin_changes(catalog.chunk_ids() | made)
    with ExitStack() as held:
        with catalog.transaction():
            for changes in _groups(catalog, ids, embedder, derive):
                for change in changes:
                    catalog.put_chunks(change.document.id, change.chunks, change.hashes)
            note_facts(catalog, embedder, embedder.name)
            embeddings.drop_others(catalog, embedder.name)
            # From here until the folders stand, no query may look.
            held.enter_context(locks.access(home, exclusive=True))
        for name in ("chroma", "lexical"):
            shutil.rmtree(home / name, ignore_errors=True)
            (home / (name + _NEXT)).replace(home / name)
        catalog.end_changes()
