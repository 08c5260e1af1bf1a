"""Quizzes over a knowledge base: which passages are asked about, and where each stands."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from index.filters import Filters
from index.retriever import Retriever
from index.storage.catalog import Catalog
from index.storage.rows import Entry
from kb.answer import citations
from kb.answer.evidence import Sentence
from kb.errors import LlmError
from kb.llm.client import Llm
from kb.quiz import generate_llm
from kb.quiz.distractors import Embed
from kb.quiz.generate import QuizGenerator
from kb.quiz.generate_speech import Recording
from kb.quiz.items import Quiz, QuizItem
from kb.quiz.validation import ASKED
from kb.types import locators
from kb.types.answers import Citation, Level
from kb.types.documents import TimeSpan
from kb.types.search import Chunk, Hit

# Of a link only what others say of it is known, and a digest repeats that: nothing to be asked about.
_NEVER = ("link", "digest")
_PASSAGES_AN_ITEM, _FEWEST_PASSAGES, _MOST_PASSAGES = 10, 40, 4000
_BESIDE = 120  # passages that only give wrong options
_LEAST_COSINE = 0.3


@dataclass(slots=True)
class QuizSession:
    """Makes quizzes of what a base holds; `known` are items that were asked before."""

    retriever: Retriever
    catalog: Catalog
    embed: Embed
    posts: bool = False
    known: Sequence[QuizItem] = ()

    def quiz(
        self,
        topic: str,
        count: int,
        level: Level,
        seed: str,
        filters: Filters | None = None,
        llm: Llm | None = None,
    ) -> Quiz:
        """Items on a topic, or on anything where none is named; written by a model where there is one."""
        wanted = min(max(_PASSAGES_AN_ITEM * count, _FEWEST_PASSAGES), _MOST_PASSAGES)
        hits = self._about(topic, wanted, filters) if topic.strip() else self._any(wanted, seed, filters)
        return self._of_hits(topic, hits, count, level, seed, llm, bool(filters))

    def of_chunks(
        self, chunk_ids: Sequence[str], count: int, level: Level, seed: str, topic: str = "", llm: Llm | None = None
    ) -> Quiz:
        """Items on these passages, those that an answer rests on, and on what stands around them."""
        hits = self.retriever.as_hits(chunk_ids)
        return self._of_hits(topic, [*hits, *self.retriever.around(hits)], count, level, seed, llm)

    def _of_hits(
        self,
        topic: str,
        hits: Sequence[Hit],
        count: int,
        level: Level,
        seed: str,
        llm: Llm | None,
        narrowed: bool = False,
    ) -> Quiz:
        asked = [hit for hit in hits if hit.kind not in _NEVER and not hit.chunk.derived]
        if not asked:
            quiz = Quiz(topic, level)
            if not hits:
                quiz.notes.append(_nothing(topic, narrowed))
            else:
                quiz.notes.append("What was found is links, which say what others say of a page. Ingest the pages.")
            return quiz
        known = {hit.chunk.id for hit in asked}
        beside = [hit for hit in self._any(_BESIDE, seed + "beside", None) if hit.chunk.id not in known]
        texts: dict[str, str] = {}
        entries = self.catalog.documents_of(sorted({hit.chunk.document_id for hit in asked}))
        cite = self._cite(texts, entries)
        begun = Quiz(topic, level)
        if llm is not None:
            try:
                begun = generate_llm.write(llm, topic, asked, cite, count, level, self.known, self.posts)
            except LlmError as error:
                begun.notes.append(f"{error} The questions are made by rule.")
        recordings = {e.id: self._heard(e.id) for e in entries.values() if e.kind in ("transcript", "audio")}
        maker = QuizGenerator(self.embed, cite, level, seed, self.posts, [*self.known, *begun.items], recordings)
        quiz = maker.make(topic, asked, beside, count - len(begun.items))
        quiz.items[:0] = begun.items
        quiz.notes[:0] = begun.notes
        for reason, times in begun.rejected.items():
            quiz.reject(reason, times)
        if len(quiz.items) < count:
            quiz.notes.append(_too_few(len(quiz.items), count, quiz.rejected.get(ASKED, 0)))
        return quiz

    def _cite(self, texts: dict[str, str], entries: dict[str, Entry]) -> Callable[[Sentence], Citation]:
        made: dict[tuple[str, int, int], Citation] = {}

        def cite(sentence: Sentence) -> Citation:
            chunk = sentence.hit.chunk
            place = (chunk.id, sentence.start, sentence.end)
            if place not in made:
                if chunk.document_id not in texts:
                    texts[chunk.document_id] = self.catalog.text_of(chunk.document_id)
                metadata = entries[chunk.document_id].metadata
                made[place] = citations.cite(1, sentence, sentence, texts[chunk.document_id], metadata)
            return made[place]

        return cite

    def _about(self, topic: str, wanted: int, filters: Filters | None) -> list[Hit]:
        """Passages on a topic; none where nothing is near it."""
        hits = self.retriever.search(topic, wanted, filters).hits
        return [hit for hit in hits if hit.scores.bm25 > 0 or hit.scores.cosine >= _LEAST_COSINE]

    def _any(self, wanted: int, seed: str, filters: Filters | None) -> list[Hit]:
        """Passages from anywhere in the base, by chance: the same ones for the same seed."""
        ids = self.catalog.askable(_NEVER, self.retriever.allowed(filters) if filters else None)
        chance = random.Random(seed)  # noqa: S311
        chosen = chance.sample(ids, min(wanted, len(ids)))
        return self.retriever.as_hits(chosen)

    def _heard(self, document_id: str) -> Recording:
        chunks = self.catalog.chunks(sorted(self.catalog.chunk_ids(document_id)))
        voices = frozenset(name for chunk in chunks.values() for name in _speakers(chunk))
        times = sorted(chunk.locator.start for chunk in chunks.values() if isinstance(chunk.locator, TimeSpan))
        return Recording(voices, tuple(times))


def _speakers(chunk: Chunk) -> set[str]:
    return {name for segment in chunk.segments for name in locators.speakers(segment.locator)}


def _nothing(topic: str, narrowed: bool) -> str:
    if narrowed:
        return "No source that can be asked about is like that: of links and digests only what others say is known."
    if topic.strip():
        return f"Your sources say nothing about {topic.strip()[:80]!r}; kb search shows what is nearest."
    return "There is nothing to ask about yet: of links only what others say is known. Run: kb ingest FOLDER."


def _too_few(made: int, wanted: int, asked: int) -> str:
    if not made and asked:
        return "All that can be asked here was asked already; kb review asks it again when it is due."
    if not made:
        return "Nothing in these passages can be asked about by rule: no sentence stands alone and says something."
    return f"Only {made} of {wanted} could be made from what your sources say here."
