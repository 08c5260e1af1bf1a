"""The sources of a knowledge base: which there are, what is in them, where they lead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.storage.catalog import Catalog
    from index.storage.rows import Entry
    from kb.library.browse import Edges, Place, SourceRow
    from kb.library.context import LibraryContext


class Sources:
    """The sources of one knowledge base, and their places."""

    def __init__(self, context: LibraryContext) -> None:
        self._context = context

    def find(self, prefix: str) -> tuple[str, str | None]:
        """The document id, and the chunk id if it is a chunk's, that a prefix names. Raises `UnknownId`."""
        from kb.library import browse as sources

        return sources.find(self._context.catalog(), prefix)

    def place(self, prefix: str) -> Place:
        """The document or passage with an id (or the beginning of one). Raises `UnknownId`."""
        from kb.library import browse as sources

        document_id, chunk_id = self.find(prefix)
        return sources.place(self._catalog(), document_id, chunk_id)

    def sources(self) -> list[SourceRow]:
        """Every source, failed and queued ones too, by uri."""
        from kb.library import browse as sources

        catalog = self._context.catalog()
        return sources.rows(catalog) if catalog is not None else []

    def source(self, prefix: str) -> tuple[Entry, str]:
        """One document's entry and its text. Raises `UnknownId`."""
        document_id, _ = self.find(prefix)
        catalog = self._catalog()
        return catalog.documents_of([document_id])[document_id], catalog.text_of(document_id)

    def documents(self) -> int:
        """How many sources there are."""
        catalog = self._context.catalog()
        return catalog.count("documents") if catalog is not None else 0

    def passages(self) -> int:
        """How many passages there are to be searched."""
        catalog = self._context.catalog()
        return catalog.count("chunks") if catalog is not None else 0

    def has(self, uri: str) -> bool:
        """Whether a source of this uri is there."""
        catalog = self._context.catalog()
        return catalog is not None and catalog.entry_of(uri) is not None

    def entry(self, document_id: str) -> Entry | None:
        """One document as the catalog lists it; None if there is none of that id (any more)."""
        catalog = self._context.catalog()
        return catalog.documents_of([document_id]).get(document_id) if catalog is not None else None

    def recording(self, document_id: str) -> Path | None:
        """The recording that a document was made of, where it lies on this machine; None for any other."""
        from kb.library import browse as sources

        catalog = self._context.catalog()
        return sources.recording(catalog, document_id) if catalog is not None else None

    def tags(self) -> list[str]:
        """Every tag of a source, the most frequent first."""
        catalog = self._context.catalog()
        return catalog.tags() if catalog is not None else []

    def edges(self, prefix: str) -> Edges:
        """The links out of a document and back to it. Raises `UnknownId`."""
        from kb.library import browse as sources

        document_id, _ = self.find(prefix)
        return sources.edges(self._catalog(), document_id)

    def _catalog(self) -> Catalog:
        """The catalog of a base that is known to have one."""
        catalog = self._context.catalog()
        assert catalog is not None
        return catalog
