"""Judging answers by code: what counts as right, nearly right and wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.models.embedder import Embedder
from kb.llm.client import OpenAiCompatible
from kb.llm.scripted_server import ScriptedLlm
from kb.quiz.grading import Grade, grade
from tests.kb.quiz.test_generate import an_item

CHOICE = an_item(options=("Moss", "Fern", "Ivy", "Yew"), answer="Fern")
NUMBER = an_item(type="cloze", options=(), answer="7 billion")
NAME = an_item(type="cloze", options=(), answer="Sphagnum")
SHORT = an_item(
    type="short_answer",
    options=(),
    question="What is moss?",
    answer="a small plant that takes its water from the fog",
    quote="Moss is a small plant that takes its water from the fog for 20 minutes.",
)


@pytest.mark.parametrize("given", ["Fern", "fern", "b", "B)", "2", " fern. "])
def test_an_option_is_meant_by_its_words_its_letter_or_its_number(embedder: Embedder, given: str) -> None:
    assert grade(CHOICE, given, embedder.embed).correct


def test_an_option_that_ends_in_a_full_stop_or_a_bracket_can_be_typed(embedder: Embedder) -> None:
    item = an_item(options=("Acme Inc.", "Moss (green)", "Ivy Ltd."), answer="Acme Inc.")
    assert grade(item, "acme inc.", embedder.embed).correct
    assert grade(item, "Moss (green)", embedder.embed).why == ""


def test_only_a_number_is_called_another_number(embedder: Embedder) -> None:
    assert grade(NUMBER, "8 billion", embedder.embed).why == "another number"
    assert grade(NUMBER, "moss", embedder.embed).why == ""


@pytest.mark.parametrize("given", ["Moss", "a", "z", "7", "none of these", ""])
def test_another_option_or_none_is_wrong(embedder: Embedder, given: str) -> None:
    assert not grade(CHOICE, given, embedder.embed).correct


@pytest.mark.parametrize(("given", "right"), [("true", False), ("F", True), ("no", True), ("2", True), ("False", True)])
def test_true_and_false_may_be_said_in_several_ways(embedder: Embedder, given: str, right: bool) -> None:
    item = an_item(type="true_false", options=("True", "False"), answer="False")
    assert grade(item, given, embedder.embed).correct == right


@pytest.mark.parametrize(
    ("given", "right", "near"),
    [
        ("sphagnum", True, False),
        ("the Sphagnum", True, True),
        ("Sphagnun", True, True),
        ("moss", False, False),
        ("Sphagnum Sphagnum and every other moss that I know of", False, False),
    ],
)
def test_a_blank_takes_the_word_and_slips_of_the_keyboard(
    embedder: Embedder, given: str, right: bool, near: bool
) -> None:
    found = grade(NAME, given, embedder.embed)
    assert (found.correct, found.near) == (right, near)


@pytest.mark.parametrize(
    ("given", "right"), [("7B", True), ("7,000,000,000", True), ("7", True), ("8 billion", False), ("7 million", False)]
)
def test_a_number_is_right_by_its_value(embedder: Embedder, given: str, right: bool) -> None:
    assert grade(NUMBER, given, embedder.embed).correct == right


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ("A plant that gets its water out of the fog", True),
        ("small plant, water from fog", True),
        ("a large animal with fur", False),
        ("a small plant that takes its water from the fog for 40 minutes", False),
    ],
)
def test_a_short_answer_is_held_against_the_quote(embedder: Embedder, given: str, right: bool) -> None:
    assert grade(SHORT, given, embedder.embed).correct == right


def test_an_answer_of_ten_thousand_letters_is_judged_like_any_other(embedder: Embedder) -> None:
    assert not grade(SHORT, "fur " * 2500, embedder.embed).correct
    assert not grade(NAME, "x" * 10_000, embedder.embed).correct


def test_a_model_is_asked_only_where_code_says_no_and_is_named(embedder: Embedder) -> None:
    with ScriptedLlm(["right"]) as server:
        llm = OpenAiCompatible(f"{server.url}/v1", "scripted", "none", 4096, 5)
        assert grade(SHORT, "small plant, water from fog", embedder.embed, llm) == Grade(True)
        found = grade(SHORT, "greenery fed by mist", embedder.embed, llm)
    assert (found.correct, found.by) == (True, "model")
    assert "scripted" in found.why
    assert len(server.asked) == 1


def test_a_model_that_fails_leaves_the_verdict_of_code(embedder: Embedder) -> None:
    llm = OpenAiCompatible("http://127.0.0.1:9/v1", "m", "none", 4096, 1, wait=lambda _: None)
    assert grade(SHORT, "greenery fed by mist", embedder.embed, llm) == Grade(False)


@given(st.text(max_size=60))
def test_any_answer_gets_a_verdict(given: str) -> None:
    for item in (CHOICE, NUMBER, NAME):
        assert grade(item, given, lambda _: None).correct in (True, False)  # type: ignore[arg-type, return-value]
