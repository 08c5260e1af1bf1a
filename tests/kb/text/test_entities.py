"""Numbers, dates and names of statements, looked up in what they cite."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.text import entities

SOURCE = entities.facts(
    "On 14 March 2023 GPT-4 reached 86.4% on MMLU; people guess 1.8 trillion parameters. OpenAI has 280 people on it, "
    "split into seven teams. Retrieval-Augmented Generation came in May 2020. The run cost between 40 and 78M dollars, "
    "on 25,000 A100 cards, at 0.3 of their peak. Karpathy left."
)


@pytest.mark.parametrize(
    "statement",
    [
        "GPT-4 reached 86.4 % on MMLU.",
        "It may have 1.8T parameters.",
        "It used 25 000 cards.",
        "It used 25000 A100s.",
        "There are 7 teams.",
        "There are seven teams of 280 people.",
        "The run cost 78 million dollars.",
        "About 24,800 cards were used.",
        "It ran at 30% of its peak.",
    ],
)
def test_a_number_that_stands_there_in_any_form_is_found(statement: str) -> None:
    assert entities.missing_numbers(statement, SOURCE) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("GPT-4 reached 87.4% on MMLU.", "87.4%"),
        ("It has 1.8 trillion parameters and 12 layers.", "12"),
        ("There are eight teams.", "eight"),
        ("It used exactly 24,800 cards.", "24,800"),
        ("Exactly 281 people work on it.", "281"),
    ],
)
def test_a_number_that_does_not_stand_there_is_named(statement: str, said: str) -> None:
    assert entities.missing_numbers(statement, SOURCE) == [said]


def test_a_model_s_number_is_part_of_its_name() -> None:
    assert [n.said for n in entities.numbers("GPT-4 and H100 on all-MiniLM-L6-v2")] == []


@pytest.mark.parametrize("statement", ["In March 2023 it came.", "On 2023-03-14 it came.", "RAG came in May 2020."])
def test_a_date_that_is_said_less_exactly_is_found(statement: str) -> None:
    assert entities.missing_dates(statement, SOURCE) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("It came in June 2023.", "June 2023"),
        ("It came on 15 March 2023.", "15 March 2023"),
        ("RAG is of May 2021.", "May 2021"),
    ],
)
def test_another_date_is_named(statement: str, said: str) -> None:
    assert entities.missing_dates(statement, SOURCE) == [said]


def test_the_verb_may_is_no_month() -> None:
    assert entities.dates("It may 3 times fail. You may do it. They march 4 miles.") == []


@pytest.mark.parametrize(
    "statement",
    ["Open AI has people.", "RAG came then.", "Karpathy’s exit was told.", "The A100s ran.", "gpt4 is GPT4."],
)
def test_a_name_that_stands_there_in_any_form_is_found(statement: str) -> None:
    assert entities.missing_names(statement, SOURCE) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("Anthropic has 280 people.", "Anthropic"),
        ("It was Sutskever who left.", "Sutskever"),
        ("GPT-5 reached it.", "GPT-5"),
        ("It ran on H100 cards.", "H100"),
        ("The MATH benchmark was used.", "MATH"),
    ],
)
def test_a_name_that_does_not_stand_there_is_named(statement: str, said: str) -> None:
    assert entities.missing_names(statement, SOURCE) == [said]


def test_a_word_that_only_opens_a_sentence_is_no_name() -> None:
    assert entities.names("Decoding is slow. However, people wait. Smaller batches help.") == []


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    found = entities.facts(text)
    assert entities.missing_numbers(text, found) == [n for n in entities.missing_numbers(text, found) if n]
    assert entities.missing_dates(text, found) == []
