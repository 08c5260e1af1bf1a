"""What every source keeps to, whatever the file; the example of docs/adding-a-source.md is held to it too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import registry
from ingest.source import BinarySource, Source, TextFile
from ingest.text.decoding import Decoded
from kb.errors import IngestError
from kb.library import Library
from kb.types.documents import KINDS, Document, Lines, Page, Paragraph, TimeSpan
from tests.builders import A_TALK, AN_OUTLINE, a_page, a_pdf, an_item, read_file

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-source.md"


def the_example() -> Source:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec"), names)
    made = names["ChatLogs"]
    assert callable(made)
    return made()  # type: ignore[no-any-return]


SOURCES: list[Source] = [*registry.sources(), the_example()]
BINARY = list(registry.binary_sources())
FILES = st.one_of(
    st.text(max_size=200),
    st.sampled_from(
        [
            "<html><p>words of a page here</p>",
            A_TALK,
            AN_OUTLINE,
            "12:05 ann: hello\n12:06 bob: hi\n",
            "",
            "\ufeff",
            "{",
            "WEBVTT\n\n",
            "- [a](https://b.c/d) e\n- https://f.g\n- [x] <https://h.i> #j\n",
            "**A:** b\n\n**Break:**\n\n**A:** [c d](https://e.f)\n\n**Break:**\n\n**A:**\n\ng\n",
            "<rss><channel><item><title>a</title><guid>b</guid></item><item></item></channel></rss>",
        ]
    ),
    st.lists(st.sampled_from(["12:05 ann: hello", "---", "# H", "- b", "00:01.0 --> 00:02.0", "words", ""])).map(
        "\n".join
    ),
)


@pytest.mark.parametrize("made", [*SOURCES, *BINARY], ids=lambda made: made.name)
def test_a_source_states_its_facts(made: Source | BinarySource) -> None:
    assert made.name
    assert made.version >= 1
    assert made.kind in KINDS
    assert made.empty
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in made.suffixes)


@pytest.mark.parametrize("made", SOURCES, ids=lambda made: made.name)
@given(text=FILES, n=st.integers(0, 20))
def test_a_source_keeps_to_its_contract_on_any_text(made: Source, text: str, n: int) -> None:
    suffix = sorted(made.suffixes)[n % len(made.suffixes)]
    file = TextFile(an_item(Path(f"/tmp/any{suffix}")), Decoded(text, "utf-8"))
    assert made.recognises(file) in (True, False)
    for outcome in made.read(file):
        if isinstance(outcome, IngestError):
            assert outcome.reason
            continue
        assert isinstance(outcome, Document)
        assert outcome.text == text or outcome.metadata.get("rendered")
        keeps_to_the_contract(outcome, made.kind)


@pytest.mark.parametrize("made", BINARY, ids=lambda made: made.name)
@given(data=st.one_of(st.binary(max_size=200), st.sampled_from([a_pdf(a_page("Words.")), b"%PDF-1.4", b"<feed/>"])))
def test_a_source_of_bytes_keeps_to_its_contract_on_any_bytes(made: BinarySource, data: bytes) -> None:
    for outcome in made.read(an_item(Path(f"/tmp/any{sorted(made.suffixes)[0]}")), data):
        if isinstance(outcome, IngestError):
            assert outcome.reason
            continue
        assert outcome.metadata.get("rendered")
        keeps_to_the_contract(outcome, made.kind)


def keeps_to_the_contract(document: Document, kind: str) -> None:
    assert document.kind == kind
    assert document.segments
    last = 0
    for segment in document.segments:
        assert last <= segment.start_char < segment.end_char <= len(document.text)
        last = segment.end_char
        place = segment.locator
        assert not isinstance(place, Lines) or 1 <= place.start <= place.end
        assert not isinstance(place, TimeSpan) or 0 <= place.start <= place.end
        assert not isinstance(place, Paragraph) or place.n >= 1
        assert not isinstance(place, Page) or place.page >= 1


def test_the_example_of_the_page_can_be_ingested_and_found(
    library: Library, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = registry.sources()
    monkeypatch.setattr(registry, "sources", lambda: (the_example(), *usual))
    (notes / "room.chat").write_text("12:05 ann: The zebra crosses at noon.\n12:06 bob: Good to know.\n")
    assert library.ingest([notes]).added == 1
    assert library.search("zebra", 1).hits[0].chunk.text.startswith("The zebra crosses at noon.")


def test_every_source_comes_from_the_list(tmp_path: Path) -> None:
    assert {made.name for made in registry.sources()} == {
        "digests",
        "feeds",
        "link-lists",
        "notes",
        "notebooks",
        "recaps",
        "spoken-digests",
        "threads",
        "transcripts",
        "web",
    }
    assert {made.name for made in registry.binary_sources()} == {"papers", "arxiv", "recordings"}
    assert read_file(tmp_path / "a.md", AN_OUTLINE).kind == "note"
