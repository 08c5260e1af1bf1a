"""Building the indexes anew: for the same model, for another, and interrupted."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

import kb
from index import rebuild
from index.models.embedder import Embedder
from index.storage.catalog import Catalog
from index.writer import Indexes
from kb.errors import ModelError, StoreError
from kb.library import Library
from tests.builders import A_TALK, AN_OUTLINE, a_page, a_pdf, write

WORDS = "the pipeline bubble is time in which cards wait for work decoding limited by memory bandwidth tensor parallel"


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sentence-transformers model of 32 dimensions and a window of 64, its weights drawn at random."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import Whitespace
    from tokenizers.processors import TemplateProcessing
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(5)
    folder = tmp_path_factory.mktemp("model")
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(set(WORDS.split())), *"abcdefghijklmnopqrstuvwxyz"]
    pieces += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    tokenizer = Tokenizer(WordPiece({piece: n for n, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    raw = folder / "raw"
    size = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=len(pieces), max_position_embeddings=66, **size)).save_pretrained(raw)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    ).save_pretrained(raw)
    transformer = Transformer(str(raw), max_seq_length=64)
    made = SentenceTransformer(modules=[transformer, Pooling(32), Normalize()])
    made.save(str(folder / "tiny"))
    return folder / "tiny"


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


@pytest.fixture(autouse=True)
def _own_cache(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small model is another one in every run; its export is not for the cache that runs share."""
    monkeypatch.setenv("KB_CACHE", str(exports))


@pytest.fixture
def filled(library: Library, notes: Path) -> Library:
    write(notes, outline=AN_OUTLINE, long="# L\n\n" + "Decoding is limited by memory bandwidth. " * 60)
    (notes / "talk.txt").write_text(A_TALK, encoding="utf-8")
    (notes / "paper.pdf").write_bytes(a_pdf(a_page("Abstract", "We propose a checker that compares quotes.")))
    library.ingest([notes])
    return library


def chunks_of(library: Library) -> dict[str, str]:
    catalog = library.retriever().catalog()
    assert catalog is not None
    return {chunk.id: chunk.text for chunk in catalog.chunks(sorted(catalog.chunk_ids())).values()}


def test_built_anew_for_the_same_model_nothing_is_embedded_and_all_is_as_it_was(filled: Library) -> None:
    before, hits = chunks_of(filled), [h.chunk.id for h in filled.search("memory bandwidth", 10).hits]
    rebuilt = filled.reindex()
    assert rebuilt.embedded == 0
    assert chunks_of(filled) == before
    assert [h.chunk.id for h in filled.search("memory bandwidth", 10).hits] == hits
    assert all(finding.well for finding in filled.doctor())


def test_a_document_put_together_from_its_passages_is_cut_the_same(filled: Library, embedder: Embedder) -> None:
    from index.chunking import chunker as chunking
    from kb.summaries import papers

    catalog = filled.retriever().catalog()
    assert catalog is not None
    for entry in catalog.entries():
        document = rebuild.document_of(catalog, entry.id)
        made = chunking.chunk(document, embedder.count, embedder.window)
        made += papers.passages(document, made, embedder.count, embedder.window)
        assert {chunk.id for chunk in made} == catalog.chunk_ids(entry.id)


def test_a_base_is_changed_over_to_another_model(filled: Library, home: Path, other_model: Path) -> None:
    rebuilt = filled.reindex(str(other_model))
    assert rebuilt.model == str(other_model)
    assert rebuilt.embedded == len(chunks_of(filled))
    with kb.open(home) as again:  # asks for no model: the base says which it was made with
        assert again.model == str(other_model)
        hit = again.search("the pipeline bubble", 1).hits[0]
        assert "bubble" in hit.chunk.text
        assert all(again.embedder().count([c.embedded])[0] <= 62 for c in _all(again))
        assert all(finding.well for finding in again.doctor() if finding.name != "model")


def _all(library: Library) -> list[object]:
    catalog = library.retriever().catalog()
    assert catalog is not None
    return list(catalog.chunks(sorted(catalog.chunk_ids())).values())


def test_asking_for_another_model_than_the_bases_says_how_to_change_over(
    filled: Library, home: Path, other_model: Path
) -> None:
    with kb.open(home, model=str(other_model)) as other, pytest.raises(StoreError, match="kb reindex --model"):
        other.search("bubble")


def test_a_model_that_is_not_there_changes_nothing(filled: Library) -> None:
    before = chunks_of(filled)
    with pytest.raises(ModelError):
        filled.reindex("no-such-model")
    assert chunks_of(filled) == before


def test_an_interruption_before_the_swap_loses_nothing(
    filled: Library, home: Path, other_model: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rebuild, "_swap", interrupted)
    with pytest.raises(KeyboardInterrupt):
        filled.reindex(str(other_model))
    monkeypatch.undo()
    with kb.open(home, embedder=embedder) as again:
        assert "bubble" in again.search("the pipeline bubble", 1).hits[0].chunk.text


def test_a_crash_in_the_swap_is_mended_by_the_next_writer(
    filled: Library, home: Path, notes: Path, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crashed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rebuild.shutil, "rmtree", lambda folder, **_: crashed() if folder.name == "chroma" else None)
    with pytest.raises(KeyboardInterrupt):
        filled.reindex()
    monkeypatch.undo()
    filled.close()
    with kb.open(home, embedder=embedder) as again:
        again.ingest([notes])
        assert all(finding.well for finding in again.doctor())
        catalog = Catalog(home / "catalog.sqlite", write=False)
        indexes = Indexes(home, again.model)
        assert indexes.store.ids() == indexes.lexical.ids() == catalog.chunk_ids()
        indexes.close()
        catalog.close()


def test_queries_are_answered_while_it_works(filled: Library, home: Path, embedder: Embedder) -> None:
    stop = threading.Event()
    seen: list[bool] = []

    def ask() -> None:
        with kb.open(home, embedder=embedder) as reader:
            while not stop.is_set():
                seen.append(bool(reader.search("pipeline bubble", 3).hits))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        filled.reindex()
    finally:
        stop.set()
        asking.join()
    assert seen
    assert all(seen)


def test_a_reader_of_the_same_process_sees_what_comes_after_a_reindex(
    filled: Library, home: Path, notes: Path, embedder: Embedder
) -> None:
    with kb.open(home, embedder=embedder) as reader:
        assert reader.search("pipeline bubble", 1).hits
        filled.reindex()
        write(notes, zebra="# Zebra\n\nThe zebra sleeps standing up.\n")
        filled.ingest([notes])
        assert "zebra" in reader.search("how does the zebra sleep", 1).hits[0].chunk.text


def test_what_a_reindex_did_can_be_read_by_a_program(filled: Library, home: Path) -> None:
    from typer.testing import CliRunner

    from kb.cli.app import app

    filled.close()
    done = CliRunner().invoke(app, ["reindex", "--json", "--home", str(home)], standalone_mode=False)
    assert set(json.loads(done.stdout)) == {"model", "documents", "chunks", "embedded"}
