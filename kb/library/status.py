"""How a knowledge base stands: what is in it, what failed, what waits, which models it has, who is writing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from index.models.embedder import backend_name
from index.storage import locks
from index.storage.catalog import Catalog
from index.storage.rows import Failure
from kb.config import Config


@dataclass(frozen=True, slots=True)
class Status:
    """What is in a knowledge base and how it stands."""

    home: Path
    documents: int
    chunks: int
    kinds: dict[str, int]
    failures: list[Failure]
    queued: list[str]
    llm: str
    reader: str
    model: str
    backend: str
    generation: int
    writer: str
    disk_mb: float
    warnings: list[tuple[str, str]] = field(default_factory=list)


def _size(path: Path) -> int:
    """Bytes of a file; none for a folder, or for what went away while it was looked at."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def of(home: Path, config: Config, catalog: Catalog | None, reader: str) -> Status:
    """The state of a home; `catalog` is None while nothing was ever ingested.

    `reader` is the reader's name, or why there is none.
    """
    kinds: dict[str, int] = {}
    warnings: list[tuple[str, str]] = []
    for entry in catalog.entries() if catalog is not None else []:
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        warnings += [(entry.uri, warning) for warning in entry.metadata.get("warnings", [])]
    size = sum(_size(path) for path in home.rglob("*"))
    return Status(
        home=home,
        documents=sum(kinds.values()),
        chunks=catalog.count("chunks") if catalog is not None else 0,
        kinds=dict(sorted(kinds.items())),
        failures=catalog.failures() if catalog is not None else [],
        queued=catalog.queued() if catalog is not None else [],
        llm=f"{config.llm_model} at {config.llm_url}" if config.llm_url else "",
        reader=reader,
        model=(catalog.fact("model") if catalog is not None else None) or config.model,
        backend=backend_name(config),
        generation=catalog.generation() if catalog is not None else 0,
        writer=locks.holder(home),
        disk_mb=round(size / 1e6, 1),
        warnings=warnings,
    )
