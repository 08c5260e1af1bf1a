"""Hits, answers and checked statements, as text."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from kb.cli.render.terminal import safe
from kb.text.markdown import shown
from kb.types import locators
from kb.types.answers import NOTHING_YET, Answer, Citation
from kb.types.search import Hit, SearchResult

if TYPE_CHECKING:
    from kb.answer.check_document import Checked


_PASSAGE_CHARS = 400


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
