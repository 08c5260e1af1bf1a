"""Links in notes: what is one, what is none, and where it leads."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.notes import wikilinks
from kb.library import Library
from tests.builders import read_file, write


def targets(text: str) -> list[tuple[str, str, str, str]]:
    return [(link["form"], link["target"], link["part"], link["label"]) for link in wikilinks.links(text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[[Note]]", ("wiki", "Note", "", "Note")),
        ("[[Note|shown]]", ("wiki", "Note", "", "shown")),
        ("[[folder/Note#Heading]]", ("wiki", "folder/Note", "Heading", "folder/Note")),
        ("[[Note#^block]]", ("wiki", "Note", "^block", "Note")),
        ("![[picture.png|100]]", ("embed", "picture.png", "", "100")),
        ("| [[Note\\|in a table]] |", ("wiki", "Note", "", "in a table")),
        ('---\nrelated: "[[Note]]"\n---\ntext', ("wiki", "Note", "", "Note")),
        ("[text](https://Example.com/a?utm_source=b)", ("url", "https://example.com/a", "", "text")),
        ("see https://example.com/a.", ("url", "https://example.com/a", "", "")),
    ],
)
def test_a_link_is_kept_with_its_target_part_and_label(text: str, wanted: tuple[str, str, str, str]) -> None:
    assert targets(text) == [wanted]


@pytest.mark.parametrize("text", ["`[[Note]]`", "```\n[[Note]]\n```\n", "[[ ]]", "[not a link]", "[[a\nb]]"])
def test_code_and_brackets_are_no_links(text: str) -> None:
    assert targets(text) == []


def test_a_numbered_footnote_link_is_an_address_and_no_note() -> None:
    assert targets("fact[[4]](https://example.com/x)") == [("url", "https://example.com/x", "", "")]


@given(st.text(alphabet="[]()!#^|`~ \n\\abhtps:/.", max_size=80))
def test_no_text_breaks_the_reader_of_links(text: str) -> None:
    lines = text.count("\n") + text.count("\r") + 1
    assert all(1 <= link["line"] <= lines for link in wikilinks.links(text))


def test_a_link_says_on_which_line_it_stands(tmp_path: Path) -> None:
    document = read_file(tmp_path / "a.md", "---\ntags: [x]\n---\n\nOne [[Two]].\n")
    assert document.metadata["links"][0]["line"] == 5


@pytest.fixture
def vault(notes: Path, library: Library) -> dict[str, str]:
    """Ids by title of a small vault."""
    (notes / ".obsidian").mkdir()
    (notes / "deep").mkdir()
    write(notes, Hub="to [[leaf]], [[deep/twin]], [[Nick]] and [[nowhere]]", Leaf="a leaf", twin="the near twin")
    write(notes / "deep", twin="the deep twin", other="to [[Twin]]", named="---\naliases: [Nick]\n---\nhas a nickname")
    library.ingest([notes])
    return {row.uri.removeprefix(notes.as_uri() + "/"): row.document_id or "" for row in library.sources()}


def test_a_wikilink_is_resolved_by_name_path_or_alias_in_any_case(vault: dict[str, str], library: Library) -> None:
    assert [edge.document_id for edge in library.edges(vault["Hub.md"]).out] == [
        vault["Leaf.md"],
        vault["deep/twin.md"],
        vault["deep/named.md"],
        None,
    ]


def test_of_two_notes_of_a_name_the_nearer_is_meant(vault: dict[str, str], library: Library) -> None:
    assert [edge.document_id for edge in library.edges(vault["deep/other.md"]).out] == [vault["deep/twin.md"]]


def test_a_note_knows_who_links_to_it(vault: dict[str, str], library: Library) -> None:
    assert [edge.title for edge in library.edges(vault["Leaf.md"]).back] == ["Hub"]


def test_a_passage_of_a_vault_can_be_opened_in_obsidian(vault: dict[str, str], library: Library, notes: Path) -> None:
    write(notes, Sec="# Top\n\n## Part & more\n\nThe zebra crosses at noon.\n")
    library.ingest([notes])
    chunk = library.search("zebra", 1).hits[0].chunk
    assert library.place(chunk.id).obsidian == "obsidian://open?vault=notes&file=Sec%23Part%20%26%20more"


def test_outside_of_a_vault_there_is_no_obsidian_link(library: Library, notes: Path) -> None:
    write(notes, a="one fact here")
    library.ingest([notes])
    assert library.place(library.sources()[0].document_id or "").obsidian == ""


def test_links_relative_to_the_note_and_in_other_forms_of_accents_are_found(notes: Path, library: Library) -> None:
    (notes / "sub").mkdir()
    write(notes, Leaf="a leaf it is")
    (notes / "Cafe\u0301.md").write_text("a place it is", encoding="utf-8")
    (notes / "My note.md").write_text("a note it is", encoding="utf-8")
    write(notes / "sub", hub="[[../Leaf|up]] [[./other]] [[Café]] [mine](../My%20note.md#Part)", other="another it is")
    library.ingest([notes])
    ids = {row.title: row.document_id for row in library.sources()}
    assert [edge.document_id for edge in library.edges(ids["hub"] or "").out] == [
        ids["Leaf"],
        ids["other"],
        ids["Cafe\u0301"],
        ids["My note"],
    ]
