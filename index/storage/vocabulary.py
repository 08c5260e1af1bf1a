"""Words of transcripts, for names that a recogniser misheard."""

from __future__ import annotations

from collections.abc import Iterable

from index.storage.database import Database


def put(db: Database, words: Iterable[str]) -> None:
    """Store words that transcripts use. A word that is said nowhere any more does no harm: it finds nothing."""
    db.change_many("INSERT OR IGNORE INTO vocabulary VALUES (?)", [(word,) for word in words])


def words(db: Database) -> list[str]:
    """Every word that some transcript uses."""
    return [str(row[0]) for row in db.rows("SELECT word FROM vocabulary")]
