"""What was ingested, looked at one by one: lists, single sources and passages, and the links between notes."""

from __future__ import annotations

import posixpath
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from index.storage import edges as outbound
from index.storage.catalog import Catalog
from index.storage.rows import Entry
from ingest.net.urls import path_of
from kb.errors import UnknownId
from kb.types import locators
from kb.types.documents import Kind, Link, Locator


@dataclass(frozen=True, slots=True)
class Place:
    """A document, or a passage of one, and where it can be opened. `obsidian` is empty outside of a vault."""

    document_id: str
    chunk_id: str | None
    kind: Kind
    title: str
    uri: str
    link: str
    locator: Locator | None
    text: str
    obsidian: str = ""


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source as lists show it.

    `state`: ok, queued (an ingest that was interrupted had not come to it), failed (with the error), or gone (its file
    is no longer there).
    """

    document_id: str | None
    uri: str
    kind: Kind | None
    title: str
    state: str
    chunks: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Edge:
    """A link between documents; `document_id` and `title` of the one at its other end, None where there is none."""

    link: Link
    document_id: str | None
    title: str | None


@dataclass(frozen=True, slots=True)
class Edges:
    """The links of a document: out of it, in order, and back to it from others."""

    out: list[Edge] = field(default_factory=list)
    back: list[Edge] = field(default_factory=list)


def rows(catalog: Catalog) -> list[SourceRow]:
    """Every source, failed and queued ones too, by uri."""
    failures = {failure.uri: failure for failure in catalog.failures()}
    queued = set(catalog.queued())
    found = []
    for entry in catalog.entries():
        failure = failures.pop(entry.uri, None)
        path = path_of(entry.uri)
        gone = path is not None and not path.exists()
        waits = entry.uri in queued
        state = "failed" if failure else "gone" if gone else "queued" if waits else "ok"
        queued.discard(entry.uri)
        error = failure.error if failure else None
        found.append(SourceRow(entry.id, entry.uri, entry.kind, entry.title, state, entry.chunks, error))
    found += [SourceRow(None, f.uri, None, _name(f.uri), "failed", 0, f.error) for f in failures.values()]
    found += [SourceRow(None, uri, None, _name(uri), "queued", 0, None) for uri in queued - set(failures)]
    return sorted(found, key=lambda row: row.uri)


def find(catalog: Catalog | None, prefix: str) -> tuple[str, str | None]:
    """The document id, and the chunk id if it is a chunk's, that a prefix names. Raises `UnknownId`."""
    found = catalog.match_ids(prefix) if catalog is not None and prefix else []
    exact = [match for match in found if match[1] == prefix]
    if exact:
        found = exact
    if not found:
        raise UnknownId(f"No source or passage has the id {prefix!r}. kb sources list shows the ids.")
    if len(found) > 1:
        raise UnknownId(f"{prefix!r} fits several ids: {', '.join(i for _, i in found[:5])}. Write more of it.")
    kind, found_id = found[0]
    assert catalog is not None
    if kind == "document":
        return found_id, None
    return catalog.places([found_id])[found_id][0], found_id


def place(catalog: Catalog, document_id: str, chunk_id: str | None) -> Place:
    """Where a document, or a passage of it, is opened, and the words there."""
    entry = catalog.documents_of([document_id])[document_id]
    locator, text, link = None, "", entry.uri
    if chunk_id is None:
        text = catalog.text_of(document_id)
    else:
        chunk = catalog.chunks([chunk_id])[chunk_id]
        locator, text = chunk.locator, chunk.text
        link = locators.link(entry.uri, entry.metadata, locator, chunk.lines)
    obsidian = locators.obsidian(entry.metadata, locator)
    return Place(document_id, chunk_id, entry.kind, entry.title, entry.uri, link, locator, text, obsidian)


# What a browser plays. Anything else that a document may name as its recording is not handed out.
_PLAYED = frozenset({".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wav", ".mp4", ".m4v", ".webm", ".mkv"})


def recording(catalog: Catalog, document_id: str) -> Path | None:
    """The recording of a document on this machine: a file of sound or film that its own entry names."""
    entry = catalog.documents_of([document_id]).get(document_id)
    if entry is None:
        return None
    named = entry.uri if entry.kind == "audio" else entry.metadata.get("media", "")
    path = path_of(named)
    return path if path is not None and path.suffix.lower() in _PLAYED and path.is_file() else None


def edges(catalog: Catalog, document_id: str) -> Edges:
    """The links out of a document and back to it; notes are found by name, then path, then alias, in any case."""
    entries = catalog.entries()
    targets = _Targets(entries)
    known = {entry.id: entry for entry in entries}
    by_uri = {entry.uri: entry for entry in entries} | {e.metadata["url"]: e for e in entries if "url" in e.metadata}
    here = known[document_id]
    out = []
    for link in here.metadata.get("links", []):
        wanted = by_uri.get(link["target"]) if link["form"] == "url" else targets.resolve(link["target"], here)
        out.append(Edge(link, wanted.id if wanted else None, wanted.title if wanted else None))
    pointing = [(i, link) for i, link in outbound.to_notes(catalog) if i != document_id]
    back = [
        pair for pair in pointing if (found := targets.resolve(pair[1]["target"], known[pair[0]])) and found == here
    ]
    for address in {here.uri, here.metadata.get("url", "")} - {""}:
        back += [pair for pair in outbound.to_url(catalog, address) if pair[0] != document_id]
    return Edges(out, [Edge(link, i, known[i].title) for i, link in back])


class _Targets:
    """Finds the note that a wikilink names."""

    def __init__(self, entries: list[Entry]) -> None:
        self._names: dict[str, list[Entry]] = {}
        self._aliases: dict[str, list[Entry]] = {}
        for entry in entries:
            path = _path(entry)
            for name in {_folded(path.name), _folded(path.stem)}:
                self._names.setdefault(name, []).append(entry)
            for alias in entry.metadata.get("aliases", []):
                self._aliases.setdefault(_folded(alias), []).append(entry)

    def resolve(self, target: str, origin: Entry) -> Entry | None:
        """The note of that name, path or alias; of several, the one nearest to the note that links."""
        if not target:
            return origin
        wanted = _folded(target).strip("/")
        if wanted.startswith(("./", "../")):
            # From the note that links, as Obsidian writes it when links are set to be relative.
            wanted = posixpath.normpath(posixpath.join(_folded(str(_path(origin).parent)), wanted)).strip("/")
        name = wanted.rsplit("/", 1)[-1]
        found = self._names.get(name, [])
        if "/" in wanted:
            ends = ("/" + wanted, "/" + wanted + ".md")
            found = [entry for entry in found if _folded(str(_path(entry))).endswith(ends)]
        found = found or self._aliases.get(wanted, [])
        return min(found, key=lambda entry: (_steps(origin, entry), entry.uri)) if found else None


def _folded(name: str) -> str:
    """A name without what file systems and keyboards write differently: case, and how accents are composed."""
    return unicodedata.normalize("NFC", name).casefold()


def _path(entry: Entry) -> PurePosixPath:
    return PurePosixPath(unquote(urlsplit(entry.uri).path))


def _steps(one: Entry, other: Entry) -> int:
    """How many folders one goes up and down from one note to another."""
    a, b = _path(one).parent.parts, _path(other).parent.parts
    shared = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return len(a) + len(b) - 2 * shared


def _name(uri: str) -> str:
    return unquote(uri.rstrip("/").rsplit("/", 1)[-1])
