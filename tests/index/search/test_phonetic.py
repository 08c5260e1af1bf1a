"""Misheard names: what talk may say where a question spells a name right."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.models.embedder import Embedder
from index.search import phonetic
from index.search.phonetic import Names
from kb.library import Library

TALK = """\
[00:00:00.000 --> 00:00:04.000]   We found several bugs in the tokenizer of {name} last spring.
[00:00:04.000 --> 00:00:09.500]   After that everybody went home and had some tea.
"""
OTHER = """\
[00:00:00.000 --> 00:00:04.000]   We found several bugs in the tokenizer of another model last spring.
[00:00:04.000 --> 00:00:09.500]   After that everybody went home and had some coffee.
"""


def said_for(embedder: Embedder, query: str, *words: str) -> set[str]:
    found = Names(words, embedder.count).variants(query)
    return {" ".join(said) for others in found.values() for said, _ in others}


@pytest.mark.parametrize(
    ("name", "heard"),
    [
        ("Gemma", "jemma"),
        ("ChatGPT", "chargbt"),
        ("Unsloth", "unsoft"),
        ("Mistral", "mistol"),
        ("Karpathy", "karpaty"),
        ("NVLink", "mvlink"),
        ("LoRA", "laura"),
        ("Claude", "cloud"),
        ("LlamaTutor", "lamatutor"),
    ],
)
def test_a_name_is_found_as_it_was_heard(embedder: Embedder, name: str, heard: str) -> None:
    assert heard in said_for(embedder, f"what about {name}?", heard, "weather", "table")


@pytest.mark.parametrize(("name", "words"), [("ChatGPT", ("chat", "gpt")), ("DeepSpeed", ("deep", "speed"))])
def test_a_name_is_found_in_its_parts(embedder: Embedder, name: str, words: tuple[str, ...]) -> None:
    assert " ".join(words) in said_for(embedder, f"about {name}", *words)


def test_two_words_are_found_as_one(embedder: Embedder) -> None:
    assert "huggingface" in said_for(embedder, "the Hugging Face hub", "huggingface")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("training large models", "straining"),  # ordinary words are heard well
        ("what about Gemma", "gemstone"),
        ("about Transformers", "transformer"),  # the same word in another form
        ("What is it", "whit"),
        ("about Noah", "know"),
    ],
)
def test_what_only_looks_alike_is_left_alone(embedder: Embedder, query: str, word: str) -> None:
    assert word not in said_for(embedder, query, word)


@given(st.text(max_size=60), st.lists(st.text(alphabet="abcdefghij", min_size=3, max_size=12), max_size=8))
def test_no_query_breaks_it_and_a_variant_weighs_less_than_the_name(query: str, words: list[str]) -> None:
    found = Names(words, lambda texts: [2] * len(texts)).variants(query)
    assert all(0 < weight < 1 for others in found.values() for _, weight in others)


def test_a_talk_is_found_by_the_name_it_misheard(library: Library, notes: Path) -> None:
    (notes / "a.txt").write_text(TALK.format(name="Jemma"), encoding="utf-8")
    (notes / "b.txt").write_text(OTHER, encoding="utf-8")
    library.ingest([notes])
    hit = library.search("bugs in the tokenizer of Gemma", 1).hits[0]
    assert "Jemma" in hit.chunk.text


def test_the_quote_stays_what_was_said(library: Library, notes: Path) -> None:
    (notes / "a.txt").write_text(TALK.format(name="Jemma"), encoding="utf-8")
    library.ingest([notes])
    answer = library.ask("Which bugs were found in the tokenizer of Gemma?")
    assert any("Jemma" in citation.quote for citation in answer.citations)


def test_words_of_notes_are_no_mishearings(library: Library, notes: Path) -> None:
    (notes / "a.md").write_text("Jemma is my sister, who lives by the sea.\n", encoding="utf-8")
    library.ingest([notes])
    assert library.retriever().variants("about Gemma") == {}


def test_a_glossary_says_what_no_ear_could(library: Library, notes: Path, home: Path) -> None:
    (notes / "a.txt").write_text(TALK.format(name="AMA"), encoding="utf-8")
    (notes / "b.txt").write_text(OTHER, encoding="utf-8")
    library.ingest([notes])
    (home / "glossary.txt").write_text("# heard = meant\nAMA, oh llama = Ollama\n", encoding="utf-8")
    hit = library.search("bugs in the tokenizer of Ollama", 1).hits[0]
    assert "AMA" in hit.chunk.text


def test_a_glossary_reads_pairs_and_passes_over_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "glossary.txt"
    path.write_text("\ufeffa, b c = D E  # why\nno pair\n= x\ny =\n", encoding="utf-8")
    assert phonetic.glossary(path) == [("a", "D E"), ("b c", "D E")]
    assert phonetic.glossary(tmp_path / "none.txt") == []
