"""Documents to chunks: outlines by index/chunking/outline.py, transcripts by index/chunking/speech.py."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from index.chunking.outline import OutlineCutter
from index.chunking.speech import SpeechCutter
from index.chunking.units import Count, Units, is_talk
from kb.types.documents import Document
from kb.types.search import Chunk

# Goes up whenever the same document would give other chunks, so that documents are chunked again.
VERSION = 2
# Characters of a chunk that is well filled, chosen on the judged sets (docs/benchmarks.md). Talk is thinner than
# writing: its chunks are filled to the window.
TARGET = 850
TARGET_TALK = 1300


def chunk(document: Document, count: Count, window: int) -> list[Chunk]:
    """The chunks of a document, in order.

    `count` gives the embedder's word pieces of each text; `window` is how many it reads, special tokens included.
    """
    talk = is_talk(document)
    units = Units(document, count, window, TARGET_TALK if talk else TARGET)
    groups = SpeechCutter(units).groups() if talk else OutlineCutter(units).groups()
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    chunks = []
    for breadcrumb, group in groups:
        made = units.make(breadcrumb, group)
        n = seen[(breadcrumb, made.text)] = seen.get((breadcrumb, made.text), -1) + 1
        # A digest of ours repeats what its links say: it is found and shown, and they are what is quoted.
        derived = document.metadata.get("generated", False)
        chunks.append(replace(made, id=chunk_id(document.id, breadcrumb, made.text, n), derived=derived))
    return chunks


def chunk_id(document_id: str, breadcrumb: tuple[str, ...], text: str, n: int) -> str:
    """The id of the n-th chunk with this text under this breadcrumb: stable when other parts of the document change."""
    key = "\x1f".join((document_id, *breadcrumb, "\x1e" + text, str(n)))
    return "c" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]
