"""`kb ingest`: once, or again and again while files change."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.discovery import expanded
from ingest.remote import is_remote
from kb.cli.progress import bar
from kb.cli.render import library as render_library
from kb.cli.render.terminal import console
from kb.errors import KbError, StoreError, UsageError
from kb.library import to_json

if TYPE_CHECKING:
    from kb.library import Library
    from kb.sync.report import IngestFlags

# An editor that saves in several steps is done by then.
_SETTLED_MS = 400
# Seconds that a watch waits for another writer before it says so and goes on watching.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments of the command."""

    places: list[str]
    kind: str | None
    flags: IngestFlags
    wait: float
    json: bool


def from_stdin(library: Library) -> str:
    """What is piped in, kept as a file in the home's inbox, named by its content; the file's path.

    Raises `StoreError` if it cannot be kept.
    """
    data = sys.stdin.buffer.read()
    path = library.home / "inbox" / f"{hashlib.sha256(data).hexdigest()[:12]}.md"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise StoreError(f"What came in could not be kept in {path.parent} ({error.strerror}).") from None
    return str(path)


def once(library: Library, asked: Asked, quiet: bool = False) -> int:
    """Ingest, name what failed, print the summary line; `quiet` prints nothing where nothing changed."""
    from kb.sync.report import Report

    report = Report()
    try:
        with bar() as tell:
            library.ingest(
                asked.places,
                asked.kind,
                asked.wait,
                tell,
                report,
                **asked.flags,
            )
    finally:
        changed = report.added or report.updated or report.removed or report.failed
        if asked.json and (changed or not quiet):
            print(to_json.dump(to_json.ingest(report)), flush=True)
        elif report.seconds and (changed or not quiet):
            render_library.heard(console(stderr=True), report)
            render_library.problems(console(stderr=True), report)
            would = "would have: " if asked.flags.get("dry_run") else ""
            console().print(would + render_library.summary(report))
    return 1 if report.failed else 0


def watch(library: Library, asked: Asked) -> None:
    """Ingest the places again whenever something below them changes, until Ctrl-C (which ends the command with 130)."""
    from watchfiles import Change, DefaultFilter
    from watchfiles import watch as changes

    there = [path.resolve() for place in asked.places if (path := expanded(place)).exists()]
    if not there:
        raise UsageError("There is nothing to watch: none of the places exists.")
    # A file that is saved by renaming is another file each time; its folder stays.
    folders = sorted({path if path.is_dir() else path.parent for path in there})
    usual = DefaultFilter()
    home = library.home.resolve()

    def wanted(change: Change, changed: str) -> bool:
        """What was named or lies below it; not editors' own files, and not what this program writes itself."""
        path = Path(changed).resolve()
        named = any(path == place or (place.is_dir() and path.is_relative_to(place)) for place in there)
        return named and usual(change, changed) and not path.is_relative_to(home)

    console(stderr=True).print("watching; Ctrl-C ends")
    # Addresses do not tell when they change; asking them again and again is not for a watch.
    local = [place for place in asked.places if not is_remote(place)]
    flags: IngestFlags = {**asked.flags, "force": False, "retry_failed": False}
    again = replace(asked, places=local, flags=flags)
    try:
        for _ in changes(*folders, watch_filter=wanted, debounce=_SETTLED_MS):
            _again(library, again)
    except OSError:
        # No watches left in the system, or a file system that cannot tell: look every second instead.
        for _ in changes(*folders, watch_filter=wanted, debounce=_SETTLED_MS, force_polling=True, poll_delay_ms=1000):
            _again(library, again)


def _again(library: Library, asked: Asked) -> None:
    """Ingest once more; what stands in the way now (another writer, too much gone) need not the next time."""
    try:
        once(library, replace(asked, wait=max(asked.wait, _PATIENCE)), quiet=True)
    except KbError as error:
        console(stderr=True).print(f"kb: {error}")
