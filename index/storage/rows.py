"""Rows of the catalog and the nouns they stand for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kb.types import locators
from kb.types.documents import Kind, Metadata, Segment
from kb.types.search import Chunk


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as the catalog lists it: all but its text."""

    id: str
    uri: str
    kind: Kind
    title: str
    metadata: Metadata
    published: str | None
    ingested: str
    state: str
    error: str | None
    fingerprint: str
    content: str
    chunks: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be read, and how often it was tried."""

    uri: str
    error: str
    attempts: int
    last: str


def entry_from(row: tuple[Any, ...]) -> Entry:
    """The entry of a row of documents."""
    columns = [*row[:4], json.loads(row[4]), *row[5:]]
    return Entry(*columns)


def segment_row(segment: Segment) -> list[Any]:
    """A segment as it stands in the catalog."""
    return [
        segment.start_char,
        segment.end_char,
        locators.as_json(segment.locator),
        segment.form,
        segment.depth,
        segment.apart,
    ]


def chunk_from(row: tuple[Any, ...]) -> Chunk:
    """The chunk of a row of chunks."""
    segments = tuple(Segment(a, b, locators.from_json(place), *rest) for a, b, place, *rest in json.loads(row[8]))
    return Chunk(
        id=row[0],
        document_id=row[1],
        start_char=row[2],
        end_char=row[3],
        breadcrumb=tuple(json.loads(row[4])),
        text=row[5],
        embedded=row[6],
        locator=locators.from_json(json.loads(row[7])),
        segments=segments,
        sentences=tuple((a, b) for a, b in json.loads(row[9])),
        derived=bool(row[10]),
        lines=(row[11], row[12]),
    )
