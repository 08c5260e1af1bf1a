"""Spans of a document: the words that stand in them as written, and where they stand for a person."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from kb.types.documents import Lines, Locator, Page, Paragraph, Post, Segment, TimeSpan


def slice_of(text: str, segments: Sequence[Segment], start: int, end: int) -> str:
    """The source's words between two offsets, as written.

    Of talk, only what lies inside segments, one space standing for cue times and speaker marks between them.
    """
    if not any(segment.form == "speech" for segment in segments):
        return text[start:end]
    parts = (text[max(s.start_char, start) : min(s.end_char, end)] for s in segments)
    return " ".join(part for part in parts if part)


def locate(text: str, segments: Sequence[Segment], start: int, end: int) -> Locator:
    """Where a span stands, for a person: the lines, seconds, page, post or paragraph of the segments it touches."""
    touched = [s for s in segments if s.start_char < end and start < s.end_char] or list(segments[:1])
    first, last = touched[0].locator, touched[-1].locator
    if isinstance(first, Lines):
        before = len(re.findall(r"\r\n|\r|\n", text[touched[0].start_char : start])) if text else 0
        last_end = last.end if isinstance(last, Lines) else first.end
        if text:
            last_end -= len(re.findall(r"\r\n|\r|\n", text[end : touched[-1].end_char]))
        return Lines(first.start + before, max(last_end, first.start + before), first.heading)
    if isinstance(first, TimeSpan):
        spans = [s.locator for s in touched if isinstance(s.locator, TimeSpan)]
        return TimeSpan(first.start, max(s.end for s in spans), _speakers(s.speakers for s in spans))
    if isinstance(first, Paragraph):
        paragraphs = [s.locator for s in touched if isinstance(s.locator, Paragraph)]
        return Paragraph(first.n, _speakers(p.speakers for p in paragraphs))
    assert isinstance(first, Page | Post)
    return first


def _speakers(each: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in each for name in names))
