"""Whom a question asks about, and that it is answered with their words."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.answer.speakers import asked_about
from kb.library import Library

PANEL = """WEBVTT

00:00:00.000 --> 00:00:09.000
<v Maria Keller>I think that the cables should be laid under the floor, since nobody trips over them there.

00:00:10.000 --> 00:00:19.000
<v John Stone>I think that the cables should be laid along the ceiling, since anybody can reach them there.

00:00:20.000 --> 00:00:29.000
<v Moderator>Let us hear what the others in the hall have to say on that before we break for lunch.
"""


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What did Maria think of the cables?", {"Maria Keller"}),
        ("what did keller say about the cables", {"Maria Keller"}),
        ("Cables according to John Stone?", {"John Stone"}),
        ("What did the moderator ask?", {"Moderator"}),
        ("What did Maria and John disagree on?", {"Maria Keller", "John Stone"}),
        ("Who is Maria Keller?", set()),
        ("What was said about the cables?", set()),
        ("", set()),
    ],
)
def test_a_question_for_somebodys_words_names_them(question: str, names: set[str]) -> None:
    assert asked_about(question, ["Maria Keller", "John Stone", "Moderator"]) == names


def test_of_speakers_that_share_a_word_the_one_named_whole_is_meant() -> None:
    assert asked_about("What did PhD A think of it?", ["PhD A", "PhD B", "Professor"]) == {"PhD A"}


def test_what_speakers_share_means_all_of_them() -> None:
    assert asked_about("What did the PhD students think of it?", ["PhD A", "PhD B", "Professor"]) == {"PhD A", "PhD B"}


@pytest.mark.parametrize("name", ["A", "", "!", "42", "The"])
def test_a_label_that_is_no_name_is_not_asked_about(name: str) -> None:
    assert asked_about("What did a team of the hall say about it?", [name]) == set()


def test_a_name_that_is_a_common_word_is_asked_about_where_it_is_written_as_one() -> None:
    assert asked_about("What did Will say about it?", ["Will"]) == {"Will"}
    assert asked_about("What did A say about it?", ["A"]) == {"A"}
    assert asked_about("What will they say about it?", ["Will"]) == set()


@pytest.mark.parametrize(("name", "where"), [("Maria", "under the floor"), ("John", "along the ceiling")])
def test_an_answer_quotes_first_whom_the_question_asks_about(
    library: Library, notes: Path, name: str, where: str
) -> None:
    (notes / "panel.vtt").write_text(PANEL, encoding="utf-8")
    library.ingest([notes])
    answer = library.ask(f"What did {name} think about where the cables should be laid?")
    assert where in answer.citations[0].quote
