"""What podcasts add to a feed: transcripts, chapters, people, how long an episode lasts.

feedparser keeps only the last of a tag that is said several times; here the tree is read once more, by a parser that
resolves no entities, loads nothing, and goes on after what is not well formed.
https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.net import urls
from kb.types.documents import Chapter

_FORMS = {
    "application/json": 0,
    "text/vtt": 1,
    "application/x-subrip": 2,
    "application/srt": 2,
    "text/srt": 2,
    "text/html": 3,
    "text/plain": 4,
}
_SUFFIXES = {0: ".json", 1: ".vtt", 2: ".srt", 3: ".html", 4: ".txt"}
_YES, _NO = frozenset({"yes", "true", "explicit"}), frozenset({"no", "false", "clean"})


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that comes with an entry: where it is, its media type, its size in bytes (-1 if unknown)."""

    url: str
    type: str
    bytes: int = -1


@dataclass(frozen=True, slots=True)
class TranscriptLink:
    """A transcript that the publisher gives, and the suffix by which it is read."""

    url: str
    suffix: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part in an episode."""

    name: str
    role: str = ""
    group: str = ""
    href: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True)
class Episode:
    """What an entry is as an episode of a podcast. `transcripts` are in the order in which they should be tried."""

    enclosures: tuple[Enclosure, ...] = ()
    seconds: float = 0.0
    transcripts: tuple[TranscriptLink, ...] = ()
    chapters: str = ""
    people: tuple[Person, ...] = ()
    number: int | None = None
    type: str = ""

    @property
    def media(self) -> str:
        """The recording itself, if there is one."""
        kinds = ("audio/", "video/", "application/octet-stream", "application/ogg")
        return next((e.url for e in self.enclosures if e.type.startswith(kinds)), "")


@dataclass(slots=True)
class Podcast:
    """What a feed says of itself as a podcast, and its episodes in the order of its entries."""

    moved: str = ""
    summary: str = ""
    author: str = ""
    explicit: bool | None = None
    rows: list[tuple[str, Episode]] = field(default_factory=list)

    def matched(self, entries: Sequence[Any]) -> list[Episode]:
        """The episode of each entry: by its place, or by what it carries where a parser dropped some."""
        if len(entries) == len(self.rows):
            return [episode for _, episode in self.rows]
        by_key = dict(self.rows)
        return [by_key.get(_key_of(entry), Episode()) for entry in entries]


def _key_of(entry: Any) -> str:
    enclosure = next((str(e.get("href", "")) for e in entry.get("enclosures", [])), "")
    return enclosure or " ".join(str(entry.get("title", "")).split())


def parse(data: bytes) -> Podcast:
    """The podcast in a feed's bytes; an empty one where there is none, or no XML."""
    from lxml import etree

    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        return Podcast()
    found = Podcast()
    if root is None:
        return found
    for element in root.iter(etree.Element):
        name = _name(element)
        if name in ("item", "entry"):
            found.rows.append(_row(element))
        elif name == "channel":
            _channel(element, found)
    return found


def _name(element: Any) -> str:
    """A tag's name in lower case, without its namespace, whether that was declared or not."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2].lower()


def _own(element: Any) -> bool:
    """Whether a tag is of RSS itself, of no namespace."""
    return "}" not in str(element.tag) and ":" not in str(element.tag)


def _words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def _channel(channel: Any, found: Podcast) -> None:
    for child in channel:
        name = _name(child)
        if _own(child):
            continue
        if name == "new-feed-url" and urls.is_url(_words(child)):
            found.moved = _words(child)
        elif name == "summary":
            found.summary = _words(child)
        elif name == "author":
            found.author = _words(child)
        elif name == "explicit":
            said = _words(child).lower()
            found.explicit = True if said in _YES else False if said in _NO else found.explicit


def _row(item: Any) -> tuple[str, Episode]:
    transcripts: list[tuple[int, TranscriptLink]] = []
    people: list[Person] = []
    seconds, chapters, number, kind, enclosure, title = 0.0, "", None, "", "", ""
    for child in item:
        name = _name(child)
        if name == "enclosure":
            enclosure = enclosure or str(child.get("url") or "")
        elif name == "title" and _own(child):
            title = _words(child)
        elif name == "duration":
            seconds = clock(_words(child)) or seconds
        elif name == "transcript" and urls.is_url(child.get("url") or ""):
            form = _form(child.get("type") or "", child.get("url"))
            link = TranscriptLink(str(child.get("url")).strip(), _SUFFIXES[form], child.get("language") or "")
            transcripts.append((form, link))
        elif name == "chapters" and urls.is_url(child.get("url") or ""):
            chapters = str(child.get("url")).strip()
        elif name == "person" and _words(child):
            people.append(_person(child))
        elif name == "episode" and re.fullmatch(r"\d{1,6}", _words(child)):
            number = int(_words(child))
        elif name == "episodetype":
            kind = _words(child).lower()
    ordered = tuple(link for _, link in sorted(transcripts, key=lambda pair: pair[0]))
    return enclosure or title, Episode((), seconds, ordered, chapters, tuple(people), number, kind)


def _person(element: Any) -> Person:
    role, group = (element.get("role") or "host").lower(), (element.get("group") or "cast").lower()
    return Person(_words(element), role, group, element.get("href") or "", element.get("img") or "")


def _form(kind: str, url: str) -> int:
    """Which transcript to try first: those that keep times and speakers before those that may not."""
    known = _FORMS.get(kind.partition(";")[0].strip().lower())
    if known is not None:
        return known
    path = url.partition("?")[0].lower()
    return next((form for form, suffix in _SUFFIXES.items() if path.endswith(suffix)), 4)


def clock(text: str) -> float:
    """Seconds of `1:02:03`, `62:03` or `3723`; 0 for what is none of these."""
    if not re.fullmatch(r"\d{1,6}(?:\.\d+)?|\d{1,4}:\d{1,2}(?::\d{1,2}(?:\.\d+)?)?", text):
        return 0.0
    seconds = 0.0
    for part in text.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def chapters_of(data: bytes) -> list[Chapter]:
    """The chapters of a podcast's JSON, in order. Raises `ValueError` if it is none."""
    try:
        rows = json.loads(data.decode("utf-8-sig"))["chapters"]
        found = [(float(row["startTime"]), " ".join(str(row.get("title") or "").split())) for row in rows]
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ValueError("it is no list of chapters") from None
    return [{"start": start, "title": title} for start, title in sorted(found) if title and start >= 0]
