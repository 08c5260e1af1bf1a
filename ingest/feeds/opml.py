"""Subscription lists: OPML in, by listparser, and out. http://opml.org/spec2.opml"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from ingest.feeds.entries import without_credentials
from ingest.net import urls

_LOOKS = re.compile(r"<(?:\w+:)?(?:opml|outline|body)\b", re.IGNORECASE)
_DECLARATIONS = re.compile(r"<!DOCTYPE[^>\[]*\[.*?\]\s*>|<!DOCTYPE[^>]*>", re.IGNORECASE | re.DOTALL)
_NO_CHARACTER = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Subscription:
    """A feed that a list names: its address, its title, the outlines that it stands under as tags."""

    url: str
    title: str = ""
    tags: tuple[str, ...] = ()


class NotOpml(Exception):
    """What was read is no list of subscriptions; the message says why."""


def read(text: str) -> tuple[list[Subscription], list[tuple[str, str]]]:
    """The subscriptions of a list, each address once, and what of it is none, with the reason.

    Lists that are not well formed are read as far as they can be. Raises `NotOpml`.
    """
    import listparser

    if not text.strip():
        raise NotOpml("it is empty")
    if not _LOOKS.search(text):
        raise NotOpml("it is no OPML: there is no <opml> and no <outline> in it")
    # The library opens what looks like an address; bytes are never that. Entities of the list's own are left out.
    clean = _NO_CHARACTER.sub("", _DECLARATIONS.sub("", re.sub(r"<\?xml[^>]*\?>", "", text)))
    found = listparser.parse(f'<?xml version="1.0" encoding="utf-8"?>{clean}'.encode())
    taken: dict[str, Subscription] = {}
    refused: list[tuple[str, str]] = []
    rows = [*found.feeds, *found.opportunities]
    for row in rows[:_MOST]:
        url = _address(str(row.get("url", "")))
        title = " ".join(str(row.get("title", "")).split())
        if urls.has_credentials(url):
            refused.append((without_credentials(url), "its address holds a name and a password; they are not kept"))
            continue
        if not url:
            refused.append((str(row.get("url", "")).strip()[:200] or title or "an outline", "it is no http(s) address"))
            continue
        paths = [" ".join(str(part).split()) for path in row.get("categories", []) for part in path]
        words = [*paths, *(str(tag).strip() for tag in row.get("tags", []))]
        before = taken.get(url, Subscription(url))
        tags = tuple(dict.fromkeys([*before.tags, *(word for word in words if word)]))
        taken[url] = Subscription(url, before.title or title, tags)
    if len(rows) > _MOST:
        refused.append(("the list", f"it names more than {_MOST} feeds; the first {_MOST} were read"))
    return list(taken.values()), refused


def _address(url: str) -> str:
    """The address of a feed as it is asked for; `feed:` is how some programs write `http:`."""
    text = url.strip()
    text = re.sub(r"(?i)^feed:(?://)?(?=https?:)", "", text)
    text = re.sub(r"(?i)^feed://", "http://", text)
    return text if urls.is_url(text) and urls.is_sound(text) else ""


def write(subscriptions: Iterable[Subscription], title: str = "Feeds of kb") -> str:
    """An OPML 2.0 list; a feed's tags are the outlines that it stands under, the first outermost.

    Names and passwords in addresses are left out: such lists are passed on.
    """
    root = ElementTree.Element("opml", version="2.0")
    head = ElementTree.SubElement(root, "head")
    ElementTree.SubElement(head, "title").text = title
    body = ElementTree.SubElement(root, "body")
    folders: dict[tuple[str, ...], ElementTree.Element] = {(): body}
    for one in subscriptions:
        path: tuple[str, ...] = ()
        for tag in one.tags:
            name = _NO_CHARACTER.sub("", tag)
            if (*path, name) not in folders:
                folders[(*path, name)] = ElementTree.SubElement(folders[path], "outline", text=name, title=name)
            path = (*path, name)
        name = _NO_CHARACTER.sub("", one.title or one.url)
        attributes = {"type": "rss", "text": name, "title": name, "xmlUrl": without_credentials(one.url)}
        ElementTree.SubElement(folders[path], "outline", attributes)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
