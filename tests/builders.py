"""Builders: each names only what a test is about."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from ingest import registry
from ingest.net.urls import file_uri
from ingest.source import Item
from ingest.threads.posts import ThreadPost, quotes_of
from kb.errors import IngestError
from kb.types.documents import Document, Kind


def an_item(path: Path, named: bool = True) -> Item:
    return Item(file_uri(path), path, path.name, named)


def read_file(path: Path, content: str | bytes, kind: Kind | None = None) -> Document:
    """The one document of a file with this content."""
    outcome = read_any(path, content, kind)
    assert isinstance(outcome, Document), outcome
    return outcome


def read_any(path: Path, content: str | bytes, kind: Kind | None = None, named: bool = True) -> Document | IngestError:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(data)
    outcomes = list(registry.read(an_item(path, named), data, kind))
    assert len(outcomes) == 1
    return outcomes[0]


def texts(document: Document) -> list[str]:
    """The words of each segment."""
    return [document.text[s.start_char : s.end_char] for s in document.segments]


def write(folder: Path, **files: str) -> None:
    """Files by stem (`a="…"` is a.md)."""
    for stem, content in files.items():
        (folder / f"{stem}.md").write_text(content, encoding="utf-8")


def a_pdf(*pages: list[tuple[float, float, float, str]], title: str = "") -> bytes:
    """A PDF that draws words in Helvetica: `(x, y, size, words)` in points from the lower left of a Letter page."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    kids = []
    for page in pages:
        drawn = "".join(
            f"BT /F1 {size} Tf 1 0 0 1 {x} {y} Tm ({_escaped(words)}) Tj ET\n" for x, y, size, words in page
        ).encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n" % len(drawn) + drawn + b"endstream")
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    objects.append(f"<< /Title ({_escaped(title)}) >>".encode("latin-1"))
    out, places = bytearray(b"%PDF-1.4\n"), []
    for n, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % n + body + b"\nendobj\n"
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        len(objects),
        table,
    )
    return bytes(out)


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def a_page(*lines: str, x: float = 72, size: float = 10) -> list[tuple[float, float, float, str]]:
    """Lines below each other, for `a_pdf`."""
    return [(x, 740 - 14 * n, size, line) for n, line in enumerate(lines)]


def a_thread(words: dict[int, str]) -> list[ThreadPost]:
    """Posts by small numbers: 1 is 100000001, and `>>1` quotes it."""
    made = []
    for n, text in words.items():
        text = re.sub(r">>(\d)(?!\d)", lambda quoted: f">>10000000{quoted[1]}", text)
        made.append(ThreadPost(100_000_000 + n, 0, text, quotes_of(text)))
    return made


A_TALK = """\
[00:00:00.000 --> 00:00:04.000]   Welcome to the session on training large models.
[00:00:04.000 --> 00:00:09.500]   The pipeline bubble is the time in which cards wait for work.
[00:00:09.500 --> 00:00:15.000]   With more micro-batches the bubble gets
[00:00:15.000 --> 00:00:18.000]   smaller, and that is all there is to it.
[00:00:18.000 --> 00:00:19.000]   [Music]
[00:00:19.000 --> 00:00:24.000]   Thank you, and see you next week.
"""

AN_OUTLINE = """\
---
title: Serving
tags: [inference, gpu/memory]
date: 2026-02-01
---

# Serving

Decoding is limited by memory bandwidth.

## Splitting

- Tensor parallelism splits each layer
\t- it wants a fast link
- Pipeline parallelism gives each card a run of layers
\t- the bubble is the waiting at both ends
"""


def an_entry(
    title: str = "A title",
    link: str = "",
    date: str = "",
    summary: str = "",
    guid: str = "",
    more: str = "",
) -> str:
    """An item of RSS; `date` as feeds write it."""
    parts = {"title": title, "link": link, "pubDate": date, "description": summary}
    body = "".join(f"<{name}>{escape(words)}</{name}>" for name, words in parts.items() if words)
    told = f"<guid isPermaLink='false'>{escape(guid)}</guid>" if guid else ""
    return f"<item>{body}{told}{more}</item>"


def a_feed(*entries: str, title: str = "A feed") -> str:
    """An RSS feed of such items."""
    return f'<rss version="2.0"><channel><title>{escape(title)}</title>{"".join(entries)}</channel></rss>'
