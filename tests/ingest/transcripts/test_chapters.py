"""Chapter lists: what is one, and what it does to a talk."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from index.chunking import chunker as chunking
from index.models.embedder import Embedder
from ingest.transcripts import chapters
from tests.builders import read_file, texts

TALK = """\
Show notes

(0:00) Intro
(0:30) - The bubble
(1:05:00) Questions & answers

**Ann:** [00:01] Welcome to all of you who came here today.

**Bo:** [00:35] Thank you. The pipeline bubble is the time in which cards wait for work.

**Ann:** [00:50] So it gets smaller with more micro-batches.

**Bo:** [01:05:10] Yes, it does, and that is all there is to it.

**Ann:** Thanks.
"""


def test_a_chapter_list_gives_chapters_and_is_no_speech(tmp_path: Path) -> None:
    document = read_file(tmp_path / "a.txt", TALK)
    assert document.metadata["chapters"] == [
        {"start": 0.0, "title": "Intro"},
        {"start": 30.0, "title": "The bubble"},
        {"start": 3900.0, "title": "Questions & answers"},
    ]
    assert not any("Intro" in text or "Questions" in text for text in texts(document))


def test_a_passage_lies_in_one_chapter_and_says_which(tmp_path: Path, embedder: Embedder) -> None:
    document = read_file(tmp_path / "a.txt", TALK)
    made = chunking.chunk(document, embedder.count, embedder.window)
    found = {c.breadcrumb[1:]: c.text for c in made}
    assert found[("The bubble",)].startswith("Thank you. The pipeline bubble")
    assert "more micro-batches" in found[("The bubble",)]
    assert found[("Questions & answers",)].startswith("Yes, it does")


def test_a_time_on_every_line_is_talk_and_no_list() -> None:
    talk = "".join(f"{n // 60}:{n % 60:02} some words are said\n" for n in range(0, 300, 10))
    assert chapters.find(talk) == ([], [])


@given(st.text(alphabet="0123456789:[]()- \nabc", max_size=200))
def test_no_text_breaks_the_finder_and_times_run_forward(text: str) -> None:
    found, spans = chapters.find(text)
    starts = [part["start"] for part in found]
    assert starts == sorted(set(starts))
    assert all(0 <= a < b <= len(text) for a, b in spans)
