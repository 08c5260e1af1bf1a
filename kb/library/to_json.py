"""The JSON that commands print: a contract, added to but never changed (docs/json.md)."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kb.types import locators
from kb.types.answers import Answer, Citation
from kb.types.search import Hit, SearchResult

if TYPE_CHECKING:
    from kb.answer.check_document import Checked
    from kb.library.browse import Edge, Edges, Place, SourceRow
    from kb.library.status import Status
    from kb.summaries.thread_recap import Recapped
    from kb.sync.report import Report


def dump(value: object) -> str:
    """One line of JSON; words stay readable. Half an emoji, which no file can hold, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


def ingest(report: Report) -> dict[str, Any]:
    """What an ingest did."""
    return {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "skipped": [{"uri": uri, "reason": reason} for uri, reason in report.skipped],
        "failed": [{"uri": uri, "error": error} for uri, error in report.failed],
        "chunks": report.chunks,
        "embedded": report.embedded,
        "seconds": round(report.seconds, 3),
        "warnings": [{"uri": uri, "warning": warning} for uri, warning in report.warnings],
        "transcribed": [
            {"uri": one.uri, "seconds": round(one.seconds, 3), "took": round(one.took, 3)} for one in report.heard
        ],
    }


def hit(found: Hit) -> dict[str, Any]:
    """A hit of a search."""
    chunk = found.chunk
    return {
        "rank": found.rank,
        "score": round(found.scores.fused, 6),
        "chunk_id": chunk.id,
        "document_id": chunk.document_id,
        "kind": found.kind,
        "title": found.title,
        "uri": found.uri,
        "locator": locators.as_json(chunk.locator),
        "link": found.link,
        "start_char": None if chunk.derived else chunk.start_char,
        "end_char": None if chunk.derived else chunk.end_char,
        "text": chunk.text,
        "derived": chunk.derived,
        "breadcrumb": list(chunk.breadcrumb),
    }


def search(result: SearchResult, batch_id: object = None) -> dict[str, Any]:
    """A search, with its trace where there is one."""
    out: dict[str, Any] = {
        "id": batch_id,
        "query": result.query,
        "hits": [hit(h) for h in result.hits],
        "ms": round(result.ms, 2),
    }
    if result.dropped:
        out["trace"] = trace(result)
    return out


def trace(result: SearchResult) -> dict[str, Any]:
    """Why hits stand where they do and others fell."""
    return {
        "timings_ms": {name: round(ms, 2) for name, ms in result.timings.items()},
        "hits": [{"chunk_id": h.chunk.id, **asdict(h.scores)} for h in result.hits],
        "dropped": [
            {"chunk_id": d.chunk_id, "title": d.title, "reason": d.reason, **asdict(d.scores)} for d in result.dropped
        ],
    }


def citation(cited: Citation) -> dict[str, Any]:
    """A citation."""
    return {
        "n": cited.n,
        "document_id": cited.document_id,
        "chunk_id": cited.chunk_id,
        "kind": cited.kind,
        "title": cited.title,
        "uri": cited.uri,
        "locator": locators.as_json(cited.locator),
        "link": cited.link,
        "quote": cited.quote,
        "start_char": cited.start_char,
        "end_char": cited.end_char,
    }


def ask(answer: Answer, batch_id: object = None) -> dict[str, Any]:
    """An answer."""
    out: dict[str, Any] = {
        "id": batch_id,
        "question": answer.question,
        "level": answer.level,
        "answer": answer.text,
        "abstained": answer.abstained,
        "confidence": answer.confidence,
        "answerer": answer.answerer,
        "claims": [
            {
                "text": c.text,
                "citations": list(c.citations),
                "supported": c.supported,
                "why": c.why,
                "quotes": [asdict(quote) for quote in c.quotes],
            }
            for c in answer.claims
        ],
        "citations": [citation(c) for c in answer.citations],
        "nearest": [hit(h) for h in answer.nearest],
        "ms": round(answer.ms, 2),
        "searched": answer.searched or answer.question,
        "notes": list(answer.notes),
        "offers": [{"words": o.words, "label": o.label, "flags": list(o.flags)} for o in answer.offers],
    }
    if answer.trace is not None:
        out["trace"] = trace(answer.trace)
    return out


def checked(found: Checked) -> dict[str, Any]:
    """The verdicts of a check."""
    return {
        "supported": found.supported,
        "statements": [
            {
                "text": v.statement.text,
                "citations": list(v.statement.cited),
                "supported": v.supported,
                "support": v.support,
                "faults": [asdict(fault) for fault in v.faults],
            }
            for v in found.verdicts
        ],
        "missing": [{"n": n, "error": error} for n, error in found.missing],
    }


def place(found: Place) -> dict[str, Any]:
    """Where an id leads."""
    return {
        "document_id": found.document_id,
        "chunk_id": found.chunk_id,
        "kind": found.kind,
        "title": found.title,
        "uri": found.uri,
        "link": found.link,
        "locator": locators.as_json(found.locator) if found.locator else None,
        "text": found.text,
        "obsidian": found.obsidian or None,
    }


def edges(found: Edges) -> dict[str, Any]:
    """The links out of a document and back to it."""

    def rows(each: list[Edge]) -> list[dict[str, Any]]:
        return [{**edge.link, "document_id": edge.document_id, "title": edge.title} for edge in each]

    return {"links": rows(found.out), "backlinks": rows(found.back)}


def recap(found: Recapped) -> dict[str, Any]:
    """A thread's recap."""
    blocks = [
        {"summary": block.summary, "posts": list(block.posts), "by": by}
        for block, by in zip(found.blocks, found.by, strict=True)
    ]
    return {"thread": found.thread, "blocks": blocks, "text": found.text}


def source(row: SourceRow) -> dict[str, Any]:
    """A source in a list."""
    return asdict(row)


def status(found: Status) -> dict[str, Any]:
    """The state of a knowledge base."""
    out = asdict(found)
    out["home"] = str(found.home)
    out["warnings"] = [{"uri": uri, "warning": warning} for uri, warning in found.warnings]
    return out
