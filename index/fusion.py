"""What both legs of a search found, fused: BM25 and cosine, neighbours of talk counted in, near-copies folded.

score = w·cosine + (1 − w)·(BM25 ÷ the query's best BM25). Talk goes on about one thing over several chunks, so a chunk
of talk also gets a share of its neighbours' scores. Weights were chosen on the judged sets (docs/benchmarks.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.storage import embeddings
from index.storage.catalog import Catalog
from index.storage.rows import Entry
from kb.types import locators
from kb.types.search import Chunk, Dropped, Hit, Scores

_COSINE_WEIGHT = 0.6
_NEIGHBOUR_WEIGHT = 0.2
# Passages that share this many of their words say the same; the second is folded into the first. Vectors do not tell:
# passages of one dry document come as near as .99 and differ in the very number that was asked for.
_COPY_OVERLAP = 0.9


@dataclass(slots=True)
class SearchCandidate:
    """A passage that a leg of the search found, with its ranks and scores."""

    chunk_id: str
    cosine: float = 0.0
    bm25: float = 0.0
    vector_rank: int | None = None
    lexical_rank: int | None = None
    fused: float = 0.0

    def scores(self) -> Scores:
        """The same as a hit shows them."""
        return Scores(self.fused, self.cosine, self.bm25, self.vector_rank, self.lexical_rank)


def fuse(
    catalog: Catalog, candidates: dict[str, SearchCandidate], vector: npt.NDArray[np.float32], model: str
) -> list[SearchCandidate]:
    """Candidates, best first. What the catalog does not know (half-written, just removed) falls out here."""
    places = catalog.places(list(candidates))
    candidates = {i: c for i, c in candidates.items() if i in places}
    best = max((c.bm25 for c in candidates.values()), default=0.0) or 1.0
    talk = _transcripts(catalog, places)
    around: dict[tuple[str, int], str] = {}
    for chunk_id, (document_id, n) in places.items():
        around[(document_id, n)] = chunk_id
    missing = {
        (document_id, m)
        for document_id, n in places.values()
        if document_id in talk
        for m in (n - 1, n + 1)
        if (document_id, m) not in around
    }
    around |= catalog.neighbours(missing)
    unknown = [i for i, c in candidates.items() if c.vector_rank is None]
    unknown += [i for i in around.values() if i not in candidates]
    vectors = embeddings.by_chunk(catalog, unknown, model)
    cosines = {i: float(v @ vector) for i, v in vectors.items()}
    base: dict[str, float] = {}
    for chunk_id in {*candidates, *around.values()}:
        candidate = candidates.get(chunk_id)
        if candidate is not None and candidate.vector_rank is None:
            candidate.cosine = cosines.get(chunk_id, 0.0)
        cosine = candidate.cosine if candidate else cosines.get(chunk_id, 0.0)
        bm25 = candidate.bm25 if candidate else 0.0
        base[chunk_id] = _COSINE_WEIGHT * cosine + (1 - _COSINE_WEIGHT) * bm25 / best
    for chunk_id, candidate in candidates.items():
        document_id, n = places[chunk_id]
        candidate.fused = base[chunk_id]
        if document_id in talk:
            near = [base[around[(document_id, m)]] for m in (n - 1, n + 1) if (document_id, m) in around]
            share = sum(near) / len(near) if near else base[chunk_id]
            candidate.fused = (base[chunk_id] + _NEIGHBOUR_WEIGHT * share) / (1 + _NEIGHBOUR_WEIGHT)
    return sorted(candidates.values(), key=lambda c: (-c.fused, c.chunk_id))


def _transcripts(catalog: Catalog, places: Mapping[str, tuple[str, int]]) -> set[str]:
    ids = sorted({document_id for document_id, _ in places.values()})
    return {i for i, entry in catalog.documents_of(ids).items() if entry.kind in ("transcript", "audio")}


def select(catalog: Catalog, ranked: list[SearchCandidate], k: int, trace: bool) -> tuple[list[Hit], list[Dropped]]:
    """The first k that are not near-copies of a better one."""
    window = ranked[: 2 * k + 20]
    chunks = catalog.chunks([c.chunk_id for c in window])
    entries = catalog.documents_of(sorted({chunk.document_id for chunk in chunks.values()}))
    hits: list[Hit] = []
    dropped: list[Dropped] = []
    kept: list[tuple[Chunk, frozenset[str]]] = []
    for candidate in window:
        chunk = chunks.get(candidate.chunk_id)
        entry = entries.get(chunk.document_id) if chunk else None
        if chunk is None or entry is None:
            continue
        reason = ""
        if len(hits) >= k:
            reason = f"below the first {k}"
        else:
            words = frozenset(chunk.text.casefold().split())
            copy = _copied(chunk, words, kept)
            if copy:
                reason = f"nearly the same as {copy}"
            else:
                kept.append((chunk, words))
                hits.append(hit_of(len(hits) + 1, chunk, entry, candidate.scores()))
        if reason and trace:
            dropped.append(Dropped(chunk.id, entry.title, candidate.scores(), reason))
    return hits, dropped


def _copied(chunk: Chunk, words: frozenset[str], kept: list[tuple[Chunk, frozenset[str]]]) -> str:
    """The id of a kept chunk that says the same, or nothing.

    Only another document's: what a document says twice stands at two places, and each can be the one asked for.
    """
    for other, known in kept:
        alike = len(words & known) >= _COPY_OVERLAP * max(len(words | known), 1)
        # What was made from a source never stands in for the source itself.
        if alike and chunk.document_id != other.document_id and (chunk.derived or not other.derived):
            return other.id
    return ""


def hit_of(rank: int, chunk: Chunk, entry: Entry, scores: Scores) -> Hit:
    """A passage as a hit, with its document's name and link."""
    link = locators.link(entry.uri, entry.metadata, chunk.locator, chunk.lines)
    published = entry.published or entry.ingested
    return Hit(
        rank,
        chunk,
        scores,
        entry.kind,
        entry.title,
        entry.uri,
        link,
        published,
        entry.metadata.get("trust", "published"),
    )
