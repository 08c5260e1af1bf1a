"""Where sentences end: the same places as the published Punkt's, without its loader."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from kb.text import punkt

PIECES = [*".?!)\"' abAB1,;:-\n(…“”\xa0", "Dr.", "U.S.", "e.g.", "The ", "in ", "J. ", "Mr. ", "...", "etc. ", "No. 5 "]


@pytest.fixture(scope="module")
def published() -> PunktSentenceTokenizer:
    known = punkt.english()
    parameters = PunktParameters()
    parameters.abbrev_types = set(known.abbreviations)
    parameters.collocations = set(known.collocations)
    parameters.sent_starters = set(known.starters)
    parameters.ortho_context.update(known.orthography)
    return PunktSentenceTokenizer(parameters)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Smith came. He left.", ["Dr. Smith came.", "He left."]),
        ("It costs 3.5 dollars. Cheap!", ["It costs 3.5 dollars.", "Cheap!"]),
        ("He said “Go.” Then he went.", ["He said “Go.”", "Then he went."]),
        ("(It rained.) We stayed.", ["(It rained.)", "We stayed."]),
        ("J. S. Bach wrote it.", ["J. S. Bach wrote it."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ("no end at all", ["no end at all"]),
        ("", []),
    ],
)
def test_sentences_end_where_they_do(text: str, sentences: list[str]) -> None:
    assert [text[a:b] for a, b in punkt.spans(text)] == sentences


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_text_is_cut_as_the_published_punkt_cuts_it(published: PunktSentenceTokenizer, text: str) -> None:
    assert punkt.spans(text) == list(published.span_tokenize(text))


@pytest.mark.data
def test_real_texts_are_cut_as_the_published_punkt_cuts_them(published: PunktSentenceTokenizer, data: Path) -> None:
    paragraphs = [
        paragraph
        for path in sorted((data / "data" / "notes").rglob("*.md"))[:80]
        for paragraph in path.read_text(encoding="utf-8", errors="replace").split("\n\n")
    ]
    assert [punkt.spans(p) for p in paragraphs] == [list(published.span_tokenize(p)) for p in paragraphs]


def test_a_long_run_of_points_takes_no_time_out_of_proportion() -> None:
    assert punkt.spans("." * 50_000 + " a") is not None
    assert punkt.spans(". " * 20_000) is not None
    assert punkt.spans(".)" * 20_000) is not None


def test_a_word_that_is_written_small_within_sentences_is_ordinary() -> None:
    assert punkt.is_ordinary("Coverage")
    assert not punkt.is_ordinary("Springsteen")
