"""What commands print for people."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kb.text.markdown import name_of, shown
from kb.types import locators
from kb.types.documents import NOTHING_YET, Answer, Citation, Hearing, Hit, SearchResult

if TYPE_CHECKING:
    from index.storage.feeds import FeedRow
    from index.storage.links import LinkRecord
    from index.storage.rows import Entry
    from kb.answer.check_document import Checked
    from kb.digest.build import Digest
    from kb.digest.fetch import FetchReport
    from kb.library.browse import Edges, Place, SourceRow
    from kb.library.doctor import Finding
    from kb.library.status import Status
    from kb.quiz.cards import Card, Due, Retention
    from kb.quiz.grading import Grade
    from kb.quiz.items import Quiz, QuizItem
    from kb.sync.report import Report

_MARKS = {"ok": "", "queued": "  (waits to be read)", "gone": "  (its file is gone)"}
_SHOWN_PROBLEMS = 20
_PASSAGE_CHARS = 400


def console(stderr: bool = False) -> Console:
    """Where text goes; no markup of Rich's is read from sources, and nothing is highlighted by guess."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def safe(text: str) -> str:
    """A title or path without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)


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


def hits(out: Console, found: tuple[Hit, ...]) -> None:
    """Hits with their place, link and passage."""
    for hit in found:
        head = Text.assemble((f"{hit.rank:>2}  ", "bold"), (safe(hit.title), "bold"), f" · {hit.kind} · ")
        head.append(safe(locators.describe(hit.chunk.locator)))
        head.append(f"   {hit.scores.fused:.3f}", "dim")
        out.print(head)
        passage = textwrap.shorten(shown(hit.chunk.text), _PASSAGE_CHARS, placeholder=" …")
        out.print(textwrap.indent(textwrap.fill(passage, 100), "    "))
        out.print(Text("    " + hit.link, "dim"))


def search(out: Console, result: SearchResult, empty: bool) -> None:
    """A search's hits; `empty`: there is nothing to be searched."""
    if not result.hits:
        out.print(f"No hits. {NOTHING_YET if empty else 'kb status says what is in this knowledge base.'}")
    hits(out, result.hits)


def trace(out: Console, result: SearchResult) -> None:
    """Ranks and scores of each hit, and why candidates fell."""
    if not result.dropped and not result.hits:
        return
    times = "  ".join(f"{name} {ms:.0f} ms" for name, ms in result.timings.items())
    out.print(Text(f"\ntrace   {times}", "dim"))
    out.print(Text("rank  fused  cosine (rank)   BM25 (rank)   passage", "dim"))
    for hit in result.hits:
        s = hit.scores
        vector, lexical = s.vector_rank or "–", s.lexical_rank or "–"
        out.print(
            f"{hit.rank:>4}  {s.fused:.3f}  {s.cosine:.3f} ({vector!s:>3})  {s.bm25:6.2f} ({lexical!s:>3})  "
            f"{hit.chunk.id}  {safe(hit.title)}"
        )
    for fallen in result.dropped:
        s = fallen.scores
        vector, lexical = s.vector_rank or "–", s.lexical_rank or "–"
        out.print(
            f"   –  {s.fused:.3f}  {s.cosine:.3f} ({vector!s:>3})  {s.bm25:6.2f} ({lexical!s:>3})  "
            f"{fallen.chunk_id}  {safe(fallen.title)}: {fallen.reason}"
        )


def answer(out: Console, given: Answer) -> None:
    """An answer with its sources, or what is nearest to one; the first line is the headline."""
    out.print(Text(safe(given.question), "bold"))
    if given.searched:
        out.print(Text(f"understood as: {safe(given.searched)}", "dim"))
    out.print()
    if given.abstained:
        sure = f" (confidence {given.confidence:.2f})" if given.nearest else ""
        out.print(given.text + sure)
        if given.nearest:
            out.print("\nThe nearest passages:")
            hits(out, given.nearest)
        _around(out, given)
        return
    for n, claim in enumerate(given.claims):
        marks = "".join(f" [{c}]" for c in claim.citations)
        lines = textwrap.fill(shown(claim.text) + marks, 100, initial_indent="  ", subsequent_indent="  ")
        out.print(Text(lines, "bold" if n == 0 and len(given.claims) > 1 else ""))
        if not claim.supported:
            out.print(Text(f"  not supported: {shown(claim.why)}", "yellow"))
    out.print()
    out.print(Text("Sources", "bold"))
    for cited in given.citations:
        citation(out, cited)
    stand = sum(claim.supported for claim in given.claims)
    out.print(
        Text(
            f"\n{given.level} · {given.answerer} · {stand} of {len(given.claims)} statements supported · "
            f"confidence {given.confidence:.2f} · {given.ms:.0f} ms",
            "dim",
        )
    )
    _around(out, given)


def _around(out: Console, given: Answer) -> None:
    """What a person should know beside an answer: what happened on the way, which filters were perhaps meant."""
    for note in given.notes:
        out.print(Text(safe(note), "yellow"))
    for n, offer in enumerate(given.offers, start=1):
        flags = " ".join(safe(flag) for flag in offer.flags)
        out.print(Text(f"“{safe(offer.words)}”: {safe(offer.label)}? ({flags}; in kb chat: /only {n})", "dim"))
    if given.trace is not None:
        trace(out, given.trace)


def checked(out: Console, found: Checked) -> None:
    """A line a statement, with what is wrong; sources that could not be had; how many stand."""
    for verdict in found.verdicts:
        mark = ("stands  ", "green") if verdict.supported else ("fails   ", "bold red")
        marks = "".join(f" [{n}]" for n in verdict.statement.cited)
        out.print(Text.assemble(mark, shown(verdict.statement.text) + marks))
        for fault in verdict.faults:
            out.print(Text(f"        {fault.kind}: {shown(fault.said)}", "yellow"))
    for n, error in found.missing:
        out.print(Text.assemble(("source  ", "bold red"), f"[{n}]: {safe(error)}"))
    out.print(f"{found.supported} of {len(found.verdicts)} statements supported")


def citation(out: Console, cited: Citation) -> None:
    """A source: title, place, the words quoted, a link."""
    head = Text.assemble((f"[{cited.n}] ", "bold"), safe(cited.title), f" · {cited.kind} · ")
    head.append(safe(locators.describe(cited.locator)))
    out.print(head)
    quote = textwrap.shorten(shown(cited.quote), _PASSAGE_CHARS, placeholder=" …")
    out.print(textwrap.fill(f"“{quote}”", 100, initial_indent="    ", subsequent_indent="    "))
    out.print(Text("    " + cited.link, "dim"))


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


def _heard(how: Hearing) -> str:
    language = how["language"] or "unknown"
    return f"{locators.clock(how['seconds'])} by {how['engine']} with {how['model']}, language {language}"


def findings(out: Console, found: list[Finding]) -> None:
    """A line a part; for one that is not well, what to do."""
    for finding in found:
        mark = ("well  ", "green") if finding.well else ("wrong ", "bold red")
        out.print(Text.assemble(mark, f"{finding.name:<14}", safe(finding.seen)))
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


def question(out: Console, item: QuizItem, n: int, of: int) -> None:
    """A question with its options, what it is about above it."""
    about, _, asked = item.question.partition("\n")
    out.print(Text.assemble((f"{n} of {of}  ", "dim"), (safe(about) if asked else "", "dim")))
    out.print(Text(safe(asked or about), "bold"))
    for place, option in enumerate(item.options):
        out.print(f"  {chr(ord('a') + place)}) {safe(option)}")


def verdict(out: Console, item: QuizItem, grade: Grade, due: str) -> None:
    """Whether an answer was right, with the words of the source, where they stand, and when the question comes back."""
    word, style = ("nearly right" if grade.near else "right", "green") if grade.correct else ("not so", "red")
    told = Text.assemble((word, style), f": {safe(item.answer)}")
    if grade.why:
        told.append(f"  ({safe(grade.why)})", "dim")
    out.print(told)
    quote = textwrap.fill(f"“{shown(item.quote)}”", 100)
    out.print(textwrap.indent(quote, "    "))
    out.print(Text(f"    {safe(item.title)} · {safe(locators.describe(item.locator))} · {safe(item.link)}", "dim"))
    if due:
        out.print(Text(f"    comes back {due[:16].replace('T', ' ')} (UTC)", "dim"))
    out.print()


def quiz_notes(out: Console, made: Quiz) -> None:
    """What a person should know of a quiz beside its questions."""
    for note in made.notes:
        out.print(Text(safe(note), "yellow"))
    if made.rejected:
        count = sum(made.rejected.values())
        reasons = sorted(made.rejected.items(), key=lambda pair: -pair[1])[:4]
        told = ", ".join(f"{reason} {n}" for reason, n in reasons)
        out.print(Text(f"thrown away on the way: {count} ({told})", "dim"))


def due_notes(out: Console, found: Due) -> None:
    """What is not asked now, and why."""
    if not found.cards:
        when = f" The next is due {found.next_due[:16].replace('T', ' ')} (UTC)." if found.next_due else ""
        waits = f" {found.waiting} wait for another day: the day's limit is reached." if found.waiting else ""
        out.print(f"Nothing is due.{waits}{when}")
    elif found.waiting:
        out.print(Text(f"{found.waiting} more wait for another day.", "dim"))
    if found.stale:
        first = found.stale[0][2]
        out.print(Text(f"stale cards: {len(found.stale)}; of the first, {first} (kb cards list).", "yellow"))
    for card_id, why in found.broken:
        out.print(Text(f"{card_id}: {safe(why)}; it is left as it is (kb cards remove {card_id}).", "yellow"))


def retention(out: Console, found: Retention) -> None:
    """What was remembered, counted; no streaks."""
    out.print(f"{found.cards} cards, {found.learnt} answered at least once, {found.due} due now")
    if found.asked:
        share = 100 * found.recalled / found.asked
        out.print(f"of {found.asked} answers to cards seen before, {found.recalled} were right ({share:.0f} %)")
    if found.learnt:
        out.print(f"the scheduler expects {100 * found.expected:.0f} % of them to be remembered now")
    for day, n, right in found.by_day[-14:]:
        out.print(Text(f"  {day}  {right} of {n} right", "dim"))


def cards(out: Console, found: Sequence[Card], left: Sequence[tuple[str, str]]) -> None:
    """Cards with the day on which each comes back."""
    if not found and not left:
        out.print("No cards yet. kb quiz makes them.")
    for one in found:
        about, _, asked = one.item.question.partition("\n")
        out.print(Text.assemble((f"{one.item.id}  ", "dim"), safe(asked or about)))
        out.print(Text(f"    due {one.due[:10]} · answers {one.answered} · {safe(one.item.title)}", "dim"))
    for card_id, why in left:
        out.print(Text(f"{card_id}  cannot be asked: {safe(why)}", "yellow"))
