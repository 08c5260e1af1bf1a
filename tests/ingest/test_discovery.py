"""From named places to items."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingest.discovery import find
from ingest.source import Item
from kb.errors import IngestError, SkippedItem
from tests.builders import an_item


def names(outcomes: list[Item | IngestError]) -> list[str]:
    return [o.relative for o in outcomes if isinstance(o, Item)]


def test_a_folder_gives_its_files_in_a_steady_order(tmp_path: Path) -> None:
    for name in ("b.md", "a.md", "sub/c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(list(find([tmp_path]))) == ["a.md", "b.md", "sub/c.txt"]


def test_a_missing_place_is_a_failure_that_names_it(tmp_path: Path) -> None:
    (outcome,) = find([tmp_path / "nothing"])
    assert isinstance(outcome, IngestError)
    assert not isinstance(outcome, SkippedItem)
    assert "no such file or folder" in outcome.reason


def test_an_unknown_suffix_in_a_folder_is_skipped_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "photo.heic").write_bytes(b"x")
    (outcome,) = find([tmp_path])
    assert isinstance(outcome, SkippedItem)
    assert ".heic" in outcome.reason


def test_an_unknown_suffix_named_by_hand_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "photo.heic").write_bytes(b"x")
    (outcome,) = find([tmp_path / "photo.heic"])
    assert isinstance(outcome, IngestError)
    assert not isinstance(outcome, SkippedItem)


def test_tools_own_folders_are_passed_over(tmp_path: Path) -> None:
    for folder in (".obsidian", ".git", ".trash", "notes"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.md").write_text("x")
    assert names(list(find([tmp_path]))) == ["notes/a.md"]


def test_ignore_files_are_honoured_below_their_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / ".gitignore").write_text("drafts/\n")
    (tmp_path / "sub" / ".kbignore").write_text("*.txt\n!keep.txt\n")
    for name in ("drafts/a.md", "sub/b.txt", "sub/keep.txt", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(list(find([tmp_path]))) == ["c.txt", "sub/keep.txt"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.md").write_text("x")
    os.symlink(tmp_path, tmp_path / "sub" / "up")
    assert names(list(find([tmp_path]))) == ["sub/a.md"]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    assert names(list(find([tmp_path / "a.md", tmp_path]))) == ["a.md"]


def test_a_placeholder_of_icloud_is_skipped(tmp_path: Path) -> None:
    (tmp_path / ".note.md.icloud").write_text("x")
    (outcome,) = find([tmp_path])
    assert isinstance(outcome, SkippedItem)
    assert "iCloud" in outcome.reason


def test_an_odd_name_becomes_a_percent_encoded_uri(tmp_path: Path) -> None:
    (tmp_path / "a b#é.md").write_text("x")
    (item,) = find([tmp_path])
    assert item.uri.endswith("/a%20b%23%C3%A9.md")


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    path.write_text("half of it")
    real, reads = Path.read_bytes, []

    def slow(self: Path) -> bytes:
        data = real(self)
        reads.append(data)
        if len(reads) == 1:
            self.write_text("all of it, at last")
            os.utime(self, ns=(1, 1))
        return data

    monkeypatch.setattr(Path, "read_bytes", slow)
    assert an_item(path).read(1.0) == b"all of it, at last"


def test_a_file_that_never_rests_fails_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.md"
    path.write_text("words")
    real, times = Path.read_bytes, iter(range(1, 100))

    def restless(self: Path) -> bytes:
        os.utime(self, ns=(1, next(times)))
        return real(self)

    monkeypatch.setattr(Path, "read_bytes", restless)
    with pytest.raises(IngestError, match="it changes while it is read"):
        an_item(path).read(1.0)


def test_an_office_file_says_what_to_save_it_as(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK")
    (outcome,) = find([tmp_path])
    assert isinstance(outcome, SkippedItem)
    assert outcome.reason == "no reader for .docx files; save it as PDF, HTML or markdown"
