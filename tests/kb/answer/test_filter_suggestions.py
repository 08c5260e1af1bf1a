"""Filters that words of a question may mean: offered, never applied."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kb.answer import filter_suggestions
from kb.library import Library
from tests.builders import write

TODAY = dt.date(2026, 5, 4)


@pytest.mark.parametrize(
    ("question", "words", "flags"),
    [
        ("What was said since March about MoE?", "since March", ("--since", "2026-03-01")),
        ("What was said since October about MoE?", "since October", ("--since", "2025-10-01")),
        ("What came before 2024?", "before 2024", ("--until", "2023-12-31")),
        ("What came after March 2025?", "after March 2025", ("--since", "2025-04-01")),
        ("What did I read in February 2026?", "in February 2026", ("--since", "2026-02-01", "--until", "2026-02-28")),
        ("What is new since 2026-04-20?", "since 2026-04-20", ("--since", "2026-04-20")),
        ("What did I note last week?", "last week", ("--since", "2026-04-27")),
        ("What did I note this month?", "this month", ("--since", "2026-05-01")),
        ("What is new in the papers?", "in the papers", ("--kind", "paper")),
        ("What do I say in my notes?", "in my notes", ("--kind", "note")),
        ("What is tagged gpu/memory?", "tagged gpu/memory", ("--tag", "gpu/memory")),
    ],
)
def test_words_that_may_be_a_filter(question: str, words: str, flags: tuple[str, ...]) -> None:
    assert [(o.words, o.flags) for o in filter_suggestions.find(question, None, TODAY)] == [(words, flags)]


@pytest.mark.parametrize(
    "question",
    [
        "What may happen in training?",
        "How is it used in practice?",
        "What is in the paper club about scale?",
        "Why march 3 miles?",
    ],
)
def test_words_that_are_none(question: str) -> None:
    assert filter_suggestions.find(question, None, TODAY) == ()


def test_a_source_that_is_named_is_offered_and_not_applied(library: Library, notes: Path) -> None:
    write(
        notes, **{"paper-club": "# Paper club\n\nThe bubble is waiting.\n", "other": "# Other\n\nThe bubble is soap.\n"}
    )
    library.ingest([notes])
    answer = library.ask("What is the bubble in the paper club?")
    (offer,) = answer.offers
    assert offer.words == "paper club"
    filters = library.filters(source=offer.flags[1])
    assert {h.title for h in library.search("bubble", filters=filters).hits} == {"Paper club"}
    assert len({h.title for h in library.search("bubble").hits}) == 2


def test_what_is_restricted_already_is_not_offered(library: Library) -> None:
    filters = library.filters(since="2026-01-01", kinds=["note"])
    assert library.offers("What did I say in my notes since March?", filters) == ()
