"""Feeds, links and digests, as text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kb.cli.render.terminal import console, safe

if TYPE_CHECKING:
    from index.storage.feeds import FeedRow
    from index.storage.links import LinkRecord
    from kb.digest.fetch import FetchReport
    from kb.digest.items import Digest
from kb.cli.render.library import _SHOWN_PROBLEMS, failed


def feeds(out: Console, rows: Sequence[FeedRow]) -> None:
    """Feeds with what came of them the last time."""
    if not rows:
        out.print("No feeds are followed yet. Run: kb feeds add URL, or kb feeds import FILE.opml.")
    for row in rows:
        state = "gone for good" if row.state == "gone" else f"failed: {row.error}" if row.error else ""
        when = f"read {row.fetched[:10]}" if row.fetched else "not read yet"
        tags = "".join(f" #{tag}" for tag in row.tags)
        weight = f" · weight {row.weight:g}" if row.weight != 1 else ""
        out.print(Text.assemble((f"{row.id}  ", "dim"), (safe(row.title or row.url), "bold"), safe(tags)))
        facts = f"    {row.entries} entries · {when}{weight}" + (f" · {state}" if state else "")
        out.print(Text(safe(facts) + f" · {safe(row.url)}", "red" if state else "dim"))
        if row.warning:
            out.print(Text(f"    {safe(row.warning)}", "yellow"))


def fetched(report: FetchReport) -> None:
    """What a fetch did, in a line, after what failed."""
    failed(report.failed)
    warned = console(stderr=True)
    for name, warning in report.warnings[:_SHOWN_PROBLEMS]:
        warned.print(Text.assemble(("warning ", "yellow"), safe(name), f": {safe(warning)}"))
    whole = f" read whole {report.read_whole}" if report.read_whole else ""
    console().print(
        f"feeds {report.feeds} unchanged {report.unchanged} added {report.added} updated {report.updated}{whole} "
        f"failed {len(report.failed)} in {report.seconds:.1f} s"
    )


def links(out: Console, found: Sequence[LinkRecord], narrowed: bool = False) -> None:
    """Links with their states, a line of facts below each; `narrowed`: only some were asked for."""
    if not found and narrowed:
        out.print("No link is like that.")
    elif not found:
        out.print("No links. Feeds and link digests bring them: kb feeds add URL, kb ingest digest.md.")
    for record in found:
        marks = ("best " if record.best else "") + ("read" if record.state == "read" else "unread")
        tags = "".join(f" #{tag}" for tag in record.tags)
        out.print(Text.assemble((f"{record.id}  ", "dim"), (safe(record.title), "bold")))
        out.print(Text(f"    {marks} · {record.date[:10] or 'no date'}{safe(tags)} · {safe(record.url)}", "dim"))


def told(made: Digest, followed: bool, form: str, output: Path | None) -> None:
    """What a person should know of a digest beside it: that nothing is new, what failed, where it is."""
    out = console(stderr=form != "md" or output is not None)
    if not made.items:
        since = f" since {made.since[:16].replace('T', ' ')} (UTC)" if made.since else ""
        nothing = f"Nothing new{since}." if followed else "No feeds are followed yet. Run: kb feeds add URL."
        out.print(nothing)
    elif output is not None:
        out.print(f"{len(made.items)} items in {output}")
    failed(made.failed)
    for name, warning in made.warnings[:_SHOWN_PROBLEMS]:
        console(stderr=True).print(Text.assemble(("warning ", "yellow"), safe(name), f": {safe(warning)}"))
