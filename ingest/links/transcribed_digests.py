"""Link digests that are spoken: `**Speaker:**` paragraphs, cut by `**Break:**`, each part about a link.

A part is headed by a link that stands alone (`[Title](url)`), or is about the first link in it. A turn that is nothing
but a link of another voice is a joke between two parts, and no entry.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.net import urls
from ingest.source import TextFile
from ingest.text.spans import LineTable, trim
from kb.errors import IngestError
from kb.text.markdown import plain
from kb.types.documents import DigestEntry, Document, Kind, Lines, Metadata, Segment

_LABEL = re.compile(r"^\*\*([^*\r\n:]{1,60}):\*\*[ \t]*", re.MULTILINE)
_PARAGRAPH = re.compile(r"(?:[^\r\n]*\S[^\r\n]*(?:\r\n|\r|\n)?)+")
_LINK = re.compile(r"\[([^\[\]\r\n]{1,300})\]\((https?://(?:[^()\r\n]|\([^()\s]*\))+)\)")
_MONTHS = "january february march april may june july august september october november december"
_DAY = re.compile(
    rf"\b({'|'.join(re.findall(r'[a-z]+', _MONTHS))})\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})\b", re.IGNORECASE
)
_FEWEST_PARTS = 3
_MOST_WORDS = 4000  # news is short; a longer file with breaks is a talk with advertisements
_FEWEST_LABEL_WORDS = 3
_LONGEST_TITLE = 120


@dataclass
class _Part:
    """A stretch between two breaks or headline links: its paragraphs, and the link that it is about."""

    paragraphs: list[tuple[int, int]] = field(default_factory=list)
    title: str = ""
    url: str = ""
    headed: bool = False


class SpokenDigests:
    """Reads `.md` files of news that are told, a link each."""

    name = "spoken-digests"
    version = 1
    kind: Kind = "digest"
    suffixes = frozenset({".md", ".markdown"})
    empty = "it holds no entries"

    def recognises(self, file: TextFile) -> bool:
        """Labels of speakers, breaks between at least three short parts, and links."""
        text = file.text
        labels = [match[1] for match in _LABEL.finditer(text)]
        if labels.count("Break") < _FEWEST_PARTS - 1 or len(text.split()) > _MOST_WORDS:
            return False
        return _LINK.search(text) is not None and len(_parts(text)) >= _FEWEST_PARTS

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each paragraph, under the title of its part."""
        text = file.text
        table = LineTable(text)
        day = _day_of(text)
        segments: list[Segment] = []
        entries: list[DigestEntry] = []
        for part in _parts(text):
            for n, (a, b) in enumerate(part.paragraphs):
                where = Lines(table.line_of(a), table.line_of(b - 1), (part.title,) if part.title else ())
                segments.append(Segment(a, b, where, "heading" if part.headed and n == 0 else "prose"))
            if part.url:
                told = part.paragraphs[1 if part.headed else 0 :]
                first, last = part.paragraphs[0][0], part.paragraphs[-1][1]
                entries.append(
                    {
                        "title": part.title,
                        "url": part.url,
                        "summary": " ".join(plain(text[a:b]) for a, b in told)[:2000],
                        "date": day,
                        "tags": [],
                        "first_line": table.line_of(first),
                        "last_line": table.line_of(last - 1),
                        "state": "",
                        "best": False,
                    }
                )
        if not segments:
            return
        metadata: Metadata = {"trust": "published", "entries": entries}
        if day:
            metadata["published"] = day
        if voice := _main_voice(text):
            metadata["authors"] = [voice]
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [file.decoded.warning]
        yield Document(file.item.uri, "digest", file.stem, text, tuple(segments), metadata)


def _main_voice(text: str) -> str:
    """Who speaks most often; empty if nobody is named."""
    voices = Counter(match[1].strip() for match in _LABEL.finditer(text) if match[1] != "Break")
    return next((name for name, _ in voices.most_common(1)), "")


def _parts(text: str) -> list[_Part]:
    """The parts of a text, in order. A part without words is none."""
    main = _main_voice(text)
    parts = [_Part()]
    voice = ""
    for match in _PARAGRAPH.finditer(text):
        start, end = match.span()
        if label := _LABEL.match(text, start, end):
            voice = label[1].strip()
            if voice == "Break":
                parts.append(_Part())
            start = label.end()
        start, end = trim(text, start, end)
        if start >= end:
            continue
        alone = _LINK.fullmatch(text, start, end)
        if alone and voice == main:
            parts.append(_Part(title=plain(alone[1]), url=urls.canonical(alone[2]), headed=True))
        parts[-1].paragraphs.append((start, end))
        if not parts[-1].url and voice == main and not alone:
            _about(parts[-1], text, start, end)
    return [part for part in parts if part.paragraphs]


def _about(part: _Part, text: str, start: int, end: int) -> None:
    """A part without a headline is about its first link, and is called by its label, or by the sentence around it."""
    link = _LINK.search(text, start, end)
    if link is None:
        return
    part.url = urls.canonical(link[2])
    label = plain(link[1])
    told = [text[start : link.start()], link[0], text[link.end() : end]]
    begins = re.split(r"(?<=[.!?…])\s+", told[0])[-1]
    ends = re.split(r"(?<=[.!?…])(?:\s|$)", told[2])[0]
    sentence = " ".join(plain(begins + link[0] + ends).split())
    part.title = label if len(label.split()) >= _FEWEST_LABEL_WORDS else sentence
    if len(part.title) > _LONGEST_TITLE:
        part.title = part.title[:_LONGEST_TITLE].rsplit(" ", 1)[0] + " …"


def _day_of(text: str) -> str:
    """The day that the beginning names ("the week of Monday, July 1st, 2024"), as ISO; empty if none."""
    match = _DAY.search(text[:2000])
    if match is None:
        return ""
    month = re.findall(r"[a-z]+", _MONTHS).index(match[1].lower()) + 1
    try:
        return dt.date(int(match[3]), month, int(match[2])).isoformat()
    except ValueError:
        return ""
