"""The rows that the reader is trained on: what is made of a question and its passage."""

from __future__ import annotations

import random

from bench.reader import rows, variants
from bench.reader.rows import Row

PASSAGE = "The hall was built in 1911. Its roof is of Danish copper. Pigeons live under it."
SPANS = ((0, 27), (28, 57), (58, 80))


def a_row(**changed: object) -> Row:
    given = {
        "source": "qed", "question": "What is the roof of the Hall made of?", "title": "Hall", "passage": PASSAGE,
        "spans": SPANS, "gold": frozenset({1}), "answers": True, "relevant": True, "supports": None, "weight": 1.0,
        "held": False, "answer": "Danish copper",
    }  # fmt: skip
    return Row(**{**given, **changed})  # type: ignore[arg-type]


def words(row: Row) -> list[str]:
    return [row.passage[a:b] for a, b in row.spans]


def test_a_passage_without_a_sentence_keeps_the_spans_of_the_others() -> None:
    assert words(variants.cut(a_row(), frozenset({0}))) == ["Its roof is of Danish copper.", "Pigeons live under it."]


def test_the_sentence_that_answers_is_still_the_one_after_another_was_cut() -> None:
    made = variants.cut(a_row(), frozenset({0}))
    assert [words(made)[n] for n in made.gold] == ["Its roof is of Danish copper."]


def test_a_question_over_its_passage_without_the_answer_is_not_answered() -> None:
    (made,) = variants.without_answer([a_row()], 1)
    assert (made.answers, made.gold) == (False, frozenset())
    assert "copper" not in made.passage


def test_no_row_is_made_where_the_answer_stands_in_another_sentence_too() -> None:
    again = PASSAGE + " It is all Danish copper."
    assert not list(variants.without_answer([a_row(passage=again, spans=(*SPANS, (81, 106)))], 1))


def test_a_question_of_another_name_is_not_answered_by_the_passage() -> None:
    other = a_row(question="What does the roof of Bergen weigh?")
    (made,) = variants.asked_of_another([a_row(), other], 1)  # the other way round the name stands in the passage
    assert made.question == "What is the roof of the Bergen made of?"
    assert not made.answers


def test_a_question_of_another_number_of_the_passage_is_not_answered_by_it() -> None:
    passage = "The hall was built in 1911. It burnt in 1935. A cinema has stood there since 1950."
    spans = ((0, 27), (28, 45), (46, 82))
    row = a_row(question="What burnt in 1935?", answer="hall", passage=passage, spans=spans, gold=frozenset({1}))
    (made,) = variants.asked_of_another_here([row], 1)
    assert made.question in ("What burnt in 1911?", "What burnt in 1950?")
    assert (made.answers, made.gold, made.passage) == (False, frozenset(), passage)


def test_a_question_of_the_opposite_is_not_answered_by_the_passage() -> None:
    (made,) = variants.opposite([a_row(question="What is the oldest roof of the Hall made of?")], 1)
    assert made.question == "What is the newest roof of the Hall made of?"
    assert (made.answers, made.gold) == (False, frozenset())


def test_a_question_without_a_word_that_has_an_opposite_is_left_alone() -> None:
    assert not list(variants.opposite([a_row(question="Copper?")], 1))


def test_speech_has_no_punctuation_and_its_sentences_are_where_its_spans_say() -> None:
    made = variants.as_speech(a_row(), random.Random(3))
    assert words(made)[1].startswith("its roof is of")
    assert "." not in made.passage


def test_a_long_title_of_people_made_questions_is_held_out_whole() -> None:
    assert rows.held_title("squad2-half", "Steam_engine")
    assert not rows.held_title("squad2-half", "Warsaw")
