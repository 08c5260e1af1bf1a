"""Summaries: the text's own sentences, without what feeds and pages put around them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kb.digest import item_summaries

TEXT = (
    "Decoding is limited by memory bandwidth. A draft model proposes four tokens, and the large model checks them in "
    "one pass. On one card that gave 64 tokens a second instead of 30. Subscribe to our newsletter for more."
)


def test_a_summary_is_made_of_the_texts_own_sentences() -> None:
    said = item_summaries.extractive("Faster decoding with a draft model", TEXT)
    assert said
    assert all(sentence.strip() in TEXT for sentence in said.split(". "))


def test_a_summary_has_two_sentences_at_most_and_is_short() -> None:
    assert len(item_summaries.extractive("T", TEXT * 5)) <= item_summaries.MOST_CHARS
    assert item_summaries.extractive("Decoding", TEXT).count(".") <= 2


def test_what_sites_add_is_no_summary() -> None:
    assert item_summaries.extractive("T", "Read more on our site. Sign up for our newsletter today. Comments") == ""


def test_a_text_that_only_repeats_its_title_tells_nothing_twice() -> None:
    said = item_summaries.extractive(
        "Moss drinks the fog", "Moss drinks the fog. It curls up on dry days and waits for rain."
    )
    assert "waits for rain" in said


def test_nothing_gives_nothing() -> None:
    assert item_summaries.extractive("", "") == ""


@given(st.text(max_size=60), st.text(max_size=400))
def test_whatever_the_text_its_summary_stands_in_it(title: str, text: str) -> None:
    said = item_summaries.extractive(title, text)
    assert not said or all(word in text for word in said.split())
