"""Links out of documents: to other notes, and to addresses of the web."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from index.storage.database import Database
from kb.types.documents import Link

_COLUMNS = "document_id, form, target, part, label, line"


def to_notes(db: Database) -> list[tuple[str, Link]]:
    """Every wikilink and embed, with the id of the document that it is in."""
    return [
        _edge(row) for row in db.rows(f"SELECT {_COLUMNS} FROM outbound WHERE form != 'url' ORDER BY document_id, n")
    ]


def to_url(db: Database, url: str) -> list[tuple[str, Link]]:
    """Where a canonical address is linked from: document ids and the links."""
    sql = f"SELECT {_COLUMNS} FROM outbound WHERE form = 'url' AND target = ? ORDER BY document_id, n"
    return [_edge(row) for row in db.rows(sql, (url,))]


def _edge(row: Sequence[Any]) -> tuple[str, Link]:
    return row[0], {"form": row[1], "target": row[2], "part": row[3], "label": row[4], "line": row[5]}
