"""Talk written as prose: console lines with bracket times, speakers' paragraphs with time marks, plain paragraphs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.spans import trim
from kb.documents import Paragraph, Segment, TimeSpan

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?"
# Whisper's console: hours are left out under one hour.
_CUE = re.compile(rf"^[ \t]*\[{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}\][ \t]*([^\r\n]*)", re.MULTILINE)
# A mark inside prose: [04:06], \[00:06:02.17\], (12:34).
_MARK = re.compile(rf"\\?[\[(]{_CLOCK}\\?[\])][ \t]*:?")
_SPEAKER_BOLD = re.compile(r"\*\*([^*\r\n]{1,60}?):?\*\*:?[ \t]*(?=\S|$|[\r\n])")
_SPEAKER_TIMED = re.compile(rf"([A-Z][^\r\n:()\[\]]{{0,40}}?)[ \t]*\({_CLOCK}\):[ \t]*")
_SPEAKER_AFTER_MARK = re.compile(rf"\\?\[{_CLOCK}\\?\][ \t]*([A-Z][^\r\n:()\[\]]{{0,40}}?):[ \t]*")
_PARAGRAPH = re.compile(r"[^\r\n]+(?:(?:\r\n|\r|\n)(?![ \t]*(?:\r|\n|$))[^\r\n]*)*")
_LINE = re.compile(r"[^\r\n]+")
_NOT_SPEECH = re.compile(
    r"[\[(*♪\s]*(?:blank_audio|music|applause|laughter|laughs|silence|inaudible|crosstalk|cheering|noise|no audio)"
    r"(?:[^\])\r\n]{0,30})[\])*♪\s.]*\Z",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Clock:
    """Keeps cue times from running backwards, and counts those that did."""

    repaired: int = 0
    _last: float = 0.0

    def forward(self, start: float, end: float) -> tuple[float, float]:
        """The times of the next cue: it begins no earlier than the one before, and ends no earlier than it begins."""
        if start < self._last or end < start:
            self.repaired += 1
        start = max(start, self._last)
        self._last = start
        return start, max(end, start)


def has_cues(text: str) -> bool:
    """Whether a text has two or more console lines with times in brackets."""
    return len(_CUE.findall(text)) >= 2


def seconds(hours: str | None, minutes: str, secs: str, fraction: str | None) -> float:
    """Clock fields as seconds; the fraction is decimal digits (`.17` is 0.17)."""
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(secs)
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def is_speech(text: str) -> bool:
    """False for marks like [Music], (applause), [BLANK_AUDIO], and for text without a letter or digit."""
    return bool(re.search(r"\w", text)) and not _NOT_SPEECH.match(text)


def bracket_cues(text: str) -> tuple[list[Segment], int]:
    """Segments of bracket lines. Times never go backwards; the second value counts those that did."""
    segments: list[Segment] = []
    clock = Clock()
    matches = list(_CUE.finditer(text))
    for at, cue in enumerate(matches):
        start, end = clock.forward(seconds(*cue.group(1, 2, 3, 4)), seconds(*cue.group(5, 6, 7, 8)))
        a, b = trim(text, cue.start(9), cue.end(9))
        locator = TimeSpan(start, end)
        if a < b and is_speech(text[a:b]):
            segments.append(Segment(a, b, locator, "speech"))
        # A cue's text may run on over further lines.
        until = matches[at + 1].start() if at + 1 < len(matches) else len(text)
        for line in _LINE.finditer(text, cue.end(), until):
            a, b = trim(text, line.start(), line.end())
            if a < b and is_speech(text[a:b]):
                segments.append(Segment(a, b, locator, "speech"))
    return segments, clock.repaired


@dataclass
class Prose:
    """Paragraphs of talk, with the speaker and the time marks that stand in them."""

    text: str
    _speaker: str = ""
    _found: list[tuple[int, int, int, str, float | None]] = field(default_factory=list)
    _mark: float | None = None

    def segments(self) -> list[Segment]:
        """Located by time if the text has marks that run forwards, else by paragraph."""
        for n, paragraph in enumerate(paragraphs(self.text), start=1):
            self._paragraph(n, *paragraph)
        marks = [mark for *_, mark in self._found if mark is not None]
        timed = bool(marks) and sum(a > b for a, b in pairwise(marks)) <= 0.02 * len(marks)
        out: list[Segment] = []
        ends = self._ends()
        last = 0.0
        for (a, b, n, speaker, mark), end in zip(self._found, ends, strict=True):
            speakers = (speaker,) if speaker else ()
            if timed:
                # Before the first mark only this is known: from the beginning, until that mark.
                last = max(last, mark or 0.0)
                out.append(
                    Segment(a, b, TimeSpan(last, max(last, end if end is not None else last), speakers), "speech")
                )
            else:
                out.append(Segment(a, b, Paragraph(n, speakers), "speech"))
        return out

    def _ends(self) -> list[float | None]:
        """For each stretch, the next later mark: it was said before then. None after the last mark."""
        ends: list[float | None] = []
        following: float | None = None
        current: float | None = None
        for *_, mark in reversed(self._found):
            if mark != current:
                following, current = current, mark
            ends.append(following)
        return ends[::-1]

    def _paragraph(self, n: int, start: int, end: int) -> None:
        at = start
        for pattern in (_SPEAKER_AFTER_MARK, _SPEAKER_TIMED):
            if match := pattern.match(self.text, start, end):
                groups = match.groups()
                clock, name = (groups[:4], groups[4]) if pattern is _SPEAKER_AFTER_MARK else (groups[1:], groups[0])
                self._speaker, self._mark = name.strip(), seconds(*clock)
                at = match.end()
                break
        else:
            if match := _SPEAKER_BOLD.match(self.text, start, end):
                self._speaker = match.group(1).strip().rstrip(":")
                at = match.end()
        for mark in _MARK.finditer(self.text, at, end):
            self._stretch(at, mark.start(), n)
            self._mark = seconds(*mark.groups())
            at = mark.end()
        self._stretch(at, end, n)

    def _stretch(self, start: int, end: int, n: int) -> None:
        a, b = trim(self.text, start, end)
        if a < b and is_speech(self.text[a:b]):
            self._found.append((a, b, n, self._speaker, self._mark))


def paragraphs(text: str) -> list[tuple[int, int]]:
    """Spans between blank lines; each line by itself in a text that has none."""
    spans = [m.span() for m in _PARAGRAPH.finditer(text)]
    lines = [m.span() for m in _LINE.finditer(text) if not m.group().isspace()]
    if len(spans) <= 2 and len(lines) > 8:
        spans = lines
    trimmed = (trim(text, a, b) for a, b in spans)
    return [(a, b) for a, b in trimmed if a < b]


def is_dialogue(text: str) -> bool:
    """Two or more speakers' paragraphs, and not a note in which some bold word ends in a colon."""
    spans = paragraphs(text)
    labelled = 0
    for a, b in spans:
        bold = _SPEAKER_BOLD.match(text, a, b)
        if (
            (bold and ":" in bold.group() and _is_name(bold.group(1)))
            or _SPEAKER_TIMED.match(text, a, b)
            or (_SPEAKER_AFTER_MARK.match(text, a, b))
        ):
            labelled += 1
    if labelled < 2:
        return False
    outline = sum(bool(re.match(r"(?:#{1,6}\s|[-*+]\s)", text[a : a + 8])) for a, b in spans)
    return outline == 0 or labelled >= max(4, 2 * outline)


def _is_name(label: str) -> bool:
    words = label.strip(" :").split()
    return 1 <= len(words) <= 5 and (words[0][:1].isupper() or not words[0][:1].isalpha())


_TO_THE_HEARER = re.compile(
    r"\b(?:i|i'm|i'll|i've|you|you're|you'll|we|we're|we'll|let's|my|your|our)\b", re.IGNORECASE
)
_SPOKEN = re.compile(
    r"\b(?:so|yeah|okay|ok|um|uh|right|actually|basically|really|just|kind of|sort of|gonna|guys|you know|i mean|"
    r"thank you|thanks|hello|hi)\b",
    re.IGNORECASE,
)


def reads_as_talk(text: str) -> bool:
    """Whether prose addresses a hearer, as talk does: many first and second persons, and spoken fillers.

    Rates are per 1,000 words; written prose on the same subjects stays under 15 and 8, talk is above 40 and 20.
    """
    sample = text[:60_000].replace("’", "'")
    words = len(sample.split())
    if words < 100:
        return False
    lines = [line for line in sample.splitlines() if line.strip()]
    outline = sum(bool(re.match(r"\s*(?:#{1,6}\s|[-*+]\s)", line)) for line in lines)
    if outline > 0.1 * len(lines):
        return False
    hearer = 1000 * len(_TO_THE_HEARER.findall(sample)) / words
    spoken = 1000 * len(_SPOKEN.findall(sample)) / words
    return hearer > 30 and spoken > 12
