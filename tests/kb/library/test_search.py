"""Search: filters, traces, and the shape of an empty base."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from index.filters import make_filters
from kb.errors import UnknownId, UsageError
from kb.library import Library
from tests.builders import A_TALK, AN_OUTLINE, write


@pytest.fixture
def filled(library: Library, notes: Path) -> Library:
    write(notes, serving=AN_OUTLINE, undated="# Undated\n\nThe bubble of soap.\n")
    (notes / "talk.txt").write_text(A_TALK)
    library.ingest([notes])
    return library


def titles(library: Library, query: str = "bubble", **filters: object) -> set[str]:
    made = library.filters(**filters)  # type: ignore[arg-type]
    return {hit.title for hit in library.search(query, 10, made).hits}


def test_an_empty_base_has_no_hits(library: Library) -> None:
    assert library.search("anything").hits == ()


def test_without_filters_all_sources_answer(filled: Library) -> None:
    assert titles(filled) == {"Serving", "Undated", "talk"}


def test_a_kind_keeps_only_its_sources(filled: Library) -> None:
    assert titles(filled, kinds=["transcript"]) == {"talk"}


def test_a_tag_keeps_its_sources_and_those_below_it(filled: Library) -> None:
    assert titles(filled, tags=["inference"]) == {"Serving"}
    assert titles(filled, tags=["#GPU"]) == {"Serving"}
    assert titles(filled, tags=["g%"]) == set()


def test_a_source_is_named_by_the_beginning_of_its_id(filled: Library) -> None:
    row = next(r for r in filled.sources() if r.title == "talk")
    assert titles(filled, source=str(row.document_id)[:6]) == {"talk"}


def test_dates_are_of_publication_else_of_ingest(filled: Library) -> None:
    assert titles(filled, until="2026-03-01") == {"Serving"}
    assert titles(filled, since="2026-05-04") == {"Undated", "talk"}
    assert titles(filled, since="7d") == {"Undated", "talk"}


def test_days_count_back_from_today() -> None:
    assert make_filters(since="7d", today=dt.date(2026, 5, 4)).since == "2026-04-27"


@pytest.mark.parametrize("date", ["yesterday", "2026-13-01", "d7"])
def test_a_date_that_is_none_is_a_usage_error(date: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        make_filters(since=date)


def test_an_unknown_kind_is_a_usage_error_with_the_kinds() -> None:
    with pytest.raises(UsageError, match="transcript"):
        make_filters(kinds=["novel"])


def test_an_unknown_or_ambiguous_id_is_a_usage_error(filled: Library) -> None:
    with pytest.raises(UnknownId, match="nothing-has-this"):
        filled.place("nothing-has-this")
    with pytest.raises(UnknownId, match="several"):
        filled.place("d")


def test_a_trace_gives_ranks_of_both_legs(filled: Library) -> None:
    result = filled.search("pipeline bubble", 1, trace=True)
    scores = result.hits[0].scores
    assert scores.vector_rank == 1
    assert scores.lexical_rank in (1, 2)
    assert result.dropped[0].reason == "below the first 1"


def test_a_word_only_one_leg_finds_still_ranks_by_both_scores(filled: Library) -> None:
    result = filled.search("bubble", 10, trace=True)
    assert all(hit.scores.cosine > 0 for hit in result.hits)


def test_a_hit_links_to_the_lines_of_its_file(filled: Library) -> None:
    hit = filled.search("tensor parallelism fast link", 1).hits[0]
    assert hit.link.endswith("/serving.md#L11-L16")


def test_a_passage_can_be_opened_by_its_id(filled: Library) -> None:
    hit = filled.search("tensor parallelism", 1).hits[0]
    place = filled.place(hit.chunk.id)
    assert place.text == hit.chunk.text
    assert place.link == hit.link


def test_a_very_long_query_is_answered(filled: Library) -> None:
    assert filled.search("pipeline bubble " * 1500, 3).hits


def test_it_serves_as_a_retriever_of_llama_index(filled: Library) -> None:
    from llama_index.core.retrievers import BaseRetriever

    retriever = filled.as_retriever(k=2)
    assert isinstance(retriever, BaseRetriever)
    nodes = retriever.retrieve("what is the pipeline bubble")
    assert len(nodes) == 2
    assert "bubble" in nodes[0].node.get_content()
    assert nodes[0].node.metadata["locator"]["type"] in ("time", "lines")
