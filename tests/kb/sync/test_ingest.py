"""Ingest: twice costs nothing, a change costs itself, a bad item costs only itself."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import kb
from ingest.source import TextFile
from kb.errors import IngestError, StoreError, StoreTooNew, UsageError
from kb.library import Library
from kb.types.documents import Document
from kb.types.search import SearchResult
from tests.builders import A_TALK, AN_OUTLINE, write


def ids(result: SearchResult) -> list[str]:
    return [hit.chunk.id for hit in result.hits]


def test_a_folder_is_ingested_and_found(library: Library, notes: Path) -> None:
    write(notes, serving=AN_OUTLINE)
    (notes / "talk.txt").write_text(A_TALK)
    report = library.ingest([notes])
    assert (report.added, len(report.failed)) == (2, 0)
    hits = library.search("what is the pipeline bubble", 2).hits
    assert {hit.title for hit in hits} == {"Serving", "talk"}


def test_a_second_ingest_writes_nothing_and_embeds_nothing(library: Library, notes: Path) -> None:
    write(notes, serving=AN_OUTLINE, other="# Other\n\nwords of another note\n")
    library.ingest([notes])
    generation = library.status().generation
    report = library.ingest([notes])
    assert (report.added, report.updated, report.unchanged, report.chunks, report.embedded) == (0, 0, 2, 0, 0)
    assert library.status().generation == generation


def test_a_line_added_at_the_top_of_a_long_note_embeds_one_chunk(library: Library, notes: Path) -> None:
    body = "".join(f"\n\n## Section {n}\n\nThese are the words of section {n}." for n in range(40))
    write(notes, long="# Long\n\nFirst words." + body)
    library.ingest([notes])
    write(notes, long="# Long\n\nA new line.\n\nFirst words." + body)
    report = library.ingest([notes])
    assert (report.updated, report.embedded) == (1, 1)


def test_offsets_follow_when_text_moves(library: Library, notes: Path) -> None:
    write(notes, a="# A\n\n## One\n\nfirst\n\n## Two\n\nThe zebra crosses here.\n")
    library.ingest([notes])
    moved = "# A\n\n## One\n\nfirst, and now much longer than it was before\n\n## Two\n\nThe zebra crosses here.\n"
    write(notes, a=moved)
    library.ingest([notes])
    hit = library.search("zebra", 1).hits[0]
    assert moved[hit.chunk.start_char : hit.chunk.end_char] == hit.chunk.text
    assert "zebra" in hit.chunk.text


def test_what_was_taken_out_of_a_file_is_no_longer_found(library: Library, notes: Path) -> None:
    write(notes, a="# A\n\n## One\n\nabout apples\n\n## Two\n\nabout zebras\n")
    library.ingest([notes])
    write(notes, a="# A\n\n## One\n\nabout apples\n")
    library.ingest([notes])
    assert all("zebra" not in hit.chunk.text for hit in library.search("zebras", 5).hits)
    assert library.status().chunks == 1


def test_a_renamed_file_keeps_its_id_and_embeds_nothing(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    before = library.sources()[0].document_id
    (notes / "a.md").rename(notes / "b.md")
    report = library.ingest([notes])
    (row,) = library.sources()
    assert (report.unchanged, report.embedded) == (1, 0)
    assert row.document_id == before
    assert row.uri.endswith("/b.md")


def test_a_copy_is_a_document_of_its_own(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    shutil.copy(notes / "a.md", notes / "b.md")
    assert library.ingest([notes]).added == 1
    assert len({row.document_id for row in library.sources()}) == 2


def test_copies_of_a_passage_are_one_hit(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE, b=AN_OUTLINE)
    library.ingest([notes])
    result = library.search("pipeline parallelism bubble", 5, trace=True)
    assert len([h for h in result.hits if "bubble" in h.chunk.text]) == 1
    assert any("nearly the same" in fallen.reason for fallen in result.dropped)


def test_a_bad_file_is_named_and_the_rest_is_ingested(library: Library, notes: Path) -> None:
    write(notes, good=AN_OUTLINE)
    (notes / "bad.md").write_bytes(b"\x89PNG\r\n\0\0\0")
    (notes / "empty.md").write_bytes(b"")
    report = library.ingest([notes, notes / "bad.md", notes / "missing"])
    assert report.added == 1
    assert {uri.rsplit("/", 1)[1]: reason for uri, reason in report.skipped} == {
        "bad.md": "it is a binary file, not text",
        "empty.md": "it is empty",
    }
    assert [reason for _, reason in report.failed] == ["there is no such file or folder"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.md", b"", "it is empty"),
        ("binary.md", b"\x7fELF\0\0", "it is a binary file, not text"),
        ("photo.heic", b"x", "no reader for .heic files; --kind says what it is"),
        ("marks.txt", b"[00:00.000 --> 00:01.000] [Music]\n[00:01.000 --> 00:02.000] ...\n", "it holds no speech"),
    ],
)
def test_an_unreadable_file_named_by_hand_fails_with_its_reason(
    library: Library, notes: Path, name: str, content: bytes, reason: str
) -> None:
    (notes / name).write_bytes(content)
    report = library.ingest([notes / name])
    assert len(report.failed) == 1
    assert report.failed[0][1].startswith(reason)
    assert library.status().failures[0].uri.endswith(name)


def test_a_failure_is_forgotten_once_the_file_is_mended(library: Library, notes: Path) -> None:
    (notes / "a.md").write_bytes(b"")
    library.ingest([notes / "a.md"])
    write(notes, a=AN_OUTLINE)
    library.ingest([notes / "a.md"])
    assert library.status().failures == []


def test_a_file_above_the_limit_is_named_and_not_read(home: Path, notes: Path) -> None:
    (notes / "big.md").write_bytes(b"x" * 1_200_000)
    with kb.open(home, max_file_mb=1) as library:
        report = library.ingest([notes])
    assert "over the limit of 1 MB" in report.failed[0][1]


def test_one_enormous_line_is_cut_to_passages(library: Library, notes: Path) -> None:
    write(notes, a="the zebra crosses " + "and so on it goes " * 3_000)
    report = library.ingest([notes])
    assert report.added == 1
    assert "zebra" in library.search("zebra", 1).hits[0].chunk.text


def test_cp1252_and_utf16_files_are_read_and_the_guess_is_told(library: Library, notes: Path) -> None:
    (notes / "a.md").write_bytes("Le café des zèbres, où l’on mange.".encode("cp1252"))
    (notes / "b.md").write_bytes("# Wide\n\nGiraffes are tall.".encode("utf-16"))
    report = library.ingest([notes])
    assert report.added == 2
    assert [warning for _, warning in report.warnings] == ["not UTF-8; read as cp1252"]
    assert "zèbres" in library.search("zebres", 1).hits[0].chunk.text


def test_a_kind_can_be_asked_for(library: Library, notes: Path) -> None:
    (notes / "minutes.log").write_text("We met.\n\nThen we left.\n")
    report = library.ingest([notes / "minutes.log"], kind="transcript")
    assert report.added == 1
    assert library.sources()[0].kind == "transcript"


def test_an_unknown_kind_is_a_usage_error(library: Library, notes: Path) -> None:
    with pytest.raises(UsageError, match="no kind 'novel'"):
        library.ingest([notes], kind="novel")


def test_a_home_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        kb.open(tmp_path / "file")


def test_a_newer_schema_is_refused_by_name(library: Library, home: Path, notes: Path) -> None:
    import sqlite3

    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    library.close()
    with sqlite3.connect(home / "catalog.sqlite") as db:
        db.execute("PRAGMA user_version = 99")
    with kb.open(home) as again, pytest.raises(StoreTooNew, match="schema version 99"):
        again.search("x")


def test_a_catalog_that_is_none_is_named(home: Path) -> None:
    home.mkdir()
    (home / "catalog.sqlite").write_bytes(b"this is no database at all" * 100)
    with kb.open(home) as library, pytest.raises(StoreError, match=r"catalog\.sqlite cannot be used"):
        library.search("x")


def test_another_model_is_refused_with_what_to_do(library: Library, home: Path, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    library.close()
    with kb.open(home, model="other-model") as other, pytest.raises(StoreError, match="all-MiniLM-L6-v2"):
        other.search("x")


def test_a_removed_source_is_gone_and_its_file_stays(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE, b="# B\n\nzebra words\n")
    library.ingest([notes])
    row = next(r for r in library.sources() if r.title == "B")
    assert row.document_id is not None
    library.remove([row.document_id])
    assert [r.title for r in library.sources()] == ["Serving"]
    assert (notes / "b.md").exists()
    assert all("zebra" not in hit.chunk.text for hit in library.search("zebra", 5).hits)


def test_a_source_whose_file_is_gone_is_shown_so_and_kept(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    (notes / "a.md").unlink()
    library.ingest([notes])
    assert library.sources()[0].state == "gone"
    assert library.search("bubble", 1).hits


def test_derived_indexes_that_were_deleted_are_built_anew_without_embedding(
    library: Library, home: Path, notes: Path
) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    before = ids(library.search("bubble", 3))
    library.close()
    shutil.rmtree(home / "chroma")
    shutil.rmtree(home / "lexical")
    report = library.ingest([notes])
    assert report.embedded == 0
    assert ids(library.search("bubble", 3)) == before


def test_a_changed_speaker_is_found_by_the_new_name_and_not_by_the_old(library: Library, notes: Path) -> None:
    write(notes, t="**Bob:** The fee is due in June.\n\n**Carol:** In July.\n")
    library.ingest([notes])
    write(notes, t="**Zebulon:** The fee is due in June.\n\n**Carol:** In July.\n")
    library.ingest([notes])
    assert library.search("Zebulon", 1).hits[0].scores.lexical_rank == 1
    assert library.search("Bob", 1).hits[0].scores.lexical_rank is None


def test_a_slip_in_a_name_is_told_once_and_not_kept(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    assert len(library.ingest([notes, notes / "tpyo.md"]).failed) == 1
    assert library.status().failures == []


def test_a_file_that_was_emptied_is_a_failure_and_its_old_text_is_kept(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    (notes / "a.md").write_bytes(b"")
    report = library.ingest([notes])
    assert "is kept" in report.failed[0][1]
    assert library.search("bubble", 1).hits


def test_a_reader_that_breaks_costs_its_file_only(
    library: Library, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.notes.markdown import Notes

    real = Notes.read

    def read(self: Notes, file: TextFile) -> Iterator[Document | IngestError]:
        if file.stem == "bad":
            raise RuntimeError("never thought of")
        return real(self, file)

    monkeypatch.setattr(Notes, "read", read)
    write(notes, bad="words\n", good=AN_OUTLINE)
    report = library.ingest([notes])
    assert report.added == 1
    assert "RuntimeError: never thought of" in report.failed[0][1]


def test_a_name_that_is_no_utf8_stays_itself(library: Library, notes: Path) -> None:
    import os

    odd = os.fsencode(notes) + b"/caf\xe9.md"
    with open(odd, "wb") as handle:
        handle.write(AN_OUTLINE.encode())
    library.ingest([notes])
    assert library.sources()[0].state == "ok"
    assert library.ingest([notes]).unchanged == 1


def test_a_moved_folder_takes_its_recordings_along(library: Library, notes: Path) -> None:
    (notes / "a").mkdir()
    (notes / "a" / "talk.txt").write_text(A_TALK)
    (notes / "a" / "talk.mp3").write_bytes(b"x")
    library.ingest([notes])
    (notes / "a").rename(notes / "b")
    library.ingest([notes])
    assert "/b/talk.mp3#t=" in library.search("bubble", 1).hits[0].link


def test_an_empty_name_is_no_folder(library: Library) -> None:
    assert "empty name" in library.ingest([""]).failed[0][1]


def test_a_long_headings_last_words_are_found(library: Library, notes: Path) -> None:
    write(notes, a=f"# Top\n\n## {'A heading that goes on and on ' * 4}about xylophonists\n\nWords.\n")
    library.ingest([notes])
    assert library.search("xylophonists", 1).hits[0].scores.lexical_rank == 1
