"""Subtitle files: SRT, WebVTT, SBV and Whisper's TSV, read with the offsets of their words in the file's own text.

Broken files are read as far as they make sense: a cue begins at any line of times, its number and the blank lines
around it may be missing. Tags inside a line (`<i>`, colours, word times) are left out of the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from ingest.text.spans import trim

_CLOCK = r"(?:(-?\d{1,5}):)?(\d{1,3}):(\d{1,2})(?:[.,](\d{1,3}))?"
_ARROW = re.compile(rf"[ \t]*{_CLOCK}[ \t]*--?>[ \t]*{_CLOCK}[ \t]*([^\r\n]*)\Z")
_SBV = re.compile(rf"[ \t]*{_CLOCK}[ \t]*,[ \t]*{_CLOCK}[ \t]*\Z")
_TSV = re.compile(r"(\d+(?:\.\d+)?)\t(\d+(?:\.\d+)?)\t([^\r\n]*)\Z")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_TAG = re.compile(r"</?[A-Za-z][^<>\r\n]*>|<\d{1,3}:[\d:.,]+>|</?>|\{\\[^{}\r\n]*\}")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^<>\r\n]+)>")
_BLOCK = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|\Z)")


@dataclass(frozen=True, slots=True)
class Cue:
    """One cue: seconds, who speaks (if it says), and the spans of its words, one or more a line."""

    start: float
    end: float
    speaker: str
    lines: tuple[tuple[tuple[int, int], ...], ...]


def cues(text: str) -> Iterator[Cue]:
    """The cues of a subtitle file, in the order of the file."""
    open_cue: tuple[float, float] | None = None
    content: list[tuple[int, int, str]] = []
    skipping = False
    for start, end, line in _lines(text):
        row = _TSV.match(line)
        times = None if row else _times(line)
        if row or times is not None:
            if open_cue is not None:
                yield _cue(text, open_cue, content if row else _without_name(content))
            open_cue, content, skipping = times, [], False
            if row:
                at = start + row.start(3)
                yield Cue(float(row[1]) / 1000, float(row[2]) / 1000, "", tuple(_words(text, [(at, end, row[3])])))
        elif not line.strip():
            skipping = False
            content.append((start, end, ""))
        elif _BLOCK.match(line) and (not content or not content[-1][2]):
            skipping = True
        elif open_cue is not None and not skipping:
            # A blank line inside a cue's text is a mistake of whoever wrote it, and no reason to lose what follows.
            content.append((start, end, line))
    if open_cue is not None:
        yield _cue(text, open_cue, content)


def _lines(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _LINE.finditer(text):
        line = match.group().rstrip("\r\n")
        yield match.start(), match.start() + len(line), line
        if match.end() == len(text):
            return


def _times(line: str) -> tuple[float, float] | None:
    match = _ARROW.match(line) or _SBV.match(line)
    if match is None:
        return None
    groups = match.groups()
    return _seconds(groups[0:4]), _seconds(groups[4:8])


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = clock
    if hours is not None and hours.startswith("-"):
        return 0.0
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    # Written as decimals (".5" is half a second) in every format but by habit always three digits.
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def _without_name(content: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """A cue's lines without the number or name of the next one, which stands right above its times."""
    if not content or not content[-1][2]:
        return content
    alone = len(content) > 1 and not content[-2][2]
    return content[:-1] if alone or (len(content) > 1 and content[-1][2].strip().isdigit()) else content


def _cue(text: str, times: tuple[float, float], content: list[tuple[int, int, str]]) -> Cue:
    voice = next((match[1].strip() for _, _, line in content if (match := _VOICE.search(line))), "")
    return Cue(*times, voice, tuple(_words(text, content)))


def _words(text: str, content: list[tuple[int, int, str]]) -> Iterator[tuple[tuple[int, int], ...]]:
    for start, end, line in content:
        spans: list[tuple[int, int]] = []
        at = start
        for tag in _TAG.finditer(line):
            spans.append((at, start + tag.start()))
            at = start + tag.end()
        spans.append((at, end))
        kept = tuple((a, b) for a, b in (trim(text, *span) for span in spans) if a < b)
        if kept:
            yield kept


def unrolled(text: str, found: list[Cue]) -> tuple[list[Cue], int]:
    """Cues without the lines that rolling captions show again, and how many lines that were.

    A rolling caption shows each line twice: as the new line, and once more above the next one.
    """
    out: list[Cue] = []
    last, dropped = "", 0
    for cue in found:
        kept = []
        for line in cue.lines:
            words = " ".join(text[a:b] for a, b in line)
            if words == last:
                dropped += 1
                continue
            kept.append(line)
            last = words
        if kept:
            out.append(Cue(cue.start, cue.end, cue.speaker, tuple(kept)))
    # A line said twice on purpose ("No." "No.") is rare; rolling repeats nearly every line.
    if dropped < 0.2 * max(len(found), 1):
        return found, 0
    return out, dropped


def is_timed_table(text: str) -> bool:
    """Whether a table is Whisper's: its head says so, or nearly all rows are two rising times and words."""
    lines = [line for line in text.splitlines() if line.strip()]
    if lines and lines[0].split("\t")[:3] == ["start", "end", "text"]:
        return True
    rows = [match for line in lines if (match := _TSV.match(line))]
    times = [(float(row[1]), float(row[2])) for row in rows]
    ordered = sum(start <= end for start, end in times)
    rising = sum(a[0] <= b[0] for a, b in pairwise(times))
    enough = len(times) >= 2 and len(times) >= 0.9 * len(lines)
    return enough and ordered >= 0.95 * len(times) and rising >= 0.95 * (len(times) - 1)
