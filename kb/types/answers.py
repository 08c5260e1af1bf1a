"""Answers: statements, the citations that they rest on, and what is said where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kb.types.documents import Kind, Locator
from kb.types.search import Hit, SearchResult

Level = Literal["eli5", "beginner", "practitioner", "expert"]


LEVELS: tuple[Level, ...] = ("eli5", "beginner", "practitioner", "expert")


NOTHING_YET = "Nothing is ingested yet. Run: kb ingest FOLDER (or look around first: kb demo)."


@dataclass(frozen=True, slots=True)
class Citation:
    """Words of a source that carry a statement. `n` counts from 1 within an answer."""

    n: int
    document_id: str
    chunk_id: str
    kind: Kind
    title: str
    uri: str
    locator: Locator
    link: str
    quote: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """The words of citation `n` that bear one statement, and their span in the source."""

    n: int
    quote: str
    start_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer, the citations it rests on, the words that bear it, and whether they do.

    A citation that several statements share has one quote of its own; `quotes` are those of this very statement.
    """

    text: str
    citations: tuple[int, ...]
    supported: bool
    why: str = ""
    quotes: tuple[Quoted, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A filter that words of a question may mean: offered, never applied unasked.

    `words` are the question's own, `label` says what would be searched, `flags` are the command's.
    """

    words: str
    label: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said to a question at a level. `confidence` (0 to 1) is that the sources answer it.

    `searched` is the question as it was looked up, with what "it" stands for, where that differs; `notes` say what a
    person should know of how the answer came about (a model that could not be reached, a limit that was not kept).
    """

    question: str
    level: Level
    text: str
    claims: tuple[Claim, ...]
    citations: tuple[Citation, ...]
    abstained: bool
    confidence: float
    answerer: str
    nearest: tuple[Hit, ...] = ()
    ms: float = 0.0
    trace: SearchResult | None = None
    searched: str = ""
    notes: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
