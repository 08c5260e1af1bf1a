"""Where words stand: locators as JSON, as a phrase for people, and as a link that opens there."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from kb.types.documents import Lines, Locator, Metadata, Page, Paragraph, Post, TimeSpan

_TYPES: dict[type, str] = {Lines: "lines", TimeSpan: "time", Page: "page", Post: "post", Paragraph: "paragraph"}


def speakers(locator: Locator) -> tuple[str, ...]:
    """Who speaks there, as far as the source tells."""
    return locator.speakers if isinstance(locator, TimeSpan | Paragraph) else ()


def as_json(locator: Locator) -> dict[str, Any]:
    """`{"type": "lines", "start": 12, "end": 20, "heading": […]}` and its like."""
    values = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(locator).items()}
    return {"type": _TYPES[type(locator)], **values}


def from_json(row: dict[str, Any]) -> Locator:
    """The locator that `as_json` wrote."""
    match row["type"]:
        case "lines":
            return Lines(row["start"], row["end"], tuple(row["heading"]))
        case "time":
            return TimeSpan(row["start"], row["end"], tuple(row["speakers"]))
        case "page":
            return Page(row["page"], tuple(row.get("heading", ())))
        case "post":
            return Post(row["post"], row.get("chain", 0))
        case _:
            return Paragraph(row["n"], tuple(row["speakers"]))


def clock(seconds: float) -> str:
    """Seconds as a person says them: 7:05, 1:02:09."""
    whole = int(seconds)
    hours, minutes, secs = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def describe(locator: Locator) -> str:
    """`lines 12–20 · Heading › Sub`, `16:49–16:56 · Speaker`, `page 3`, `post 123`, `paragraph 4`."""
    if isinstance(locator, Lines):
        lines = f"line {locator.start}" if locator.start == locator.end else f"lines {locator.start}–{locator.end}"
        return " · ".join([lines, *([" › ".join(locator.heading)] if locator.heading else [])])
    if isinstance(locator, TimeSpan):
        span = clock(locator.start)
        if int(locator.end) > int(locator.start):
            span += f"–{clock(locator.end)}"
        return " · ".join([span, *locator.speakers])
    if isinstance(locator, Page):
        return " · ".join([f"page {locator.page}", *([" › ".join(locator.heading)] if locator.heading else [])])
    if isinstance(locator, Post):
        return f"post {locator.post}"
    return " · ".join([f"paragraph {locator.n}", *locator.speakers])


def link(uri: str, metadata: Metadata, locator: Locator, lines: tuple[int, int] | None = None) -> str:
    """A link that opens a source at a place: lines of a file, seconds of a recording, a page.

    `lines` are those of the file itself, for talk and paragraphs, whose locators do not give them.
    """
    if isinstance(locator, TimeSpan):
        url = metadata.get("url", "")
        if _is_youtube(url):
            return _with_query(url, "t", f"{int(locator.start)}s")
        if media := metadata.get("media", ""):
            end = f",{locator.end:g}" if locator.end > locator.start else ""
            return f"{media}#t={locator.start:g}{end}"
    if isinstance(locator, Page):
        return f"{metadata.get('pdf', uri)}#page={locator.page}"
    if isinstance(locator, Lines):
        for entry in metadata.get("entries", []):
            if entry["first_line"] <= locator.start <= entry["last_line"]:
                return entry["url"]
    if isinstance(locator, Post) and (url := metadata.get("url", "")):
        return f"{url}#p{locator.post}" if "boards.4chan" in url else f"{url}#{locator.post}"
    if not uri.startswith("file://"):
        return uri
    if isinstance(locator, Lines):
        lines = (locator.start, locator.end)
    if lines is None or metadata.get("rendered"):
        return uri
    return f"{uri}#L{lines[0]}" if lines[0] == lines[1] else f"{uri}#L{lines[0]}-L{lines[1]}"


def obsidian(metadata: Metadata, locator: Locator | None = None) -> str:
    """A link that opens a note of a vault in Obsidian, at its heading; empty for what lies in none."""
    if "vault" not in metadata:
        return ""
    path = metadata["vault_path"].removesuffix(".md")
    if isinstance(locator, Lines) and locator.heading:
        path += f"#{locator.heading[-1]}"
    return f"obsidian://open?vault={quote(metadata['vault'], safe='')}&file={quote(path, safe='')}"


def _is_youtube(url: str) -> bool:
    return bool(re.match(r"https?://(?:www\.|m\.)?(?:youtube\.com/watch|youtu\.be/)", url))


def _with_query(url: str, name: str, value: str) -> str:
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != name]
    return urlunsplit(parts._replace(query=urlencode([*query, (name, value)]), fragment=""))
