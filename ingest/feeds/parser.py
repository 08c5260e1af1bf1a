"""Feeds: RSS, Atom and JSON Feed, from their bytes, by feedparser; what podcasts add, by an XML parser that resolves
nothing.

https://www.rssboard.org/rss-specification, https://www.rfc-editor.org/rfc/rfc4287, https://jsonfeed.org/version/1.1
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.feeds import podcasts
from ingest.feeds.entries import (
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
    place_of,
    short_title,
    tag_names,
    with_distinct_keys,
)
from ingest.feeds.json_feed import LOOKS_LIKE_JSON_FEED, parse_json_feed
from ingest.feeds.podcasts import Enclosure, Episode
from ingest.net import urls
from ingest.text.html import clip, is_html, text_of

_LOOKS = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ITEM = re.compile(rb"<((?:\w+:)?(?:item|entry))(?=[\s>/])", re.IGNORECASE)
# Entities that a document declares are how a few bytes become gigabytes; a feed needs none of its own.
_DECLARATIONS = re.compile(rb"<!DOCTYPE[^>\[]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)
_HEAD = 4096
_FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|text/xml", re.IGNORECASE)


def is_feed(data: bytes) -> bool:
    """Whether bytes begin like a feed: RSS, RDF, Atom, or a JSON Feed."""
    head = data[:_HEAD]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return LOOKS_LIKE_JSON_FEED.search(head) is not None
    return _LOOKS.search(head) is not None and _PAGE.search(head[: head.find(b"<channel") % (_HEAD + 1)]) is None


def parse(data: bytes, url: str, content_type: str = "") -> Feed:
    """The feed in these bytes, which came from `url`. Raises `NotAFeed`."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return parse_json_feed(data, url)
    data, left_out = _shortened(_DECLARATIONS.sub(b"", data))
    found = _parsed(data, url, content_type)
    channel = found.feed
    if not found.entries and not found.get("version"):
        _refuse(data, found)
    known = podcasts.parse(data)
    warnings = []
    if found.bozo and found.entries and not _is_harmless(found.bozo_exception):
        warnings.append(
            f"the feed is not well formed ({_said(found.bozo_exception)}); its entries were read all the same"
        )
    if left_out:
        warnings.append(f"it has {left_out + MOST_ENTRIES} entries or more; the newest {MOST_ENTRIES} are read")
    base = found.get("href") or url
    episodes = known.matched(found.entries)
    entries = [_entry(row, episode, base) for row, episode in zip(found.entries, episodes, strict=True)]
    kept = [entry for entry in entries if entry is not None]
    if len(kept) < len(entries):
        warnings.append(f"{len(entries) - len(kept)} entries say nothing: neither a title nor a link")
    return Feed(
        title=short_title(channel.get("title", "")),
        site=absolute_link(channel.get("link", ""), base),
        moved=known.moved or _moved(data),
        description=text_of(known.summary or channel.get("subtitle", "") or channel.get("description", "")),
        language=channel.get("language", ""),
        author=channel.get("author", "") or known.author,
        image=absolute_link((channel.get("image") or {}).get("href", "") or channel.get("icon", ""), base),
        explicit=known.explicit,
        entries=tuple(newest_entries(with_distinct_keys(kept))),
        warnings=tuple(warnings),
    )


def _parsed(data: bytes, url: str, content_type: str) -> Any:
    """feedparser's reading; it is given bytes, since it would open a string that looks like a path or an address."""
    import feedparser

    headers = {"content-location": url}
    if content_type:
        headers["content-type"] = content_type
    try:
        return feedparser.parse(data, response_headers=headers)
    except Exception as error:
        # Its two parsers raise whatever they met; a feed that stops them is no feed for anybody else either.
        raise NotAFeed(f"it cannot be read as a feed ({type(error).__name__})") from None


def _refuse(data: bytes, found: Any) -> None:
    if moved := _moved(data):
        raise NotAFeed(f"the feed has moved to {moved}")
    if not data.strip():
        raise NotAFeed("it is empty")
    if _PAGE.search(data[:_HEAD]):
        raise NotAFeed("it is a page, not a feed")
    if not _LOOKS.search(data):
        raise NotAFeed("it is no feed")
    if found.bozo:
        raise NotAFeed(f"the feed cannot be read ({_said(found.bozo_exception)})")


def _is_harmless(error: Any) -> bool:
    """Whether what feedparser complains of changes nothing: a media type, an encoding that was found out."""
    return type(error).__name__ in ("NonXMLContentType", "CharacterEncodingOverride")


def _said(error: Any) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


def _moved(data: bytes) -> str:
    """The address that a feed of 1999's kind says it moved to. https://www.rssboard.org/redirect-rss-feed"""
    match = re.search(rb"<redirect>\s*<newLocation>\s*(https?://[^\s<>]{3,500})\s*<", data[:_HEAD], re.IGNORECASE)
    return match[1].decode("utf-8", "replace") if match else ""


def _shortened(data: bytes) -> tuple[bytes, int]:
    """A feed without the middle of too many entries, before the slow parser sees it; and how many were left out.

    Its newest stand at one end: both ends are kept, and `parse` takes the newest of them.
    """
    starts = [match.start() for match in _ITEM.finditer(data)]
    if len(starts) <= 2 * MOST_ENTRIES:
        return data, max(0, len(starts) - MOST_ENTRIES)
    return data[: starts[MOST_ENTRIES]] + data[starts[-MOST_ENTRIES] :], len(starts) - MOST_ENTRIES


def _entry(row: Any, episode: Episode, base: str) -> FeedEntry | None:
    html = next((c["value"].strip() for c in row.get("content", []) if c.get("value", "").strip()), "")
    said = row.get("summary", "")
    # A summary in HTML beside the whole text is its beginning with "read more" after it: the text itself says more.
    summary = "" if html and (said.strip() == html or is_html(said)) else text_of(said)
    enclosures = tuple(
        Enclosure(link, row_.get("type", "") or "application/octet-stream", byte_count(row_.get("length", "")))
        for row_ in row.get("enclosures", [])
        if (link := absolute_link(row_.get("href", ""), base))
    )
    title = short_title(row.get("title", ""))
    link = absolute_link(row.get("link", ""), base)
    url = urls.canonical(link) if link else ""
    content = text_of(html)
    words = summary or content
    if not (title or url or enclosures or words):
        return None
    published = _when(row, "published", "updated", "created")
    guid = str(row.get("id", "") or "").strip()
    named = title or words
    return FeedEntry(
        key=guid or place_of(url, link) or (enclosures[0].url if enclosures else "") or hashed(named, published),
        url=url,
        title=title or opening_of(words),
        summary=summary or clip(content, LONGEST_SUMMARY),
        content=content,
        published=published,
        authors=tuple(dict.fromkeys(name for a in row.get("authors", []) if (name := a.get("name", "").strip()))),
        tags=tag_names(tag.get("label") or tag.get("term") or "" for tag in row.get("tags", [])),
        comments=absolute_link(row.get("comments", ""), base),
        subtitle=row.get("subtitle", ""),
        html=html,
        part=urlsplit(link).fragment,
        image=absolute_link((row.get("image") or {}).get("href", "") or _thumbnail(row), base),
        episode=replace(episode, enclosures=enclosures),
    )


def _thumbnail(row: Any) -> str:
    return next((str(t.get("url", "")) for t in row.get("media_thumbnail", [])), "")


def _when(row: Any, *names: str) -> str:
    for name in names:
        parsed = row.get(f"{name}_parsed")
        if parsed:
            try:
                return dt.datetime.fromtimestamp(calendar.timegm(parsed), dt.UTC).isoformat(timespec="seconds")
            except (ValueError, OverflowError, OSError):
                continue
    return ""


# JSON Feed


# Pages that name their feeds


def discover(page: bytes, url: str) -> list[str]:
    """The addresses of the feeds that a page names by `<link rel="alternate">`, in its order."""
    from lxml import etree
    from lxml import html as parser

    try:
        root = parser.document_fromstring(page)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return []
    base = next((href for href in root.xpath("//base/@href") if href), url)
    found = []
    for link in root.iter("link"):
        rel, kind = (link.get("rel") or "").lower().split(), (link.get("type") or "").strip()
        if "alternate" in rel and _FEED_TYPES.fullmatch(kind):
            address = absolute_link(link.get("href") or "", urljoin(url, base))
            # WordPress names the feed of each page's comments beside its own.
            of_comments = "/comments/" in address or "comment" in (link.get("title") or "").casefold()
            if address and "oembed" not in address and not of_comments:
                found.append(address)
    return list(dict.fromkeys(found))
