"""Reports, sources, findings and the state of a knowledge base, as text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kb.cli.render.terminal import console, safe
from kb.text.markdown import name_of, shown
from kb.types import locators
from kb.types.answers import NOTHING_YET
from kb.types.documents import Transcription

if TYPE_CHECKING:
    from index.storage.rows import Entry
    from kb.library.browse import Edges, Place, SourceRow
    from kb.library.doctor import Finding
    from kb.library.status import Status
    from kb.sync.report import Report

_MARKS = {"ok": "", "queued": "  (waits to be read)", "gone": "  (its file is gone)"}
_SHOWN_PROBLEMS = 20


def summary(report: Report) -> str:
    """The one line that ends an ingest."""
    parts = [
        f"added {report.added}",
        f"updated {report.updated}",
        f"unchanged {report.unchanged}",
        f"removed {report.removed}",
        f"skipped {len(report.skipped)}",
        f"failed {len(report.failed)}" + (" (kb status)" if report.failed else ""),
    ]
    return " ".join(parts) + f" in {report.seconds:.1f} s"


def heard(out: Console, report: Report) -> None:
    """A line a recording: how long it is and how long hearing it took."""
    for one in report.heard:
        speed = f"heard in {one.took:.0f} s ({one.seconds / one.took:.1f} × real time)" if one.took else "heard before"
        out.print(f"{safe(name_of(one.uri))}: {locators.clock(one.seconds)}, {speed}")


def problems(out: Console, report: Report) -> None:
    """Name each item that failed, was skipped, or was read with a guess."""
    groups = (
        ("failed", "bold red", report.failed),
        ("skipped", "dim", report.skipped),
        ("warning", "yellow", report.warnings),
    )
    for label, style, items in groups:
        for uri, reason in items[:_SHOWN_PROBLEMS]:
            out.print(Text.assemble((f"{label} ", style), safe(name_of(uri)), f": {reason}"))
        if len(items) > _SHOWN_PROBLEMS:
            out.print(f"{label}: and {len(items) - _SHOWN_PROBLEMS} more (--json lists all)")


def place(out: Console, found: Place) -> None:
    """Where an id leads, and the words there."""
    where = f" · {locators.describe(found.locator)}" if found.locator else ""
    out.print(Text(safe(f"{found.title} · {found.kind}{where}"), "bold"))
    out.print(Text(found.link, "dim"))
    if found.obsidian:
        out.print(Text(found.obsidian, "dim"))
    if found.locator is not None:
        out.print(textwrap.fill(shown(found.text), 100))


def sources(out: Console, rows: list[SourceRow]) -> None:
    """A line a source."""
    if not rows:
        out.print("No sources yet. Add some: kb ingest FOLDER")
    for row in rows:
        mark = _MARKS.get(row.state, f"  {row.state}: {row.error}")
        out.print(
            f"{row.document_id or '–':<13}  {row.kind or '–':<10}  {row.chunks:>5}  {safe(row.title)}  "
            f"{safe(name_of(row.uri))}{mark}"
        )


def source(out: Console, entry: Entry, text: str, links: Edges) -> None:
    """What is known of one source; of a recogniser's loops, where each stands and what was repeated."""
    out.print(Text(safe(f"{entry.title} · {entry.kind} · {entry.id}"), "bold"))
    out.print(safe(name_of(entry.uri)))
    out.print(f"{entry.chunks} passages, {len(text):,} characters, ingested {entry.ingested}")
    known = entry.metadata
    facts: list[tuple[str, list[str]]] = [
        ("published", [known["published"]] if "published" in known else []),
        ("authors", known.get("authors", [])),
        ("tags", known.get("tags", [])),
        ("url", [known["url"]] if "url" in known else []),
        ("recording", [name_of(known["media"])] if "media" in known else []),
        ("heard", [_heard(known["heard"])] if "heard" in known else []),
        ("the same in", [name_of(uri) for uri in known.get("also", [])]),
        ("board", [f"/{known['board']}/"] if "board" in known else []),
        ("deleted", [f">>{no}" for no in known.get("deleted", [])]),
        ("not there", [f">>{no}" for no in known.get("dangling", [])]),
        ("warning", known.get("warnings", [])),
    ]
    for name, values in facts:
        if values:
            out.print(f"{name:<12} {safe(', '.join(values))}")
    for edge in links.out:
        target = " › ".join(part for part in (edge.link["target"], edge.link["part"]) if part)
        if edge.link["form"] == "url":
            where = f"{edge.link['label']} {target}".strip()
        else:
            where = target + ("" if edge.document_id else "  (no such note)")
        out.print(f"{'links to':<12} line {edge.link['line']}: {safe(where)}")
    for edge in links.back:
        out.print(f"{'linked from':<12} {safe(edge.title or '')}, line {edge.link['line']}")
    for row in known.get("dropped", []):
        out.print(f"{'left out':<12} {locators.clock(row['start'])}: “{shown(row['text'])}” ({row['reason']})")
    for loop in known.get("collapsed", []):
        line = 1 + len(re.findall(r"\r\n|\r|\n", text[: loop["start_char"]]))
        out.print(f"{'loop':<12} line {line}: “{shown(loop['words'])}” {loop['times']} times, searched once")


def _heard(how: Transcription) -> str:
    language = how["language"] or "unknown"
    return f"{locators.clock(how['seconds'])} by {how['engine']} with {how['model']}, language {language}"


def findings(out: Console, found: list[Finding]) -> None:
    """A line a part; for one that is not well, what to do."""
    for finding in found:
        mark = ("well  ", "green") if finding.well else ("wrong ", "bold red")
        out.print(Text.assemble(mark, f"{finding.name:<15}", safe(finding.seen)))
        if finding.remedy and (not finding.well or finding.remedy.startswith("to use it")):
            out.print(f"      {'' if finding.well else 'what to do: '}{safe(finding.remedy)}")


def status(out: Console, found: Status) -> None:
    """What is in the knowledge base, what failed, which model answers."""
    kinds = ", ".join(f"{n} {kind}" for kind, n in found.kinds.items())
    out.print(Text(f"Knowledge base in {found.home}", "bold"))
    out.print(f"  documents  {found.documents}" + (f" ({kinds})" if kinds else ""))
    out.print(f"  passages   {found.chunks}")
    out.print(f"  embedding  {found.model} by {found.backend}")
    answers = f"written by {found.llm}, each statement checked" if found.llm else "sentences quoted from your sources"
    out.print(f"  answers    {answers}")
    out.print(f"  reader     {found.reader}")
    summaries = f"of threads by {found.llm}" if found.llm else "by rule; no language model is set"
    out.print(f"  summaries  {summaries}")
    out.print(f"  disk       {found.disk_mb} MB")
    if found.writer:
        out.print(f"  writing    {found.writer}")
    if found.queued:
        out.print(f"  waiting    {len(found.queued)} not read yet by an interrupted ingest; --retry-failed reads them")
    if not found.documents and not found.queued:
        out.print(f"\n{NOTHING_YET}")
    for failure in found.failures:
        tries = f", tried {failure.attempts} times" if failure.attempts > 1 else ""
        out.print(Text.assemble(("failed ", "bold red"), safe(name_of(failure.uri)), f": {failure.error}{tries}"))
    for uri, warning in found.warnings[:_SHOWN_PROBLEMS]:
        out.print(Text.assemble(("warning ", "yellow"), safe(name_of(uri)), f": {warning}"))


def failed(rows: Sequence[tuple[str, str]]) -> None:
    """Name what failed, on standard error."""
    out = console(stderr=True)
    for name, error in rows[:_SHOWN_PROBLEMS]:
        out.print(Text.assemble(("failed ", "bold red"), safe(name), f": {safe(error)}"))
    if len(rows) > _SHOWN_PROBLEMS:
        out.print(f"failed: and {len(rows) - _SHOWN_PROBLEMS} more (--json lists all)")
