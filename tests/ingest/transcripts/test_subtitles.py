"""Subtitle files, whole and broken: cues with their seconds and the offsets of their words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.transcripts.subtitles import Cue, cues, unrolled


def said(text: str, found: list[Cue] | None = None) -> list[tuple[float, float, str]]:
    """(start, end, words) of each cue."""
    return [
        (cue.start, cue.end, " / ".join(" ".join(text[a:b] for a, b in line) for line in cue.lines))
        for cue in (found if found is not None else list(cues(text)))
    ]


def test_srt_is_read_with_comma_or_dot_and_several_lines() -> None:
    text = "1\n00:00:01,500 --> 00:00:03,000\nHello\nthere\n\n2\n00:00:03.000 --> 00:00:04.000\nBye\n"
    assert said(text) == [(1.5, 3.0, "Hello / there"), (3.0, 4.0, "Bye")]


def test_srt_without_numbers_or_blank_lines_is_read() -> None:
    text = "00:00:01,000 --> 00:00:02,000\nOne\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n"
    assert said(text) == [(1.0, 2.0, "One"), (2.0, 3.0, "Two")]


def test_crlf_keeps_offsets_true() -> None:
    text = "1\r\n00:00:01,000 --> 00:00:02,000\r\nOne\r\n\r\n"
    assert said(text) == [(1.0, 2.0, "One")]


def test_vtt_header_notes_styles_and_settings_are_no_words() -> None:
    text = (
        "WEBVTT - a title\nKind: captions\n\nNOTE\nnot this\n\nSTYLE\n::cue { color: red }\n\n"
        "intro\n00:01.000 --> 00:02.500 align:start position:0%\nWords\n"
    )
    assert said(text) == [(1.0, 2.5, "Words")]


def test_a_voice_tag_names_the_speaker_and_tags_are_no_words() -> None:
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann Lee>It <i>is</i> so</v>\n"
    (cue,) = cues(text)
    assert cue.speaker == "Ann Lee"
    assert said(text)[0][2] == "It is so"


def test_rolling_captions_are_said_once() -> None:
    text = "WEBVTT\n\n"
    words = ["first line", "second line", "third line", "fourth line"]
    last = ""
    for n, line in enumerate(words):
        tagged = line.replace(" ", f"<00:00:0{n}.500><c> ") + "</c>"
        text += f"00:00:0{n}.000 --> 00:00:0{n}.990\n{last}\n{tagged}\n\n".replace("\n\n<", "\n<")
        text += f"00:00:0{n}.990 --> 00:00:0{n + 1}.000\n{line}\n\n"
        last = line
    found, dropped = unrolled(text, list(cues(text)))
    assert [words for _, _, words in said(text, found)] == words
    assert dropped >= 4


def test_sbv_is_read() -> None:
    assert said("0:00:00.378,0:00:11.378\nOne\n\n0:00:11.378,0:00:12.305\nTwo\nthree\n") == [
        (0.378, 11.378, "One"),
        (11.378, 12.305, "Two / three"),
    ]


def test_whispers_tsv_is_read_in_milliseconds() -> None:
    assert said("start\tend\ttext\n0\t4380\tHello\n4380\t9120\tand on\n") == [
        (0.0, 4.38, "Hello"),
        (4.38, 9.12, "and on"),
    ]


@pytest.mark.parametrize("text", ["just words\nand more\n", "", "12:30 lunch, 13:30 back\n"])
def test_ordinary_text_has_no_cues(text: str) -> None:
    assert list(cues(text)) == []


PIECES = st.sampled_from(
    [
        *("1", "00:00:01,000 --> 00:00:02,000", "00:01.5 --> 00:00.1 align:start", "0:00:01.0,0:00:02.0", "words here"),
        *("<v Bob>said</v>", "", "", "NOTE x", "WEBVTT", "10\t20\ttext", "<i>", "{\\an8}up", "é\u2028x", "99"),
    ]
)


@given(st.lists(PIECES, max_size=20), st.sampled_from(["\n", "\r\n", "\r"]))
def test_words_always_stand_where_their_offsets_say(lines: list[str], end: str) -> None:
    text = end.join(lines)
    last = 0
    for cue in cues(text):
        for line in cue.lines:
            for a, b in line:
                assert last <= a < b <= len(text)
                assert text[a:b] == text[a:b].strip()
                last = b


def test_a_blank_line_inside_a_cue_loses_nothing() -> None:
    text = "1\n00:00:01,000 --> 00:00:02,000\nOne\n\nand more\n\n2\n00:00:02,000 --> 00:00:03,000\nTwo\n"
    assert said(text) == [(1.0, 2.0, "One / and more"), (2.0, 3.0, "Two")]


def test_times_out_of_all_measure_are_still_times() -> None:
    text = "1\n-00:00:03,000 --> 00:00:02,000\nOne\n\n2\n1000:00:07,000 --> 1000:00:09,000\nTwo\n"
    assert [words for _, _, words in said(text)] == ["One", "Two"]


def test_a_name_above_a_cue_is_no_word() -> None:
    assert said("WEBVTT\n\nfirst\n00:01.000 --> 00:02.000\nOne\n\nsecond\n00:02.000 --> 00:03.000\nTwo\n") == [
        (1.0, 2.0, "One"),
        (2.0, 3.0, "Two"),
    ]
