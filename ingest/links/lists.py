"""Lists of links: `- [title](url) — note` lines, bare addresses, boxes that are ticked; headings are their topics."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from ingest.net import urls
from ingest.notes import frontmatter
from ingest.source import TextFile
from ingest.text.spans import LineTable, trim
from kb.errors import IngestError
from kb.text.markdown import plain
from kb.types.documents import DigestEntry, Document, Kind, Lines, Metadata, Segment

_ITEM = re.compile(
    r"^[ \t]*(?:(?:[-*+•]|\d{1,4}[.)])[ \t]+)?(?:\[([ xX])\][ \t]+)?"
    r"(?:\[(?P<label>[^\[\]\r\n]{1,300})\]\(<?(?P<linked>https?://(?:[^\s<>()]|\([^\s<>()]*\))+)>?\)|<?(?P<bare>https?://[^\s<>]+)>?)"
    r"(?P<rest>[^\r\n]*)$",
    re.IGNORECASE,
)
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*?)[ \t]*#*$")
_TAG = re.compile(r"(?<![\w/#&])#([^\W\d_][\w/-]{0,59})")
_ISO = re.compile(r"(?<!\d)(\d{4}-\d{2}-\d{2})(?!\d)")
_LEAD = re.compile(r"^[ \t]*(?:[-–—:|·]+[ \t]*)?")
_FEWEST = 3
_SHARE = 0.8
_NESTED = 0.1
_LONGEST_NOTE = 600  # characters beside a link; a longer line is prose that begins with one


class LinkLists:
    """Reads files nearly all of whose lines are links, each with a note or without one."""

    name = "link-lists"
    version = 1
    kind: Kind = "digest"
    suffixes = frozenset({".md", ".markdown", ".txt"})
    empty = "it holds no links"

    def recognises(self, file: TextFile) -> bool:
        """Four lines in five, headings aside, begin with a link, and few hang below others: an outline is a note."""
        body = file.text[frontmatter.parse(file.text).body :]
        lines = [line for line in body.splitlines() if line.strip() and not _HEADING.match(line)]
        items = [line for line in lines if _item(line)]
        nested = sum(line[:1].isspace() for line in lines)
        return len(items) >= _FEWEST and len(items) >= _SHARE * len(lines) and nested <= _NESTED * len(lines)

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each link with its note, and for what is written below it, indented."""
        text = file.text
        head = frontmatter.parse(text)
        table = LineTable(text)
        segments: list[Segment] = []
        entries: list[DigestEntry] = []
        topic, day = "", ""
        at = head.body
        for line in text[head.body :].splitlines(keepends=True):
            start, at = at, at + len(line)
            bare = line.strip()
            if heading := _HEADING.match(bare):
                topic, found = plain(heading[1]), _ISO.search(heading[1])
                day = found[1] if found and _is_day(found[1]) else ""
                topic = "" if day else topic
            elif match := _item(line):
                number = table.line_of(start)
                entries.append(_entry(match, topic, day, number))
                a, b = trim(text, start + _marker(line), at)
                segments.append(Segment(a, b, Lines(number, number, (entries[-1]["title"],)), "prose"))
            elif bare and entries and line[:1].isspace():
                number = table.line_of(start)
                a, b = trim(text, start + _marker(line), at)
                segments.append(Segment(a, b, Lines(number, number, (entries[-1]["title"],)), "prose"))
                entries[-1]["summary"] = f"{entries[-1]['summary']} {plain(text[a:b])}".strip()[:2000]
                entries[-1]["last_line"] = number
        if not segments:
            return
        metadata: Metadata = {**head.metadata, "trust": "own", "entries": entries}
        if tags := list(dict.fromkeys([*metadata.get("tags", []), *(tag for e in entries for tag in e["tags"])])):
            metadata["tags"] = tags
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [*metadata.get("warnings", []), file.decoded.warning]
        title = re.search(r"^#[ \t]+(\S[^\r\n]*)", text[head.body :], re.MULTILINE)
        name = head.title or (plain(title[1]) if title else "") or file.stem
        yield Document(file.item.uri, "digest", name, text, tuple(segments), metadata)


def _item(line: str) -> re.Match[str] | None:
    match = _ITEM.match(line.rstrip("\r\n"))
    return match if match is not None and len(match["rest"]) <= _LONGEST_NOTE else None


def _is_day(text: str) -> bool:
    try:
        return bool(dt.date.fromisoformat(text))
    except ValueError:
        return False


def _marker(line: str) -> int:
    """How long the mark of a list is that a line begins with, its box included."""
    match = re.match(r"[ \t]*(?:(?:[-*+•]|\d{1,4}[.)])[ \t]+)?(?:\[[ xX]\][ \t]+)?", line)
    return match.end() if match else 0


def _entry(match: re.Match[str], topic: str, day: str, line: int) -> DigestEntry:
    address = match["linked"] or urls.in_text(match["bare"])[0][1]
    url = urls.canonical(address)
    note = _LEAD.sub("", match["rest"])
    date = _ISO.search(note)
    tags = [tag for tag in [topic, *_TAG.findall(note)] if tag]
    parts = urlsplit(url)
    shown = f"{parts.hostname or ''}{parts.path}".rstrip("/")[:100]
    return {
        "title": plain(match["label"] or "") or shown,
        "url": url,
        "summary": plain(_TAG.sub("", note)).strip(),
        "date": date[1] if date and _is_day(date[1]) else day,
        "tags": list(dict.fromkeys(tags)),
        "first_line": line,
        "last_line": line,
        "state": "read" if (match[1] or " ") in "xX" else "",
        "best": False,
    }
