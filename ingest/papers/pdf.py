"""PDF files by pypdf: the lines of each page in reading order, and what the file says of itself.

pypdf gives text in the order in which the file draws it, which for typeset papers is the order of reading, column by
column. Files that are drawn row by row across two columns are put in order by where their words stand.
"""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
import unicodedata
from dataclasses import dataclass
from itertools import dropwhile, pairwise, takewhile
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pypdf import PageObject, PdfReader

_SIGNATURES = (
    (b"PK\x03\x04", "a zip archive or an office file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"<", "a web page or XML"),
    (b"{", "JSON"),
)
# The mark of a PDF may stand behind some bytes that a server or a mail program put before it.
_HEAD = 1024
_LARGEST_TITLE = 300
_PAGE_NUMBER = re.compile(r"[-–— ]*\d{1,4}[-–— ]*")
# Fragments on both sides of the gutter at one height, on so many rows, are two columns drawn row by row.
_FEWEST_ROWS = 8


class UnreadablePdf(Exception):
    """A PDF from which no words can be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Pdf:
    """Lines by page, and title, authors and date as the file gives them (empty where it does not)."""

    pages: tuple[tuple[str, ...], ...]
    title: str
    authors: tuple[str, ...]
    created: str
    largest: str  # the words in the largest type on the first page: nearly always the title


def parse(data: bytes) -> Pdf:
    """Read a PDF's bytes. Raises `UnreadablePdf`."""
    if b"%PDF-" not in data[:_HEAD]:
        looks = next((name for mark, name in _SIGNATURES if data.lstrip().startswith(mark)), "something else")
        raise UnreadablePdf(f"it is named .pdf but is {looks}")
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what it finds odd in a file is no news to a reader
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadablePdf("it needs a password; save a copy without one")
        pages = tuple(_lines(page) for page in reader.pages)
        largest = _largest(reader.pages[0]) if reader.pages else ""
        title, authors, created = _about(reader)
    except UnreadablePdf:
        raise
    except RecursionError:
        raise UnreadablePdf("it is damaged (its parts refer to each other without end)") from None
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError, ArithmeticError) as error:
        # A damaged file can break the library anywhere; to a person it is one thing.
        raise UnreadablePdf(f"it is damaged ({str(error).splitlines()[0][:120] if str(error) else error!r})") from None
    return Pdf(pages, title, authors, created, largest)


def _lines(page: PageObject) -> tuple[str, ...]:
    fragments: list[tuple[float, float, str]] = []

    def visit(text: str, _cm: Any, tm: list[float], _font: Any, _size: Any) -> None:
        if text.strip():
            fragments.append((float(tm[4]), float(tm[5]), text))

    text = page.extract_text(visitor_text=visit)
    columns = _drawn_across(fragments, float(page.mediabox.width))
    if columns is not None:
        text = "\n".join(columns)
    return tuple(line for raw in text.splitlines() if (line := tidy(raw)))


def tidy(line: str) -> str:
    """A line without ligatures, odd spaces and control characters."""
    line = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", line))
    return re.sub(r"\s+", " ", line).strip()


def _drawn_across(fragments: list[tuple[float, float, str]], width: float) -> list[str] | None:
    """Lines column by column, if the page has two columns that were drawn row by row; else None."""
    middle = width / 2
    sides = [x >= middle for x, _, _ in fragments]
    crossings = sum(1 for a, b in pairwise(sides) if a != b)
    rows: dict[int, set[bool]] = {}
    for (_, y, _), side in zip(fragments, sides, strict=True):
        rows.setdefault(round(y), set()).add(side)
    both = sum(1 for row in rows.values() if len(row) == 2)
    if both < _FEWEST_ROWS or crossings < 1.5 * both or both < 0.5 * len(rows):
        return None
    rights = [x for (x, _, _), side in zip(fragments, sides, strict=True) if side]
    if len({round(x) for x in rights}) > 0.3 * len(rights) + 2:
        return None  # a column begins at one edge; words that begin anywhere are a table or one wide line
    lowest = min(y for _, y, _ in fragments)
    if all(_PAGE_NUMBER.fullmatch(text.strip()) for _, y, text in fragments if round(y) == round(lowest)):
        fragments = [f for f in fragments if round(f[1]) != round(lowest)]  # the page's number, below both columns
        sides = [x >= middle for x, _, _ in fragments]
    gutter = median(rights) - 1
    shared = max(y for (_, y, _), side in zip(fragments, sides, strict=True) if side) + 1
    out: list[str] = []
    for inside in (
        [f for f in fragments if f[1] > shared],
        [f for f in fragments if f[1] <= shared and f[0] < gutter],
        [f for f in fragments if f[1] <= shared and f[0] >= gutter],
    ):
        lines: dict[int, list[tuple[float, str]]] = {}
        for x, y, text in inside:
            lines.setdefault(round(y), []).append((x, text.strip()))
        out += [" ".join(text for _, text in sorted(lines[y])) for y in sorted(lines, reverse=True)]
    return out


def _largest(page: PageObject) -> str:
    sizes: list[tuple[float, str]] = []

    def visit(text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        if text.strip():
            scale = abs(tm[3]) * abs(cm[3]) or 1.0
            sizes.append((round(size * scale, 1), text))

    page.extract_text(visitor_text=visit)
    if not sizes:
        return ""
    largest = max(size for size, _ in sizes)
    usual = median(size for size, _ in sizes)
    # Only where they first stand: headings further down may be as large.
    run = dropwhile(lambda pair: pair[0] != largest, sizes)
    words = tidy(" ".join(text for _, text in takewhile(lambda pair: pair[0] == largest, run)))
    return words if largest > usual and 3 <= len(words) <= _LARGEST_TITLE else ""


def _about(reader: PdfReader) -> tuple[str, tuple[str, ...], str]:
    about = reader.metadata
    if about is None:
        return "", (), ""
    title = tidy(str(about.get("/Title") or ""))
    if re.fullmatch(r"(?i)(?:microsoft word - .*|untitled.*|.*\.(?:docx?|tex|dvi|pdf|indd)|slide 1)", title):
        title = ""
    authors = tuple(name for part in re.split(r";|,| and ", str(about.get("/Author") or "")) if (name := tidy(part)))
    try:
        created = about.creation_date
    except (ValueError, TypeError):
        created = None
    return title, authors, created.date().isoformat() if isinstance(created, dt.datetime) else ""
