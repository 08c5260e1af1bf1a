"""The file of a day's digest: its window, and what the person ticked in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from index.storage import feeds, links
from index.storage.catalog import Catalog
from index.storage.feeds import DigestWindow
from index.storage.links import LinkRecord
from ingest.links import digests
from ingest.text.decoding import decode
from kb.digest import render
from kb.digest.items import Digest
from kb.errors import StoreError
from kb.text import atomic_write
from kb.text.markdown import plain

T = TypeVar("T")
FOLDER = "digests"
_LOOKED_AT = 31  # of the latest files, for ticks


def window(catalog: Catalog, now: dt.datetime, first: str | None, last: str | None) -> DigestWindow:
    """The window of a digest that is written now. Times in UTC; days begin and end in the person's own zone.

    Without dates: from where the last day's digest ended, so that a day without one loses nothing; the same day's
    again covers what its first run did, and what came since. With dates: those days, whenever their links were found;
    nothing counts as told then (`through` is empty).
    """
    today, until = now.date().isoformat(), now.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    if first is None and last is None:
        before = feeds.written(catalog, today)
        kept = before is not None and bool(before.through)
        since = before.since if before is not None and kept else feeds.told_through(catalog, today)
        return DigestWindow(today, since, until, until)
    since = _midnight(first, now) if first is not None else ""
    end = _midnight((dt.date.fromisoformat(last) + dt.timedelta(days=1)).isoformat(), now) if last is not None else ""
    # One second more than now: what is of this very second is of today.
    return DigestWindow(today, since, end or _utc(now + dt.timedelta(seconds=1)), "")


def _midnight(day: str, now: dt.datetime) -> str:
    """The beginning of a day in the person's zone, whatever its offset was on that day."""
    date = dt.date.fromisoformat(day)
    local = dt.datetime(date.year, date.month, date.day, tzinfo=now.tzinfo)
    if not hasattr(now.tzinfo, "key"):
        # The zone of this machine, which `astimezone` gave as a fixed offset: that of the day may be another.
        naive = dt.datetime(date.year, date.month, date.day)
        local = naive.astimezone() if now.tzinfo == now.astimezone().tzinfo else local
    return _utc(local)


def _utc(when: dt.datetime) -> str:
    return when.astimezone(dt.UTC).isoformat(timespec="seconds")


def path_of(home: Path, date: str) -> Path:
    """Where the digest of a day is kept."""
    return home / FOLDER / f"{date}.md"


@dataclass(frozen=True, slots=True)
class DigestLink:
    """A link of a written digest: its record as it stands now, and how the digest said it stands to what is known."""

    record: LinkRecord
    relation: str


def latest(catalog: Catalog, home: Path) -> tuple[str, tuple[DigestLink, ...]]:
    """The date of the latest digest that was written, and its links in its order; empty where there is none."""
    for path in sorted((home / FOLDER).glob("????-??-??.md"), reverse=True):
        text = _text(path)
        if text is None:
            continue
        lines = text.splitlines()
        entries = digests.placed_entries(text)
        records = links.by_url(catalog, [entry["url"] for entry in entries])
        told = []
        for entry in entries:
            if entry["url"] in records:
                own = lines[entry["first_line"] - 1 : entry["last_line"]]
                said = next((line for line in own if line.startswith(("New to you;", "Repeats:"))), "")
                told.append(DigestLink(records[entry["url"]], plain(said)))
        return path.stem, tuple(told)
    return "", ()


def write(home: Path, digest: Digest) -> Path:
    """Write a digest's file whole or not at all, and give its path. Raises `StoreError`."""
    path = path_of(home, digest.date)
    data = render.markdown(digest).encode("utf-8", "replace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"The digest could not be written to {path} ({error.strerror}).") from None
    atomic_write.put(path, lambda draft: draft.write_bytes(data))
    return path


@dataclass(frozen=True, slots=True)
class _Kept:
    """A digest's file as it was written: the hash of its text without ticks, and what was ticked in it by address."""

    hash: str
    read: frozenset[str]
    best: frozenset[str]

    @classmethod
    def of(cls, text: str) -> _Kept:
        entries = digests.read_entries(text)
        read = frozenset(entry["url"] for entry in entries if entry["state"] == "read")
        best = frozenset(entry["url"] for entry in entries if entry["best"])
        bare = re.sub(r"\[[xX ]\]", "[ ]", text.replace("\r\n", "\n"))
        return cls(hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest(), read, best)


def take_ticks(catalog: Catalog, home: Path, now: str) -> int:
    """Mark what was ticked in digests since they were written, and take back what was unticked; how many links.

    A file that cannot be read is passed over; it is only the person's own copy of what the catalog has.
    """
    taken = 0
    for path in sorted((home / FOLDER).glob("????-??-??.md"))[-_LOOKED_AT:]:
        text = _text(path)
        if text is None:
            continue
        now_there, before = _Kept.of(text), _remembered(catalog, path)
        marks: dict[str, links.Mark] = {}
        for url in (now_there.read ^ before.read) | (now_there.best ^ before.best):
            marks[url] = links.Mark(
                state=_changed(url, now_there.read, before.read, "read", "unread"),
                best=_changed(url, now_there.best, before.best, True, False),
            )
        with catalog.transaction():
            for record in links.by_url(catalog, list(marks)).values():
                links.mark(catalog, record, marks[record.url], now)
                taken += 1
            _remember(catalog, path, replace(now_there, hash=before.hash or now_there.hash))
    return taken


def _changed(url: str, there: frozenset[str], before: frozenset[str], on: T, off: T) -> T | None:
    return None if (url in there) == (url in before) else on if url in there else off


def keep_edits(catalog: Catalog, path: Path) -> Path | None:
    """Put a file aside in which a person wrote more than ticks, before it is written anew; where it is then."""
    text = _text(path)
    before = _remembered(catalog, path)
    if text is None or not before.hash or _Kept.of(text).hash == before.hash:
        return None
    aside = next(a for n in range(1, 1000) if not (a := path.with_name(f"{path.stem}-edited-{n}.md")).exists())
    try:
        aside.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path} was edited and could not be put aside ({error.strerror}).") from None
    return aside


def remember(catalog: Catalog, path: Path) -> None:
    """Note a file as it was written: what stands ticked in it came from the catalog. The caller holds a transaction."""
    _remember(catalog, path, _Kept.of(path.read_text(encoding="utf-8")))


def _text(path: Path) -> str | None:
    try:
        return decode(path.read_bytes()).text
    except (OSError, ValueError):
        return None


def _remember(catalog: Catalog, path: Path, kept: _Kept) -> None:
    row = {"hash": kept.hash, "read": sorted(kept.read), "best": sorted(kept.best)}
    catalog.set_fact(f"ticks:{path.stem}", json.dumps(row))


def _remembered(catalog: Catalog, path: Path) -> _Kept:
    try:
        row = json.loads(catalog.fact(f"ticks:{path.stem}") or "{}")
        return _Kept(row.get("hash", ""), frozenset(row.get("read", ())), frozenset(row.get("best", ())))
    except (ValueError, AttributeError, TypeError):
        return _Kept("", frozenset(), frozenset())
