"""A question to an answer: retrieve, freeze the evidence, choose, cite, check, or say that the sources do not tell."""

from __future__ import annotations

import time
from collections.abc import Callable

from index.catalog import Catalog
from index.embed import Embedder
from index.retrieve import Filters, Retriever
from kb.documents import Answer, Citation, Claim, Level, Metadata, Post, SearchResult
from kb.errors import UsageError
from kb.tutor import citations, extractive, levels
from kb.tutor.evidence import Sentence, follows, gather
from kb.tutor.extractive import Scored

ANSWERER = "extractive"
NOT_SAID = "Your sources do not say."
# Below this confidence the evidence is too thin to answer from (docs/benchmarks.md).
THIN = 0.45
# A sentence this far (in logits) below the best one is no longer part of the answer.
_MARGIN = 2.0
_NEAREST = 3
_LONGEST_QUESTION = 20_000


def answer(
    retriever: Retriever,
    embedder: Callable[[], Embedder],
    question: str,
    level: Level,
    k: int = 8,
    filters: Filters | None = None,
    trace: bool = False,
) -> Answer:
    """Answer at a level from the k best passages, every sentence quoted and cited.

    Raises `UsageError` for an empty question or one beyond 20,000 characters.
    """
    began = time.perf_counter()
    question = question.strip()
    if not question:
        raise UsageError("The question is empty.")
    if len(question) > _LONGEST_QUESTION:
        raise UsageError(f"The question has {len(question):,} characters; at most {_LONGEST_QUESTION:,} are read.")
    result = retriever.search(question, k, filters, trace)
    kept = result if trace else None
    catalog = retriever.catalog()
    if not result.hits or catalog is None:
        return _not_said(question, level, 0.0, result, kept, began)
    evidence = gather(result.hits)
    heard = retriever.heard(question)
    ranking = extractive.rank(question, evidence, embedder().embed, retriever.terms, retriever.rarity, heard)
    if ranking.confidence < THIN or not ranking.scored:
        return _not_said(question, level, ranking.confidence, result, kept, began)
    # The expert's sentences are the evidence of every level.
    taken = extractive.select(ranking, levels.MANNERS["expert"].sentences, _MARGIN)
    told = levels.for_level(taken, level)
    claims, cited = _compose(catalog, told)
    if not cited:
        return _not_said(question, level, ranking.confidence, result, kept, began)
    return Answer(
        question=question,
        level=level,
        text="\n".join(f"{claim.text} [{claim.citations[0]}]" for claim in claims),
        claims=tuple(claims),
        citations=tuple(cited),
        abstained=False,
        confidence=round(ranking.confidence, 4),
        answerer=ANSWERER,
        ms=_ms(began),
        trace=kept,
    )


def _compose(catalog: Catalog, told: list[Scored]) -> tuple[list[Claim], list[Citation]]:
    """Statements and their citations: the best passage first, within a passage in its own order.

    Sentences that follow one another in a passage are one quote. A quote that does not stand is never shown.
    """
    order = {scored.sentence.hit.chunk.id: n for n, scored in reversed(list(enumerate(told)))}
    sentences = sorted((s.sentence for s in told), key=lambda s: (order[s.hit.chunk.id], s.start))
    entries = catalog.documents_of(sorted({s.hit.chunk.document_id for s in sentences}))
    texts = {document_id: catalog.text_of(document_id) for document_id in entries}
    claims: list[Claim] = []
    cited: list[Citation] = []
    for run in _runs(sentences):
        document_id = run[0].hit.chunk.document_id
        if document_id not in entries:
            continue
        made = citations.cite(len(cited) + 1, run[0], run[-1], texts[document_id], entries[document_id].metadata)
        if citations.stands(made, texts[document_id], run[0].hit.chunk):
            continue
        cited.append(made)
        claims.append(Claim(_told(made, entries[document_id].metadata), (made.n,), True))
    return claims, cited


def _told(cited: Citation, metadata: Metadata) -> str:
    """A quote as a statement: an anonymous one is told as what somebody said, never as what is."""
    if metadata.get("trust") != "anonymous":
        return cited.quote
    where = f" in /{metadata['board']}/" if "board" in metadata else ""
    what = "post" if metadata.get("rendered") else "recap of a thread"
    gone = isinstance(cited.locator, Post) and cited.locator.post in metadata.get("deleted", [])
    return f"An anonymous {what}{where}{', deleted since,' if gone else ''} says: “{cited.quote}”"


def _runs(sentences: list[Sentence]) -> list[list[Sentence]]:
    runs: list[list[Sentence]] = []
    for sentence in sentences:
        last = runs[-1][-1] if runs else None
        if last is not None and follows(last, sentence):
            runs[-1].append(sentence)
        else:
            runs.append([sentence])
    return runs


def _not_said(
    question: str, level: Level, confidence: float, result: SearchResult, kept: SearchResult | None, began: float
) -> Answer:
    return Answer(
        question=question,
        level=level,
        text=NOT_SAID,
        claims=(),
        citations=(),
        abstained=True,
        confidence=round(confidence, 4),
        answerer=ANSWERER,
        nearest=result.hits[:_NEAREST],
        ms=_ms(began),
        trace=kept,
    )


def _ms(began: float) -> float:
    return 1000 * (time.perf_counter() - began)
