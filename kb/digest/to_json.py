"""Feeds, links and digests as JSON: the field names that programs rely on."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.storage.feeds import FeedRow
    from index.storage.links import LinkRecord
    from kb.digest.fetch import FetchReport
    from kb.digest.items import Digest


def feed(row: FeedRow) -> dict[str, Any]:
    """A feed in a list. `state`: new, ok, failed, gone."""
    return {
        "id": row.id,
        "url": row.url,
        "title": row.title,
        "site": row.site,
        "tags": list(row.tags),
        "weight": row.weight,
        "state": "failed" if row.error and row.state != "gone" else row.state,
        "error": row.error or None,
        "warning": row.warning or None,
        "entries": row.entries,
        "fetched": row.fetched or None,
    }


def fetched(report: FetchReport) -> dict[str, Any]:
    """What a fetch of feeds did."""
    out = asdict(report)
    out["failed"] = [{"feed": name, "error": error} for name, error in report.failed]
    out["warnings"] = [{"feed": name, "warning": warning} for name, warning in report.warnings]
    return out


def link(record: LinkRecord) -> dict[str, Any]:
    """A link in a list."""
    return {
        "id": record.id,
        "url": record.url,
        "title": record.title,
        "summary": record.summary,
        "date": record.date,
        "origin": record.origin,
        "state": record.state,
        "best": record.best,
        "tags": list(record.tags),
        "document_id": record.document_id or None,
        "discusses": record.discusses or None,
        "full_text": record.read_whole == "full",
    }


def digest(made: Digest) -> dict[str, Any]:
    """A digest; times are ISO 8601 in UTC, an item's date is of the person's own zone."""
    return {
        "date": made.date,
        "since": made.since or None,
        "until": made.until,
        "items": [
            {
                "id": item.id,
                "url": item.url,
                "title": item.title,
                "summary": item.summary,
                "date": item.date,
                "feed": item.feed,
                "tags": list(item.tags),
                "state": item.state,
                "best": item.best,
                "relation": asdict(item.relation),
                "also": [{"feed": name, "url": url} for name, url in item.also],
                "discusses": item.discusses or None,
                "headline_only": item.headline_only or None,
                "score": item.score,
            }
            for item in made.items
        ],
        "failed": [{"feed": name, "error": error} for name, error in made.failed],
        "warnings": [{"feed": name, "warning": warning} for name, warning in made.warnings],
    }
