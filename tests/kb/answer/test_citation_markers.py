"""Markers of citations: every form made one, numbers by first use, the same however the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.answer import citation_markers
from kb.answer.citation_markers import Markers

KNOWN = (1, 2, 3, 5)


def shown(text: str) -> tuple[str, list[int], list[int]]:
    stream = Markers(KNOWN)
    out = stream.feed(text) + stream.close()
    return out, stream.seen, stream.unknown


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("It waits [3].", "It waits [1]."),
        ("It waits【3】.", "It waits[1]."),
        ("Both [2, 3].", "Both [1] [2]."),
        ("Both [2][3].", "Both [1][2]."),
        ("Three [1-3].", "Three [1] [2] [3]."),
        ("A note [^2].", "A note [1]."),
        ("Said [Source 5].", "Said [1]."),
        ("A link [1](http://evil.example).", "A link [1]."),
        ("Chat form【5†L1-L4】.", "Chat form[1]."),
        ("Again [5] and [1] and [5].", "Again [1] and [2] and [1]."),
    ],
)
def test_every_form_becomes_one(written: str, seen: str) -> None:
    assert shown(written)[0] == seen


def test_a_number_that_the_evidence_has_not_goes_with_the_space_before_it() -> None:
    assert shown("It waits [9]. It rains [2] [8].")[0] == "It waits. It rains [1]."
    assert shown("It waits [9].")[2] == [9]


def test_code_is_left_alone() -> None:
    text = "Take `row[1]` and\n```\nx = a[2]\n```\nthen [3]."
    assert shown(text)[0] == "Take `row[1]` and\n```\nx = a[2]\n```\nthen [1]."


def test_a_half_written_marker_is_held_back() -> None:
    stream = Markers(KNOWN)
    assert stream.feed("It waits [") == "It waits"
    assert stream.feed("3") == ""
    assert stream.feed("] now") == " [1] now"


PIECES = st.sampled_from(
    [
        "It waits",
        " ",
        "[",
        "]",
        "[3]",
        "【1】",
        "[1, 2]",
        "[9]",
        "`",
        "```",
        "\n",
        "x[1]",
        "(http://x)",
        "†L1",
        "5",
        "[^2",
        ".",
    ]
)


@given(st.lists(PIECES, max_size=14).map("".join), st.lists(st.integers(1, 7), min_size=1, max_size=30))
def test_parts_put_together_are_the_same_however_a_text_is_cut(text: str, sizes: list[int]) -> None:
    stream = Markers(KNOWN)
    out, at, n = "", 0, 0
    while at < len(text):
        size = sizes[n % len(sizes)]
        out += stream.feed(text[at : at + size])
        at, n = at + size, n + 1
    assert out + stream.close() == shown(text)[0]


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert isinstance(shown(text)[0], str)
    assert isinstance(citation_markers.without(text), str)
    assert isinstance(citation_markers.before_stops(text), str)


def test_markers_after_a_full_stop_belong_before_it() -> None:
    assert citation_markers.before_stops('It waits. [1] "So." [2][3]') == 'It waits [1]. "So [2][3]."'
