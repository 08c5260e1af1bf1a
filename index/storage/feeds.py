"""Subscriptions: feeds with what their servers said last, the entries that were seen, the digests that were written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from index.storage.database import Database
from kb.errors import UnknownId


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed that is subscribed to.

    `etag`, `modified` and `hash` tell whether it changed; `state` is new, ok, failed (with the `error`) or gone (its
    server said so, for good). `not_before` is when its server wants to be asked again; `typed`: the address
    is the person's own choice, and no redirect's. Times are ISO 8601 in UTC.
    """

    id: str
    url: str
    title: str
    site: str
    tags: tuple[str, ...]
    weight: float
    etag: str
    modified: str
    hash: str
    state: str
    error: str
    warning: str
    failures: int
    not_before: str
    typed: bool
    added: str
    fetched: str
    entries: int = 0


@dataclass(frozen=True, slots=True)
class SeenEntry:
    """An entry that a feed gave: the address of its document, when it was first seen, its date.

    `news` is False for what was old when its feed was first fetched. `pending` is JSON of what is still to be fetched.
    """

    feed_id: str
    key: str
    url: str
    title: str
    hash: str
    seen: str
    date: str
    news: bool
    pending: str = ""


_FEED = (
    "SELECT id, url, title, site, tags, weight, etag, modified, hash, state, error, warning, failures, "
    "not_before, typed, added, fetched, (SELECT count(*) FROM entries WHERE feed_id = feeds.id) FROM feeds"
)
_ENTRY = "SELECT feed_id, key, url, title, hash, seen, date, news, pending FROM entries"


def feeds(db: Database) -> list[FeedRow]:
    """Every feed, by title."""
    rows = db.rows(f"{_FEED} ORDER BY lower(CASE title WHEN '' THEN url ELSE title END), url")
    return [_feed(row) for row in rows]


def _feed(row: tuple[Any, ...]) -> FeedRow:
    columns = [*row[:4], tuple(json.loads(row[4])), *row[5:14], bool(row[14]), *row[15:]]
    return FeedRow(*columns)


def find(db: Database | None, name: str) -> FeedRow:
    """The feed with an id, the beginning of one, an address or a title. Raises `UnknownId`."""
    every = feeds(db) if db is not None else []
    found = [f for f in every if name in (f.url, f.id)] or [f for f in every if name and f.id.startswith(name)]
    found = found or [f for f in every if f.title.casefold() == name.casefold()]
    if not found:
        raise UnknownId(f"No feed has the id, address or title {name!r}. kb feeds list shows them.")
    if len(found) > 1:
        raise UnknownId(f"{name!r} fits several feeds: {', '.join(f.id for f in found[:5])}. Write the id.")
    return found[0]


def add(db: Database, url: str, title: str, tags: Sequence[str], weight: float | None, now: str) -> bool:
    """Subscribe; False if that was so already: its tags are added to then, and its weight set where one is given."""
    before = db.rows("SELECT tags FROM feeds WHERE url = ?", (url,))
    if before:
        both = list(dict.fromkeys([*json.loads(before[0][0]), *tags]))
        db.change("UPDATE feeds SET tags = ? WHERE url = ?", (json.dumps(both, ensure_ascii=False), url))
        if weight is not None:
            db.change("UPDATE feeds SET weight = ? WHERE url = ?", (weight, url))
        return False
    feed_id = "f" + hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    while db.rows("SELECT 1 FROM feeds WHERE id = ?", (feed_id,)):
        # A feed that moved keeps the id that its old address gave it.
        feed_id = "f" + hashlib.sha256(feed_id.encode()).hexdigest()[:12]
    db.change(
        "INSERT INTO feeds (id, url, title, tags, weight, added) VALUES (?,?,?,?,?,?)",
        (feed_id, url, title, json.dumps(list(tags), ensure_ascii=False), 1.0 if weight is None else weight, now),
    )
    return True


def remove(db: Database, feed_id: str) -> None:
    """Unsubscribe. What its entries told stays, with its links."""
    db.change("DELETE FROM entries WHERE feed_id = ?", (feed_id,))
    db.change("DELETE FROM feeds WHERE id = ?", (feed_id,))


def update(db: Database, feed_id: str, **values: Any) -> None:
    """Set columns of a feed, by our own names."""
    assignments = ", ".join(f"{name} = ?" for name in values)
    db.change(f"UPDATE feeds SET {assignments} WHERE id = ?", (*values.values(), feed_id))


def seen(db: Database, feed_id: str) -> dict[str, SeenEntry]:
    """The entries of a feed, by key."""
    rows = db.rows(f"{_ENTRY} WHERE feed_id = ?", (feed_id,))
    return {row[1]: _entry(row) for row in rows}


def put_entries(db: Database, entries: Iterable[SeenEntry], at: str) -> None:
    """Keep entries, those that have no `seen` yet as seen now (`at`); what was first said of each stays."""
    for e in entries:
        db.change(
            "INSERT INTO entries VALUES (?,?,?,?,?,?,?,?,?) ON CONFLICT (feed_id, key) DO UPDATE SET "
            "url = excluded.url, title = excluded.title, hash = excluded.hash, pending = excluded.pending",
            (e.feed_id, e.key, e.url, e.title, e.hash, e.seen or at, e.date, int(e.news), e.pending),
        )


def feed_of(db: Database, url: str) -> str:
    """The address of a feed that told of a link; empty if none did."""
    rows = db.rows("SELECT url FROM feeds WHERE id IN (SELECT feed_id FROM entries WHERE url = ?)", (url,))
    return str(rows[0][0]) if rows else ""


def feeds_of(db: Database, url: str) -> list[str]:
    """The ids of the feeds that told of a link."""
    return [str(row[0]) for row in db.rows("SELECT DISTINCT feed_id FROM entries WHERE url = ?", (url,))]


def pending(db: Database, limit: int) -> list[SeenEntry]:
    """Entries of which something is still to be fetched, the latest first; one where several feeds tell of it."""
    where = "WHERE pending != '' GROUP BY url ORDER BY date DESC LIMIT ?"
    return [_entry(row) for row in db.rows(f"{_ENTRY} {where}", (limit,))]


def set_pending(db: Database, entry: SeenEntry, pending: str) -> None:
    """Note what of an entry is still to be fetched, whichever feed told of it; empty if nothing."""
    db.change("UPDATE entries SET pending = ? WHERE url = ? AND pending != ''", (pending, entry.url))


def news(db: Database, since: str, until: str) -> list[SeenEntry]:
    """What became known after `since`, up to `until` (UTC), and was news then."""
    where = "WHERE seen > ? AND seen <= ? AND news = 1 ORDER BY date DESC, url"
    return [_entry(row) for row in db.rows(f"{_ENTRY} {where}", (since, until))]


def dated(db: Database, since: str, until: str) -> list[SeenEntry]:
    """What is of the time from `since` until before `until` (UTC), whenever it became known."""
    where = "WHERE date >= ? AND date < ? ORDER BY date DESC, url"
    return [_entry(row) for row in db.rows(f"{_ENTRY} {where}", (since, until))]


def _entry(row: tuple[Any, ...]) -> SeenEntry:
    columns = [*row[:7], bool(row[7]), row[8]]
    return SeenEntry(*columns)


@dataclass(frozen=True, slots=True)
class DigestWindow:
    """A digest that was written: the day it is of, its window, and up to when it told all that was new.

    `through` is empty where the person chose the window. Times are ISO 8601 in UTC.
    """

    date: str
    since: str
    until: str
    through: str


def written(db: Database, date: str) -> DigestWindow | None:
    """The digest of a day."""
    rows = db.rows("SELECT date, since, until, through FROM digests WHERE date = ?", (date,))
    return DigestWindow(*rows[0]) if rows else None


def told_through(db: Database, before: str) -> str:
    """Up to when the digests of the days before one told all that was new; empty if there is none."""
    rows = db.rows("SELECT max(through) FROM digests WHERE date < ?", (before,))
    return str(rows[0][0] or "")


def note_written(db: Database, digest: DigestWindow) -> None:
    """Keep that a digest was written, in place of an earlier one of that day."""
    db.change(
        "INSERT OR REPLACE INTO digests VALUES (?,?,?,?)", (digest.date, digest.since, digest.until, digest.through)
    )
