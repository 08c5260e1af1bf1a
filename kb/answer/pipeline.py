"""A question to an answer: retrieve, freeze the evidence, write or choose, cite, check, or say that none is there."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace

from index.filters import Filters
from index.models.embedder import Embedder
from index.models.reranker import Reranker
from index.retriever import Retriever
from kb.answer import compose, definitions, extractive, levels, rerank
from kb.answer.evidence import Evidence, gather
from kb.answer.extractive import Ranking
from kb.answer.prepared import THIN, Prepared
from kb.answer.rerank import AllPassageScores
from kb.errors import LlmError, UsageError
from kb.llm.client import Llm
from kb.types.answers import NOTHING_YET, Answer, Level, Offer
from kb.types.search import Dropped, SearchResult

ANSWERER = "extractive"
NOT_SAID = "Your sources do not say."
# A sentence this far (in logits) below the best one is no longer part of the answer; an expert is told more.
_MARGIN = 2.0
_REACH = 5.5
_NEAREST = 3
_LONGEST_QUESTION = 20_000


def prepare(
    retriever: Retriever,
    embedder: Callable[[], Embedder],
    question: str,
    k: int = 8,
    filters: Filters | None = None,
    trace: bool = False,
    searched: str = "",
    for_model: bool = False,
    offer: Callable[[str], tuple[Offer, ...]] = lambda _: (),
    reader: Reranker | None = None,
) -> Prepared:
    """Search for a question and freeze what was found. `searched` is what to look up, if not the question itself.

    Raises `UsageError` for an empty question or one beyond 20,000 characters.
    """
    began = time.perf_counter()
    question = question.strip()
    if not question:
        raise UsageError("The question is empty.")
    if len(question) > _LONGEST_QUESTION:
        raise UsageError(f"The question has {len(question):,} characters; at most {_LONGEST_QUESTION:,} are read.")
    looked_up = searched or question
    result, evidence, readings = found(retriever, looked_up, k, filters, trace, reader)
    catalog = retriever.catalog()
    nothing = Ranking((), 0.0, extractive.NO_FEATURES)
    empty = not result.hits and (catalog is None or not catalog.count("documents"))
    made = Prepared(question, looked_up, result, evidence, nothing, offers=offer(question), traced=trace, empty=empty)
    if result.hits and catalog is not None:
        heard = retriever.heard(looked_up)
        ranking = extractive.rank(looked_up, evidence, embedder(), retriever.terms, retriever.rarity, heard, readings)
        # The expert's sentences are the evidence of every level.
        few, many = (levels.MANNERS[level].sentences for level in ("practitioner", "expert"))
        taken = extractive.select(ranking, few, _MARGIN, many - few + 3, _REACH)
        wanted = definitions.terms(looked_up, [s.sentence.plain for s in taken]) if ranking.confidence >= THIN else []
        defined = definitions.find(wanted, lambda term, most: retriever.mentions(term, most, filters))
        defined = [d for d in defined if not any(d.quote == s.sentence.quote for s in taken)]
        around = retriever.around(result.hits) if for_model else []
        hits = [*result.hits, *around, *(d.hit for d in defined)]
        entries = catalog.documents_of(sorted({hit.chunk.document_id for hit in hits}))
        texts = {document_id: catalog.text_of(document_id) for document_id in entries}
        made = replace(
            made,
            ranking=ranking,
            taken=tuple(taken),
            defined=tuple(defined),
            around=tuple(around),
            entries=entries,
            texts=texts,
        )
    return replace(made, ms=_ms(began))


def found(
    retriever: Retriever, query: str, k: int, filters: Filters | None, trace: bool, reader: Reranker | None
) -> tuple[SearchResult, Evidence, AllPassageScores | None]:
    """The k best passages and their sentences; with a reader in its order, and what it makes of them.

    There are no readings without a reader, and where nothing is near enough to be read.
    """
    if reader is None:
        result = retriever.search(query, k, filters, trace)
        return result, gather(result.hits), None
    result = retriever.search(query, max(k, rerank.DEPTH), filters, trace)
    began = time.perf_counter()
    evidence = gather(result.hits)
    readings = rerank.read(query, evidence, reader)
    hits = rerank.reordered(result.hits, readings)
    took = _ms(began)
    fallen = tuple(Dropped(h.chunk.id, h.title, h.scores, f"below the first {k}") for h in hits[k:] if trace)
    result = replace(
        result,
        hits=hits[:k],
        dropped=(*fallen, *result.dropped),
        timings={**result.timings, "read": took},
        ms=result.ms + took,
    )
    return result, evidence.under(result.hits), readings or None


def tell(
    prepared: Prepared,
    level: Level,
    llm: Llm | None = None,
    embedder: Callable[[], Embedder] | None = None,
    within: str = "",
    reader: Reranker | None = None,
) -> Generator[str, None, Answer]:
    """An answer at a level from frozen evidence; yields what can be shown of it as it comes, and returns it whole.

    With a model it is written and checked, else quoted. `within` is the fuller answer that a simpler one keeps to.
    """
    began = time.perf_counter()
    answer = _head(prepared, level)
    if prepared.thin:
        return replace(answer, ms=prepared.ms + _ms(began))
    if llm is not None and embedder is not None:
        try:
            told = yield from compose.written(prepared, level, llm, embedder, reader, within, answer)
        except LlmError as error:
            told = replace(answer, notes=(f"{error} The answer is quoted from your sources instead.",))
            told = compose.quoted(prepared, level, told)
    else:
        told = compose.quoted(prepared, level, answer)
        yield told.text
    return replace(told, ms=prepared.ms + _ms(began))


def answer(
    retriever: Retriever,
    embedder: Callable[[], Embedder],
    question: str,
    level: Level,
    k: int = 8,
    filters: Filters | None = None,
    trace: bool = False,
    llm: Llm | None = None,
    offer: Callable[[str], tuple[Offer, ...]] = lambda _: (),
    reader: Reranker | None = None,
) -> Generator[str, None, Answer]:
    """Answer at a level from the k best passages, every statement cited; yields and returns as `tell`.

    Raises `UsageError` for an empty question or one beyond 20,000 characters.
    """
    prepared = prepare(
        retriever, embedder, question, k, filters, trace, for_model=llm is not None, offer=offer, reader=reader
    )
    return (yield from tell(prepared, level, llm, embedder, reader=reader))


def whole(telling_: Generator[str, None, Answer]) -> Answer:
    """The answer at the end of what is told, for those who do not watch it come."""
    while True:
        try:
            next(telling_)
        except StopIteration as done:
            made: Answer = done.value
            return made


def _head(prepared: Prepared, level: Level) -> Answer:
    """An answer that says nothing yet: that the sources do not say, with what is nearest."""
    return Answer(
        question=prepared.question,
        level=level,
        text=f"{NOT_SAID} {NOTHING_YET}" if prepared.empty else NOT_SAID,
        claims=(),
        citations=(),
        abstained=True,
        confidence=round(prepared.ranking.confidence, 4),
        answerer=ANSWERER,
        nearest=prepared.result.hits[:_NEAREST],
        trace=prepared.result if prepared.traced else None,
        searched=prepared.searched if prepared.searched != prepared.question else "",
        offers=prepared.offers,
    )


def _ms(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
