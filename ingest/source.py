"""What a source is, and which source reads a file.

A source turns one item into documents. Something wrong with the item is yielded as an `IngestError`, in its place, so
that nothing else of a batch is lost. `docs/adding-a-source.md` shows a whole one.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ingest.text.decoding import Decoded, declared_in, decode
from kb.errors import IngestError, SkippedItem
from kb.types.documents import Document, Kind, Metadata

_SETTLES = 0.2  # seconds
_MARKUP = frozenset({".html", ".htm", ".xhtml", ".xml"})


@dataclass(frozen=True, slots=True)
class Item:
    """One file, or what an address leads to, that may hold a document.

    `relative` is its path under the folder that the person named (POSIX, NFC), or its name; `named` says that the
    person named the file itself, so that an unreadable one is a failure and not a skip. `also` are the uris of other
    files that say the same and are not read. `title` and `metadata` are what is known of it beside its content, and
    go before what the content says; `board` is the imageboard's that the person named,
    `charset` the encoding that a server named.
    """

    uri: str
    path: Path
    relative: str
    named: bool
    also: tuple[str, ...] = ()
    title: str = ""
    board: str = ""
    charset: str = ""
    metadata: Metadata = field(default_factory=Metadata, hash=False, compare=False)

    def load(self, limit_mb: float) -> tuple[Item, bytes]:
        """The item, with what is known of it once it is opened, and its bytes. Raises `IngestError`."""
        return self, self.read(limit_mb)

    @property
    def lasts(self) -> bool:
        """Whether what is at its address is never changed, so that it need not be fetched again to see."""
        return False

    def source(self) -> BinarySource | None:
        """What reads it, where that does not go by its suffix and content."""
        return None

    def read(self, limit_mb: float) -> bytes:
        """The file's bytes. Raises `IngestError` if it cannot be read or is larger than `limit_mb`."""
        try:
            before = self.path.stat()
            size = before.st_size
            if size > limit_mb * 1_000_000:
                raise IngestError(
                    self.uri,
                    f"it has {size / 1e6:.0f} MB, over the limit of {limit_mb:g} MB for text; "
                    "split it, or raise KB_MAX_FILE_MB",
                )
            data = self.path.read_bytes()
            if self.path.stat().st_mtime_ns != before.st_mtime_ns:
                # Whoever writes it is nearly done; half of the old and half of the new would be neither.
                time.sleep(_SETTLES)
                before, data = self.path.stat(), self.path.read_bytes()
                if self.path.stat().st_mtime_ns != before.st_mtime_ns:
                    raise IngestError(self.uri, "it changes while it is read; run this again when it is done")
            return data
        except OSError as error:
            raise IngestError(self.uri, f"it cannot be read ({error.strerror or error})") from None


@dataclass(frozen=True, slots=True)
class TextFile:
    """An item's text, decoded: what sources look into."""

    item: Item
    decoded: Decoded

    @property
    def text(self) -> str:
        """The file's own text, line ends kept."""
        return self.decoded.text

    @property
    def suffix(self) -> str:
        """The file's suffix in lower case, dot included."""
        return self.item.path.suffix.lower()

    @property
    def stem(self) -> str:
        """The file's name without its suffix: the title where a document gives none."""
        return self.item.path.stem


class Source(Protocol):
    """Reads one form of document.

    `version` goes up whenever the same bytes would give other documents, so that they are read again.
    """

    name: str
    version: int
    kind: Kind
    suffixes: frozenset[str]
    empty: str  # what is said of a file in which there is nothing to find

    def recognises(self, file: TextFile) -> bool:
        """Whether this file, whose suffix fits, is of this form."""
        ...

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """The documents of one file, a bad part as an `IngestError` in its place; none if there is nothing to find."""


class BinarySource(Protocol):
    """Reads one form of document that is no text; known by its suffix alone."""

    name: str
    version: int
    kind: Kind
    suffixes: frozenset[str]
    empty: str

    def read(self, item: Item, data: bytes) -> Iterator[Document | IngestError]:
        """The documents of one file, a bad part as an `IngestError` in its place; none if there is nothing to find."""


def sources() -> tuple[Source, ...]:
    """Every source of text, the more particular before the more general."""
    from ingest.feeds.source import Feeds
    from ingest.links.digests import Digests
    from ingest.links.lists import LinkLists
    from ingest.links.transcribed_digests import SpokenDigests
    from ingest.notes.markdown import Notes
    from ingest.notes.notebooks import Notebooks
    from ingest.threads.source import Recaps, Threads
    from ingest.transcripts.source import Transcripts
    from ingest.web import WebPages

    return (
        Feeds(),
        Threads(),
        Recaps(),
        Digests(),
        SpokenDigests(),
        Transcripts(),
        WebPages(),
        Notebooks(),
        LinkLists(),
        Notes(),
    )


def binary_sources() -> tuple[BinarySource, ...]:
    """Every source of what is no text."""
    from ingest.audio.source import Recordings
    from ingest.papers.arxiv import Abstracts
    from ingest.papers.source import Papers

    return (Papers(), Abstracts(), Recordings())


def _all() -> list[Source | BinarySource]:
    return [*sources(), *binary_sources()]


def suffixes() -> frozenset[str]:
    """Every suffix that some source reads."""
    return frozenset().union(*(source.suffixes for source in _all()))


def is_binary(item: Item) -> bool:
    """Whether an item is of a form that is no text."""
    return any(item.path.suffix.lower() in source.suffixes for source in binary_sources())


def fingerprint(item: Item, data: bytes, kind: Kind | None) -> str:
    """What decides whether an item must be read again: its bytes, its sources' versions, a kind that was asked for."""
    suffix = item.path.suffix.lower()
    possible = [source for source in _all() if kind or suffix in source.suffixes]
    versions = ",".join(
        [*(f"{source.name}{source.version}" for source in possible), *([item.board] if item.board else [])]
    )
    return hashlib.sha256(data).hexdigest() + f":{versions}:{kind or ''}"


def _nothing(item: Item, reason: str) -> IngestError:
    """Nothing to read is a failure only where the person named the very file."""
    return IngestError(item.uri, reason) if item.named else SkippedItem(item.uri, reason)


def read(item: Item, data: bytes, kind: Kind | None = None) -> Iterator[Document | IngestError]:
    """The documents of one item, by the first source that recognises it or by the source of the asked `kind`."""
    own = item.source()
    if own is not None:
        yield from _or_nothing(item, own.read(item, data), own.empty)
        return
    suffix = item.path.suffix.lower()
    for binary in binary_sources():
        if suffix in binary.suffixes and kind in (None, binary.kind):
            if data:
                yield from _or_nothing(item, binary.read(item, data), binary.empty)
            else:
                yield _nothing(item, "it is empty")
            return
    try:
        declared = item.charset or (declared_in(data) if suffix in _MARKUP else "")
        file = TextFile(item, decode(data, declared))
    except ValueError as error:
        yield _nothing(item, str(error))
        return
    possible = [source for source in sources() if kind in (None, source.kind)]
    chosen = next((s for s in possible if suffix in s.suffixes and s.recognises(file)), None)
    if chosen is None and kind is not None:
        chosen = next(iter(possible), None)  # the person knows better
    if chosen is not None:
        yield from _or_nothing(item, chosen.read(file), chosen.empty)
        return
    reason = f"no reader for a file {f'as {kind}' if kind else f'of this form ({suffix})'}"
    yield IngestError(item.uri, reason) if item.named or kind else SkippedItem(item.uri, reason)


def _or_nothing(item: Item, outcomes: Iterator[Document | IngestError], empty: str) -> Iterator[Document | IngestError]:
    found = False
    for outcome in outcomes:
        found = True
        if isinstance(outcome, Document) and (item.title or item.metadata):
            known: Metadata = {**outcome.metadata, **item.metadata}
            outcome = replace(outcome, title=item.title or outcome.title, metadata=known)
        yield outcome
    if not found:
        yield _nothing(item, empty)
