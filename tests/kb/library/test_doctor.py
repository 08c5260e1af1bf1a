"""The doctor sees what is wrong, says what to do, and mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

import kb
from index.models.embedder import Embedder
from index.storage.catalog import Catalog
from index.writer import Indexes
from kb.cli.__main__ import run
from kb.library import Library, doctor
from kb.llm import client
from kb.llm.scripted_server import ScriptedLlm
from tests.builders import AN_OUTLINE, write


@pytest.fixture
def filled(library: Library, notes: Path) -> Library:
    write(notes, a=AN_OUTLINE, b="# Zebra\n\nThe zebra is striped.\n")
    library.ingest([notes])
    return library


def wrong(library: Library, repair: bool = False) -> dict[str, str]:
    return {finding.name: finding.seen for finding in library.doctor(repair) if not finding.well}


def test_a_sound_base_is_well(filled: Library) -> None:
    assert wrong(filled) == {}


def test_an_empty_base_is_well(library: Library) -> None:
    assert wrong(library) == {}


def test_a_passage_missing_from_an_index_is_seen_and_mended(filled: Library, home: Path) -> None:
    indexes = Indexes(home, "all-MiniLM-L6-v2")
    gone = sorted(indexes.store.ids())[0]
    indexes.store.delete([gone])
    indexes.lexical.write([], [gone])
    indexes.close()
    assert set(wrong(filled)) == {"vector store", "lexical index"}
    assert wrong(filled, repair=True) == {}


def test_a_swap_that_leaves_the_counts_equal_is_seen_and_mended(filled: Library, home: Path) -> None:
    indexes = Indexes(home, "all-MiniLM-L6-v2")
    gone = sorted(indexes.store.ids())[0]
    vector = filled.embedder().embed(["stray"])
    indexes.store.delete([gone])
    indexes.store.upsert(["cstray"], vector, ["dstray"])
    indexes.close()
    assert wrong(filled) == {"vector store": "3 passages, 1 missing, 1 too many"}
    assert wrong(filled, repair=True) == {}


def test_lost_vectors_are_embedded_again(filled: Library, home: Path) -> None:
    catalog = Catalog(home / "catalog.sqlite", write=True)
    with catalog.transaction():
        catalog._db.execute("DELETE FROM vectors")
    catalog.close()
    assert wrong(filled) == {"vectors": "3 passages without one"}
    assert wrong(filled, repair=True) == {}


def test_failed_sources_are_told_with_what_to_do(
    filled: Library, notes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (notes / "c.md").write_bytes(b"")
    filled.ingest([notes / "c.md"])
    assert run(["doctor"]) == 1
    assert "--retry-failed" in capsys.readouterr().out


@pytest.mark.parametrize("broken", ["lexical/meta.json", "chroma/chroma.sqlite3"])
def test_an_index_that_can_not_be_read_is_built_anew(filled: Library, home: Path, broken: str) -> None:
    before = [hit.chunk.id for hit in filled.search("zebra", 3).hits]
    filled.close()
    with (home / broken).open("r+b") as handle:
        handle.truncate(10)
    assert wrong(filled)
    assert wrong(filled, repair=True) == {}
    assert [hit.chunk.id for hit in filled.search("zebra", 3).hits] == before


def test_indexes_without_a_catalog_are_not_well(filled: Library, home: Path) -> None:
    filled.close()
    (home / "catalog.sqlite").unlink()
    assert "missing" in wrong(filled)["catalog"]


def test_a_model_server_on_this_host_is_offered_and_not_used(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedLlm([]) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        monkeypatch.setattr(doctor, "served_here", lambda: client.served_here((port,)))
        finding = next(f for f in library.doctor() if f.name == "language model")
    assert finding.well
    assert finding.remedy == f"to use it: KB_LLM_URL={server.url} KB_LLM_MODEL=scripted"
    assert server.asked == []


def test_the_model_that_is_set_is_really_called(home: Path, embedder: Embedder) -> None:
    with (
        ScriptedLlm(["ready"]) as server,
        kb.open(home, embedder=embedder, llm_url=server.url, llm_model="scripted") as library,
    ):
        finding = next(f for f in library.doctor() if f.name == "language model")
    assert finding.well
    assert "answers: ready" in finding.seen
    assert len(server.asked) == 1


def test_a_model_that_is_half_set_or_does_not_answer_is_not_well(home: Path, embedder: Embedder) -> None:
    with kb.open(home, embedder=embedder, llm_url="http://127.0.0.1:9/v1") as library:
        finding = next(f for f in library.doctor() if f.name == "language model")
    assert not finding.well
    assert "KB_LLM_MODEL is missing" in finding.seen
