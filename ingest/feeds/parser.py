"""Feeds: RSS, Atom and JSON Feed, from their bytes, by feedparser; what podcasts add, by an XML parser that resolves
nothing.

https://www.rssboard.org/rss-specification, https://www.rfc-editor.org/rfc/rfc4287, https://jsonfeed.org/version/1.1
"""

from __future__ import annotations

import calendar
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.feeds import podcasts
from ingest.feeds.podcasts import Enclosure, Episode
from ingest.net import urls
from ingest.text.html import clip, is_html, text_of

# Of a longer feed the newest are read: nobody reads tens of thousands of entries at once.
MOST_ENTRIES = 1000
_LOOKS = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|channel)\b", re.IGNORECASE)
_LOOKS_JSON = re.compile(rb'"version"\s*:\s*"https?:(?:\\?/){2}jsonfeed\.org', re.IGNORECASE)
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_ITEM = re.compile(rb"<((?:\w+:)?(?:item|entry))(?=[\s>/])", re.IGNORECASE)
# Entities that a document declares are how a few bytes become gigabytes; a feed needs none of its own.
_DECLARATIONS = re.compile(rb"<!DOCTYPE[^>\[]*\[.*?\]\s*>", re.IGNORECASE | re.DOTALL)
_HEAD = 4096
_LONGEST_TITLE = 300
_LONGEST_SECONDS = 10_000_000.0  # a recording that lasts longer does not say its length
_LONGEST_SUMMARY = 1500
_LONGEST_OPENING = 80
_FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|text/xml", re.IGNORECASE)


class NotAFeed(Exception):
    """What was read is no feed; the message says what it is."""


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry as its feed gives it.

    `key` tells it from the others of its feed; `url` is canonical, empty where it has none that can be opened;
    `summary` and `content` are plain paragraphs; `published` is ISO 8601 in UTC, empty if unknown; `seconds` how long
    a recording lasts; `comments` the page on which it is discussed.
    """

    key: str
    url: str
    title: str
    summary: str = ""
    content: str = ""
    published: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    comments: str = ""
    subtitle: str = ""
    html: str = ""
    image: str = ""
    part: str = ""  # what its link points to within the page: all that tells some entries apart
    episode: Episode = field(default_factory=Episode)

    @property
    def digest(self) -> str:
        """The hash of all that it says: another one, and it was edited."""
        said = [self.url, self.title, self.summary, self.content, self.published, *self.tags]
        said += [transcript.url for transcript in self.episode.transcripts]
        return hashlib.sha256("\x1f".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: what it says of itself, its entries in its own order, and what a person should know of it."""

    title: str
    site: str = ""
    moved: str = ""
    description: str = ""
    language: str = ""
    author: str = ""
    image: str = ""
    explicit: bool | None = None
    entries: tuple[FeedEntry, ...] = ()
    warnings: tuple[str, ...] = ()


def is_feed(data: bytes) -> bool:
    """Whether bytes begin like a feed: RSS, RDF, Atom, or a JSON Feed."""
    head = data[:_HEAD]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _LOOKS_JSON.search(head) is not None
    return _LOOKS.search(head) is not None and _PAGE.search(head[: head.find(b"<channel") % (_HEAD + 1)]) is None


def parse(data: bytes, url: str, content_type: str = "") -> Feed:
    """The feed in these bytes, which came from `url`. Raises `NotAFeed`."""
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return _json_feed(data, url)
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
        title=_title(channel.get("title", "")),
        site=_link(channel.get("link", ""), base),
        moved=known.moved or _moved(data),
        description=text_of(known.summary or channel.get("subtitle", "") or channel.get("description", "")),
        language=channel.get("language", ""),
        author=channel.get("author", "") or known.author,
        image=_link((channel.get("image") or {}).get("href", "") or channel.get("icon", ""), base),
        explicit=known.explicit,
        entries=tuple(_newest(_told_apart(kept))),
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


def _newest(entries: list[FeedEntry]) -> list[FeedEntry]:
    if len(entries) <= MOST_ENTRIES:
        return entries
    kept = sorted(range(len(entries)), key=lambda n: (entries[n].published, -n), reverse=True)[:MOST_ENTRIES]
    return [entries[n] for n in sorted(kept)]


def _entry(row: Any, episode: Episode, base: str) -> FeedEntry | None:
    html = next((c["value"].strip() for c in row.get("content", []) if c.get("value", "").strip()), "")
    said = row.get("summary", "")
    # A summary in HTML beside the whole text is its beginning with "read more" after it: the text itself says more.
    summary = "" if html and (said.strip() == html or is_html(said)) else text_of(said)
    enclosures = tuple(
        Enclosure(link, row_.get("type", "") or "application/octet-stream", _bytes(row_.get("length", "")))
        for row_ in row.get("enclosures", [])
        if (link := _link(row_.get("href", ""), base))
    )
    title = _title(row.get("title", ""))
    link = _link(row.get("link", ""), base)
    url = urls.canonical(link) if link else ""
    content = text_of(html)
    words = summary or content
    if not (title or url or enclosures or words):
        return None
    published = _when(row, "published", "updated", "created")
    guid = str(row.get("id", "") or "").strip()
    return FeedEntry(
        key=guid or _place(url, link) or (enclosures[0].url if enclosures else "") or _hash(title or words, published),
        url=url,
        title=title or _opening(words),
        summary=summary or clip(content, _LONGEST_SUMMARY),
        content=content,
        published=published,
        authors=tuple(dict.fromkeys(name for a in row.get("authors", []) if (name := a.get("name", "").strip()))),
        tags=_tags(tag.get("label") or tag.get("term") or "" for tag in row.get("tags", [])),
        comments=_link(row.get("comments", ""), base),
        subtitle=row.get("subtitle", ""),
        html=html,
        part=urlsplit(link).fragment,
        image=_link((row.get("image") or {}).get("href", "") or _thumbnail(row), base),
        episode=replace(episode, enclosures=enclosures),
    )


def _place(url: str, link: str) -> str:
    """The page that an entry links to, with the part of it: what tells it from others where it has no id."""
    part = urlsplit(link).fragment
    return f"{url}#{part}" if url and part else url


def _opening(words: str) -> str:
    """What an entry without a title is called: how it begins."""
    return clip(" ".join(words.split()), _LONGEST_OPENING)


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


def _bytes(length: str) -> int:
    return int(length) if re.fullmatch(r"\d{1,15}", str(length).strip()) else -1


def _tags(found: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag for word in found if (tag := " ".join(str(word).split())[:60])))[:20]


def _title(words: str) -> str:
    return " ".join(text_of(str(words)).split())[:_LONGEST_TITLE]


def _link(href: str, base: str) -> str:
    """An address that can be opened, made absolute; empty for `javascript:`, `file:` and what is no address.

    Names and passwords in an address are not kept: a link is shown, stored and sent on.
    """
    try:
        url = urljoin(base, str(href).strip()) if str(href).strip() else ""
        parts = urlsplit(url)
        if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
            return ""
        return without_credentials(url)
    except ValueError:
        return ""


def without_credentials(url: str) -> str:
    """An address without the name and the password that may stand in it."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def _hash(*parts: str) -> str:
    return "h" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _told_apart(entries: Sequence[FeedEntry]) -> list[FeedEntry]:
    """Entries with keys of their own: an id that a feed gives to several entries of other addresses tells nothing."""
    first: dict[str, FeedEntry] = {}
    out: list[FeedEntry] = []
    for entry in entries:
        other = first.setdefault(entry.key, entry)
        if other is entry:
            out.append(entry)
            continue
        told = replace(entry, key=f"{entry.key} {entry.url or _hash(entry.title, entry.published)}")
        if (entry.url, entry.title) != (other.url, other.title) and told.key not in first:
            first[told.key] = told
            out.append(told)
    return out


# JSON Feed


def _json_feed(data: bytes, url: str) -> Feed:
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
        title=_title(row.get("title", "")),
        site=_link(row.get("home_page_url") or "", url),
        description=text_of(str(row.get("description") or "")),
        language=str(row.get("language") or ""),
        author=", ".join(_names(row)),
        entries=tuple(_newest(_told_apart(entries))),
        warnings=tuple(warnings),
    )


def _json_entry(item: Mapping[str, Any], base: str) -> FeedEntry | None:
    html = str(item.get("content_html") or "")
    text = text_of(html) if html else str(item.get("content_text") or "")
    # `external_url` is what a link blog writes about; `url` its own page.
    own, about = _link(item.get("url") or "", base), _link(item.get("external_url") or "", base)
    url = urls.canonical(about or own) if about or own else ""
    title = _title(item.get("title") or "") or _opening(text)
    attachments = [a for a in _list(item, "attachments") if isinstance(a, dict)]
    enclosures = tuple(
        Enclosure(link, str(a.get("mime_type") or ""), _bytes(str(a.get("size_in_bytes") or "")))
        for a in attachments
        if (link := _link(str(a.get("url") or ""), base))
    )
    if not (title or url or enclosures):
        return None
    published = _iso(item.get("date_published") or item.get("date_modified"))
    guid = str(item.get("id") or "").strip()
    lasts = next((a.get("duration_in_seconds") for a in attachments), 0)
    return FeedEntry(
        key=guid or url or (enclosures[0].url if enclosures else "") or _hash(title, published),
        url=url,
        title=title,
        summary=text_of(str(item.get("summary") or "")) or clip(text, _LONGEST_SUMMARY),
        content=text,
        published=published,
        authors=_names(item),
        tags=_tags(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        comments=own if about else "",
        html=html,
        episode=Episode(
            enclosures,
            seconds=float(lasts) if isinstance(lasts, int | float) and 0 <= lasts < _LONGEST_SECONDS else 0.0,
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
            address = _link(link.get("href") or "", urljoin(url, base))
            # WordPress names the feed of each page's comments beside its own.
            of_comments = "/comments/" in address or "comment" in (link.get("title") or "").casefold()
            if address and "oembed" not in address and not of_comments:
                found.append(address)
    return list(dict.fromkeys(found))
