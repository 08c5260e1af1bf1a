"""What an ingest is asked for, how far it is, and what it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from kb.types.documents import Kind

if TYPE_CHECKING:
    from ingest.audio.transcribe import TranscriptionProgress


@dataclass(slots=True)
class Report:
    """What an ingest did: counts of documents, and each item that was skipped or failed, with its reason."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    chunks: int = 0
    embedded: int = 0
    heard: list[TranscribedItem] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TranscribedItem:
    """A recording that was transcribed: its length and the time that took, in seconds; 0 where it was done before."""

    uri: str
    seconds: float
    took: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an ingest is: items looked at, of how many, chunks embedded, and the recording that is being heard."""

    done: int
    total: int
    embedded: int
    current: str
    hearing: TranscriptionProgress | None = None


class IngestFlags(TypedDict, total=False):
    """The fields of `IngestOptions` that commands and programs set, each by its name."""

    dry_run: bool
    prune: bool
    allow_mass_removal: bool
    force: bool
    retry_failed: bool
    full_text: bool
    board: str
    audio: bool
    episodes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestOptions:
    """What is asked of an ingest beside its places.

    `kind`: what the files are, instead of a look inside. `dry_run` only counts. `prune` removes sources under the
    named folders whose files are gone, at most a fifth of them without `allow_mass_removal`. `force` reads everything
    again, also what was taken out. `retry_failed` adds what failed before. `full_text` fetches the PDFs of arXiv's
    papers, not only their abstracts. `board`: the imageboard of saved threads whose files do not say it. `audio`
    transcribes recordings that are met in folders and feeds, of a feed the latest `episodes` (0: all).
    """

    kind: Kind | None = None
    dry_run: bool = False
    prune: bool = False
    allow_mass_removal: bool = False
    force: bool = False
    retry_failed: bool = False
    full_text: bool = False
    board: str = ""
    audio: bool = False
    episodes: int = 10
