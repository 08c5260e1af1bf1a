"""A digest as it is shown: its items, what each repeats, in which sections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Relation:
    """How an item stands to what is known: new, or a repetition of a document; of a new one, the nearest document."""

    type: Literal["new", "repeats"]
    document_id: str | None = None
    title: str | None = None
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class DigestItem:
    """A story: the link that tells it best, and where else it is told. `date` is an ISO date in the person's zone."""

    id: str
    url: str
    title: str
    summary: str
    date: str
    feed: str
    tags: tuple[str, ...]
    state: str
    best: bool
    relation: Relation
    also: tuple[tuple[str, str], ...] = ()
    discusses: str = ""
    headline_only: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Digest:
    """A day's digest: its window (ISO 8601 in UTC; no `since`: from the beginning), its items, feeds that failed."""

    date: str
    since: str
    until: str
    items: tuple[DigestItem, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    def sections(self) -> list[tuple[str, list[DigestItem]]]:
        """Items by their first tag, in the order of the best of each; those without one come last."""
        found: dict[str, list[DigestItem]] = {}
        for item in self.items:
            found.setdefault(item.tags[0] if item.tags else "", []).append(item)
        named = [(name, items) for name, items in found.items() if name]
        return named + ([("", found[""])] if "" in found else [])
