"""Loops of a speech recogniser."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.transcripts.repetitions import equal_runs, loop_in


def test_equal_segments_in_a_row_are_a_run() -> None:
    assert equal_runs(["So.", "Okay.", "okay", "Okay!", "Well.", "Well."]) == [(1, 4)]


def test_a_phrase_that_repeats_is_a_loop() -> None:
    text = "we use it " + "to create a network " * 5 + "and then stop"
    found = loop_in(text)
    assert found is not None
    start, first, end, rounds = found
    assert text[start:first] == "to create a network"
    assert text[:first] == "we use it to create a network"
    assert text[end:] == " and then stop"
    assert rounds == 5


def test_three_times_is_still_talk() -> None:
    assert loop_in("no no no, that is not it") is None


def test_numbers_and_plain_words_are_no_loop() -> None:
    assert loop_in("one two three four five six seven eight nine ten") is None


@given(st.lists(st.sampled_from(["a", "b", "c", "."]), max_size=40))
def test_a_loop_is_always_inside_the_text(words: list[str]) -> None:
    text = " ".join(words)
    found = loop_in(text)
    if found is not None:
        start, first, end, rounds = found
        assert 0 <= start < first < end <= len(text)
        assert rounds >= 4
