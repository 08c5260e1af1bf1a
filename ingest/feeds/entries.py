"""Feeds and their entries, and what both parsers do to titles, addresses and identity."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from ingest.feeds.podcasts import Episode
from ingest.text.html import clip, text_of

# Of a longer feed the newest are read: nobody reads tens of thousands of entries at once.
MOST_ENTRIES = 1000


LONGEST_TITLE = 300


LONGEST_SECONDS = 10_000_000.0  # a recording that lasts longer does not say its length


LONGEST_SUMMARY = 1500


_LONGEST_OPENING = 80


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


def newest_entries(entries: list[FeedEntry]) -> list[FeedEntry]:
    """The latest entries, at most `MOST_ENTRIES`."""
    if len(entries) <= MOST_ENTRIES:
        return entries
    kept = sorted(range(len(entries)), key=lambda n: (entries[n].published, -n), reverse=True)[:MOST_ENTRIES]
    return [entries[n] for n in sorted(kept)]


def place_of(url: str, link: str) -> str:
    """The page that an entry links to, with the part of it: what tells it from others where it has no id."""
    part = urlsplit(link).fragment
    return f"{url}#{part}" if url and part else url


def opening_of(words: str) -> str:
    """What an entry without a title is called: how it begins."""
    return clip(" ".join(words.split()), _LONGEST_OPENING)


def byte_count(length: str) -> int:
    """The length that an enclosure states; -1 for none."""
    return int(length) if re.fullmatch(r"\d{1,15}", str(length).strip()) else -1


def short_title(words: str) -> str:
    """A title without markup, on one line."""
    return " ".join(text_of(str(words)).split())[:LONGEST_TITLE]


def absolute_link(href: str, base: str) -> str:
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


def hashed(*parts: str) -> str:
    """A key for an entry that has none of its own."""
    return "h" + hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def with_distinct_keys(entries: Sequence[FeedEntry]) -> list[FeedEntry]:
    """Entries with keys of their own: an id that a feed gives to several entries of other addresses tells nothing."""
    first: dict[str, FeedEntry] = {}
    out: list[FeedEntry] = []
    for entry in entries:
        other = first.setdefault(entry.key, entry)
        if other is entry:
            out.append(entry)
            continue
        told = replace(entry, key=f"{entry.key} {entry.url or hashed(entry.title, entry.published)}")
        if (entry.url, entry.title) != (other.url, other.title) and told.key not in first:
            first[told.key] = told
            out.append(told)
    return out


def tag_names(found: Any) -> tuple[str, ...]:
    """Tags as they are written, each once."""
    return tuple(dict.fromkeys(tag for word in found if (tag := " ".join(str(word).split())[:60])))[:20]
