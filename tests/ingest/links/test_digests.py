"""Link digests: an entry a passage, its link, its date and topic; controls are no words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.links.digests import LinkDigests
from ingest.source import TextFile
from ingest.text.decoding import Decoded
from kb.library import Library
from kb.types.documents import Document
from tests.builders import an_item, read_file, texts

DATA = Path(__file__).parents[2] / "data" / "digests" / "links.in.md"


def test_an_entry_has_its_link_date_and_topic(tmp_path: Path) -> None:
    document = read_file(tmp_path / "d.md", DATA.read_bytes())
    assert document.kind == "digest"
    assert [(e["url"], e["date"], e["tags"]) for e in document.metadata["entries"]] == [
        ("https://example.org/ovens", "2026-01-20", ["Baking"]),
        ("https://arxiv.org/abs/2407.21783", "2025-12-31", []),
    ]
    assert document.metadata["tags"] == ["Baking"]


def test_controls_and_pictures_are_never_searched(tmp_path: Path) -> None:
    said = " ".join(texts(read_file(tmp_path / "d.md", DATA.read_bytes())))
    assert "Mark as" not in said
    assert "control.invalid" not in said
    assert "<" not in said


def test_a_passage_is_an_entry_and_leads_to_its_link(library: Library, notes: Path) -> None:
    (notes / "d.md").write_bytes(DATA.read_bytes())
    library.ingest([notes])
    hit = library.search("steam and crust", 1).hits[0]
    assert hit.link == "https://example.org/ovens"
    assert hit.chunk.text.startswith("A better oven")
    assert "a lid does the same" in hit.chunk.text
    answer = library.ask("When does steam help most?")
    assert answer.citations[0].link == "https://example.org/ovens"


@pytest.mark.data
def test_the_first_users_digest_has_three_entries_with_dates_and_topic(data: Path, tmp_path: Path) -> None:
    document = read_file(tmp_path / "d.md", (data / "seeds/link-digest.md").read_bytes())
    assert [(e["date"], e["tags"]) for e in document.metadata["entries"]] == [
        ("2024-01-20", ["Experiments"]),
        ("2024-01-19", ["Experiments"]),
        ("2023-12-28", ["Experiments"]),
    ]


def test_a_note_with_sections_and_links_is_no_digest(tmp_path: Path) -> None:
    text = "# N\n\n## One\n\nSee https://a.b/c.\n\n## Two\n\nLink: https://a.b/d\n\n## Three\n\nwords\n"
    assert read_file(tmp_path / "n.md", text).kind == "note"


@given(st.text(alphabet="# \nSumaryLink:htps/.ab12[]()<>&", max_size=160))
def test_no_text_breaks_the_reader(text: str) -> None:
    file = TextFile(an_item(Path("/tmp/any.md")), Decoded("## a\nLink: https://a.b/c\n" + text, "utf-8"))
    assert LinkDigests().recognises(file) in (True, False)
    for outcome in LinkDigests().read(file):
        assert isinstance(outcome, Document)
        assert all(0 < s.end_char <= len(file.text) for s in outcome.segments)
