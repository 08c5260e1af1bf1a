"""Lists of links and spoken digests: an entry a passage, and no list where a note or a talk was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb.library import Library
from tests.builders import AN_OUTLINE, read_file

LISTED = (
    "- [Moss](https://a.example/moss) — on fog\n- https://a.example/fern\n- [x] [Ivy](https://a.example/ivy) #green\n"
)
SPOKEN = (
    "**Ann:**\n\nHello.\n\n**Break:**\n\n"
    "**Ann:**\n\n[Moss drinks fog](https://a.example/moss)\n\nMoss has no roots.\n\n"
    "**Break:**\n\n**Ann:**\n\nBob found [ferns](https://a.example/fern) on his wall.\n\n**Break:**\n\n**Ann:** Bye.\n"
)


def test_a_list_of_links_is_a_digest_of_them(library: Library, notes: Path) -> None:
    (notes / "reading.md").write_text(LISTED, encoding="utf-8")
    library.ingest([notes])
    found = {record.url: record for record in library.links()}
    assert found["https://a.example/moss"].summary == "on fog"
    assert found["https://a.example/ivy"].state == "read"
    assert found["https://a.example/ivy"].tags == ("green",)
    hit = library.search("fog", 1).hits[0]
    assert (hit.kind, hit.link) == ("digest", "https://a.example/moss")


@pytest.mark.parametrize(
    "text",
    [
        AN_OUTLINE,
        "# Notes\n\n- https://a.example/1\n- and then a thought\n- another thought\n- a third\n",
        "- [A](https://a.example/a)\n\t- what I think of it\n\t- and more\n- [B](https://a.example/b)\n\t- hm\n"
        "- [C](https://a.example/c)\n\t- well\n",
        "See https://a.example/ for more.\n",
    ],
)
def test_a_note_with_links_stays_a_note(tmp_path: Path, text: str) -> None:
    assert read_file(tmp_path / "n.md", text).kind == "note"


def test_news_that_are_spoken_are_a_digest_with_a_link_a_part(library: Library, notes: Path) -> None:
    (notes / "news.md").write_text(SPOKEN, encoding="utf-8")
    library.ingest([notes])
    assert {record.title for record in library.links()} == {"Moss drinks fog", "Bob found ferns on his wall."}
    hit = library.search("which plant has no roots", 1).hits[0]
    assert (hit.kind, hit.link) == ("digest", "https://a.example/moss")


def test_a_talk_with_breaks_for_advertisements_stays_a_talk(tmp_path: Path) -> None:
    talk = "**Ann:** " + "words of a long conversation " * 900
    text = f"{talk}\n\n**Break:**\n\n**Bob:** [a link](https://a.example/)\n\n**Break:**\n\n{talk}\n"
    assert read_file(tmp_path / "t.md", text).kind == "transcript"


@pytest.mark.data
def test_the_real_digests_are_read_as_digests_and_the_podcasts_as_talk(data: Path, tmp_path: Path) -> None:
    kinds = {
        path.name: read_file(tmp_path / path.name, path.read_bytes()) for path in (data / "data/links").glob("*.md")
    }
    assert {document.kind for document in kinds.values()} == {"digest"}
    assert sum(len(document.metadata["entries"]) for document in kinds.values()) > 150
    talks = [
        read_file(tmp_path / p.name, p.read_bytes()).kind for p in (data / "data/transcripts/podcast").glob("*.md")
    ]
    assert set(talks) == {"transcript"}
