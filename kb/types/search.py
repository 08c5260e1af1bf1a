"""Search: passages, hits with their scores, and what was found for a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kb.types.documents import Kind, Locator, Segment, Trust


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage that is embedded and searched under its breadcrumb.

    `text` is the source's slice as written; between joined segments one space stands for what was left out.
    `embedded` is what the model and the lexical index see: breadcrumb, speakers, cleaner text.
    `sentences` are spans in the document's text, in order; `segments` are the document's, cut to this span; `lines`
    are the first and last line of the text that it touches, 1-based.
    """

    id: str
    document_id: str
    start_char: int
    end_char: int
    breadcrumb: tuple[str, ...]
    text: str
    embedded: str
    locator: Locator
    segments: tuple[Segment, ...] = ()
    sentences: tuple[tuple[int, int], ...] = ()
    derived: bool = False
    lines: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Scores:
    """Why a hit stands where it does. Ranks are 1-based; None where a leg did not return the chunk."""

    fused: float
    cosine: float
    bm25: float
    vector_rank: int | None = None
    lexical_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that answers a query, with its scores and its document's name for people."""

    rank: int
    chunk: Chunk
    scores: Scores
    kind: Kind
    title: str
    uri: str
    link: str
    published: str | None = None
    trust: Trust = "published"


@dataclass(frozen=True, slots=True)
class Dropped:
    """A candidate that did not become a hit, and why (`--trace`)."""

    chunk_id: str
    title: str
    scores: Scores
    reason: str


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first, and how they were found."""

    query: str
    hits: tuple[Hit, ...]
    dropped: tuple[Dropped, ...] = ()
    ms: float = 0.0
    timings: Mapping[str, float] = field(default_factory=dict)
