"""Offsets and lines of a text: the arithmetic that every plain-text source shares."""

from __future__ import annotations

import bisect
import re

_LINE_END = re.compile(r"\r\n|\r|\n")


class LineTable:
    """The lines of a text, 1-based, as editors count them: each ends at CRLF, CR or LF."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0]
        self._ends: list[int] = []
        for match in _LINE_END.finditer(text):
            self._ends.append(match.start())
            self._starts.append(match.end())
        self._ends.append(len(text))

    def __len__(self) -> int:
        return len(self._starts)

    def start(self, line: int) -> int:
        """The offset of a line's first character; the text's length for a line past the end."""
        return self._starts[line - 1] if line <= len(self._starts) else len(self._text)

    def end(self, line: int) -> int:
        """The offset after a line's last character, its line end left out."""
        return self._ends[line - 1] if line <= len(self._ends) else len(self._text)

    def line_of(self, offset: int) -> int:
        """The line that holds an offset."""
        return bisect.bisect_right(self._starts, offset)


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at either side; empty (start == end) if nothing is left."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def without(start: int, end: int, dropped: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What remains of a span when sorted, disjoint `dropped` spans are cut out of it."""
    left: list[tuple[int, int]] = []
    for a, b in dropped:
        if b <= start or a >= end:
            continue
        if a > start:
            left.append((start, a))
        start = max(start, b)
    if start < end:
        left.append((start, end))
    return left
