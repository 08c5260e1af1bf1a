"""Vectors to chunks: Chroma, one collection an embedding model. The only module that imports chromadb."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.errors import StoreError, StoreFull

# The defaults miss 62 of 300 self-queries on hard vectors; these miss none.
_HNSW = {"space": "cosine", "ef_construction": 200, "max_neighbors": 32, "ef_search": 200}


# Chroma keeps one system a path for all clients of a process, in a table that threads may break, and goes on using it
# when the folder was replaced. So each store has a spelling of the path, and with it a system, of its own.
_places: set[str] = set()
_turn = threading.Lock()


def _own_place(folder: Path) -> str:
    """The folder's path, spelt as no open store of this process spells it. The caller holds `_turn`."""
    place = str(folder)
    while place in _places:
        place += "/."
    _places.add(place)
    return place


def collection_name(model: str) -> str:
    """A collection's name for a model: its own readable name and a hash, since names may differ in odd characters."""
    readable = re.sub(r"[^A-Za-z0-9]+", "-", Path(model).name).strip("-")[:40] or "model"
    return f"kb-{readable}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


class VectorStore:
    """A Chroma collection of unit vectors by chunk id. Callers hold the locks of `index.storage.locks`."""

    def __init__(self, folder: Path, model: str) -> None:
        """Open or make the collection. Raises `StoreError` if Chroma cannot use the folder."""
        import chromadb
        from chromadb.config import Settings

        self._folder = folder
        with self._plain_errors():
            folder.mkdir(parents=True, exist_ok=True)
            with _turn:
                self._place = _own_place(folder)
                try:
                    settings = Settings(anonymized_telemetry=False)
                    self._client = chromadb.PersistentClient(self._place, settings=settings)
                except BaseException:
                    _places.discard(self._place)
                    raise
            self._collection = self._client.get_or_create_collection(
                collection_name(model), embedding_function=None, configuration={"hnsw": dict(_HNSW)}
            )
            self._most = int(self._client.get_max_batch_size())

    def close(self) -> None:
        """Let go of the folder; the next open reads what other processes wrote."""
        with _turn:
            self._client.close()
            _places.discard(self._place)

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # Chroma's own errors have no common base that its Rust core keeps to; all of them mean the same here.
            message = str(error)
            if isinstance(error, StoreError):
                raise
            if "full" in message or "No space left" in message or "disk I/O" in message:
                raise StoreFull(str(self._folder)) from error
            first = message.splitlines()[0] if message else repr(error)
            raise StoreError(
                f"The vector store in {self._folder} cannot be used ({first}). "
                "Run: kb doctor --repair. It is built anew from the catalog, and nothing is embedded again."
            ) from error

    def upsert(self, ids: Sequence[str], vectors: npt.NDArray[np.float32], documents: Sequence[str]) -> None:
        """Put vectors in place of those with their ids; `documents` are the ids of the chunks' documents."""
        with self._plain_errors():
            for at in range(0, len(ids), self._most):
                part = slice(at, at + self._most)
                metadatas: list[Any] = [{"document_id": document} for document in documents[part]]
                self._collection.upsert(ids=list(ids[part]), embeddings=vectors[part], metadatas=metadatas)

    def delete(self, ids: Sequence[str]) -> None:
        """Take ids out; ids that are not there do no harm."""
        with self._plain_errors():
            for at in range(0, len(ids), self._most):
                self._collection.delete(ids=list(ids[at : at + self._most]))

    def query(self, vector: npt.NDArray[np.float32], limit: int) -> list[tuple[str, float]]:
        """Chunk ids with their cosines, best first."""
        with self._plain_errors():
            if limit < 1:
                return []
            # Asking for more than there are gives what there is; counting first would take longer than the query.
            found = self._collection.query(query_embeddings=[vector], n_results=limit, include=["distances"])
            distances = (found["distances"] or [[]])[0]
            return [(i, 1.0 - float(d)) for i, d in zip(found["ids"][0], distances, strict=True)]

    def __len__(self) -> int:
        with self._plain_errors():
            return int(self._collection.count())

    def ids(self) -> set[str]:
        """The ids of every vector in the collection."""
        with self._plain_errors():
            found: set[str] = set()
            total = self._collection.count()
            for at in range(0, total, 10_000):
                found.update(self._collection.get(limit=10_000, offset=at, include=[])["ids"])
            return found
