"""Vectors by the hash of the text that was embedded and by model, so that no text is ever embedded twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from index.storage.database import MOST_VARIABLES, Database

Vector = npt.NDArray[np.float32]


def by_hash(db: Database, hashes: Sequence[bytes], model: str) -> dict[bytes, Vector]:
    """Stored vectors by the hash of the embedded text."""
    found = {}
    for at in range(0, len(hashes), MOST_VARIABLES):
        part = list(hashes[at : at + MOST_VARIABLES])
        marks = ",".join("?" * len(part))
        rows = db.rows(f"SELECT hash, vector FROM vectors WHERE model = ? AND hash IN ({marks})", [model, *part])
        for digest, blob in rows:
            found[digest] = np.frombuffer(blob, dtype=np.float32)
    return found


def by_chunk(db: Database, ids: Sequence[str], model: str) -> dict[str, Vector]:
    """Vectors by chunk id."""
    rows = db.rows_for("SELECT id, embedded_hash FROM chunks WHERE id IN (?)", ids)
    found = by_hash(db, [digest for _, digest in rows], model)
    return {chunk_id: found[digest] for chunk_id, digest in rows if digest in found}


def put(db: Database, vectors: Iterable[tuple[bytes, Vector]], model: str) -> None:
    """Store vectors by the hash of the embedded text."""
    rows = [(digest, model, vector.astype(np.float32).tobytes()) for digest, vector in vectors]
    db.change_many("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)


def drop_others(db: Database, model: str) -> None:
    """Delete the vectors of other models, and of texts that are in no passage any more."""
    db.change("DELETE FROM vectors WHERE model != ? OR hash NOT IN (SELECT embedded_hash FROM chunks)", (model,))


def missing(db: Database, model: str) -> dict[bytes, str]:
    """The embedded text of each chunk without a stored vector, by its hash."""
    return dict(
        db.rows(
            "SELECT embedded_hash, embedded FROM chunks WHERE NOT EXISTS "
            "(SELECT 1 FROM vectors WHERE hash = embedded_hash AND model = ?)",
            (model,),
        )
    )
