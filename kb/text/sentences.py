"""Sentences as spans: Punkt, inside paragraphs, lines and cues.

Spans are found once, when a document is chunked, and stored with the chunk, so that a query never loads a splitter.
"""

from __future__ import annotations

import re

from kb.text import punkt
from kb.types.documents import Segment
from kb.types.locators import speakers

_LINE = re.compile(r"[^\r\n]+")
# A stretch without any end of sentence is cut where there is a pause in it: clauses first, then words.
_LONGEST = 420
_CLAUSE = re.compile(r"[;:,)\]](?=\s)|\s[-–—](?=\s)")
_INITIALS = re.compile(r"(?:\b[A-Za-z]\.){2,}\s*\Z")
# Without these no sentence can end, so the parameters need not be loaded.
_MAY_END = re.compile(r"[.!?…。！？]")


def _pieces(text: str) -> list[str]:
    """A paragraph cut before every sentence but the first: joined again, they are the paragraph."""
    starts = [0, *(start for start, _ in punkt.spans(text)[1:])]
    return [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)]


def split(text: str) -> list[tuple[int, int]]:
    """Spans of the sentences of one paragraph, white space at their sides left out."""
    pieces = _mended(_pieces(text)) if _MAY_END.search(text) else [text]
    spans, at = [], 0
    for piece in pieces:
        spans += _bounded(text, at, at + len(piece))
        at += len(piece)
    return spans


def _mended(pieces: list[str]) -> list[str]:
    """Punkt cuts after "the A.I." and the like; what goes on in lower case is the same sentence."""
    out: list[str] = []
    for piece in pieces:
        if out and piece[:1].islower() and _INITIALS.search(out[-1]):
            out[-1] += piece
        else:
            out.append(piece)
    return out


def _bounded(text: str, start: int, end: int) -> list[tuple[int, int]]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if end - start <= _LONGEST:
        return [(start, end)] if start < end else []
    middle = start + (end - start) // 2
    cuts = [m.end() for m in _CLAUSE.finditer(text, start + 40, end - 40)]
    cuts = cuts or [m.start() for m in re.finditer(r"\s", text[start + 40 : end - 40])]
    if cuts and not _CLAUSE.search(text, start + 40, end - 40):
        cuts = [cut + start + 40 for cut in cuts]
    cut = min(cuts, key=lambda c: abs(c - middle)) if cuts else middle
    return _bounded(text, start, cut) + _bounded(text, cut, end)


def of_segment(text: str, segment: Segment) -> list[tuple[int, int]]:
    """Sentence spans of one segment of notes, in the document's offsets.

    Lines of code and rows of tables stand for sentences; lines of a paragraph do where it is not hard-wrapped.
    """
    body = text[segment.start_char : segment.end_char]
    lines = [(m.start(), m.end()) for m in _LINE.finditer(body) if not m.group().isspace()]
    if segment.form == "heading":
        return [(segment.start_char, segment.end_char)]
    if segment.form in ("code", "table"):
        spans = [span for a, b in lines for span in _bounded(body, a, b)]
    elif len(lines) > 1 and not _wrapped(body, lines):
        spans = [(a + x, a + y) for a, b in lines for x, y in split(body[a:b])]
    else:
        spans = split(body)
    return [(segment.start_char + a, segment.start_char + b) for a, b in spans]


def _wrapped(body: str, lines: list[tuple[int, int]]) -> bool:
    """Hard-wrapped prose: every line but the last is about as long as the longest, which fits a screen."""
    widths = [b - a for a, b in lines]
    longest = max(widths)
    return longest <= 120 and min(widths[:-1]) >= 0.6 * longest and longest >= 40


def of_speech(text: str, segments: list[Segment]) -> list[tuple[int, int]]:
    """Sentence spans over joined cues of talk: a sentence may run through several.

    A speaker's change ends it, and so does a loop that was left out.
    """
    spans: list[tuple[int, int]] = []
    run: list[Segment] = []
    for segment in segments:
        turned = run and speakers(run[-1].locator) != speakers(segment.locator)
        if turned or (run and segment.apart):
            spans += _of_run(text, run)
            run = []
        run.append(segment)
    return spans + (_of_run(text, run) if run else [])


def _of_run(text: str, run: list[Segment]) -> list[tuple[int, int]]:
    joined, places, at = [], [], 0
    for segment in run:
        body = text[segment.start_char : segment.end_char]
        places.append((at, segment.start_char, len(body)))
        joined.append(body)
        at += len(body) + 1

    whole = " ".join(joined)

    def origin(offset: int) -> int:
        """Where the character at `offset` of the joined text stands in the document."""
        low, high = 0, len(places) - 1
        while low < high:
            middle = (low + high + 1) // 2
            if places[middle][0] <= offset:
                low = middle
            else:
                high = middle - 1
        start, place, length = places[low]
        return place + min(offset - start, max(length - 1, 0))

    return [(origin(a), origin(b - 1) + 1) for a, b in split(whole)]
