"""Statements held against what they cite."""

from __future__ import annotations

import pytest

from index.models.embedder import Embedder
from index.models.reranker import Reranker
from kb.answer import entailment, verify
from kb.answer.generate import FLOOR
from kb.answer.verify import CitedSource, Statement, Verdict
from kb.text.sentences import split

BUBBLE = CitedSource(
    1, "The pipeline bubble is the time in which cards wait for work. With 32 micro-batches it shrinks to 3%."
)
HNSW = CitedSource(
    2, "HNSW links each vector to its near ones on several layers.", about="Malkov, Yashunin · 2016-03-30"
)
ANON = CitedSource(3, "The new card is slower than the old one, and it costs 2,000 dollars.", anonymous=True)


@pytest.fixture(scope="session")
def borne(embedder: Embedder, reader: Reranker) -> verify.Support:
    return entailment.judge(embedder.embed, reader)


def verdict(borne: verify.Support, text: str, *cited: int, quote: tuple[int, str] | None = None) -> Verdict:
    statement = Statement(text, cited, (quote,) if quote else ())
    return verify.check([statement], [BUBBLE, HNSW, ANON], borne, FLOOR)[0]


def kinds(found: Verdict) -> list[str]:
    return [fault.kind for fault in found.faults]


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ("The pipeline bubble is the time that cards wait for work.", 1),
        ("With 32 micro-batches the bubble shrinks to 3 %.", 1),
        ("In HNSW, vectors are linked to the ones near them on several layers.", 2),
        ("Malkov's HNSW of 2016 links near vectors on layers.", 2),
        ("An anonymous post says that the new card costs 2,000 dollars.", 3),
    ],
)
def test_what_a_source_says_in_other_words_is_supported(borne: verify.Support, text: str, cited: int) -> None:
    found = verdict(borne, text, cited)
    assert found.supported, found.why


def test_a_statement_that_cites_nothing_is_not_supported(borne: verify.Support) -> None:
    assert kinds(verdict(borne, "Cards wait for work.")) == ["uncited"]


def test_a_marker_without_a_source_is_named(borne: verify.Support) -> None:
    assert "there is no source [7]" in verdict(borne, "Cards wait for work.", 7).why


def test_words_that_are_not_the_source_s_are_no_quote(borne: verify.Support) -> None:
    found = verdict(borne, "Cards wait for work.", 1, quote=(1, "time when cards are idle"))
    assert kinds(found) == ["quote"]


@pytest.mark.parametrize("quote", ["The PIPELINE  bubble", "the time … cards wait for work", "“cards wait for work.”"])
def test_case_space_and_an_ellipsis_do_not_break_a_quote(borne: verify.Support, quote: str) -> None:
    assert verdict(borne, "The bubble is the time in which cards wait for work.", 1, quote=(1, quote)).supported


def test_the_parts_of_a_quote_must_stand_in_their_order(borne: verify.Support) -> None:
    assert kinds(verdict(borne, "Cards wait for work.", 1, quote=(1, "wait for work … the time"))) == ["quote"]


def test_quoted_words_inside_a_statement_are_looked_up_too(borne: verify.Support) -> None:
    assert "quote" in kinds(verdict(borne, "The bubble is “a great waste of cards”, it says.", 1))


def test_a_wrong_number_a_wrong_name_and_a_wrong_date_are_named(borne: verify.Support) -> None:
    assert "number" in kinds(verdict(borne, "With 64 micro-batches the bubble shrinks to 3%.", 1))
    assert "name" in kinds(verdict(borne, "IVF links each vector to its near ones on several layers.", 2))
    assert "date" in kinds(verdict(borne, "HNSW links near vectors on layers since March 2018.", 2))


def test_a_citation_of_another_source_does_not_bear_it(borne: verify.Support) -> None:
    assert "support" in kinds(verdict(borne, "Cards wait for work, and that is the bubble.", 2))


def test_a_post_told_as_a_fact_is_not_supported(borne: verify.Support) -> None:
    assert kinds(verdict(borne, "The new card is slower than the old one.", 3)) == ["attribution"]


def test_a_written_text_is_read_as_statements_with_their_markers() -> None:
    text = (
        "# The bubble\n\nCards wait [1]. More batches help. [1][2]\n- A point [2]\n\n```\nx[3]\n```\n"
        "Two things: it waits. It shrinks [1].\nNothing cited."
    )
    found = [(s.text, s.cited) for s in verify.statements_of(text, split)]
    assert found == [
        ("Cards wait.", (1,)),
        ("More batches help.", (1, 2)),
        ("A point", (2,)),
        ("Two things: it waits.", (1,)),
        ("It shrinks.", (1,)),
        ("Nothing cited.", ()),
    ]


def test_the_same_statement_gets_the_same_verdict_alone_or_among_others(borne: verify.Support) -> None:
    one = Statement("With 64 micro-batches it shrinks.", (1,))
    other = Statement("HNSW links each vector to its near ones.", (2,))
    both = verify.check([one, other], [BUBBLE, HNSW], borne, FLOOR)
    assert both[0].faults == verify.check([one], [BUBBLE, HNSW], borne, FLOOR)[0].faults
    assert both[1].supported


def test_a_long_source_is_searched_whole(borne: verify.Support) -> None:
    text = "\n".join(f"Line {n} is about gardening and the weather of day {n}." for n in range(400))
    source = CitedSource(1, f"{text}\nThe bubble is the time in which cards wait for work.\n{text}")
    statement = Statement("Cards wait for work during the bubble.", (1,))
    assert verify.check([statement], [source], borne, FLOOR)[0].supported


def test_a_paragraph_that_is_wrapped_at_a_width_is_read_as_one() -> None:
    text = (
        "A search misses a passage when the embedder never read it [1]. Misheard names are\n"
        "found by their sound [2]. A sentence that ends at the end\nof no line is whole\nas well [1].\n"
        "- A point\n- Another one [2]"
    )
    assert [(s.text, s.cited) for s in verify.statements_of(text, split)] == [
        ("A search misses a passage when the embedder never read it.", (1,)),
        ("Misheard names are found by their sound.", (2,)),
        ("A sentence that ends at the end of no line is whole as well.", (1,)),
        ("A point", ()),
        ("Another one", (2,)),
    ]
