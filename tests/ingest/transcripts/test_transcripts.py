"""Transcripts: who said what, and when, only where the file says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.source import TextFile
from ingest.text.decoding import Decoded
from ingest.transcripts.plain_text import reads_as_talk
from ingest.transcripts.source import Transcripts
from kb.errors import IngestError, SkippedItem
from kb.library import Library
from kb.types.documents import Document, Paragraph, TimeSpan
from tests.builders import A_TALK, an_item, read_any, read_file, texts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "talk.txt"


def test_bracket_lines_become_cues_with_seconds(file: Path) -> None:
    document = read_file(file, A_TALK)
    assert document.kind == "transcript"
    assert document.segments[1].locator == TimeSpan(4.0, 9.5)
    assert texts(document)[1] == "The pipeline bubble is the time in which cards wait for work."


def test_hours_may_be_left_out(file: Path) -> None:
    document = read_file(file, "[00:01.500 --> 01:02.250]  hello there\n[01:02.250 --> 01:05.000]  once more\n")
    assert [s.locator for s in document.segments] == [TimeSpan(1.5, 62.25), TimeSpan(62.25, 65.0)]


def test_warnings_before_the_first_cue_are_no_speech(file: Path) -> None:
    document = read_file(file, "nohup: ignoring input\n\n  warnings.warn(...)\n" + A_TALK)
    assert texts(document)[0].startswith("Welcome")


@pytest.mark.parametrize("mark", ["[Music]", "(applause)", "[BLANK_AUDIO]", "♪", "[ Silence ]", "..."])
def test_marks_of_sounds_are_no_speech(file: Path, mark: str) -> None:
    document = read_file(file, f"[00:00.000 --> 00:02.000] words\n[00:02.000 --> 00:03.000] {mark}\n")
    assert texts(document) == ["words"]


def test_times_that_run_backwards_are_put_right_and_counted(file: Path) -> None:
    document = read_file(file, "[00:01.000 --> 00:04.000] one\n[00:05.000 --> 00:03.000] two\n")
    assert [s.locator for s in document.segments] == [TimeSpan(1.0, 4.0), TimeSpan(5.0, 5.0)]
    assert "1 cue times" in document.metadata["warnings"][0]


def test_one_mistyped_hour_moves_one_cue_and_not_all_that_follow(file: Path) -> None:
    cues = ["00:00.000 --> 00:04.000", "59:00.000 --> 59:05.000", "00:08.000 --> 00:12.000", "00:12.000 --> 00:16.000"]
    document = read_file(file, "".join(f"[{cue}] words {n}\n" for n, cue in enumerate(cues)))
    assert [s.locator for s in document.segments] == [
        TimeSpan(0.0, 4.0),
        TimeSpan(8.0, 8.0),
        TimeSpan(8.0, 12.0),
        TimeSpan(12.0, 16.0),
    ]


@pytest.mark.parametrize(
    "words", ["Music theory is really hard.", "Noise was the main problem.", "(laughs) No, really."]
)
def test_speech_about_sounds_is_speech(file: Path, words: str) -> None:
    document = read_file(file, f"[00:00.000 --> 00:02.000] {words}\n[00:02.000 --> 00:03.000] next\n")
    assert texts(document) == [words, "next"]


def test_a_note_that_shows_some_cues_in_a_fence_stays_a_note(tmp_path: Path) -> None:
    fence = "```\n[00:00.000 --> 00:04.000] one\n[00:04.000 --> 00:09.000] two\n```\n"
    document = read_file(tmp_path / "n.md", f"# Howto\n\nThe setting matters.\n\n{fence}\n## Costs\n\nMuch.\n")
    assert document.kind == "note"
    assert "The setting matters." in texts(document)


def test_a_bold_word_at_the_beginning_is_no_speaker(tmp_path: Path) -> None:
    document = read_file(tmp_path / "t.md", "**Ann:** Hello.\n\n**Absolutely** nothing was wrong.\n\n**Bob:** Hi.\n")
    assert texts(document)[1] == "**Absolutely** nothing was wrong."
    assert document.segments[1].locator == Paragraph(2, ("Ann",))


def test_words_before_a_colon_are_no_speaker_unless_they_look_like_a_name(tmp_path: Path) -> None:
    document = read_file(
        tmp_path / "t.md", "[00:05] Ann: Hello.\n\n[00:10] My advice to you: label it.\n\n[00:20] Bob: Yes.\n"
    )
    assert texts(document) == ["Hello.", "My advice to you: label it.", "Yes."]
    assert document.segments[1].locator == TimeSpan(10.0, 20.0, ("Ann",))


def test_speakers_on_lines_without_blank_lines_between_are_told_apart(tmp_path: Path) -> None:
    document = read_file(tmp_path / "t.md", "**Ann:** One.\n**Bob:** Two.\nstill Bob\n\n**Ann:** Three.\n")
    assert [(s.locator.speakers, t) for s, t in zip(document.segments, texts(document), strict=True)] == [  # type: ignore[union-attr]
        (("Ann",), "One."),
        (("Bob",), "Two.\nstill Bob"),
        (("Ann",), "Three."),
    ]


def test_a_verse_in_parentheses_is_no_time(tmp_path: Path) -> None:
    document = read_file(tmp_path / "t.md", "**Ann:** Hello.\n\n**Bob:** As in John (3:16) it says.\n")
    assert document.segments[1].locator == Paragraph(2, ("Bob",))
    assert texts(document)[1] == "As in John (3:16) it says."


def test_front_matter_of_a_transcript_is_read_and_is_no_speech(tmp_path: Path) -> None:
    head = "---\ntitle: The show\ntags: [talk]\ndate: '20240501'\nurl: https://www.youtube.com/watch?v=x\n---\n\n"
    document = read_file(tmp_path / "t.md", head + "**Ann:** \\[00:10\\] Hello.\n\n**Bob:** Hi.\n")
    assert (document.title, document.metadata["tags"], document.metadata["published"]) == (
        "The show",
        ["talk"],
        "2024-05-01",
    )
    assert texts(document) == ["Hello.", "Hi."]


DIALOGUE = """\
**Ann:** Welcome to the show.

**Bob Lee:** \\[00:06:02.17\\] Thanks. I brought a question.

And a second one.

**Ann:** \\[07:10\\] Go on.
"""


def test_speakers_and_marks_are_read_from_prose(tmp_path: Path) -> None:
    document = read_file(tmp_path / "show.md", DIALOGUE)
    assert document.kind == "transcript"
    assert texts(document) == ["Welcome to the show.", "Thanks. I brought a question.", "And a second one.", "Go on."]
    assert [s.locator for s in document.segments] == [
        TimeSpan(0.0, 362.17, ("Ann",)),
        TimeSpan(362.17, 430.0, ("Bob Lee",)),
        TimeSpan(362.17, 430.0, ("Bob Lee",)),
        TimeSpan(430.0, 430.0, ("Ann",)),
    ]


def test_without_marks_a_turn_is_cited_by_paragraph_and_gets_no_time(tmp_path: Path) -> None:
    document = read_file(tmp_path / "show.md", "**Ann:** Hello.\n\n**Bob:** Hi.\n\nAnd more.\n")
    assert [s.locator for s in document.segments] == [
        Paragraph(1, ("Ann",)),
        Paragraph(2, ("Bob",)),
        Paragraph(3, ("Bob",)),
    ]


def test_other_forms_of_speaker_and_mark_are_read(tmp_path: Path) -> None:
    document = read_file(tmp_path / "t.md", "[00:43:45] Ann: First words.\n\nBob (1:00:05): Second words.\n")
    assert [s.locator for s in document.segments] == [
        TimeSpan(2625.0, 3605.0, ("Ann",)),
        TimeSpan(3605.0, 3605.0, ("Bob",)),
    ]


def test_a_note_with_bold_labels_in_an_outline_stays_a_note(tmp_path: Path) -> None:
    content = "# Options\n\n**Pros:** fast.\n\n**Cons:** dear.\n\n- a bullet\n\n- another\n"
    assert read_file(tmp_path / "n.md", content).kind == "note"


TALK_WORDS = "So today I want to show you how we do this, and you know, it is actually really just about the data. "


def test_talk_without_times_is_told_from_a_written_note(file: Path) -> None:
    assert read_file(file, TALK_WORDS * 8).kind == "transcript"
    written = "The transformer uses attention. Training cost grows with the length of the sequence. "
    assert read_file(file, written * 12).kind == "note"
    assert reads_as_talk(TALK_WORDS * 8)


def test_a_recording_of_the_same_name_is_linked(file: Path) -> None:
    file.with_suffix(".mp3").write_bytes(b"x")
    assert read_file(file, A_TALK).metadata["media"].endswith("/talk.mp3")


LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.builds(
            lambda a, b, c, d, t: f"[{a:02d}:{b:02d}.000 --> {c:02d}:{d:02d}.5] {t}",
            *[st.integers(0, 99)] * 4,
            st.text(max_size=20),
        ),
        st.builds(lambda n, t: f"**{n}:** \\[{len(t):02d}:10\\] {t}", st.text(max_size=8), st.text(max_size=20)),
    ),
    max_size=12,
)


@given(LINES, st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_times_never_go_backwards_and_offsets_index_the_text(lines: list[str], end: str) -> None:
    text = end.join(lines)
    for outcome in Transcripts().read(TextFile(an_item(Path("/tmp/any.txt")), Decoded(text, "utf-8"))):
        if not isinstance(outcome, Document):
            continue
        last_char, last_time = 0, 0.0
        for segment in outcome.segments:
            assert last_char <= segment.start_char < segment.end_char <= len(text)
            last_char = segment.end_char
            if isinstance(segment.locator, TimeSpan):
                assert last_time <= segment.locator.start <= segment.locator.end
                last_time = segment.locator.start


SRT = "1\n00:00:01,000 --> 00:00:03,000\nThe pipeline bubble\n\n2\n00:00:03,000 --> 00:00:05,000\nis idle time.\n"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.srt", SRT),
        ("t.vtt", "WEBVTT\n\n" + SRT.replace(",", ".")),
        ("t.sbv", "0:00:01.000,0:00:03.000\nThe pipeline bubble\n\n0:00:03.000,0:00:05.000\nis idle time.\n"),
        ("t.tsv", "start\tend\ttext\n1000\t3000\tThe pipeline bubble\n3000\t5000\tis idle time.\n"),
        (
            "t.json",
            '{"segments": [{"start": 1, "end": 3, "text": " The pipeline bubble"},'
            ' {"start": 3, "end": 5, "text": " is idle time."}]}',
        ),
        ("t.txt", "[00:01.000 --> 00:03.000]  The pipeline bubble\n[00:03.000 --> 00:05.000]  is idle time.\n"),
    ],
)
def test_every_form_gives_the_same_words_and_times(tmp_path: Path, name: str, content: str) -> None:
    document = read_file(tmp_path / name, content)
    assert document.kind == "transcript"
    assert texts(document) == ["The pipeline bubble", "is idle time."]
    assert [s.locator for s in document.segments] == [TimeSpan(1.0, 3.0), TimeSpan(3.0, 5.0)]


def test_json_is_rendered_a_line_a_segment(tmp_path: Path) -> None:
    document = read_file(tmp_path / "t.json", '{"segments": [{"start": 1, "end": 3, "text": " Hello  there all"}]}')
    assert document.text == "Hello there all"
    assert document.metadata["rendered"]


def test_other_json_in_a_folder_is_skipped(tmp_path: Path) -> None:
    outcome = read_any(tmp_path / "package.json", '{"name": "x"}', named=False)
    assert isinstance(outcome, SkippedItem)


def test_a_word_said_for_minutes_is_searched_once_and_told(file: Path) -> None:
    cues = "".join(f"[00:{n:02d}.000 --> 00:{n + 1:02d}.000] Okay.\n" for n in range(1, 31))
    document = read_file(file, "[00:00.000 --> 00:01.000] We begin.\n" + cues + "[00:31.000 --> 00:33.000] We end.\n")
    assert texts(document) == ["We begin.", "Okay.", "We end."]
    assert [s.apart for s in document.segments] == [False, False, True]
    assert document.metadata["collapsed"][0]["times"] == 30


def test_a_phrase_that_loops_inside_a_cue_is_kept_once(file: Path) -> None:
    looped = "so we use it " + "to create a net " * 6 + "and that is all"
    document = read_file(file, f"[00:00.000 --> 00:09.000] {looped}\n[00:09.000 --> 00:10.000] Next.\n")
    assert texts(document) == ["so we use it to create a net", "and that is all", "Next."]
    assert [s.apart for s in document.segments] == [False, True, False]
    assert document.text.count("to create a net") == 6


def test_no_quote_runs_across_a_loop(tmp_path: Path, library: Library) -> None:
    cues = "".join(f"[00:{n:02d}.000 --> 00:{n + 1:02d}.000] okay\n" for n in range(4, 20))
    talk = "[00:00.000 --> 00:04.000] the pipeline bubble is the time in which cards\n" + cues
    (tmp_path / "t.txt").write_text(talk + "[00:20.000 --> 00:24.000] wait for other cards to give them work\n")
    library.ingest([tmp_path / "t.txt"])
    answer = library.ask("What is the pipeline bubble?")
    assert answer.citations
    for cited in answer.citations:
        assert not ("cards" in cited.quote and "wait" in cited.quote)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("qrels.tsv", "1001\t7\tThe capital of France\n1002\t3\tThe capital of Spain\n"),
        ("numbers.tsv", "9\t2\tnine\n3\t4\tthree\n5\t1\tfive\n"),
        ("tags.json", '[{"start": 120, "end": 126, "text": "London", "label": "GPE"}]'),
        ("log.txt", "[00:00:01] INFO: it starts\n\n[00:00:02] ERROR: disk is full\n\n[00:00:03] INFO: it ends\n"),
    ],
)
def test_a_table_a_tagger_and_a_log_are_no_talk(tmp_path: Path, name: str, text: str) -> None:
    outcome = read_any(tmp_path / name, text, named=False)
    assert isinstance(outcome, IngestError) or outcome.kind != "transcript"


def test_angles_in_a_subtitle_are_words(tmp_path: Path) -> None:
    document = read_file(tmp_path / "a.srt", "1\n00:00:01,000 --> 00:00:02,000\n<i>where</i> x < y and y > z here\n")
    assert " ".join(texts(document)) == "where x < y and y > z here"
