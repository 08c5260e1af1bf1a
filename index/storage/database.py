"""The SQLite file under the catalog: opening, versions, transactions, and its errors in plain words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from index.storage.schema import SCHEMA, SCHEMA_VERSION
from kb.errors import StoreError, StoreFull, StoreTooNew

MOST_VARIABLES = 900


@contextmanager
def plain_errors(where: Path) -> Iterator[None]:
    """SQLite's errors as one line: a full disk, a file that is no catalog, a folder that cannot be written."""
    try:
        yield
    except sqlite3.Error as error:
        message = str(error)
        if "full" in message or "disk I/O" in message:
            raise StoreFull(str(where)) from error
        if "locked" in message:
            raise StoreError(f"{where} is locked by another program. Try again when it is done.") from error
        raise StoreError(
            f"{where} cannot be used ({message}). Restore it from a backup or name another home."
        ) from error


class Database:
    """One SQLite file: opened for reading or for writing, brought up to date, asked in portions that SQLite takes."""

    def __init__(self, path: Path, write: bool) -> None:
        """Open `catalog.sqlite` (made when writing). Raises `StoreError`, `StoreTooNew`, `StoreFull`."""
        self.path = path
        with plain_errors(path):
            if write:
                self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
            else:
                uri = path.absolute().as_uri() + "?mode=ro"
                self._db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
            if not write:
                # Queries read faster so; a writer touches every page, and all of them would count as its memory.
                self._db.execute("PRAGMA mmap_size = 268435456")
            self._check_version(write)
            self.made = bool(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _check_version(self, write: bool) -> None:
        found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if found > SCHEMA_VERSION:
            raise StoreTooNew(str(self.path), found, SCHEMA_VERSION)
        if not write and 0 < found < SCHEMA_VERSION:
            # Bringing it up to date only adds tables, so that readers and a writer may go on meanwhile.
            Database(self.path, write=True).close()
        if write and found < SCHEMA_VERSION:
            with self.transaction():
                for statement in SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing."""
        with plain_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def change(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Carry out one statement; how many rows it touched. Inside a transaction, or as one of its own."""
        with plain_errors(self.path):
            return self._db.execute(sql, values).rowcount

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with plain_errors(self.path):
            return self._db.execute(sql, values).fetchall()

    def rows_for(self, sql: str, keys: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Rows of a query with one `IN (?)` list, asked in portions that SQLite takes."""
        rows: list[tuple[Any, ...]] = []
        for at in range(0, len(keys), MOST_VARIABLES):
            part = list(keys[at : at + MOST_VARIABLES])
            rows += self.rows(sql.replace("(?)", f"({','.join('?' * len(part))})"), part)
        return rows

    def change_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Carry out one statement for each row of values."""
        with plain_errors(self.path):
            self._db.executemany(sql, rows)

    def shrink(self) -> None:
        """Give the disk back what is no longer used."""
        with plain_errors(self.path):
            self._db.execute("VACUUM")

    def problem(self) -> str:
        """What SQLite finds wrong with the file; empty if nothing."""
        rows = self.rows("PRAGMA quick_check(1)")
        return "" if rows == [("ok",)] else str(rows[0][0])
