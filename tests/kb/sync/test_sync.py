"""Sync: nothing goes that a person did not send away, and what they sent away stays away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kb.errors import MassRemoval
from kb.library import Library
from tests.builders import AN_OUTLINE, write


def ten(notes: Path) -> None:
    write(notes, **{f"n{n}": f"# Note {n}\n\nThe fact of note {n}.\n" for n in range(10)})


def titles(library: Library) -> set[str]:
    return {row.title for row in library.sources()}


def test_a_dry_run_counts_and_writes_nothing(library: Library, home: Path, notes: Path) -> None:
    ten(notes)
    report = library.ingest([notes], dry_run=True)
    assert (report.added, report.embedded) == (10, 0)
    assert not home.exists()


def test_a_dry_run_tells_changed_from_unchanged(library: Library, notes: Path) -> None:
    ten(notes)
    library.ingest([notes])
    write(notes, n3="# Note 3\n\nAnother fact.\n", new="# New\n\nwords\n")
    (notes / "n5.md").unlink()
    report = library.ingest([notes], dry_run=True, prune=True)
    assert (report.added, report.updated, report.unchanged, report.removed) == (1, 1, 8, 1)
    assert library.status().documents == 10


def test_prune_removes_what_is_gone_under_the_folder(library: Library, notes: Path) -> None:
    ten(notes)
    library.ingest([notes])
    (notes / "n5.md").unlink()
    report = library.ingest([notes], prune=True)
    assert report.removed == 1
    assert "Note 5" not in titles(library)


def test_prune_leaves_other_folders_alone(library: Library, notes: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    write(other, x="# Elsewhere\n\nwords\n")
    ten(notes)
    library.ingest([notes, other])
    (other / "x.md").unlink()
    assert library.ingest([notes], prune=True).removed == 0
    assert "Elsewhere" in titles(library)


def test_prune_stops_at_more_than_a_fifth(library: Library, notes: Path) -> None:
    ten(notes)
    library.ingest([notes])
    for n in range(3):
        (notes / f"n{n}.md").unlink()
    with pytest.raises(MassRemoval, match="3 of 10"):
        library.ingest([notes], prune=True)
    assert len(titles(library)) == 10
    assert library.ingest([notes], prune=True, allow_mass_removal=True).removed == 3


def test_a_folder_that_is_itself_gone_removes_nothing(library: Library, notes: Path) -> None:
    ten(notes)
    library.ingest([notes])
    notes.rename(notes.with_name("moved-away"))
    report = library.ingest([notes], prune=True, allow_mass_removal=True)
    assert report.removed == 0
    assert len(report.failed) == 1
    assert library.status().documents == 10


def test_what_was_taken_out_stays_out_until_it_is_forced(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE, b="# B\n\nwords of it\n")
    library.ingest([notes])
    row = next(r for r in library.sources() if r.title == "B")
    library.remove([str(row.document_id)])
    report = library.ingest([notes])
    assert [reason for _, reason in report.skipped] == ["you took it out; --force brings it back"]
    assert titles(library) == {"Serving"}
    library.ingest([notes], force=True)
    assert titles(library) == {"Serving", "B"}
    assert library.ingest([notes]).skipped == []


def test_force_reads_again_and_embeds_nothing_new(library: Library, notes: Path) -> None:
    ten(notes)
    library.ingest([notes])
    report = library.ingest([notes], force=True)
    assert (report.updated, report.embedded) == (10, 0)


def test_what_failed_is_tried_again_when_asked(library: Library, notes: Path) -> None:
    (notes / "a.md").write_bytes(b"")
    library.ingest([notes / "a.md"])
    write(notes, a=AN_OUTLINE)
    report = library.ingest([], retry_failed=True)
    assert report.added == 1
    assert library.status().failures == []


def test_attempts_are_counted(library: Library, notes: Path) -> None:
    (notes / "a.md").write_bytes(b"")
    library.ingest([notes / "a.md"])
    library.ingest([], retry_failed=True)
    assert library.status().failures[0].attempts == 2


def test_watch_ingests_what_an_editor_saves_and_ends_with_130(home: Path, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    command = [sys.executable, "-m", "kb.cli", "ingest", str(notes), "--watch", "--home", str(home)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=os.environ
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("added 1 ")
        time.sleep(1.0)
        write(notes, b="# Zebra\n\nThe zebra is striped.\n")
        assert process.stdout.readline().startswith("added 1 updated 0 unchanged 1 ")
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err


def watching(home: Path, *places: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "kb.cli", "ingest", *map(str, places), "--watch", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("added 1 ")
    time.sleep(1.0)
    return process


def test_watch_follows_a_file_that_is_saved_by_renaming(tmp_path: Path, notes: Path) -> None:
    # The folder's name begins with the home's: a neighbour, not a part of it.
    write(notes, a="# A\n\nwords\n")
    process = watching(notes.with_name("note"), notes / "a.md")
    try:
        assert process.stdout is not None
        for n in range(2):
            (tmp_path / "draft").write_text(f"# A\n\nwords of draft {n}\n", encoding="utf-8")
            (tmp_path / "draft").replace(notes / "a.md")
            assert process.stdout.readline().startswith("added 0 updated 1 ")
            time.sleep(0.8)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def test_a_failure_whose_file_is_gone_is_forgotten_at_the_next_retry(library: Library, notes: Path) -> None:
    (notes / "a.md").write_bytes(b"")
    library.ingest([notes / "a.md"])
    (notes / "a.md").unlink()
    assert library.ingest([], retry_failed=True).failed == []
    assert library.status().failures == []


def test_a_dry_run_knows_a_renamed_folder(library: Library, notes: Path) -> None:
    (notes / "old").mkdir()
    ten(notes / "old")
    library.ingest([notes])
    (notes / "old").rename(notes / "new")
    report = library.ingest([notes], dry_run=True, prune=True)
    assert (report.unchanged, report.removed) == (10, 0)


def test_a_failure_that_is_to_be_ignored_is_forgotten(library: Library, notes: Path) -> None:
    ten(notes)
    (notes / "locked.pdf").write_bytes(b"PK\x03\x04")
    library.ingest([notes])
    assert [row.state for row in library.sources()].count("failed") == 1
    (notes / ".kbignore").write_text("*.pdf\n", encoding="utf-8")
    library.ingest([notes])
    assert [row.state for row in library.sources()].count("failed") == 0


def test_what_an_interrupted_ingest_did_not_come_to_is_told_and_taken_up(
    library: Library, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb.sync.apply import Apply

    ten(notes)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Apply, "flush", interrupted)
    with pytest.raises(KeyboardInterrupt):
        library.ingest([notes])
    monkeypatch.undo()
    assert {row.state for row in library.sources()} == {"queued"}
    assert len(library.status().queued) == 10
    (notes / "n0.md").unlink()
    assert library.ingest([], retry_failed=True).added == 9
    assert {row.state for row in library.sources()} == {"ok"}


def a_talk_in_two_files(notes: Path) -> None:
    (notes / "talk.srt").write_text(
        "1\n00:00:01,000 --> 00:00:04,000\nThe zebra crosses at noon today.\n", encoding="utf-8"
    )
    (notes / "talk.vtt").write_text(
        "WEBVTT\n\n00:01.000 --> 00:04.000\nThe zebra crosses at noon today.\n", encoding="utf-8"
    )


def test_a_file_that_goes_under_anothers_document_adds_none_when_it_is_named(library: Library, notes: Path) -> None:
    a_talk_in_two_files(notes)
    library.ingest([notes])
    assert library.ingest([notes / "talk.srt"]).added == 0
    assert library.ingest([notes], kind="transcript").added == 0
    assert len(library.sources()) == 1


def test_a_talk_whose_file_is_gone_goes_on_in_the_other_one(library: Library, notes: Path) -> None:
    a_talk_in_two_files(notes)
    library.ingest([notes])
    (before,) = library.sources()
    (notes / "talk.vtt").unlink()
    library.ingest([notes])
    (after,) = library.sources()
    assert (after.document_id, after.state) == (before.document_id, "ok")
    assert after.uri.endswith("talk.srt")


def test_a_talk_that_was_taken_out_does_not_come_back_by_its_other_file(library: Library, notes: Path) -> None:
    a_talk_in_two_files(notes)
    library.ingest([notes])
    library.remove([library.sources()[0].document_id or ""])
    (notes / "talk.vtt").unlink()
    library.ingest([notes])
    assert library.sources() == []


def test_a_note_that_was_taken_out_does_not_come_back_under_another_name(library: Library, notes: Path) -> None:
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    library.remove([library.sources()[0].document_id or ""])
    (notes / "a.md").rename(notes / "b.md")
    assert library.ingest([notes]).added == 0
    assert library.ingest([notes], force=True).added == 1
    assert library.ingest([notes]).unchanged == 1


def test_a_note_that_moved_in_its_vault_is_opened_at_its_new_place(library: Library, notes: Path) -> None:
    (notes / ".obsidian").mkdir()
    (notes / "sub").mkdir()
    write(notes, a=AN_OUTLINE)
    library.ingest([notes])
    (notes / "a.md").rename(notes / "sub" / "a.md")
    library.ingest([notes])
    assert library.place(library.sources()[0].document_id or "").obsidian.endswith("file=sub%2Fa")
