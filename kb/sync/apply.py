"""Changed documents on their way into the store, a group at a time: an interruption loses at most one group."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Literal

from index.models.embedder import Embedder
from index.writer import Change, Writer
from kb.sync.failures import Failures
from kb.sync.report import Report

# A group is written at once: large enough that the indexes' own commits do not count, small enough to lose.
_GROUP_CHUNKS = 512
_GROUP_DOCUMENTS = 100
_GROUP_SECONDS = 5.0

Outcome = Literal["added", "updated"]


class Apply:
    """Embeds and writes changes; counts each in the report once it is searchable."""

    def __init__(
        self,
        writer: Writer | None,
        embedder: Callable[[], Embedder],
        now: Callable[[], dt.datetime],
        report: Report,
        failures: Failures,
        on_embedded: Callable[[str], None],
    ) -> None:
        """`on_embedded` is called with a document's uri whenever passages were embedded. A dry run has no `writer`."""
        self._writer = writer
        self._embedder = embedder
        self._now = now
        self._report = report
        self._failures = failures
        self._on_embedded = on_embedded
        self._group: list[tuple[Change, Outcome]] = []
        self._began = 0.0

    def add(self, change: Change, outcome: Outcome) -> None:
        """Take a change; a group that is large or old enough is written."""
        if not self._group:
            self._began = time.monotonic()
        self._group.append((change, outcome))
        waiting = sum(len(change.chunks) for change, _ in self._group)
        # Addresses come slowly; what was fetched should not wait long to be stored.
        late = time.monotonic() - self._began > _GROUP_SECONDS
        if waiting >= _GROUP_CHUNKS or len(self._group) >= _GROUP_DOCUMENTS or late:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if not self._group or self._writer is None:
            return
        changes = [change for change, _ in self._group]

        def embedded(n: int) -> None:
            self._report.embedded += n
            self._on_embedded(changes[-1].document.uri)

        self._writer.embed(changes, self._embedder(), embedded)
        self._writer.apply(changes, self._now().isoformat(timespec="seconds"))
        for change, outcome in self._group:
            self._failures.renew(change.document.uri)
            self._report.chunks += len(change.chunks)
            self.count(outcome)
        self._group = []

    def count(self, outcome: Outcome) -> None:
        """One more document that was, or would be, added or updated."""
        if outcome == "added":
            self._report.added += 1
        else:
            self._report.updated += 1
