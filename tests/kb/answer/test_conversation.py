"""Conversations: follow-up questions that understand "it", and the last answer at another level."""

from __future__ import annotations

from pathlib import Path

import pytest

import kb
from index.models.embedder import Embedder
from kb.answer import pipeline
from kb.answer.conversation import condensed, topic_of
from kb.errors import UsageError
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm
from kb.types.answers import Answer
from tests.builders import A_TALK, AN_OUTLINE, write
from tests.scripts import in_json, in_turn

BEFORE = ["What is the pipeline bubble?"]


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("How big is it?", "How big is the pipeline bubble?"),
        ("What are its causes?", "What are the pipeline bubble’s causes?"),
        ("How do I make it smaller?", "How do I make the pipeline bubble smaller?"),
        ("Why?", "Why, about the pipeline bubble?"),
        ("And in training?", "In training, about the pipeline bubble?"),
        ("What does that mean?", "What does the pipeline bubble mean?"),
    ],
)
def test_a_follow_up_is_understood_alone(question: str, meant: str) -> None:
    assert condensed(question, BEFORE) == meant


@pytest.mark.parametrize(
    "question",
    [
        "What is tensor parallelism?",
        "Which model that is small is best?",
        "Is it true that cards wait?",
        "How is that model trained?",
        "Why does the pipeline bubble hurt, and can I avoid the pipeline bubble?",
    ],
)
def test_a_question_that_stands_alone_stays_as_it_is(question: str) -> None:
    assert condensed(question, BEFORE) == question


def test_the_first_question_leans_on_nothing() -> None:
    assert condensed("How big is it?", []) == "How big is it?"


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("What is the pipeline bubble?", "the pipeline bubble"),
        ("How does tensor parallelism work?", "tensor parallelism"),
        ("Explain HNSW.", "HNSW"),
        ("Who is Andrej Karpathy?", "Andrej Karpathy"),
    ],
)
def test_what_a_question_is_about(question: str, topic: str) -> None:
    assert topic_of(question) == topic


@pytest.fixture
def filled(library: Library, notes: Path) -> Library:
    write(notes, serving=AN_OUTLINE)
    (notes / "talk.txt").write_text(A_TALK)
    library.ingest([notes])
    return library


def ask(library: Library, *lines: str) -> list[Answer]:
    conversation = library.chat()
    return [pipeline.whole(conversation.ask(line)) for line in lines]


def test_the_understood_question_is_shown_and_searched(filled: Library) -> None:
    first, second = ask(filled, "What is the pipeline bubble?", "How do I make it smaller?")
    assert first.searched == ""
    assert second.question == "How do I make it smaller?"
    assert second.searched == "How do I make the pipeline bubble smaller?"
    assert any("micro-batches" in c.quote for c in second.citations)


def test_another_level_is_told_without_another_search(filled: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation = filled.chat()
    pipeline.whole(conversation.ask("What is the pipeline bubble?"))
    monkeypatch.setattr(filled.retriever(), "search", lambda *_: pytest.fail("it searched again"))
    simpler = pipeline.whole(conversation.step(-1))
    assert simpler.level == "beginner"
    assert pipeline.whole(conversation.again("expert")).level == "expert"
    with pytest.raises(UsageError, match="deepest"):
        conversation.step(1)


def test_nothing_can_be_made_simpler_before_a_question(filled: Library) -> None:
    with pytest.raises(UsageError, match="Nothing was asked"):
        filled.chat().step(-1)


def test_a_level_that_was_chosen_stays(filled: Library) -> None:
    conversation = filled.chat()
    pipeline.whole(conversation.ask("What is the pipeline bubble?", "expert"))
    assert pipeline.whole(conversation.ask("How do I make it smaller?")).level == "expert"


def test_a_simpler_answer_by_a_model_keeps_to_the_numbers_of_the_fuller_one(
    filled: Library, home: Path, notes: Path, embedder: Embedder
) -> None:
    write(notes, cost="# Cost\n\nThe pipeline bubble is the time that cards wait: 12 percent with 32 micro-batches.\n")
    filled.ingest([notes])
    full = ("The bubble is 12 percent.", "12 percent", "12 percent")
    extra = ("Cards wait 12 percent with 32 micro-batches.", "12 percent", "12 percent with 32 micro-batches")
    with (
        ScriptedLlm(in_turn(in_json(full), in_json(extra), in_json(full))) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library,
    ):
        conversation = library.chat()
        pipeline.whole(conversation.ask("What is the pipeline bubble?", "expert"))
        simpler = pipeline.whole(conversation.step(-1))
    assert "32 is not in the fuller answer" in server.asked[2][-1]["content"]
    assert [claim.text for claim in simpler.claims] == ["The bubble is 12 percent."]


def test_a_model_that_is_set_says_what_it_stands_for(filled: Library, home: Path, embedder: Embedder) -> None:
    one = in_json(("The pipeline bubble is the time that cards wait.", "cards wait", "cards wait for work"))
    with (
        ScriptedLlm(in_turn(one, "How can the pipeline bubble be made smaller?", one)) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library,
    ):
        _, second = ask(library, "What is the pipeline bubble?", "How do I make it smaller?")
    assert second.searched == "How can the pipeline bubble be made smaller?"


def test_two_conversations_know_nothing_of_each_other(filled: Library) -> None:
    ask(filled, "What is the pipeline bubble?")
    assert ask(filled, "How do I make it smaller?")[0].searched == ""


def test_a_conversation_goes_on_from_questions_that_it_is_given(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    conversation = library.chat()
    conversation.recall(["What is the pipeline bubble?"])
    answer = pipeline.whole(conversation.ask("How big is it?"))
    assert answer.searched == "How big is the pipeline bubble?"


def test_a_conversation_keeps_the_evidence_of_its_last_turn_only(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    conversation = library.chat()
    for question in ("What is the pipeline bubble?", "How do more micro-batches help?"):
        pipeline.whole(conversation.ask(question))
    assert conversation.last is not None
    assert conversation.last.answer.question == "How do more micro-batches help?"
