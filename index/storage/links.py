"""Link records: what feeds and link digests lead to, with what the person made of each.

A record an address. What the sources say of it (title, summary, date, tags) follows them; what the person says (read,
best, tags of their own) is theirs and outlives the source.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from index.storage.database import Database
from kb.errors import UnknownId
from kb.types.documents import Document

Origin = Literal["digest", "feed", "note"]
State = Literal["unread", "read"]


@dataclass(frozen=True, slots=True)
class LinkRecord:
    """A link and its states. `date` is ISO, empty if unknown; `tags` the sources' and then the person's own.

    `document_id` is what says it: the digest file, or the document of the feed's entry. `discusses` is the address
    that a page of discussion is about; `read_whole`: `full`, why it could not be, or empty where nobody tried.
    """

    id: str
    url: str
    title: str
    summary: str
    date: str
    origin: Origin
    state: State
    best: bool
    tags: tuple[str, ...]
    document_id: str
    discusses: str
    read_whole: str
    seen: str
    marked: str


_COLUMNS = (
    "id, url, title, summary, date, origin, state, best, tags, own_tags, document_id, discusses, read_whole, "
    "seen, marked"
)


def id_of(url: str) -> str:
    """The id of the record of a canonical address."""
    return "l" + hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def record(db: Database, document: Document, now: str) -> None:
    """Keep the links of a document that is put: a digest's entries, or what a feed's entry leads to."""
    metadata = document.metadata
    if metadata.get("generated"):
        # A digest that this program wrote says nothing that its feeds did not say; its ticks are the person's.
        for entry in metadata.get("entries", []):
            _tick(db, entry["url"], entry["state"], entry["best"], now)
        return
    rows: list[tuple[Any, ...]] = []
    if document.kind == "digest":
        for entry in metadata.get("entries", []):
            said = (entry["title"], entry["summary"], entry["date"], json.dumps(entry["tags"], ensure_ascii=False))
            marks = (entry.get("state", ""), entry.get("best", False))
            rows.append((entry["url"], "digest", *said, "", *marks))
        kept = {row[0] for row in rows}
        for url, marked in db.rows("SELECT url, marked FROM links WHERE document_id = ?", (document.id,)):
            if url not in kept and not marked:
                db.change("DELETE FROM links WHERE url = ?", (url,))
    elif "feed" in metadata:
        tags = json.dumps(metadata.get("tags", []), ensure_ascii=False)
        said = (document.title, metadata.get("summary", ""), metadata.get("published", ""), tags)
        rows.append((document.uri, "feed", *said, metadata.get("discusses", ""), "", False))
    for row in rows:
        _put(db, document.id, row, now)


def _put(db: Database, document_id: str, row: tuple[Any, ...], now: str) -> None:
    url, origin, title, summary, date, tags, discusses, state, best = row
    before = db.rows("SELECT origin, tags, summary, document_id FROM links WHERE url = ?", (url,))
    if before and (before[0][0] != origin or before[0][3] != document_id):
        # The first to tell of a link keeps it; a second one adds its topics and the words that were missing.
        known = json.loads(before[0][1])
        both = list(dict.fromkeys([*known, *json.loads(tags)]))
        db.change(
            "UPDATE links SET tags = ?, summary = CASE summary WHEN '' THEN ? ELSE summary END WHERE url = ?",
            (json.dumps(both, ensure_ascii=False), summary, url),
        )
    else:
        db.change(
            "INSERT INTO links (id, url, title, summary, date, origin, document_id, tags, discusses, seen) "
            "VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (url) DO UPDATE SET title = excluded.title, "
            "summary = CASE excluded.summary WHEN '' THEN summary ELSE excluded.summary END, "
            "date = CASE excluded.date WHEN '' THEN date ELSE excluded.date END, "
            "tags = excluded.tags, discusses = excluded.discusses",
            (id_of(url), url, title, summary, date, origin, document_id, tags, discusses, now),
        )
    _tick(db, url, state, best, now)


def _tick(db: Database, url: str, state: str, best: bool, now: str) -> None:
    """What a file says was marked; what it does not say is left as it is."""
    if state == "read":
        db.change("UPDATE links SET state = 'read', marked = ? WHERE url = ? AND state != 'read'", (now, url))
    if best:
        db.change("UPDATE links SET best = 1, marked = ? WHERE url = ? AND best = 0", (now, url))


def forget(db: Database, document_id: str) -> None:
    """Drop the records that only this document told of, but for those that the person marked."""
    db.change("DELETE FROM links WHERE document_id = ? AND marked = ''", (document_id,))


def listed(db: Database, where: str = "", values: Sequence[Any] = ()) -> list[LinkRecord]:
    """Records, the latest first. `where` is our own SQL, never a person's."""
    order = "ORDER BY substr(CASE date WHEN '' THEN seen ELSE date END, 1, 10) DESC, title, url"
    return [_record(row) for row in db.rows(f"SELECT {_COLUMNS} FROM links {where} {order}", values)]


def by_url(db: Database, urls: Sequence[str]) -> dict[str, LinkRecord]:
    """Records by address."""
    rows = db.rows_for(f"SELECT {_COLUMNS} FROM links WHERE url IN (?)", list(urls))
    return {record.url: record for record in map(_record, rows)}


def _record(row: tuple[Any, ...]) -> LinkRecord:
    given, own = json.loads(row[8]), json.loads(row[9])
    columns = [*row[:7], bool(row[7]), tuple(dict.fromkeys([*given, *own])), *row[10:]]
    return LinkRecord(*columns)


def of_notes(db: Database, known: set[str]) -> list[LinkRecord]:
    """Links that stand in documents and are no records of their own, each address once, by address."""
    sql = (
        "SELECT target, max(label), min(document_id), min(coalesce(published, ingested)) FROM outbound "
        "JOIN documents ON documents.id = document_id WHERE form = 'url' GROUP BY target ORDER BY target"
    )
    return [
        LinkRecord(id_of(url), url, label or url, "", date, "note", "read", False, (), document_id, "", "", date, "")
        for url, label, document_id, date in db.rows(sql)
        if url not in known
    ]


def find(db: Database | None, prefix: str, canonical: str = "") -> LinkRecord:
    """The record with an id, the beginning of one, or an address (and its one form). Raises `UnknownId`."""
    found: list[LinkRecord] = []
    if db is not None and prefix:
        found = listed(db, "WHERE url IN (?, ?)", (prefix, canonical))
        found = found or listed(db, "WHERE id >= ? AND id < ?", (prefix, prefix + "\uffff"))
        if not found:
            records = of_notes(db, set())
            found = [r for r in records if prefix == r.url] or [r for r in records if r.id.startswith(prefix)]
    if not found:
        raise UnknownId(f"No link has the id {prefix!r}. kb links list shows the ids.")
    if len(found) > 1:
        raise UnknownId(f"{prefix!r} fits several links: {', '.join(r.id for r in found[:5])}. Write more of it.")
    return found[0]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a person makes of a link; None leaves a state as it is. `tags` are added, `untag` taken away."""

    state: State | None = None
    best: bool | None = None
    tags: tuple[str, ...] = ()
    untag: tuple[str, ...] = ()


def mark(db: Database, record: LinkRecord, mark: Mark, now: str) -> None:
    """Set states; a link of a note gets a record by it. The same twice is the same as once."""
    db.change(
        "INSERT OR IGNORE INTO links (id, url, title, summary, date, origin, document_id, state, seen) "
        "VALUES (?,?,?,?,?,?,?,?,?)",
        (record.id, record.url, record.title, "", record.date, record.origin, record.document_id, record.state, now),
    )
    rows = db.rows("SELECT tags, own_tags FROM links WHERE id = ?", (record.id,))
    given, own = json.loads(rows[0][0]), json.loads(rows[0][1])
    gone = {tag.casefold() for tag in mark.untag}
    own = list(dict.fromkeys([*own, *(tag for tag in mark.tags if tag not in given)]))
    own = [tag for tag in own if tag.casefold() not in gone]
    given = [tag for tag in given if tag.casefold() not in gone]
    db.change(
        "UPDATE links SET state = ?, best = ?, tags = ?, own_tags = ?, marked = ? WHERE id = ?",
        (
            mark.state or record.state,
            int(record.best if mark.best is None else mark.best),
            json.dumps(given, ensure_ascii=False),
            json.dumps(own, ensure_ascii=False),
            now,
            record.id,
        ),
    )


def own_tags(db: Database) -> set[str]:
    """Every tag that the person gave a link, in lower case."""
    return {tag.casefold() for (row,) in db.rows("SELECT own_tags FROM links") for tag in json.loads(row)}


def note_reading(db: Database, url: str, outcome: str) -> None:
    """Keep what came of reading a link's page: `full`, or why there is only its headline."""
    db.change("UPDATE links SET read_whole = ? WHERE url = ?", (outcome, url))
