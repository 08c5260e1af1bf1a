"""Passages that are made from a document (kb/summaries makes them): found and shown, never quoted as evidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from index.chunking.chunker import chunk_id
from index.chunking.units import Count
from kb.types.documents import Document, Locator
from kb.types.search import Chunk

Derive = Callable[[Document, Sequence[Chunk], Count, int], list[Chunk]]


def made(document: Document, breadcrumb: tuple[str, ...], text: str, searched: str, locator: Locator) -> Chunk:
    """A derived chunk: `text` is shown, `searched` embedded and indexed under the breadcrumb."""
    return Chunk(
        id=chunk_id(document.id, breadcrumb, text, 0),
        document_id=document.id,
        start_char=0,
        end_char=0,
        breadcrumb=breadcrumb,
        text=text,
        embedded=" › ".join(breadcrumb) + "\n" + searched,
        locator=locator,
        derived=True,
    )
