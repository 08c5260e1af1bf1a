"""A question to hits: both legs of the search asked, filters applied, and what they found fused (index/fusion.py)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.filters import Filters
from index.fusion import SearchCandidate, fuse, hit_of, select
from index.models.embedder import Embedder
from index.search import phonetic
from index.search.phonetic import Names, Variants
from index.storage import embeddings, locks, vocabulary
from index.storage.catalog import Catalog
from index.writer import CATALOG, Indexes, check_model
from kb.errors import UsageError
from kb.types.search import Hit, Scores, SearchResult

_CANDIDATES = 200
# Up to so many chunks, a filtered query compares the vectors themselves and asks Chroma nothing.
_EXACT = 4000
_MOST_DOCUMENT_TERMS = 3000
GLOSSARY = "glossary.txt"


class Retriever:
    """Answers queries from a home, and looks anew whenever another process has written to it."""

    def __init__(self, home: Path, model: Callable[[], str], embedder: Callable[[], Embedder]) -> None:
        """`embedder` is called at the first query, so that it can load meanwhile; `model` says which it will be."""
        self._home = home
        self._model = model
        self._embedder = embedder
        self._catalog: Catalog | None = None
        self._indexes: Indexes | None = None
        self._names: Names | None = None
        # Threads share the open indexes; none may close them under another.
        self._turn = threading.RLock()

    def close(self) -> None:
        """Let go of the files."""
        with self._turn:
            if self._indexes is not None:
                self._indexes.close()
                self._indexes = None
            if self._catalog is not None:
                self._catalog.close()
                self._catalog = None

    def catalog(self) -> Catalog | None:
        """The catalog, opened for reading; None while nothing was ever ingested."""
        with self._turn:
            if self._catalog is None and (self._home / CATALOG).is_file():
                catalog = Catalog(self._home / CATALOG, write=False)
                if not catalog.made:
                    catalog.close()
                    return None
                self._catalog = catalog
            return self._catalog

    def terms(self, text: str) -> list[str]:
        """The words of a text as the lexical index sees them, stop words left out."""
        return self._open_indexes().lexical.words(text)

    def rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """How much each word tells: ln(1 + chunks ÷ chunks that hold it), 0 for a word that stands nowhere."""
        return self._open_indexes().lexical.rarity(terms)

    def variants(self, query: str) -> Variants:
        """What may stand in talk instead of the names of a query: by the glossary, then by letters and sound."""
        found = dict(phonetic.by_glossary(query, phonetic.glossary(self._home / GLOSSARY)))
        if self._names is None and (catalog := self.catalog()) is not None:
            self._names = Names(vocabulary.words(catalog), self._embedder().count)
        heard = self._names.variants(query) if self._names is not None else {}
        for word, others in heard.items():
            found[word] = [*found.get(word, ()), *others]
        return found

    def heard(self, query: str) -> dict[str, list[frozenset[str]]]:
        """By analysed name of a query: the sets of analysed words any of which a passage may hold in its stead."""
        lexical = self._open_indexes().lexical
        found: dict[str, list[frozenset[str]]] = {}
        for word, others in self.variants(query).items():
            for term in lexical.terms(word):
                said = [frozenset(lexical.terms(" ".join(other))) for other, _ in others]
                found[term] = [words for words in said if words]
        return found

    def _open_indexes(self) -> Indexes:
        if self._indexes is None:
            raise UsageError("There is nothing to search yet. Run: kb ingest FOLDER.")
        return self._indexes

    def _fresh(self, catalog: Catalog) -> Indexes:
        """The derived indexes as of the catalog's generation. The caller holds the access lock."""
        generation = catalog.generation()
        if self._indexes is not None and self._indexes.generation != generation:
            self._indexes.close()
            self._indexes = None
            self._names = None
        if self._indexes is None:
            model = self._model()
            check_model(catalog, model)
            self._indexes = Indexes(self._home, model)
            self._indexes.generation = generation
        return self._indexes

    def search(self, query: str, k: int, filters: Filters | None = None, trace: bool = False) -> SearchResult:
        """The k best chunks for a query, and with `trace` the candidates that fell and why."""
        began = time.perf_counter()
        filters = filters or Filters()
        catalog = self.catalog()
        if catalog is None or not query.strip() or catalog.count("chunks") == 0:
            return SearchResult(query, (), ms=_ms(began))
        if self._indexes is None:
            # Opened before the model is waited for, since it loads meanwhile in a thread of its own.
            with self._turn, locks.access(self._home, exclusive=False):
                self._fresh(catalog)
        opened = time.perf_counter()
        vector = self._embedder().embed([query])[0]
        embedded = time.perf_counter()
        # Hits are chosen before a writer may go on, so that they and the catalog are of one moment.
        with self._turn, locks.access(self._home, exclusive=False):
            indexes = self._fresh(catalog)
            allowed = self._allowed(catalog, filters)
            candidates = self._candidates(catalog, indexes, query, vector, max(_CANDIDATES, 3 * k), allowed)
            legs = time.perf_counter()
            ranked = fuse(catalog, candidates, vector, self._model())
            hits, dropped = select(catalog, ranked, k, trace)
        timings = {
            "open": 1000 * (opened - began),
            "embed": 1000 * (embedded - opened),
            "legs": 1000 * (legs - embedded),
            "rank": _ms(legs),
        }
        return SearchResult(query, tuple(hits), tuple(dropped), _ms(began), timings)

    def around(self, hits: Sequence[Hit]) -> list[Hit]:
        """The passages just before and after hits, the neighbours of the best hit first; hits themselves left out."""
        catalog = self.catalog()
        if catalog is None or not hits:
            return []
        with self._turn:
            known = {hit.chunk.id for hit in hits}
            places = catalog.places([hit.chunk.id for hit in hits])
            wanted = [
                (places[hit.chunk.id][0], places[hit.chunk.id][1] + step)
                for hit in hits
                if hit.chunk.id in places and not hit.chunk.derived
                for step in (1, -1)
            ]
            found = catalog.neighbours(wanted)
            ids = list(dict.fromkeys(found[place] for place in wanted if place in found and found[place] not in known))
            return self._as_hits(catalog, ids)

    def mentions(self, term: str, limit: int, filters: Filters | None = None) -> list[Hit]:
        """Passages that hold a term's words, by words alone: what a definition is looked for in."""
        catalog = self.catalog()
        if catalog is None:
            return []
        with self._turn, locks.access(self._home, exclusive=False):
            allowed = self._allowed(catalog, filters or Filters())
            found = self._fresh(catalog).lexical.search(f'"{term}"', limit, allowed)
            return self._as_hits(catalog, [chunk_id for chunk_id, _ in found])

    def allowed(self, filters: Filters) -> list[str] | None:
        """The ids of the documents that filters leave; None where they leave all."""
        catalog = self.catalog()
        if catalog is None:
            return []
        with self._turn:
            return self._allowed(catalog, filters)

    def as_hits(self, ids: Sequence[str]) -> list[Hit]:
        """Passages by id, as hits in this order; what is not there is left out."""
        catalog = self.catalog()
        if catalog is None:
            return []
        with self._turn:
            return self._as_hits(catalog, ids)

    @staticmethod
    def _as_hits(catalog: Catalog, ids: Sequence[str]) -> list[Hit]:
        chunks = catalog.chunks(list(ids))
        entries = catalog.documents_of(sorted({chunk.document_id for chunk in chunks.values()}))
        return [
            hit_of(n, chunks[i], entries[chunks[i].document_id], Scores(0.0, 0.0, 0.0))
            for n, i in enumerate(ids, start=1)
            if i in chunks and chunks[i].document_id in entries
        ]

    def _allowed(self, catalog: Catalog, filters: Filters) -> list[str] | None:
        """The ids of the documents that the filters let through; None if they let through all."""
        if not filters:
            return None
        where = ["1"]
        values: list[str] = []
        if filters.kinds:
            where.append(f"kind IN ({','.join('?' * len(filters.kinds))})")
            values += list(filters.kinds)
        for tag in filters.tags:
            where.append("id IN (SELECT document_id FROM tags WHERE tag = ? OR tag LIKE ? ESCAPE '\\')")
            escaped = tag.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            values += [tag, escaped + "/%"]
        if filters.source:
            where.append("id = ?")
            values.append(filters.source)
        for bound, sign in ((filters.since, ">="), (filters.until, "<=")):
            if bound:
                where.append(f"substr(coalesce(published, ingested), 1, 10) {sign} ?")
                values.append(bound)
        return catalog.documents_matching(" AND ".join(where), values)

    def _candidates(
        self,
        catalog: Catalog,
        indexes: Indexes,
        query: str,
        vector: npt.NDArray[np.float32],
        wanted: int,
        allowed: list[str] | None,
    ) -> dict[str, SearchCandidate]:
        found: dict[str, SearchCandidate] = {}
        by_vector, by_word = self._legs(catalog, indexes, query, vector, wanted, allowed)
        for rank, (chunk_id, cosine) in enumerate(by_vector, start=1):
            found[chunk_id] = SearchCandidate(chunk_id, cosine=cosine, vector_rank=rank)
        for rank, (chunk_id, bm25) in enumerate(by_word, start=1):
            candidate = found.setdefault(chunk_id, SearchCandidate(chunk_id))
            candidate.bm25, candidate.lexical_rank = bm25, rank
        return found

    def _legs(
        self,
        catalog: Catalog,
        indexes: Indexes,
        query: str,
        vector: npt.NDArray[np.float32],
        wanted: int,
        allowed: list[str] | None,
    ) -> tuple[list[tuple[str, float]], list[tuple[str, float]]]:
        variants = self.variants(query)
        if allowed is None:
            return indexes.store.query(vector, wanted), indexes.lexical.search(query, wanted, None, variants)
        if not allowed:
            return [], []
        inside = set(catalog.chunk_ids_in(allowed))
        share = max(len(inside), 1) / max(catalog.count("chunks"), 1)
        over = int(wanted / share) + 1
        if len(inside) <= _EXACT:
            vectors = embeddings.by_chunk(catalog, sorted(inside), self._model())
            scored = [(i, float(v @ vector)) for i, v in vectors.items()]
            by_vector = sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:wanted]
        else:
            by_vector = [pair for pair in indexes.store.query(vector, over) if pair[0] in inside][:wanted]
        if len(allowed) <= _MOST_DOCUMENT_TERMS:
            return by_vector, indexes.lexical.search(query, wanted, allowed, variants)
        return by_vector, [pair for pair in indexes.lexical.search(query, over, None, variants) if pair[0] in inside][
            :wanted
        ]


def _ms(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
