"""The same talk in several files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ingest.deduplicate import join
from ingest.discovery import find
from ingest.source import Item
from kb.library import Library

LINES = ["Welcome to the session.", "The pipeline bubble is idle time.", "It shrinks with more micro-batches."]


def a_talk(folder: Path, *suffixes: str, stem: str = "talk", lines: list[str] = LINES) -> None:
    stamps = [(f"00:00:{n * 4:02d}", f"00:00:{n * 4 + 4:02d}") for n in range(len(lines))]
    forms = {
        ".srt": "".join(
            f"{n}\n{a},000 --> {b},000\n{t}\n\n" for n, ((a, b), t) in enumerate(zip(stamps, lines, strict=True))
        ),
        ".vtt": "WEBVTT\n\n"
        + "".join(f"{a}.000 --> {b}.000\n{t}\n\n" for (a, b), t in zip(stamps, lines, strict=True)),
        ".tsv": "start\tend\ttext\n" + "".join(f"{n * 4000}\t{n * 4000 + 4000}\t{t}\n" for n, t in enumerate(lines)),
        ".json": json.dumps({"segments": [{"start": n * 4, "end": n * 4 + 4, "text": t} for n, t in enumerate(lines)]}),
        ".txt": "".join(f"[{a}.000 --> {b}.000]  {t}\n" for (a, b), t in zip(stamps, lines, strict=True)),
    }
    for suffix in suffixes:
        (folder / (stem + suffix)).write_text(forms[suffix])


def joined(folder: Path, known: set[str] = frozenset()) -> dict[str, list[str]]:  # type: ignore[assignment]
    found = join(find([folder]), lambda uri: uri.rsplit("/", 1)[1] in known, 20)
    return {i.path.name: [u.rsplit("/", 1)[1] for u in i.also] for i in found if isinstance(i, Item)}


def test_one_talk_in_five_files_is_one_item_the_richest_first(tmp_path: Path) -> None:
    a_talk(tmp_path, ".srt", ".vtt", ".tsv", ".json", ".txt")
    assert joined(tmp_path) == {"talk.json": ["talk.srt", "talk.tsv", "talk.txt", "talk.vtt"]}


def test_the_file_that_was_known_first_stays(tmp_path: Path) -> None:
    a_talk(tmp_path, ".srt", ".json")
    assert joined(tmp_path, {"talk.srt"}) == {"talk.srt": ["talk.json"]}


def test_a_console_log_of_another_name_joins(tmp_path: Path) -> None:
    a_talk(tmp_path, ".srt")
    a_talk(tmp_path, ".txt", stem="output")
    assert joined(tmp_path) == {"talk.srt": ["output.txt"]}


def test_notes_of_the_same_name_stay_their_own(tmp_path: Path) -> None:
    a_talk(tmp_path, ".srt")
    (tmp_path / "talk.txt").write_text("What I thought of it: the bubble matters most.\n")
    assert joined(tmp_path) == {"talk.srt": [], "talk.txt": []}


def test_two_talks_are_two(tmp_path: Path) -> None:
    a_talk(tmp_path, ".srt", ".vtt")
    a_talk(tmp_path, ".srt", stem="other", lines=["Something else altogether.", "And more of that."])
    assert joined(tmp_path) == {"other.srt": [], "talk.vtt": ["talk.srt"]}


def test_one_document_is_found_and_a_format_that_comes_later_changes_nothing(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "talks"
    folder.mkdir()
    a_talk(folder, ".srt")
    library.ingest([folder])
    before = library.search("pipeline bubble", 1).hits[0].chunk.id
    a_talk(folder, ".json", ".vtt")
    report = library.ingest([folder])
    assert (report.added, report.updated, report.embedded) == (0, 1, 0)
    (row,) = library.sources()
    assert row.uri.endswith("talk.srt")
    assert library.search("pipeline bubble", 1).hits[0].chunk.id == before
    assert library.ingest([folder]).unchanged == 1


@pytest.mark.parametrize("lecture", ["micrograd", "nanoGPT"])
def test_a_lecture_in_six_files_is_one_document(data: Path, lecture: str) -> None:
    found = join(find([data / "data" / "transcripts" / "lectures" / lecture]), lambda _: False, 20)
    (item,) = [i for i in found if isinstance(i, Item)]
    assert item.path.suffix == ".json"
    assert len(item.also) == 5


def test_two_documents_become_one_when_their_folder_shows_that_they_are_one_talk(
    library: Library, tmp_path: Path
) -> None:
    folder = tmp_path / "talks"
    folder.mkdir()
    a_talk(folder, ".srt", ".json")
    library.ingest([folder / "talk.srt"])
    library.ingest([folder / "talk.json"])
    assert library.status().documents == 2
    report = library.ingest([folder])
    assert report.removed == 1
    assert library.status().documents == 1


def test_a_file_that_breaks_its_reader_costs_itself_only(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.transcripts import json_formats

    def broken(text: str) -> None:
        raise OverflowError("too large")

    a_talk(tmp_path, ".srt", ".json")
    monkeypatch.setattr(json_formats, "parse", broken)
    report = library.ingest([tmp_path])
    assert report.added == 1
    assert "OverflowError" in report.failed[0][1]
