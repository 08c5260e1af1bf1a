"""Progress of long work, on standard error, only where a person is watching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kb.sync.report import Progress


@contextmanager
def bar() -> Iterator[Callable[[Progress], None]]:
    """A line that says how far an ingest is; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from kb.cli.render.terminal import safe

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("looking", total=None)

        def tell(progress: object) -> None:
            done, total = getattr(progress, "done", 0), getattr(progress, "total", 0)
            embedded, pace = getattr(progress, "embedded", 0), getattr(progress, "hearing", None)
            told = f"hearing {safe(pace.name)}: {pace.told}" if pace is not None else f"{embedded} passages embedded"
            shown.update(task, completed=done, total=total, description=escape(told))

        yield tell


@contextmanager
def steps(what: str) -> Iterator[Callable[[int, int], None]]:
    """A line that says how many of how many are done; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(what, total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def stages() -> Iterator[Callable[[str, int, int], None]]:
    """A line for each part of a work in turn: what it is at, and how far; nothing where nobody watches."""
    if not sys.stderr.isatty():
        yield lambda _what, _done, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("looking", total=None)

        def tell(what: str, done: int, total: int) -> None:
            count = f"{done} of {total}" if total else str(done)
            shown.update(task, completed=done, total=total or None, description=f"{what}: {count}")

        yield tell
