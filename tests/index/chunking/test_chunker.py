"""Documents to chunks: within the window, cut where an outline is cut least, exact to the character."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.chunking import chunker, spans
from index.models.embedder import Embedder
from ingest.notes.markdown import Notes
from ingest.source import TextFile
from ingest.text.decoding import Decoded
from kb.text import sentences
from kb.types.documents import Document, Lines, TimeSpan
from kb.types.search import Chunk
from tests.builders import A_TALK, AN_OUTLINE, an_item, read_file


def cut(document: Document, embedder: Embedder) -> list[Chunk]:
    return chunker.chunk(replace(document, id="d1"), embedder.count, embedder.window)


def within_window(found: list[Chunk], embedder: Embedder) -> bool:
    return max(embedder.count([c.embedded for c in found])) <= embedder.window - 2


def test_a_small_note_is_cut_by_its_headings(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", AN_OUTLINE), embedder)
    assert [c.breadcrumb for c in found] == [("Serving",), ("Serving", "Splitting")]


def test_a_chunk_is_embedded_under_its_breadcrumb(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", AN_OUTLINE), embedder)
    assert found[1].embedded.startswith("Serving › Splitting\n")


def test_a_chunks_text_is_the_files_own_slice(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", AN_OUTLINE), embedder)
    assert all(c.text == AN_OUTLINE[c.start_char : c.end_char] for c in found)


def test_a_subtree_that_fits_stays_whole(tmp_path: Path, embedder: Embedder) -> None:
    subtree = lambda n: f"- topic {n}\n" + "".join(f"\t- detail {n}{m} {'word ' * 12}\n" for m in range(5))  # noqa: E731
    found = cut(read_file(tmp_path / "a.md", "".join(subtree(n) for n in range(6))), embedder)
    assert len(found) > 1
    for n in range(6):
        holding = [c for c in found if f"topic {n}" in c.text]
        assert len(holding) == 1
        assert all(f"detail {n}{m}" in holding[0].text for m in range(5))


def test_a_subtree_that_is_cut_keeps_its_parent_in_the_breadcrumb(tmp_path: Path, embedder: Embedder) -> None:
    content = "- the parent\n" + "".join(f"\t- child {n} {'word ' * 25}\n" for n in range(20))
    found = cut(read_file(tmp_path / "a.md", content), embedder)
    assert len(found) > 1
    assert all(c.breadcrumb == ("a", "the parent") for c in found)


def test_a_line_above_a_list_is_its_parent(tmp_path: Path, embedder: Embedder) -> None:
    content = "costs\n" + "".join(f"- item {n} {'word ' * 25}\n" for n in range(20))
    found = cut(read_file(tmp_path / "a.md", content), embedder)
    assert found[-1].breadcrumb == ("a", "costs")


def test_a_line_added_at_the_top_changes_one_chunk(tmp_path: Path, embedder: Embedder) -> None:
    body = "".join(f"\n\n## Section {n}\n\nwords of {n}" for n in range(30))
    before = {c.id for c in cut(read_file(tmp_path / "a.md", "# T\n\nfirst" + body), embedder)}
    after = {c.id for c in cut(read_file(tmp_path / "a.md", "# T\n\na new line\n\nfirst" + body), embedder)}
    assert len(after - before) == 1


def test_equal_passages_of_a_document_have_ids_of_their_own(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", "# A\n\nsame words\n\n# A\n\nsame words\n"), embedder)
    assert len({c.id for c in found}) == len(found)


def test_a_sentence_of_talk_runs_through_its_cues(tmp_path: Path, embedder: Embedder) -> None:
    document = read_file(tmp_path / "t.txt", A_TALK)
    (chunk,) = cut(document, embedder)
    a, b = next(s for s in chunk.sentences if document.text[s[0] :].startswith("With more"))
    assert (
        spans.slice_of(document.text, chunk.segments, a, b)
        == "With more micro-batches the bubble gets smaller, and that is all there is to it."
    )
    assert spans.locate(document.text, chunk.segments, a, b) == TimeSpan(9.5, 18.0)


def test_talk_is_cut_at_ends_of_sentences_within_ninety_seconds(tmp_path: Path, embedder: Embedder) -> None:
    cues = "".join(
        f"[{n // 6:02d}:{n % 6 * 10:02d}.000 --> {(n + 1) // 6:02d}:{(n + 1) % 6 * 10:02d}.000] "
        f"Sentence number {n} says a few words. And a second one begins\n"
        for n in range(60)
    )
    found = cut(read_file(tmp_path / "t.txt", cues), embedder)
    for chunk in found:
        assert isinstance(chunk.locator, TimeSpan)
        assert chunk.locator.end - chunk.locator.start <= 90


def test_a_sentence_longer_than_the_window_is_cut_to_fit(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", "word " * 3000), embedder)
    assert within_window(found, embedder)
    assert sum(len(c.text.split()) for c in found) == 3000


def test_a_word_without_spaces_is_cut_to_fit(tmp_path: Path, embedder: Embedder) -> None:
    found = cut(read_file(tmp_path / "a.md", "x9" * 4000), embedder)
    assert within_window(found, embedder)
    assert "".join(c.text for c in found) == "x9" * 4000


def test_deep_headings_leave_room_for_the_text(tmp_path: Path, embedder: Embedder) -> None:
    headings = "".join(f"{'#' * n} {'A very long heading indeed ' * 12}\n\n" for n in range(1, 7))
    assert within_window(cut(read_file(tmp_path / "a.md", headings + "words " * 400), embedder), embedder)


def test_locators_give_the_lines_of_the_part_that_was_cut(tmp_path: Path, embedder: Embedder) -> None:
    content = "\n".join(f"line {n} of many " + "word " * 20 for n in range(1, 31))
    found = cut(read_file(tmp_path / "a.md", content), embedder)
    for chunk in found:
        assert isinstance(chunk.locator, Lines)
        lines = content.split("\n")[chunk.locator.start - 1 : chunk.locator.end]
        assert chunk.text in "\n".join(lines)
        assert chunk.text not in "\n".join(lines[1:])
        assert chunk.text not in "\n".join(lines[:-1])


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "# H\n",
                "## G\n",
                "- a\n",
                "\t- b c\n",
                "\t\t- d. E f.\n",
                "\n",
                "text here. More.\n",
                "word " * 90 + "\n",
            ),
            *("```\ncode\n```\n", "| a | b |\n|--|--|\n| 1 | 2 |\n", "<!-- x -->\n", "> quote\n", "é" * 300 + "\n"),
        ]
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(PIECES)
def test_every_outline_is_cut_within_the_window_and_in_order(embedder: Embedder, pieces: list[str]) -> None:
    text = "".join(pieces)
    for outcome in Notes().read(TextFile(an_item(Path("/tmp/any.md")), Decoded(text, "utf-8"))):
        if not isinstance(outcome, Document):
            continue
        found = cut(outcome, embedder)
        assert within_window(found, embedder)
        last = 0
        for chunk in found:
            assert last <= chunk.start_char < chunk.end_char <= len(text)
            last = chunk.end_char
            assert chunk.text == text[chunk.start_char : chunk.end_char]
            for a, b in chunk.sentences:
                assert chunk.start_char <= a < b <= chunk.end_char
        covered = "".join(t for c in found for t in c.text.split())
        for segment in outcome.segments:
            assert "".join(text[segment.start_char : segment.end_char].split()) in covered


def test_counting_is_by_the_embedders_own_tokenizer(embedder: Embedder) -> None:
    assert embedder.count(["hello world", ""]) == [2, 0]
    assert embedder.window == 256


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Dr. Smith met the A.I. researcher. They left.", 2),
        ("One. Two! Three?", 3),
        ("It grew, e.g. by 3.5 percent, in the U.S. market. Then it fell.", 2),
        ("no end at all", 1),
    ],
)
def test_sentences_do_not_end_at_abbreviations(text: str, parts: int) -> None:
    assert len(sentences.split(text)) == parts


def test_cutting_one_enormous_line_takes_time_in_proportion(tmp_path: Path, embedder: Embedder) -> None:
    def seconds(words: int) -> float:
        document = read_file(tmp_path / "a.md", "so it goes on and on, " * words)
        began = time.perf_counter()
        cut(document, embedder)
        return time.perf_counter() - began

    seconds(500)
    # Four times the length; sixteen times the time is what counting lines for each chunk took.
    assert seconds(16_000) < 9 * max(seconds(4_000), 0.05)
