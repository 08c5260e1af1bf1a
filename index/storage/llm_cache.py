"""What a language model wrote, by a key of what it was written from, so that the same is never asked twice."""

from __future__ import annotations

from index.storage.database import Database


def get(db: Database, key: str) -> str | None:
    """What was written for a key; None if nothing was."""
    rows = db.rows("SELECT text FROM written WHERE key = ?", (key,))
    return str(rows[0][0]) if rows else None


def put(db: Database, key: str, text: str) -> None:
    """Store what was written for a key."""
    db.change("INSERT OR REPLACE INTO written VALUES (?, ?)", (key, text))
