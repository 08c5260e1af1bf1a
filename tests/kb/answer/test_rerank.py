"""A question's passages read once: their order, what is left out, what a trace says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kb
from index.models.embedder import Embedder
from index.models.reranker import Reranker, RerankInput
from kb.answer import extractive, rerank
from kb.answer.evidence import gather
from kb.answer.extractive import NO_FEATURES, Ranking, Scored
from kb.answer.rerank import PassageScores
from kb.library import Library
from kb.types.search import Hit
from tests.builders import write

CABLES = "The cables of the hall are laid under the floor, and the cables of the roof are laid above it."
LENGTH = "Every cable of the hall is at most forty metres long, because the signal fades beyond that."


@pytest.fixture
def filled(library: Library, notes: Path) -> Library:
    write(notes, a=f"# Cables\n\n{CABLES}", b=f"# Signals\n\n{LENGTH}", c="# Lunch\n\nThe kitchen serves soup at noon.")
    library.ingest([notes])
    return library


def surely(relevant: float) -> PassageScores:
    return PassageScores(0.0, relevant, {})


def found(library: Library) -> tuple[Hit, ...]:
    return library.search("cables of the hall", 3).hits


def test_a_passage_that_is_relevant_rises_above_one_with_more_of_the_words(filled: Library) -> None:
    hits = found(filled)
    first, second, third = (hit.chunk.id for hit in hits)
    readings = {first: surely(-6.0), second: surely(6.0), third: surely(-6.0)}
    assert [hit.chunk.id for hit in rerank.reordered(hits, readings, 0.9)] == [second, first, third]


def test_without_a_weight_the_order_is_the_fused_one(filled: Library) -> None:
    hits = found(filled)
    readings = {hit.chunk.id: surely(-float(hit.rank)) for hit in reversed(hits)}
    assert rerank.reordered(hits, readings, 0.0) == hits


def test_ranks_count_on_from_one_in_the_new_order(filled: Library) -> None:
    hits = found(filled)
    readings = {hit.chunk.id: surely(float(hit.rank)) for hit in hits}
    assert [hit.rank for hit in rerank.reordered(hits, readings, 0.9)] == [1, 2, 3]


def test_what_was_not_read_stays_behind_what_was(filled: Library) -> None:
    hits = found(filled)
    readings = {hit.chunk.id: surely(-9.0) for hit in hits[:2]}
    assert rerank.reordered(hits, readings, 0.9)[-1].chunk.id == hits[-1].chunk.id


def test_nothing_found_is_nothing_reordered() -> None:
    assert rerank.reordered([], {}) == ()


def test_a_passage_is_read_with_its_headings_and_all_its_sentences(filled: Library, reader: Reranker) -> None:
    question = "How long may a cable of the hall be?"
    readings = rerank.read(question, gather(filled.search(question, 3).hits), reader)
    titles = {filled.place(i).title: r for i, r in readings.items()}
    assert titles["Signals"].answers > titles["Lunch"].answers
    assert all(r.sentences for r in readings.values())


def test_each_passage_is_read_once_a_question(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = filled.reader()
    assert reader is not None
    read: list[tuple[str, RerankInput]] = []
    own = reader.read

    def watched(pairs: Any) -> Any:
        read.extend(pairs)
        return own(pairs)

    monkeypatch.setattr(reader, "read", watched)
    filled.ask("How long may a cable of the hall be?")
    assert len(read) == len({pair[1].text for pair in read}) == 3


def test_a_question_that_nothing_is_near_to_is_not_read(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = filled.reader()
    assert reader is not None
    monkeypatch.setattr(reader, "read", lambda _: pytest.fail("it was read"))
    assert filled.ask("When did Bismarck resign?").abstained


def test_a_trace_tells_the_time_that_reading_took(filled: Library) -> None:
    answer = filled.ask("How long may a cable of the hall be?", trace=True)
    assert answer.trace is not None
    assert answer.trace.timings["read"] > 0


def test_what_reading_put_below_the_asked_number_is_named_in_a_trace(filled: Library) -> None:
    answer = filled.ask("How long may a cable of the hall be?", k=1, trace=True)
    assert answer.trace is not None
    assert {fallen.reason for fallen in answer.trace.dropped} == {"below the first 1"}
    assert len(answer.trace.hits) == 1


def test_without_the_reader_an_answer_is_found_by_the_fused_order(home: Path, notes: Path, embedder: Embedder) -> None:
    write(notes, b=f"# Signals\n\n{LENGTH}")
    with kb.open(home, embedder=embedder, reranker=False) as library:
        library.ingest([notes])
        answer = library.ask("How long may a cable of the hall be?", trace=True)
    assert answer.trace is not None
    assert "read" not in answer.trace.timings
    assert "forty metres" in answer.text


def told_first(library: Library, *worth: tuple[str, float, float]) -> str:
    """The first sentence of an answer of sentences that begin so, with their scores and what the reader gives them."""
    sentences = gather(found(library)).sentences
    scored = [
        Scored(sentence, score, np.eye(8, dtype=np.float32)[n], read=read)
        for n, (begins, score, read) in enumerate(worth)
        for sentence in sentences
        if sentence.plain.startswith(begins)
    ]
    assert len(scored) == len(worth)
    return extractive.select(Ranking(tuple(scored), 1.0, NO_FEATURES), 5, 2.0)[0].sentence.plain


def test_of_a_passage_the_sentence_that_the_reader_likes_is_told_first(library: Library, notes: Path) -> None:
    write(notes, a=f"# Cables\n\n{CABLES} {LENGTH}")
    library.ingest([notes])
    assert told_first(library, ("The cables", 2.0, -2.0), ("Every cable", 1.5, 2.0)) == LENGTH


def test_the_reader_does_not_put_another_passage_before_the_best(filled: Library) -> None:
    assert told_first(filled, ("The cables", 2.0, -2.0), ("Every cable", 1.5, 2.0)) == CABLES
