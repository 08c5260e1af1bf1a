"""BM25 over chunks: any question is a query, no question breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.bm25 import LexicalIndex
from kb.types.documents import Lines
from kb.types.search import Chunk


def a_chunk(chunk_id: str, words: str, document: str = "d1") -> Chunk:
    return Chunk(chunk_id, document, 0, len(words), ("T",), words, f"T\n{words}", Lines(1, 1))


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    made = LexicalIndex(tmp_path / "lexical")
    made.write(
        [
            a_chunk("c1", "the pipeline bubble wastes time"),
            a_chunk("c2", "running many batches fills the pipeline"),
            a_chunk("c3", "café menus and nothing else", "d2"),
        ],
        [],
    )
    return made


def test_rare_words_rank_first(index: LexicalIndex) -> None:
    assert [i for i, _ in index.search("bubble in the pipeline", 5)] == ["c1", "c2"]


def test_words_are_stemmed_and_accents_folded(index: LexicalIndex) -> None:
    assert [i for i, _ in index.search("run a batch", 5)] == ["c2"]
    assert [i for i, _ in index.search("CAFE", 5)] == ["c3"]


def test_a_query_can_be_kept_to_documents(index: LexicalIndex) -> None:
    assert index.search("pipeline", 5, ["d2"]) == []
    assert [i for i, _ in index.search("menus", 5, ["d2"])] == ["c3"]


def test_words_in_quotes_rank_passages_that_have_them_together(index: LexicalIndex) -> None:
    index.write([a_chunk("c4", "bubble of a pipeline or bubble and bubble")], [])
    assert index.search('"pipeline bubble"', 5)[0][0] == "c1"


def test_writing_an_id_again_replaces_it_and_removing_takes_it_out(index: LexicalIndex) -> None:
    index.write([a_chunk("c1", "entirely other words")], ["c3"])
    assert index.search("bubble", 5) == []
    assert index.ids() == {"c1", "c2"}
    assert len(index) == 2


def test_another_handle_sees_a_commit_after_reload(index: LexicalIndex, tmp_path: Path) -> None:
    other = LexicalIndex(tmp_path / "lexical")
    index.write([a_chunk("c9", "zebra")], [])
    other.reload()
    assert [i for i, _ in other.search("zebra", 5)] == ["c9"]


@given(st.text(max_size=60))
def test_no_query_breaks_it(tmp_path_factory: pytest.TempPathFactory, query: str) -> None:
    index = LexicalIndex(tmp_path_factory.getbasetemp() / "shared-lexical")
    assert isinstance(index.search(query, 3), list)


@pytest.mark.parametrize("query", ["a AND (b OR", 'body:"x', "-a +b ^2 ~", "NOT", "[1 TO", "/re[g/", "\\", '""'])
def test_query_syntax_is_only_words(index: LexicalIndex, query: str) -> None:
    assert isinstance(index.search(query, 3), list)
