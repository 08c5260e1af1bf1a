"""What changes the store: sources added, removed, the indexes built again."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from kb.config import model_name
from kb.errors import UsageError
from kb.types.documents import KINDS

if TYPE_CHECKING:
    from index.rebuild import Rebuilt
    from kb.library.context import LibraryContext
    from kb.library.sources import Sources
    from kb.sync.report import IngestFlags, Progress, Report


class Sync:
    """Brings the store up to date: ingest, removal, indexes built again."""

    def __init__(self, context: LibraryContext, sources: Sources) -> None:
        self._context = context
        self._sources = sources

    def ingest(
        self,
        places: Iterable[str | Path],
        kind: str | None = None,
        wait: float = 0.0,
        on_progress: Callable[[Progress], None] | None = None,
        report: Report | None = None,
        **flags: Unpack[IngestFlags],
    ) -> Report:
        """Add files, folders and addresses; unchanged ones cost nothing. A recording that is named is transcribed.

        `flags` are the fields of `kb.sync.report.IngestOptions`. A `report` that is passed in is filled as the work
        goes, so that it is there after an interruption too.
        Raises `UsageError` for an unknown kind, `MassRemoval`, and `StoreError` if the base cannot be written.
        """
        from index.writer import writing
        from ingest.remote import is_remote
        from kb.sync.report import IngestOptions, Report

        kind = "link" if kind == "feed" else kind
        chosen = next((k for k in KINDS if k == kind), None)
        if kind is not None and chosen is None:
            raise UsageError(f"There is no kind {kind!r}. Kinds are: {', '.join(KINDS)}, feed.")
        options = IngestOptions(kind=chosen, **flags)
        named = list(places)
        if options.board and not re.fullmatch(r"/?\w{1,6}/?", options.board):
            raise UsageError(f"{options.board!r} is no board; write it as in --board g.")
        options = replace(options, board=options.board.strip("/"))
        filled = report if report is not None else Report()
        online = any(is_remote(place) for place in named)
        if options.dry_run:
            return self._context.ingest_run(None, self._context.catalog(), options, filled, on_progress, online).run(
                named
            )
        # Hearing takes hours; meanwhile others may write.
        hearing = self._context.ingest_run(None, self._context.catalog(), options, Report(), on_progress, online)
        before = hearing.hear(named)
        filled.heard += before.heard
        filled.seconds += before.seconds
        with writing(self._context.home, self._context.model, wait) as writer:
            ingest = self._context.ingest_run(writer, writer.catalog, options, filled, on_progress, online, hearing)
            return ingest.run(named)

    def remove(self, prefixes: Sequence[str], wait: float = 0.0) -> list[str]:
        """Take sources out, by id or uri, until an ingest with `force`; the uris that went.

        What only failed or waits has no id: its uri takes it off the list. Raises `UnknownId` before anything is
        removed.
        """
        from index.writer import writing

        told = {row.uri for row in self._sources.sources() if row.document_id is None}
        listed = [prefix for prefix in prefixes if prefix in told]
        by_uri = {row.uri: row.document_id for row in self._sources.sources()}
        ids = [by_uri.get(p) or self._sources.find(p)[0] for p in prefixes if p not in told]
        with writing(self._context.home, self._context.model, wait) as writer:
            uris = [entry.uri for entry in writer.catalog.documents_of(ids).values()]
            writer.remove(ids, bury=True)
            with writer.catalog.transaction():
                writer.catalog.unqueue([*listed, *uris])
                for uri in [*listed, *uris]:
                    writer.catalog.clear_failure(uri)
        return [*uris, *listed]

    def reindex(
        self, model: str | None = None, wait: float = 0.0, on_progress: Callable[[int, int], None] | None = None
    ) -> Rebuilt:
        """Build the indexes anew beside the old ones, which answer until then; with `model`, for another model.

        Raises `ModelError` if there is no such model, and `StoreError` if the base cannot be written.
        """
        from index.models.embedder import open_embedder
        from index.rebuild import rebuild
        from index.writer import writing

        embedder = self._context.embedder()
        if model is not None:
            model = model_name(model)
        if model is not None and model != self._context.model:
            embedder = open_embedder(self._context.config.model_copy(update={"model": model}))
        with writing(self._context.home, self._context.model, wait) as writer:
            derive = self._context.deriver(lambda: writer.catalog, online=False)
            rebuilt = rebuild(writer, embedder, on_progress or (lambda _done, _total: None), derive)
        self._context.use_embedder(embedder)
        return rebuilt
