"""Levels: what each is told of the same sentences, how hard it reads, and what a written answer keeps to."""

from __future__ import annotations

import warnings
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.answer import definitions, levels
from kb.answer.evidence import Sentence
from kb.answer.extractive import Scored
from kb.text.readability import grade
from kb.types.answers import LEVELS

PLAIN = "The bubble is the time that cards wait."
MIDDLE = "With more micro-batches the bubble gets smaller, and the cards have more to do."
HARD = "Heterogeneous interconnect topologies necessitate considerable communication-computation overlap optimisation."


def a_sentence(plain: str, score: float = 0.0, core: bool = True, goes_on: bool = False) -> Scored:
    sentence = Sentence(cast(Any, None), 0, 0, 1, plain, plain, "")
    return Scored(sentence, score, np.zeros(2, dtype=np.float32), core=core, goes_on=goes_on)


def told(taken: list[Scored], level: Any) -> list[str]:
    return [s.sentence.plain for s in levels.for_level(taken, level)]


def test_a_simpler_level_is_told_the_plainest_of_what_the_expert_is_told() -> None:
    taken = [a_sentence(HARD, 2.0), a_sentence(MIDDLE, 1.8), a_sentence(PLAIN, 1.5)]
    assert PLAIN in told(taken, "eli5")
    assert HARD not in told(taken, "eli5")
    assert set(told(taken, "expert")) == {HARD, MIDDLE, PLAIN}


def test_what_hardly_answers_is_not_told_to_a_beginner_however_plain_it_is() -> None:
    taken = [a_sentence(HARD, 5.0), a_sentence(PLAIN, -3.0, core=False)]
    assert told(taken, "eli5") == [HARD]


def test_a_practitioner_is_told_the_core_and_an_expert_more() -> None:
    taken = [a_sentence(PLAIN, 2.0), a_sentence(HARD, 0.5, core=False)]
    assert told(taken, "practitioner") == [PLAIN]
    assert told(taken, "expert") == [PLAIN, HARD]


def test_a_sentence_that_goes_on_is_told_with_the_one_before_it() -> None:
    taken = [a_sentence(MIDDLE, 2.0), a_sentence(PLAIN, 2.0, goes_on=True), a_sentence(HARD, 1.0)]
    for level in LEVELS:
        assert (PLAIN in told(taken, level)) == (MIDDLE in told(taken, level))


WORDS = st.sampled_from(["cat", "waits", "the", "bubble", "communication", "heterogeneous", "optimisation", "of", "is"])
SENTENCES = st.lists(st.lists(WORDS, min_size=4, max_size=25).map(" ".join), min_size=1, max_size=9, unique=True)


@given(SENTENCES, st.integers(1, 5))
def test_what_a_simpler_level_is_told_is_part_of_what_the_expert_is_told(texts: list[str], core: int) -> None:
    taken = [a_sentence(f"{text}.", -0.4 * n, core=n < core) for n, text in enumerate(texts)]
    expert = set(told(taken, "expert"))
    for level in LEVELS:
        assert told(taken, level)
        assert set(told(taken, level)) <= expert


def test_long_words_and_long_sentences_read_harder() -> None:
    assert grade(PLAIN) < grade(MIDDLE) < grade(HARD)
    assert grade([PLAIN, PLAIN]) == pytest.approx(grade(PLAIN))
    assert grade("") == 0.0


def test_the_grade_is_textstat_s() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks setuptools for a thing of the past
        import textstat
    textstat.set_rounding(False)
    for text in (PLAIN, MIDDLE, HARD, f"{PLAIN} {MIDDLE}"):
        assert grade(text) == pytest.approx(textstat.flesch_kincaid_grade(text), abs=0.05)


def test_a_written_answer_that_keeps_to_its_level_has_no_breach() -> None:
    assert levels.breaches([PLAIN, "They have no work to do."], "eli5") == []


def test_too_many_words_too_hard_words_and_bare_acronyms_are_breaches() -> None:
    found = levels.breaches([HARD, "The GPU waits."] * 20, "eli5")
    assert any("words" in breach for breach in found)
    assert any("grade" in breach for breach in found)
    assert "GPU is not explained" in found


@pytest.mark.parametrize(
    "text", ["A GPU is a card that counts.", "The card (GPU) waits.", "A card called a GPU waits."]
)
def test_an_acronym_that_is_explained_is_no_breach(text: str) -> None:
    assert not any("GPU" in breach for breach in levels.breaches([text], "eli5"))


def test_an_expert_may_be_told_anything() -> None:
    assert levels.breaches([HARD, "HNSW and IVF."], "expert") == []


@pytest.mark.parametrize(
    ("term", "sentence"),
    [
        ("HNSW", "HNSW is a graph that links near vectors."),
        ("RAG", "We use retrieval-augmented generation (RAG) for this."),
        ("MoE", "A MoE (mixture of experts) picks a part of the model."),
    ],
)
def test_a_sentence_that_says_what_a_term_is(term: str, sentence: str) -> None:
    assert definitions.says_what(term, sentence)


@pytest.mark.parametrize("sentence", ["Is HNSW a graph?", "We tried HNSW last week.", "HNSW was slow (see the table)."])
def test_a_sentence_that_does_not(sentence: str) -> None:
    assert not definitions.says_what("HNSW", sentence)


def test_only_terms_that_an_answer_uses_and_does_not_explain_are_looked_up() -> None:
    assert definitions.terms("How fast is HNSW?", ["HNSW beats IVF (inverted file) here.", "The API is old."]) == [
        "HNSW"
    ]
