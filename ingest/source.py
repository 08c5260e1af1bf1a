"""What a source is: the items that it is given, and the protocol that it keeps.

A source turns one item into documents. Something wrong with the item is yielded as an `IngestError`, in its place, so
that nothing else of a batch is lost. `docs/adding-a-source.md` shows a whole one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.text.decoding import Decoded
from kb.errors import IngestError
from kb.types.documents import Document, Kind, Metadata

_SETTLES = 0.2  # seconds


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
