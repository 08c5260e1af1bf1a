"""The file of a day's digest: its window, and what the person ticked in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import tempfile
from pathlib import Path

from index import links, subscriptions
from index.catalog import Catalog
from index.subscriptions import Written
from ingest import digests
from ingest.decoding import decode
from kb.errors import StoreError, StoreFull
from kb.tutor import daily_forms
from kb.tutor.daily import Digest

FOLDER = "digests"
_LOOKED_AT = 31  # of the latest files, for ticks


def window(catalog: Catalog, now: dt.datetime, first: str | None, last: str | None) -> Written:
    """The window of a digest that is written now. Times in UTC; days begin and end in the person's own zone.

    Without dates: from where the last day's digest ended, so that a day without one loses nothing; the same day's
    again covers what its first run did, and what came since. With dates: those days, whenever their links were found.
    """
    today, until = now.date().isoformat(), now.astimezone(dt.UTC).isoformat(timespec="milliseconds")
    if first is None and last is None:
        before = subscriptions.written(catalog, today)
        kept = before is not None and bool(before.through)
        since = before.since if before is not None and kept else subscriptions.told_through(catalog, today)
        return Written(today, since, until, until)
    since = _midnight(first, now) if first is not None else ""
    end = _midnight((dt.date.fromisoformat(last) + dt.timedelta(days=1)).isoformat(), now) if last is not None else ""
    # One second more than now: what is of this very second is of today.
    return Written(today, since, end or _utc(now + dt.timedelta(seconds=1)), "")


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


def write(home: Path, digest: Digest) -> Path:
    """Write a digest's file whole or not at all, and give its path. Raises `StoreError`."""
    path = path_of(home, digest.date)
    data = daily_forms.markdown(digest).encode("utf-8", "replace")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            Path(draft).chmod(0o644)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        if error.errno == 28:
            raise StoreFull(str(path.parent)) from error
        raise StoreError(f"The digest could not be written to {path} ({error.strerror}).") from None
    return path


def take_ticks(catalog: Catalog, home: Path, now: str) -> int:
    """Mark what is ticked in digests that were changed since they were last read; how many links that were new to.

    A box that is empty again takes nothing back: marks may have been set elsewhere. A file that cannot be read is
    passed over; it is only the person's own copy of what the catalog has.
    """
    taken = 0
    for path in sorted((home / FOLDER).glob("????-??-??.md"))[-_LOOKED_AT:]:
        try:
            data = path.read_bytes()
            text = decode(data).text
        except (OSError, ValueError):
            continue
        if catalog.fact(_fact(path)) == hashlib.sha256(data).hexdigest():
            continue
        ticked = {entry["url"]: entry for entry in digests.read_entries(text) if entry["state"] or entry["best"]}
        with catalog.transaction():
            for record in links.by_url(catalog, list(ticked)).values():
                entry = ticked[record.url]
                read, best = entry["state"] == "read", entry["best"]
                if (read and record.state != "read") or (best and not record.best):
                    links.mark(catalog, record, links.Mark("read" if read else None, True if best else None), now)
                    taken += 1
            catalog.set_fact(_fact(path), hashlib.sha256(data).hexdigest())
    return taken


def remember(catalog: Catalog, path: Path) -> None:
    """Note a file as it was written: what stands ticked in it came from the catalog. The caller holds a transaction."""
    catalog.set_fact(_fact(path), hashlib.sha256(path.read_bytes()).hexdigest())


def _fact(path: Path) -> str:
    return f"ticks:{path.stem}"
