"""Questions by rule and by a model: what may be asked, what the gates let through, what comes of odd sources."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kb
from index.models.embedder import Embedder
from kb.errors import UsageError
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm
from kb.quiz import answer_spans, candidates, items, validation
from kb.quiz.items import QuizItem
from kb.types.documents import Lines, TimeSpan
from tests.builders import write

PLANTS = {
    name: f"# {title}\n\n{what} {fact}\n"
    for name, title, what, fact in [
        (
            *("moss", "Moss", "Moss is a small plant that takes its water from the fog."),
            "Sphagnum holds 20 times its own weight in water.",
        ),
        (
            *("fern", "Ferns", "A fern is a plant that spreads by spores under its leaves."),
            "Bracken covers 40 hectares near Kyoto.",
        ),
        (
            *("ivy", "Ivy", "Ivy is a climber that holds on by small roots of its stem."),
            "Hedera grows 90 centimetres in a summer.",
        ),
        (
            *("yew", "Yew", "A yew is a tree that lives for a thousand years in churchyards."),
            "Taxus needs 15 years to bear seeds.",
        ),
        (
            *("oak", "Oak", "An oak is a tree that feeds more insects than any other."),
            "Quercus drops 10 kilograms of acorns a year.",
        ),
        (
            *("elm", "Elm", "An elm is a tree that a fungus killed all over Europe."),
            "Ulmus reached 35 metres before the blight.",
        ),
    ]
}


@pytest.fixture
def plants(library: Library, notes: Path) -> Library:
    write(notes, **PLANTS)
    library.ingest([notes])
    return library


def an_item(**changes: Any) -> QuizItem:
    item = QuizItem(
        id="q000000000001",
        type="multiple_choice",
        question="Moss\nWhat is missing? “Sphagnum holds _____ times its own weight.”",
        options=("20", "40", "15", "90"),
        answer="20",
        explanation="",
        quote="Sphagnum holds 20 times its own weight.",
        fact="20",
        document_id="d1",
        chunk_id="c1",
        kind="note",
        title="Moss",
        uri="file:///moss.md",
        locator=Lines(3, 3),
        link="file:///moss.md#L3",
        start_char=0,
        end_char=10,
        level="beginner",
    )
    return replace(item, **changes)


def refused(item: QuizItem, passage: str = "", **more: Any) -> str:
    return validation.refusal(item, passage or item.quote, **more)


# Sentences and what can be asked for in them


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("Moss is a small plant that takes its water from the fog.", ""),
        ("It takes the water of the whole morning from the fog.", "understood only with what stands around it"),
        ("At the same size of leaf, it holds more water than fern does.", "understood only with what stands around it"),
        ("Sphagnum moss which continues growing on sand found in bogs.", "says nothing of anything"),
        ("The following table shows how much water moss holds.", "understood only with what stands around it"),
        ("I think that moss is the best plant of them all.", "understood only with what stands around it"),
        ("Moss is a plant that I like more than ferns.", "somebody's own view"),
        ("Use moss where the wall is too dark for ferns.", "tells somebody to do something"),
        ("Is moss a plant that takes its water from the fog?", "a question itself"),
        ("See https://a.example/moss for all that is known of moss.", "no prose"),
        ("Moss and fog.", "too short"),
        ("with more water than any other plant of the wall.", "says nothing of anything"),
        ("Moss is a lot better than other plants on walls.", "vague"),
    ],
)
def test_a_statement_is_asked_about_only_if_it_stands_alone(said: str, why: str) -> None:
    found = candidates.refusal(said)
    assert found == why or (why.startswith("understood") and found)


def test_a_line_that_goes_on_elsewhere_breaks_off_and_a_whole_sentence_does_not() -> None:
    assert candidates.breaks_off("Moss is the only plant of this old wall that")
    assert not candidates.breaks_off("Moss holds fast to what it grows on.")


@pytest.mark.parametrize(
    "said",
    [
        "A search misses a passage because the embedder never read it.",
        "The pipeline bubble is the time in which cards wait for work.",
        "Isaac Newton published the Principia in 1687.",
        "Johann Sebastian Bach died in Leipzig in 1750.",
        "The KV cache grows with the length of the context and with the batch.",
    ],
)
def test_plain_sentences_of_notes_can_be_asked_about(said: str) -> None:
    assert candidates.refusal(said) == ""


def test_what_only_opens_a_sentence_is_left_out() -> None:
    assert candidates.statement("So, for example, moss drinks fog") == "Moss drinks fog."


def test_numbers_names_terms_and_definitions_are_found() -> None:
    def forms(said: str, *phrases: str) -> set[tuple[str, str]]:
        return {(key.form, key.text) for key in answer_spans.keys(said, phrases)}

    assert ("number", "20 times") in forms("Sphagnum holds 20 times its own weight in water.")
    assert ("number", "$33 million") in forms("The round brought $33 million to the firm.")
    assert ("name", "Hugging Face") in forms("The weights are on Hugging Face since May.")
    assert ("term", "leaf spores") in forms("Ferns spread by leaf spores in autumn.", "leaf spores")
    assert ("definition", "moss") in {(f, t.lower()) for f, t in forms("Moss is a small plant that drinks fog.")}
    # A number that belongs to a name is no number.
    assert not any(form == "number" for form, _ in forms("Llama 2 answers most of the questions."))
    assert not any(text == "AI" for _, text in forms("Most of AI is statistics and luck."))


# Gates


def test_a_sound_item_passes_every_gate() -> None:
    assert refused(an_item()) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"answer": "25", "options": ("25", "40", "15", "90")}, "the quote does not hold the answer"),
        ({"fact": "40"}, "the quote does not hold the answer"),
        ({"options": ("20", "40", "40", "90")}, "too few options of its own kind"),
        ({"options": ("20", "40")}, "too few options of its own kind"),
        ({"options": ("40", "15", "90", "70")}, "options without the answer"),
        ({"options": ("20", "20.0", "15", "90")}, "two right options"),
        ({"options": ("20", "40", "15", "many more than anybody ever thought")}, "options of unlike length"),
        ({"question": "Moss\nWhat is missing? “It holds 20 times its own weight.”"}, "the question holds its answer"),
        ({"question": "Moss\nIt holds how many times its own weight?"}, "a pronoun without what it stands for"),
        ({"question": ""}, "no question"),
        ({"quote": "Sphagnum holds 21 times its own weight."}, "the quote does not stand in the passage"),
        ({"type": "true_false", "options": ("True", "Maybe"), "answer": "True"}, "options that are no true and false"),
        ({"type": "cloze", "options": ("20",)}, "options where there should be none"),
    ],
)
def test_a_gate_stops_what_is_wrong(changes: dict[str, Any], why: str) -> None:
    assert refused(an_item(**changes), "Sphagnum holds 20 times its own weight.") == why


def test_a_wrong_option_that_the_passage_supports_is_stopped() -> None:
    passage = "Sphagnum holds 20 times its own weight. Others hold 15."
    assert refused(an_item(), passage) == "a wrong option that the passage supports"


def test_an_anonymous_post_is_asked_about_only_if_asked_for() -> None:
    assert refused(an_item(), anonymous=True) == "from an anonymous post"
    assert refused(an_item(), anonymous=True, posts=True) == ""


def test_who_and_when_are_what_the_place_says() -> None:
    who = an_item(type="who_said", answer="Ann", fact="Ann", options=("Ann", "Bob", "Cid"))
    assert refused(replace(who, locator=TimeSpan(10, 14, ("Ann",)))) == ""
    assert refused(replace(who, locator=TimeSpan(10, 14, ("Bob",)))) == "the answer is not who the place says"
    when = an_item(type="when", answer="0:10", fact="0:10", options=("0:10", "3:10", "7:00"), locator=TimeSpan(10, 14))
    assert refused(when) == ""
    assert refused(replace(when, answer="3:10")) == "the answer is not when the place says"


@pytest.mark.parametrize(
    ("one", "other"),
    [("20", "20.0"), ("7B", "7 billion"), ("transformer", "Transformers"), ("RAG", "Retrieval Augmented Generation"),
     ("the fog", "fog")],
)  # fmt: skip
def test_the_same_answer_in_other_words_is_known_as_such(one: str, other: str) -> None:
    assert validation.same(one, other)


def test_the_same_question_is_not_asked_twice() -> None:
    one = an_item()
    assert validation.repeats(one, [replace(one, id="q2", type="cloze", options=())])
    other = an_item(
        question="Ivy\nWhat is missing? “Hedera grows _____ in a summer.”", quote="Hedera grows 90 cm.", fact="90 cm"
    )
    assert not validation.repeats(other, [one])


@given(st.text(max_size=40), st.text(max_size=40))
def test_whether_two_answers_are_one_does_not_depend_on_their_order(one: str, other: str) -> None:
    assert validation.same(one, other) == validation.same(other, one)


# Whole quizzes


def test_a_quiz_asks_what_the_sources_say_and_every_item_is_sound(plants: Library) -> None:
    quiz = plants.quiz("plants and trees", 6, "practitioner")
    assert len(quiz.items) == 6
    catalog = plants.retriever().catalog()
    assert catalog is not None
    for item in quiz.items:
        assert refused(item, catalog.chunks([item.chunk_id])[item.chunk_id].text) == ""
        assert item.link.startswith(item.uri)
    assert len({item.quote for item in quiz.items}) == 6


def test_what_is_thrown_away_is_counted_with_its_reason(library: Library, notes: Path) -> None:
    write(
        notes, a="# A\n\nIt is what everybody says of it nowadays. Moss.\n\nIs moss a plant of the dark walls at all?\n"
    )
    library.ingest([notes])
    quiz = library.quiz("", 3)
    assert quiz.items == []
    assert sum(quiz.rejected.values()) >= 2
    assert "no sentence stands alone" in quiz.notes[0]


def test_what_was_asked_before_is_not_asked_again(plants: Library) -> None:
    first = plants.quiz("", 4)
    second = plants.quiz("", 4)
    assert not {item.quote for item in first.items} & {item.quote for item in second.items}


def test_the_same_day_gives_the_same_quiz_where_nothing_is_kept(plants: Library) -> None:
    assert plants.quiz("trees", 3, keep=False).items == plants.quiz("trees", 3, keep=False).items


def test_a_topic_that_no_source_knows_is_said(plants: Library) -> None:
    quiz = plants.quiz("zxqv wvut", 3)
    assert quiz.items == []
    assert "say nothing about" in quiz.notes[0]


def test_nothing_to_ask_about_is_said(library: Library) -> None:
    assert "kb ingest" in library.quiz("", 3).notes[0]


def test_one_passage_gives_what_needs_no_other(library: Library, notes: Path) -> None:
    write(notes, moss=PLANTS["moss"])
    library.ingest([notes])
    quiz = library.quiz("moss", 5)
    assert quiz.items
    assert {item.type for item in quiz.items} <= {"cloze", "short_answer", "true_false"}
    assert "Only" in quiz.notes[0]


def test_links_are_not_asked_about(library: Library, notes: Path) -> None:
    write(
        notes,
        d="## Moss\nSummary: Moss is a small plant that takes its water from the fog.\n\nLink: https://a.example/\n",
    )
    library.ingest([notes])
    assert "Ingest the pages" in library.quiz("moss", 3).notes[0]


SAID = [
    "Sphagnum moss holds the morning water in empty cells.",
    "Bracken fern keeps its spores under old leaves.",
    "Ancient yew wood makes the best long bows.",
    "Climbing ivy needs old walls for its roots.",
    "Young oak foliage gives food to caterpillars.",
    "Mountain elm bark contains the deadly fungus.",
    "Reindeer lichen grows without roots in dry summers.",
    "Water lilies become white flowers at noon.",
    "Beech forest leaves kept the ground quite dark.",
    "Pine resin becomes amber after many ages.",
    "Honey fungus produces faint light on rotten wood.",
    "Willow bark includes the acid of aspirin.",
]
VOICES = ("Ann Moss", "Bob Fern", "Cid Yew")


def a_talk(folder: Path, *, voices: bool) -> Path:
    """A recording's words, one sentence every two minutes, with or without their speakers."""
    cues = [
        f"00:{2 * n:02d}:00.000 --> 00:{2 * n:02d}:09.000\n{f'<v {VOICES[n % 3]}>' if voices else ''}{text}\n"
        for n, text in enumerate(SAID)
    ]
    path = folder / "talk.vtt"
    path.write_text("WEBVTT\n\n" + "\n".join(cues), encoding="utf-8")
    return path


def test_a_recording_with_speakers_is_asked_who_said_it(library: Library, notes: Path) -> None:
    library.ingest([a_talk(notes, voices=True)])
    who = [item for item in library.quiz("moss ferns yew", 20).items if item.type == "who_said"]
    assert who
    for item in who:
        assert isinstance(item.locator, TimeSpan)
        assert item.locator.speakers == (item.answer,)
        assert set(item.options) == set(VOICES)


def test_a_recording_is_asked_when_something_was_said(library: Library, notes: Path) -> None:
    library.ingest([a_talk(notes, voices=False)])
    when = [item for item in library.quiz("moss ferns yew", 20).items if item.type == "when"]
    assert when
    for item in when:
        assert isinstance(item.locator, TimeSpan)
        minutes, seconds = map(int, item.answer.split(":"))
        assert item.locator.start == 60 * minutes + seconds


@pytest.mark.parametrize("level", ["eli5", "beginner", "practitioner", "expert"])
def test_every_level_asks(plants: Library, level: str) -> None:
    quiz = plants.quiz("trees", 3, level)
    assert [item.level for item in quiz.items] == [level] * 3


def test_a_level_or_a_count_that_cannot_be_is_usage(plants: Library) -> None:
    with pytest.raises(UsageError):
        plants.quiz("trees", 3, "genius")
    with pytest.raises(UsageError):
        plants.quiz("trees", 0)


def test_an_answer_is_asked_about_from_what_it_rests_on(plants: Library) -> None:
    answer = plants.ask("What is moss?")
    quiz = plants.quiz_on(answer, 1)
    assert quiz.items[0].title == "Moss"


def test_an_item_goes_through_json_and_back() -> None:
    item = an_item()
    assert items.from_row(json.loads(json.dumps(items.as_row(item)))) == item
    with pytest.raises(ValueError, match="no item"):
        items.from_row({"id": "q1"})


# With a model


def written(*rows: dict[str, Any]) -> str:
    base = {"passage": 1, "type": "short_answer", "options": [], "explanation": ""}
    return json.dumps({"items": [{**base, **row} for row in rows]})


GOOD = {
    "question": "Where does moss take its water from?",
    "answer": "the fog",
    "quote": "Moss is a small plant that takes its water from the fog.",
}


def with_a_model(home: Path, embedder: Embedder, reply: str, count: int = 1) -> tuple[Any, ScriptedLlm]:
    with (
        ScriptedLlm(lambda _: reply) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library,
    ):
        return library.quiz("moss", count), server


def test_a_models_items_are_held_against_the_gates(plants: Library, home: Path, embedder: Embedder) -> None:
    bad = {"question": "What colour is moss?", "answer": "green", "quote": "Moss is green."}
    quiz, _ = with_a_model(home, embedder, written(bad, GOOD))
    (item,) = quiz.items
    assert (item.question.partition("\n")[2], item.answer, item.by) == (GOOD["question"], "the fog", "scripted")
    assert quiz.rejected["the quote does not stand in the passage"] >= 1


def test_a_models_quote_is_the_sources_own_sentence(plants: Library, home: Path, embedder: Embedder) -> None:
    quiz, _ = with_a_model(home, embedder, written({**GOOD, "quote": "takes its water from the FOG"}))
    assert quiz.items[0].quote == GOOD["quote"]


@pytest.mark.parametrize("reply", ["I cannot do that.", "{", '{"items": 7}', "[]", '{"items": [{"question": 1}]}'])
def test_a_model_that_writes_no_items_is_told_and_rules_stand_in(
    plants: Library, home: Path, embedder: Embedder, reply: str
) -> None:
    quiz, _ = with_a_model(home, embedder, reply)
    assert [item.by for item in quiz.items] == ["kb"]
    assert "made by rule" in quiz.notes[0]


def test_a_reply_that_breaks_off_gives_what_is_whole(plants: Library, home: Path, embedder: Embedder) -> None:
    quiz, _ = with_a_model(home, embedder, written(GOOD, GOOD)[:-40])
    assert [item.by for item in quiz.items] == ["scripted"]
