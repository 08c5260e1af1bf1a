"""Answers by a language model: cited, checked, mended once; and every way in which a model fails."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

import kb
from index.models.embedder import Embedder
from kb.answer import compose
from kb.answer.verify import stands_in
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm, ScriptedReply
from kb.types.answers import Answer
from tests.builders import A_TALK, AN_OUTLINE, write
from tests.scripts import in_json, in_turn, number_of, passages

QUESTION = "What is the pipeline bubble?"
WAITS = (
    "The pipeline bubble is the time that cards wait for work.",
    "cards wait for work",
    "time in which cards wait for work",
)
SHRINKS = (
    "With more micro-batches the bubble gets smaller.",
    "micro-batches the bubble",
    "With more micro-batches the bubble gets",
)


class Asked:
    """A library with a scripted model."""

    def __init__(self, home: Path, embedder: Embedder) -> None:
        self._home, self._embedder = home, embedder
        self.server: ScriptedLlm

    def __call__(self, script: Any, level: str = "practitioner", schemas: bool = True, **settings: Any) -> Answer:
        with ScriptedLlm(script, schemas) as self.server:
            settings = {"llm_url": self.server.url, "llm_model": "scripted", **settings}
            with kb.open(self._home, embedder=self._embedder, **settings) as library:
                self.model(library)
                return library.ask(QUESTION, level)

    @staticmethod
    def model(library: Library) -> None:
        llm = library.llm()
        assert llm is not None
        llm._wait = lambda _: None  # type: ignore[attr-defined]


@pytest.fixture
def asked(library: Library, home: Path, notes: Path, embedder: Embedder) -> Asked:
    write(notes, serving=AN_OUTLINE, gardening="# Gardening\n\nTomatoes want sun and much water.\n")
    (notes / "talk.txt").write_text(A_TALK)
    library.ingest([notes])
    return Asked(home, embedder)


def test_a_written_answer_cites_each_statement_with_the_source_s_own_words(asked: Asked) -> None:
    answer = asked(in_json(WAITS, SHRINKS))
    assert answer.answerer == "scripted"
    assert [claim.supported for claim in answer.claims] == [True, True]
    assert (
        answer.text == "The pipeline bubble is the time that cards wait for work [1].\n"
        "With more micro-batches the bubble gets smaller [1]."
    )
    assert answer.claims[0].quotes[0].quote == "The pipeline bubble is the time in which cards wait for work."
    assert answer.claims[1].quotes[0].quote.startswith("With more micro-batches")
    assert answer.citations[0].kind == "transcript"


def test_a_server_without_structured_output_is_asked_in_prose(asked: Asked) -> None:
    answer = asked(
        lambda messages: (
            "The bubble is the time that cards wait for work [1]." if "Quotes:" in messages[0]["content"] else "{}"
        ),
        schemas=False,
    )
    assert answer.answerer == "scripted"
    assert "response_format" in asked.server.requests[0]
    assert "response_format" not in asked.server.requests[1]


def test_the_first_words_come_before_the_answer_is_whole(asked: Asked, home: Path, embedder: Embedder) -> None:
    with (
        ScriptedLlm(in_json(WAITS, SHRINKS)) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library,
    ):
        parts = list(library.stream(QUESTION))
    assert len(parts) > 4
    assert "".join(parts).startswith("The pipeline bubble is the time that cards wait for work [1].")


def test_what_fails_the_check_is_written_again_once(asked: Asked) -> None:
    wrong = ("The pipeline bubble is 47 seconds long.", "cards wait for work", "time in which cards wait for work")
    answer = asked(in_turn(in_json(wrong, SHRINKS), in_json(WAITS, SHRINKS)))
    assert all(claim.supported for claim in answer.claims)
    assert len(asked.server.asked) == 2
    assert "47 does not stand in" in asked.server.asked[1][-1]["content"]


def test_what_still_fails_is_shown_as_unsupported(asked: Asked) -> None:
    wrong = (
        "With more micro-batches the bubble gets 47% smaller.",
        "micro-batches the bubble",
        "more micro-batches the bubble gets",
    )
    answer = asked(in_json(WAITS, wrong))
    assert [claim.supported for claim in answer.claims] == [True, False]
    assert "47" in answer.claims[1].why
    assert answer.text.splitlines()[1].endswith(compose.UNSUPPORTED)
    assert len(asked.server.asked) == 2


def test_a_worse_second_try_is_not_taken(asked: Asked) -> None:
    wrong = ("The bubble is 47 seconds long.", "cards wait for work", "")
    answer = asked(in_turn(in_json(WAITS, wrong), "I can not."))
    assert answer.claims[0].supported


def test_a_made_up_citation_is_left_out_and_told(asked: Asked) -> None:
    made_up = ("The bubble is named after soap.", "no such words", "soap")
    answer = asked(in_json(WAITS, made_up))
    assert answer.claims[1].citations == ()
    assert not answer.claims[1].supported
    assert "[99]" not in answer.text


def test_when_nothing_stands_the_answer_is_quoted_and_that_is_said(asked: Asked) -> None:
    answer = asked(["I am sorry, I can not help with that request."])
    assert answer.answerer == "extractive"
    assert answer.claims
    assert "stood up to the check" in answer.notes[0]


def test_a_model_may_say_that_the_sources_do_not(asked: Asked) -> None:
    answer = asked(['{"statements": []}'])
    assert answer.abstained
    assert answer.nearest
    assert "found no answer" in answer.notes[0]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ([ScriptedReply(status=429)] * 3, "429"),
        ([ScriptedReply("no such model", 404)] * 2, "no such model"),
        ([ScriptedReply("")] * 3, "answered nothing"),
        ([ScriptedReply('{"statements": [{"text": "Cards', drop_after=1)], "broke off"),
        ([ScriptedReply(raw="<html>proxy</html>")] * 3, ""),
    ],
)
def test_where_the_model_cannot_be_had_the_answer_is_quoted_and_that_is_said(
    asked: Asked, script: list[ScriptedReply], said: str
) -> None:
    answer = asked(script)
    assert answer.answerer == "extractive"
    assert answer.citations
    assert answer.notes[0].endswith("quoted from your sources instead.")
    assert said in answer.notes[0]


def test_a_server_that_is_down_costs_no_answer(asked: Asked) -> None:
    answer = asked(["unused"], llm_url="http://127.0.0.1:9/v1")
    assert "cannot be reached" in answer.notes[0]
    assert answer.claims


def test_a_slow_server_costs_no_answer(asked: Asked) -> None:
    answer = asked([ScriptedReply("late", delay=1.0)] * 3, llm_timeout=0.2)
    assert "within 0.2 seconds" in answer.notes[0]
    assert answer.claims


def test_an_endless_answer_is_cut(asked: Asked) -> None:
    began = time.monotonic()
    line = json.dumps(
        {"text": "The pipeline bubble is the time that cards wait for work.", "sources": [{"n": 1, "quote": ""}]}
    )
    answer = asked([ScriptedReply('{"statements": [' + (line + ", ") * 4000, size=2000)] * 2)
    assert time.monotonic() - began < 60
    assert len(answer.claims) <= 60


def test_nothing_is_asked_of_a_model_when_the_evidence_is_too_thin(
    asked: Asked, home: Path, embedder: Embedder
) -> None:
    with ScriptedLlm([]) as server:
        with kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library:
            answer = library.ask("Who won the 1966 world cup in London?")
        assert answer.abstained
        assert server.asked == []


def test_passages_fit_the_model_s_context(asked: Asked) -> None:
    asked(in_json(WAITS), llm_context=1000)
    sent = sum(len(turn["content"]) for turn in asked.server.asked[0])
    assert passages(asked.server.asked[0])
    assert sent < 1000 * 5


def test_neighbours_of_a_passage_are_given_too(library: Library, home: Path, notes: Path, embedder: Embedder) -> None:
    talk = "".join(
        f"[00:{n // 6:02d}:{n % 6 * 10:02d}.000 --> 00:{n // 6:02d}:{n % 6 * 10 + 9:02d}.000] Line {n} is about "
        f"item {n} of the long list of things that were told that day in the hall.\n"
        for n in range(120)
    )
    (notes / "talk.txt").write_text(
        talk.replace("Line 60 is about", "The zebra bubble is the time that a zebra waits, says line 60 of")
    )
    library.ingest([notes])
    with (
        ScriptedLlm(['{"statements": []}']) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as opened,
    ):
        opened.ask("What is the zebra bubble?", k=1)
    given = passages(server.asked[0])
    assert len(given) == 3
    assert "zebra" in given[2]


def test_a_level_s_limits_are_asked_for_again_and_told_if_not_kept(asked: Asked) -> None:
    hard = (
        "Notwithstanding considerable organisational heterogeneity, the pipeline bubble constitutes the time in which "
        "cards wait for work.",
        "cards wait for work",
        "time in which cards wait for work",
    )
    answer = asked(in_json(hard), level="eli5")
    assert "grade" in asked.server.asked[1][-1]["content"]
    assert any("eli5" in note for note in answer.notes)


def test_an_unexplained_acronym_is_a_fault_for_the_simplest_level(asked: Asked) -> None:
    asked(in_json(("The GPU waits for work.", "cards wait for work", "cards wait for work")), level="eli5")
    assert "GPU is not explained" in asked.server.asked[1][-1]["content"]


def test_every_quote_shown_stands_in_its_source(asked: Asked, library: Library) -> None:
    answer = asked(in_json(WAITS, SHRINKS, ("A card waits.", "cards wait for work", "wait for work")))
    for cited in answer.citations:
        _, text = library.source(cited.document_id)
        assert stands_in(cited.quote, " ".join(line.split("]", 1)[-1].strip() for line in text.splitlines()))


def test_the_key_is_in_no_prompt(asked: Asked) -> None:
    asked(in_json(WAITS), llm_key="sk-secret")
    assert "sk-secret" not in json.dumps(asked.server.requests)


def test_what_is_wrong_is_told_in_the_numbers_that_a_reader_sees(asked: Asked, notes: Path, library: Library) -> None:
    write(notes, more="# More\n\nThe pipeline bubble is idle time, says this note.\n")
    library.ingest([notes])
    words = {"cards wait for work": "Cards wait 47 times.", "idle time": "It is 47 times idle."}
    for held, said in words.items():
        answer = asked(in_json((said, held, ""), WAITS))
        claim = next(c for c in answer.claims if c.text == said)
        assert f"47 does not stand in [{claim.citations[0]}]" in claim.why
        assert claim.citations == (1,)
    assert {number_of(asked.server.asked[0], held) for held in words} != {1}
