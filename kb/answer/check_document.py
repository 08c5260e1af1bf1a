"""`kb check`: a text with `[n]` and its sources, from files, ids, addresses or words, held against each other.

The text is Markdown or plain, with its list of sources below it, or what `kb ask --json` printed. A source is named
by a file, by the id or address of something that was ingested, or given by its very words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from index.storage.catalog import Catalog
from ingest import registry
from ingest.net import urls
from ingest.source import Item
from kb.answer import verify
from kb.answer.context import plain_lines
from kb.answer.generate import FLOOR
from kb.answer.verify import CitedSource, Statement, Support, Verdict
from kb.errors import IngestError, KbError, UsageError
from kb.text.sentences import split
from kb.types.documents import Document

_LIST = re.compile(
    r"^\s*(?:#{1,6}\s*|\*\*)?(?:sources|references|citations|bibliography|notes)\s*:?\s*(?:\*\*)?\s*:?\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_ENTRY = re.compile(r"^[ \t]*(?:[-*]\s+)?(?:\[\^?(\d{1,4})\]:?|(\d{1,4})[.)])[ \t]+", re.MULTILINE)
_FOOTNOTE = re.compile(r"^[ \t]{0,3}\[\^?(\d{1,4})\]:[ \t]+(\S[^\n]*)$", re.MULTILINE)
_ADDRESS = re.compile(r"(?:file|https?)://[^\s<>\"“”]+")
_WORDS = re.compile(r"[“\"«](.+?)[”\"»]\s*$", re.DOTALL | re.MULTILINE)
_FEWEST_CHARS = 12


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdicts of a text, and the sources that could not be had, with why."""

    verdicts: tuple[Verdict, ...]
    missing: tuple[tuple[int, str], ...] = ()

    @property
    def supported(self) -> int:
        """How many statements nothing is wrong with."""
        return sum(verdict.supported for verdict in self.verdicts)


def check(
    text: str, named: Sequence[str], beside: Path, catalog: Catalog | None, support: Support, limit_mb: float
) -> Checked:
    """Hold a text against its sources: `named` are [1], [2] …, else those that the text lists below itself.

    `beside` is the folder that the paths of the list start from. Raises `UsageError` if there is nothing to check.
    """
    statements, listed = _read(text)
    wanted = dict(enumerate(named, start=1)) if named else listed
    if not statements:
        raise UsageError("There is no statement in that text.")
    if not wanted:
        raise UsageError(
            "No sources are given. List them under a line “Sources” as [1] PATH, or name them: kb check FILE SOURCE…"
        )
    sources, missing = [], []
    for n, place in sorted(wanted.items()):
        try:
            sources.append(_source(n, place, beside, catalog, limit_mb))
        except KbError as error:
            missing.append((n, str(error)))
    return Checked(tuple(verify.check(statements, sources, support, FLOOR)), tuple(missing))


def _read(text: str) -> tuple[list[Statement], dict[int, str]]:
    """The statements of a text and the sources that it lists, by number."""
    row = _answer(text)
    if row is not None:
        listed = {int(c["n"]): str(c.get("chunk_id") or c.get("uri") or c.get("quote")) for c in row["citations"]}
        return _statements(row), listed
    found = list(_LIST.finditer(text))
    if not found:
        # Markdown's own footnotes, wherever they are defined.
        notes = {int(m[1]): m[2].strip() for m in _FOOTNOTE.finditer(text)}
        return verify.statements_of(_FOOTNOTE.sub("", text), split), notes
    body, below = text[: found[-1].start()], text[found[-1].end() :]
    entries = list(_ENTRY.finditer(below))
    ends = [*(m.start() for m in entries[1:]), len(below)]
    listed = {int(m[1] or m[2]): below[m.end() : end].strip() for m, end in zip(entries, ends, strict=True)}
    return verify.statements_of(body, split), listed


def _answer(text: str) -> dict[str, Any] | None:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    fits = isinstance(row, dict) and isinstance(row.get("answer"), str) and isinstance(row.get("citations"), list)
    return row if fits else None


def _statements(row: dict[str, Any]) -> list[Statement]:
    """The claims of an answer, each with the words that it was said to rest on."""
    quotes = {c.get("n"): c.get("quote") for c in row["citations"] if isinstance(c, dict)}
    out = []
    for claim in row.get("claims", []):
        cited = tuple(n for n in claim.get("citations", []) if isinstance(n, int))
        given = {q["n"]: q["quote"] for q in claim.get("quotes", [])} or {n: quotes.get(n) for n in cited}
        out.append(Statement(str(claim.get("text", "")), cited, tuple((n, q) for n, q in given.items() if q)))
    return out or verify.statements_of(row["answer"], split)


def _source(n: int, place: str, beside: Path, catalog: Catalog | None, limit_mb: float) -> CitedSource:
    """What a source says. Raises `KbError` if it cannot be had."""
    for candidate in _candidates(place):
        path = Path(unquote(urlsplit(candidate).path)) if candidate.startswith("file://") else Path(candidate)
        tried = [path if path.is_absolute() else beside / path, path]
        existing = next((p for p in tried if len(candidate) < 1000 and _is_file(p)), None)
        if existing is not None:
            return _of_file(n, existing, limit_mb)
        if catalog is not None and (known := _of_catalog(n, candidate, catalog)) is not None:
            return known
        if urls.is_url(candidate) and candidate == place:
            raise UsageError(f"{candidate} is not in the knowledge base. Add it first: kb ingest {candidate}")
    said = _WORDS.search(place)
    words = said[1] if said else place
    looks_like_path = ("/" in words and " " not in words) or bool(re.fullmatch(r"\S+\.\w{1,5}", words))
    if len(words) < _FEWEST_CHARS or looks_like_path:
        raise UsageError(f"{words!r} is no file, no id of the knowledge base, and no words of a source")
    return CitedSource(n, words, place)


def _candidates(place: str) -> list[str]:
    """What may name the source in an entry of a list: all of it, an address in it, its first line, its link."""
    first = place.splitlines()[0].strip() if place else ""
    linked = re.search(r"\]\(([^()\s]+)\)", first)
    found = [place.strip(), *(m.group() for m in _ADDRESS.finditer(place)), first, linked[1] if linked else ""]
    found += [part.partition("#")[0] for part in list(found)]
    found += [part.strip() for part in re.split(r"\s[·—–|]\s|,\s", first)]
    return list(dict.fromkeys(part for part in found if part))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _of_file(n: int, path: Path, limit_mb: float) -> CitedSource:
    item = Item(urls.file_uri(path), path, path.name, True)
    outcomes = list(registry.read(*item.load(limit_mb), None))
    documents = [outcome for outcome in outcomes if isinstance(outcome, Document)]
    if not documents:
        raise next((o for o in outcomes if isinstance(o, IngestError)), IngestError(item.uri, "it holds no text"))
    return CitedSource(
        n,
        "\n".join(_words_of(document) for document in documents),
        " ".join([path.stem, *(d.title for d in documents), *(d.metadata.get("published", "") for d in documents)]),
        all(document.metadata.get("trust") == "anonymous" for document in documents),
    )


def _words_of(document: Document) -> str:
    body: Callable[[int, int], str] = lambda a, b: document.text[a:b]  # noqa: E731
    joiner = " " if any(s.form == "speech" for s in document.segments) else "\n"
    return plain_lines(joiner.join(body(s.start_char, s.end_char) for s in document.segments) or document.text)


def _of_catalog(n: int, place: str, catalog: Catalog) -> CitedSource | None:
    """A passage or document of the knowledge base, by id, uri or address; None if there is none."""
    entry = catalog.entry_of(place)
    if entry is None and re.fullmatch(r"[0-9a-z]{8,64}", place):
        if place in (chunks := catalog.chunks([place])):
            chunk = chunks[place]
            own = catalog.documents_of([chunk.document_id])[chunk.document_id]
            about = " ".join([own.title, *chunk.breadcrumb, own.published or ""])
            return CitedSource(n, plain_lines(chunk.text), about, own.metadata.get("trust") == "anonymous")
        entry = catalog.documents_of([place]).get(place)
    if entry is None and urls.is_url(place):
        canonical = urls.canonical(place)
        entry = catalog.entry_of(canonical)
    if entry is None:
        return None
    about = f"{entry.title} {entry.published or ''}"
    return CitedSource(n, plain_lines(catalog.text_of(entry.id)), about, entry.metadata.get("trust") == "anonymous")
