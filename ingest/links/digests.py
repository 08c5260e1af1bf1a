"""Link digests: files of entries `## Title`, `Summary: …`, `Link: …`, with a date, controls and a topic below.

Each entry is one passage and leads to its link. *Mark as read* and *Mark as BestOf* are controls: they are no words of
the digest and are never followed.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import pairwise

from ingest.net import urls
from ingest.notes import frontmatter
from ingest.source import TextFile
from ingest.text.spans import LineTable, trim
from kb.errors import IngestError
from kb.text.markdown import plain
from kb.types.documents import DigestEntry, Document, Kind, Lines, Metadata, Segment

_ENTRY = re.compile(r"^##[ \t]+(\S[^\r\n]*)", re.MULTILINE)
_SECTION = re.compile(r"^#[ \t]+\S", re.MULTILINE)
_LINK = re.compile(
    r"^[ \t]*(?:\*\*)?Link:?(?:\*\*)?:?[ \t]*<?(https?://[^\s<>]+)>?[ \t]*$", re.MULTILINE | re.IGNORECASE
)
_SUMMARY = re.compile(r"(?:\*\*)?Summary:?(?:\*\*)?:?[ \t]*", re.IGNORECASE)
_DATE = re.compile(r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4})(?![\d/])|(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)")
_CONTROL = re.compile(r"\[([^\[\]\r\n]{1,60})\]\((https?://[^()\s]+)\)")
_MARKING = re.compile(r"mark(?:ed)? as (?:read|best ?of|unread)", re.IGNORECASE)
# The same controls as boxes that an editor ticks, a line each.
_BOX = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+)?\[([ xX])\][ \t]*(mark(?:ed)? as (?:read|best ?of))[ \t]*$", re.IGNORECASE | re.MULTILINE
)
_TAG = re.compile(r"(?<![\w/#])#([^\W\d_][\w/-]{0,59})")
_RECORD = re.compile(r"(?<!\w)l[0-9a-f]{12}(?!\w)")
# What a digest of ours says of how an entry stands to what is known; it is no word of the entry's.
_RELATION = re.compile(r"(?:New to you|Repeats|Also in|Discusses):?[^\r\n]*", re.IGNORECASE)
_NO_WORDS = re.compile(
    r"[ \t]*(?:<img\b[^>]*>|!\[[^\]]*\]\([^)]*\)|<br\s*/?>|</?(?:su[bp]|br)/?>|[ \t])*\Z", re.IGNORECASE
)
_FEWEST = 1


class LinkDigests:
    """Reads `.md` files whose second-level headings are links with summaries."""

    name = "digests"
    version = 2
    kind: Kind = "digest"
    suffixes = frozenset({".md", ".markdown"})
    empty = "it holds no entries"

    def recognises(self, file: TextFile) -> bool:
        """Nearly every entry has a line `Link: URL`."""
        entries = [part for _, part in _parts(file.text)]
        linked = sum(_LINK.search(part) is not None for part in entries)
        return linked >= _FEWEST and linked >= 0.8 * len(entries)

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for the title of each entry and for each paragraph of its summary."""
        text = file.text
        lines = LineTable(text)
        segments: list[Segment] = []
        entries: list[DigestEntry] = []
        for start, entry, spans in _placed(text, lines):
            entries.append(entry)
            for n, (a, b) in enumerate(spans):
                a, b = trim(text, start + a, start + b)
                if a < b:
                    where = Lines(lines.line_of(a), lines.line_of(b - 1), (entry["title"],))
                    segments.append(Segment(a, b, where, "heading" if n == 0 else "prose"))
        if not segments:
            return
        head = frontmatter.parse(text)
        metadata: Metadata = {**head.metadata, "trust": "published", "entries": entries}
        if is_ours(text):
            metadata["generated"] = True
        if tags := list(dict.fromkeys([*metadata.get("tags", []), *(tag for e in entries for tag in e["tags"])])):
            metadata["tags"] = tags
        dates = [entry["date"] for entry in entries if entry["date"]]
        if "published" not in metadata and dates:
            metadata["published"] = max(dates)
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [*metadata.get("warnings", []), file.decoded.warning]
        yield Document(file.item.uri, "digest", head.title or file.stem, text, tuple(segments), metadata)


def is_ours(text: str) -> bool:
    """Whether `kb digest` wrote a file: its front matter says so."""
    return re.match(r"---\r?\n(?:[^\r\n]*\r?\n){0,6}kb: digest\r?\n", text) is not None


def read_entries(text: str) -> list[DigestEntry]:
    """The entries of a digest's text, with what is ticked in it."""
    return [entry for _, part in _parts(text) if (entry := _entry(part)[0])["url"]]


def placed_entries(text: str) -> list[DigestEntry]:
    """The entries of a digest's text, each with the lines that it stands on."""
    return [entry for _, entry, _ in _placed(text, LineTable(text))]


def _placed(text: str, lines: LineTable) -> Iterator[tuple[int, DigestEntry, list[tuple[int, int]]]]:
    """Each entry that leads to a link: its offset, its record with its lines, the spans of its words."""
    for start, part in _parts(text):
        entry, spans = _entry(part)
        if entry["url"]:
            entry["first_line"] = lines.line_of(start)
            entry["last_line"] = lines.line_of(start + len(part.rstrip()) - 1)
            yield start, entry, spans


def _parts(text: str) -> list[tuple[int, str]]:
    """Each entry with its offset: from its heading to the next one."""
    starts = [match.start() for match in _ENTRY.finditer(text)]
    parts = [(a, text[a:b]) for a, b in pairwise([*starts, len(text)])]
    # A heading above the entries closes the last one below it.
    return [(a, _SECTION.split(part, maxsplit=1)[0]) for a, part in parts]


def _entry(part: str) -> tuple[DigestEntry, list[tuple[int, int]]]:
    """An entry's record, and the spans of its words: the title, then the paragraphs of its summary."""
    head = _ENTRY.match(part)
    link = _LINK.search(part)
    assert head is not None
    entry: DigestEntry = {
        "title": plain(head[1].strip()),
        "url": urls.canonical(link[1]) if link else "",
        "summary": "",
        "date": "",
        "tags": [],
        "first_line": 0,
        "last_line": 0,
        "state": "",
        "best": False,
    }
    spans = [head.span(1)]
    for match in re.finditer(r"(?:[^\r\n]+(?:\r\n|\r|\n)?)+", part[head.end() :]):
        a, b = head.end() + match.start(), head.end() + match.end()
        # Words may stand on the lines above and below the link.
        for start, end in [(a, link.start()), (link.end(), b)] if link and a <= link.start() < b else [(a, b)]:
            words = part[start:end]
            if _take_controls(words, entry):
                continue
            if not words.strip() or _NO_WORDS.match(words.replace("\n", " ").replace("\r", " ")):
                continue
            label = _SUMMARY.match(words.lstrip())
            begin = start + len(words) - len(words.lstrip()) + (label.end() if label else 0)
            spans.append((begin, end))
    entry["summary"] = " ".join(plain(part[a:b]) for a, b in spans[1:])[:2000]
    return entry, spans


def _take_controls(words: str, entry: DigestEntry) -> bool:
    """Whether words are a line of controls: a date, marks, tags. What it says goes into the entry."""
    links = _CONTROL.findall(words)
    marks = [label.strip().lower() for label, _ in links if _MARKING.fullmatch(label.strip())]
    boxes = _BOX.findall(words)
    date = _DATE.search(words)
    rest = _RECORD.sub("", _TAG.sub("", _BOX.sub("", _DATE.sub("", _CONTROL.sub("", words)))))
    bare = re.sub(r"<[^>]*>|[\s·|,]", "", rest)
    if not bare and not words.isspace() and (marks or boxes or date):
        labels = [label.strip() for label, _ in links if not _MARKING.fullmatch(label.strip())]
        entry["tags"] += [tag for tag in [*labels, *_TAG.findall(words)] if tag not in entry["tags"]]
        entry["date"] = entry["date"] or (_iso(date) if date else "")
        # Where a list offers to mark an entry unread, somebody marked it read.
        ticked = {re.sub(r"\W", "", name.lower()) for box, name in boxes if box != " "}
        if "mark as unread" in marks or any(name.endswith("asread") for name in ticked):
            entry["state"] = "read"
        entry["best"] = entry["best"] or any(name.endswith("bestof") for name in ticked)
        return True
    return bool(words.strip()) and all(_RELATION.fullmatch(line.strip(" _*")) for line in words.strip().splitlines())


def _iso(match: re.Match[str]) -> str:
    month, day, year, *iso = match.groups()
    try:
        if year:
            return dt.date(int(year), int(month), int(day)).isoformat()
        return dt.date(*map(int, iso)).isoformat()
    except ValueError:
        return ""
