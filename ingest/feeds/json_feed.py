"""JSON Feed (https://jsonfeed.org/version/1.1)."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import Any

from ingest.feeds.entries import (
    LONGEST_SECONDS,
    LONGEST_SUMMARY,
    MOST_ENTRIES,
    Feed,
    FeedEntry,
    NotAFeed,
    absolute_link,
    byte_count,
    hashed,
    newest_entries,
    opening_of,
    short_title,
    tag_names,
    with_distinct_keys,
)
from ingest.feeds.podcasts import Enclosure, Episode
from ingest.net import urls
from ingest.text.html import clip, text_of

LOOKS_LIKE_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:(?:\\?/){2}jsonfeed\.org', re.IGNORECASE)


def parse_json_feed(data: bytes, url: str) -> Feed:
    """A JSON Feed. Raises `NotAFeed`."""
    try:
        row = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        raise NotAFeed("it is JSON that breaks off or is damaged") from None
    if not isinstance(row, dict) or "jsonfeed.org" not in str(row.get("version", "")):
        raise NotAFeed("it is JSON, and no JSON Feed")
    items = [item for item in _list(row, "items") if isinstance(item, dict)]
    entries = [entry for item in items if (entry := _json_entry(item, url))]
    warnings = [f"it has {len(items)} entries; the newest {MOST_ENTRIES} are read"] if len(items) > MOST_ENTRIES else []
    return Feed(
        title=short_title(row.get("title", "")),
        site=absolute_link(row.get("home_page_url") or "", url),
        description=text_of(str(row.get("description") or "")),
        language=str(row.get("language") or ""),
        author=", ".join(_names(row)),
        entries=tuple(newest_entries(with_distinct_keys(entries))),
        warnings=tuple(warnings),
    )


def _json_entry(item: Mapping[str, Any], base: str) -> FeedEntry | None:
    html = str(item.get("content_html") or "")
    text = text_of(html) if html else str(item.get("content_text") or "")
    # `external_url` is what a link blog writes about; `url` its own page.
    own, about = absolute_link(item.get("url") or "", base), absolute_link(item.get("external_url") or "", base)
    url = urls.canonical(about or own) if about or own else ""
    title = short_title(item.get("title") or "") or opening_of(text)
    attachments = [a for a in _list(item, "attachments") if isinstance(a, dict)]
    enclosures = tuple(
        Enclosure(link, str(a.get("mime_type") or ""), byte_count(str(a.get("size_in_bytes") or "")))
        for a in attachments
        if (link := absolute_link(str(a.get("url") or ""), base))
    )
    if not (title or url or enclosures):
        return None
    published = _iso(item.get("date_published") or item.get("date_modified"))
    guid = str(item.get("id") or "").strip()
    lasts = next((a.get("duration_in_seconds") for a in attachments), 0)
    return FeedEntry(
        key=guid or url or (enclosures[0].url if enclosures else "") or hashed(title, published),
        url=url,
        title=title,
        summary=text_of(str(item.get("summary") or "")) or clip(text, LONGEST_SUMMARY),
        content=text,
        published=published,
        authors=_names(item),
        tags=tag_names(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        comments=own if about else "",
        html=html,
        episode=Episode(
            enclosures,
            seconds=float(lasts) if isinstance(lasts, int | float) and 0 <= lasts < LONGEST_SECONDS else 0.0,
        ),
    )


def _list(row: Mapping[str, Any], name: str) -> list[Any]:
    """A list of a row; empty where there is something else."""
    found = row.get(name)
    return found if isinstance(found, list) else []


def _names(row: Mapping[str, Any]) -> tuple[str, ...]:
    found = [row.get("author"), *_list(row, "authors")]
    return tuple(dict.fromkeys(str(a["name"]) for a in found if isinstance(a, dict) and a.get("name")))


def _iso(value: Any) -> str:
    try:
        when = dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        return ""
    when = when if when.tzinfo else when.replace(tzinfo=dt.UTC)
    try:
        return when.astimezone(dt.UTC).isoformat(timespec="seconds")
    except (OverflowError, ValueError):
        return ""
