"""Words to chunks: BM25 by tantivy over the chunks' breadcrumbs and text.

Queries are built from analysed words, never parsed from the person's text, so no syntax in a question can break them;
words in double quotes must stand together to earn the phrase's bonus.
"""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import tantivy

from index.search.phonetic import Variants
from kb.errors import StoreError
from kb.types.search import Chunk

# Goes up whenever fields or analysis change, so that the index is built anew.
VERSION = 1

_ANALYZER = "kb"
_MOST_TERMS = 64
_PHRASE_BOOST = 2.0
_QUOTED = re.compile(r"[\"“”]([^\"“”]{2,200})[\"“”]")
# Words that carry a question's grammar and not its subject.
STOPWORDS = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by can could did do does for from had has have how i if in into "
        "is it its me my of on or our should so than that the their them then there these they this to "
        "was we were what when where which who whom whose why will with would you your about according "
        "tell say says said ",
    )
)


@cache
def _analyzer() -> tantivy.TextAnalyzer:
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


def subject_words(text: str) -> list[str]:
    """The analysed words that carry a text's subject, each once; for texts that are in no index too."""
    kept = [w for w in re.findall(r"\w+", text) if w.lower() not in STOPWORDS]
    return list(dict.fromkeys(_analyzer().analyze(" ".join(kept))))


class LexicalIndex:
    """A tantivy index of chunks. Opening reads; a writer is taken only while writing."""

    def __init__(self, folder: Path) -> None:
        """Open or make the index in `folder`. Raises `StoreError` if what is there cannot be opened."""
        self._folder = folder
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("document", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("body", tokenizer_name=_ANALYZER, index_option="position")
        self._schema = builder.build()
        self._analyzer = _analyzer()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._index = tantivy.Index(self._schema, path=str(folder), reuse=True)
        except (ValueError, OSError) as error:
            first = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
            raise StoreError(
                f"The lexical index in {folder} cannot be opened ({first}). Run: kb doctor --repair."
            ) from None
        self._index.register_tokenizer(_ANALYZER, self._analyzer)

    @staticmethod
    def clear(folder: Path) -> None:
        """Remove an index from the disk."""
        shutil.rmtree(folder, ignore_errors=True)

    def write(self, chunks: Iterable[Chunk], removed: Iterable[str]) -> None:
        """Put chunks in place of those with their ids, take `removed` ids out, and commit."""
        writer = self._index.writer(heap_size=64_000_000, num_threads=1)
        for chunk_id in removed:
            writer.delete_documents_by_term("id", chunk_id)
        for chunk in chunks:
            writer.delete_documents_by_term("id", chunk.id)
            # Words of the breadcrumb (title, headings, parents) count as the passage's own.
            writer.add_document(tantivy.Document(id=[chunk.id], document=[chunk.document_id], body=[chunk.embedded]))
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def reload(self) -> None:
        """See what another process has committed."""
        self._index.reload()

    def __len__(self) -> int:
        return int(self._index.searcher().num_docs)

    def ids(self) -> set[str]:
        """The ids of every chunk in the index."""
        searcher = self._index.searcher()
        found = searcher.search(tantivy.Query.all_query(), limit=max(len(self), 1)).hits
        return {str(searcher.doc(address)["id"][0]) for _, address in found}

    def terms(self, text: str) -> list[str]:
        """The analysed words of a text, each once, in order."""
        return list(dict.fromkeys(self._analyzer.analyze(text)))

    def words(self, text: str) -> list[str]:
        """The analysed words that carry a text's subject, each once: what a query looks for."""
        return subject_words(text) or self.terms(text)

    def rarity(self, terms: Sequence[str]) -> dict[str, float]:
        """ln(1 + chunks ÷ chunks that hold the word), 0 for a word that stands nowhere."""
        searcher = self._index.searcher()
        total = max(int(searcher.num_docs), 1)
        counts = {term: int(searcher.doc_freq("body", term)) for term in terms}
        return {term: math.log(1 + total / n) if n else 0.0 for term, n in counts.items()}

    def search(
        self, query: str, limit: int, documents: Sequence[str] | None = None, variants: Variants | None = None
    ) -> list[tuple[str, float]]:
        """Chunk ids with their BM25 scores, best first; only from `documents`, if given.

        `variants` are what may stand instead of a word of the query (`index.search.phonetic`); a passage
        earns the best of them.
        """
        built = self._query(query, variants or {})
        if built is None or limit < 1:
            return []
        if documents is not None:
            allowed = tantivy.Query.const_score_query(
                tantivy.Query.term_set_query(self._schema, "document", list(documents)), 0.0
            )
            built = tantivy.Query.boolean_query([(tantivy.Occur.Must, built), (tantivy.Occur.Must, allowed)])
        searcher = self._index.searcher()
        hits = searcher.search(built, limit=limit, count=False).hits
        return [(str(searcher.doc(address)["id"][0]), float(score)) for score, address in hits]

    def _query(self, text: str, variants: Variants) -> tantivy.Query | None:
        terms = self.words(text)[:_MOST_TERMS]
        if not terms:
            return None
        instead: dict[str, list[tantivy.Query]] = {}
        for word, others in variants.items():
            for term in self._analyzer.analyze(word):
                built = (self._instead(said, weight) for said, weight in others)
                instead.setdefault(term, []).extend(query for query in built if query is not None)
        clauses = []
        for term in terms:
            query = tantivy.Query.term_query(self._schema, "body", term, "freq")
            if instead.get(term):
                query = tantivy.Query.disjunction_max_query([query, *instead[term]])
            clauses.append((tantivy.Occur.Should, query))
        for phrase in _QUOTED.findall(text):
            together = self._analyzer.analyze(phrase)
            if len(together) > 1:
                query = tantivy.Query.phrase_query(self._schema, "body", together)
                clauses.append((tantivy.Occur.Should, tantivy.Query.boost_query(query, _PHRASE_BOOST)))
        return tantivy.Query.boolean_query(clauses)

    def _instead(self, said: Sequence[str], weight: float) -> tantivy.Query | None:
        """A word, or words together, at less than full weight."""
        terms = self._analyzer.analyze(" ".join(said))
        if not terms:
            return None
        if len(terms) == 1:
            query = tantivy.Query.term_query(self._schema, "body", terms[0], "freq")
        else:
            query = tantivy.Query.phrase_query(self._schema, "body", terms)
        return tantivy.Query.boost_query(query, weight)
