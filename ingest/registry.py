"""Which source reads a file: every source, the more particular before the more general.

The one place that knows them all; a new source is a line here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from ingest.source import BinarySource, Item, Source, TextFile
from ingest.text.decoding import declared_in, decode
from kb.errors import IngestError, SkippedItem
from kb.types.documents import Document, Kind, Metadata

_MARKUP = frozenset({".html", ".htm", ".xhtml", ".xml"})


def sources() -> tuple[Source, ...]:
    """Every source of text, the more particular before the more general."""
    from ingest.feeds.source import FeedFiles
    from ingest.links.digests import LinkDigests
    from ingest.links.lists import LinkLists
    from ingest.links.transcribed_digests import SpokenDigests
    from ingest.notes.markdown import Notes
    from ingest.notes.notebooks import Notebooks
    from ingest.threads.source import Recaps, Threads
    from ingest.transcripts.source import Transcripts
    from ingest.web import WebPages

    return (
        FeedFiles(),
        Threads(),
        Recaps(),
        LinkDigests(),
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
