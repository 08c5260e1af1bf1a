"""Talk written as prose: console lines with bracket times, speakers' paragraphs with time marks, plain paragraphs."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import pairwise

from ingest.text.spans import trim, without
from kb.types.documents import Paragraph, Segment, TimeSpan

_CLOCK = r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?"
# Whisper's console: hours are left out under one hour.
_CUE = re.compile(rf"^[ \t]*\[{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}\][ \t]*([^\r\n]*)", re.MULTILINE)
# A mark inside prose: [04:06], \[00:06:02.17\]. In parentheses only a speaker's time counts: "John (3:16)" is a verse.
_MARK = re.compile(rf"\\?\[{_CLOCK}\\?\][ \t]*:?")
_SPEAKER_BOLD = re.compile(r"\*\*([^*\r\n]{1,60}?)(?::\*\*|\*\*[ \t]*:)[ \t]*")
_SPEAKER_TIMED = re.compile(rf"([^\W\d_][^\r\n:()\[\]]{{0,40}}?)[ \t]*\({_CLOCK}\):[ \t]*")
_SPEAKER_AFTER_MARK = re.compile(rf"\\?\[{_CLOCK}\\?\][ \t]*([^\W\d_][^\r\n:()\[\]]{{0,40}}?):[ \t]*")
_LINE = re.compile(r"[^\r\n]+")
_FENCE = re.compile(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)")
# What recognisers write for sounds: always in brackets, or only notes of music.
_NOT_SPEECH = re.compile(
    r"\s*(?:[\[(*♪]+\s*(?:blank_audio|blank audio|music|applause|laughter|laughs|silence|inaudible|crosstalk|cheering|"
    r"noise|no audio)[^\[\]()\r\n]{0,30}[\])*♪]+|[♪\s]+)[\s.]*\Z",
    re.IGNORECASE,
)
_FEWEST_CUES = 2
_SHARE_OF_CUES = 0.3
_MOST_NAME_WORDS = 4
_LOG_LEVELS = frozenset({"TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "FATAL", "CRITICAL"})


@dataclass(frozen=True, slots=True)
class Label:
    """Who speaks from here on, at what second if it says, and where their words begin."""

    name: str
    mark: float | None
    words_at: int


def in_order(times: list[tuple[float, float]]) -> tuple[list[tuple[float, float]], int]:
    """Cue times that never run backwards, and how many were put right.

    Those that already stand in order, as many as can be, are kept; the others are brought between their neighbours, so
    that one mistyped hour moves one cue and not all that follow.
    """
    kept = _longest_in_order([start for start, _ in times])
    following = [math.inf] * (len(times) + 1)
    for n in range(len(times) - 1, -1, -1):
        following[n] = times[n][0] if n in kept else following[n + 1]
    out: list[tuple[float, float]] = []
    repaired = 0
    last = 0.0
    for n, (start, end) in enumerate(times):
        first, until = start, end
        if n not in kept:
            first = min(max(start, last), following[n + 1])
            until = min(end, max(first, following[n + 1]))
        until = max(until, first)
        repaired += (first, until) != (start, end)
        out.append((first, until))
        last = first
    return out, repaired


def _longest_in_order(values: list[float]) -> set[int]:
    """Indexes of a longest subsequence that never falls (patience sorting)."""
    tails: list[float] = []
    ends: list[int] = []
    before: list[int] = []
    for n, value in enumerate(values):
        at = bisect_right(tails, value)
        before.append(ends[at - 1] if at else -1)
        if at == len(tails):
            tails.append(value)
            ends.append(n)
        else:
            tails[at], ends[at] = value, n
    kept: set[int] = set()
    n = ends[-1] if ends else -1
    while n >= 0:
        kept.add(n)
        n = before[n]
    return kept


def has_cues(text: str) -> bool:
    """Whether a text is console output: lines with times in brackets, outside fences, and not here and there a few."""
    outside = _FENCE.sub("", text)
    cues = len(_CUE.findall(outside))
    lines = sum(not line.isspace() for line in _LINE.findall(outside))
    return cues >= _FEWEST_CUES and cues >= _SHARE_OF_CUES * lines


def seconds(hours: str | None, minutes: str, secs: str, fraction: str | None) -> float:
    """Clock fields as seconds; the fraction is decimal digits (`.17` is 0.17)."""
    whole = int(hours or 0) * 3600 + int(minutes) * 60 + int(secs)
    return whole + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


def is_speech(text: str) -> bool:
    """False for marks like [Music], (applause), [BLANK_AUDIO], and for text without a letter or digit."""
    return bool(re.search(r"\w", text)) and not _NOT_SPEECH.match(text)


def bracket_cues(text: str) -> tuple[list[Segment], int]:
    """Segments of bracket lines, in order; the second value counts the cues whose times were put right."""
    matches = list(_CUE.finditer(text))
    times, repaired = in_order([(seconds(*cue.group(1, 2, 3, 4)), seconds(*cue.group(5, 6, 7, 8))) for cue in matches])
    segments: list[Segment] = []
    for at, (cue, (start, end)) in enumerate(zip(matches, times, strict=True)):
        locator = TimeSpan(start, end)
        # A cue's text may run on over further lines.
        until = matches[at + 1].start() if at + 1 < len(matches) else len(text)
        for line in _LINE.finditer(text, cue.start(9), until):
            a, b = trim(text, line.start(), line.end())
            if a < b and is_speech(text[a:b]):
                segments.append(Segment(a, b, locator, "speech"))
    return segments, repaired


@dataclass
class Prose:
    """Paragraphs of talk, with the speaker and the time marks that stand in them."""

    text: str
    body: int = 0  # where the talk begins, after front matter
    left_out: list[tuple[int, int]] = field(default_factory=list)  # what is no speech, such as a list of chapters
    _speaker: str = ""
    _found: list[tuple[int, int, int, str, float | None]] = field(default_factory=list)
    _mark: float | None = None

    def segments(self) -> list[Segment]:
        """Located by time if the text has marks that run forwards, else by paragraph."""
        for n, paragraph in enumerate(paragraphs(self.text, self.body), start=1):
            for part in without(*paragraph, self.left_out):
                self._paragraph(n, *trim(self.text, *part))
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
        if label := label_at(self.text, start, end):
            self._speaker, at = label.name, label.words_at
            self._mark = self._mark if label.mark is None else label.mark
        for mark in _MARK.finditer(self.text, at, end):
            self._stretch(at, mark.start(), n)
            self._mark = seconds(*mark.groups())
            at = mark.end()
        self._stretch(at, end, n)

    def _stretch(self, start: int, end: int, n: int) -> None:
        a, b = trim(self.text, start, end)
        if a < b and is_speech(self.text[a:b]):
            self._found.append((a, b, n, self._speaker, self._mark))


def label_at(text: str, start: int, end: int) -> Label | None:
    """The speaker's label at a place: `**Name:**`, `[00:43:45] Name:`, `Name (12:34):`."""
    if match := _SPEAKER_BOLD.match(text, start, end):
        return Label(match[1].strip(), None, match.end())
    if (match := _SPEAKER_AFTER_MARK.match(text, start, end)) and _is_name(match[5]):
        return Label(match[5].strip(), seconds(*match.group(1, 2, 3, 4)), match.end())
    if (match := _SPEAKER_TIMED.match(text, start, end)) and _is_name(match[1]):
        return Label(match[1].strip(), seconds(*match.group(2, 3, 4, 5)), match.end())
    return None


def _is_name(label: str) -> bool:
    """Up to four words, each with a capital or a digit: what begins a sentence ("My advice to you:") is no name."""
    words = label.split()
    if label in _LOG_LEVELS:
        return False
    return 1 <= len(words) <= _MOST_NAME_WORDS and all(word[0].isupper() or word[0].isdigit() for word in words)


def paragraphs(text: str, body: int = 0) -> list[tuple[int, int]]:
    """Spans between blank lines, cut where somebody else begins to speak; each line in a text without blank lines."""
    spans: list[tuple[int, int]] = []
    lines = [(m.start(), m.end()) for m in _LINE.finditer(text, body) if not m.group().isspace()]
    for a, b in lines:
        gap = text[spans[-1][1] : a] if spans else ""
        follows = bool(spans) and len(re.findall(r"\r\n|\r|\n", gap)) == 1
        if follows and label_at(text, *trim(text, a, b)) is None:
            spans[-1] = (spans[-1][0], b)
        else:
            spans.append((a, b))
    if len(spans) <= 2 and len(lines) > 8:
        spans = lines
    trimmed = (trim(text, a, b) for a, b in spans)
    return [(a, b) for a, b in trimmed if a < b]


def is_dialogue(text: str, body: int = 0) -> bool:
    """Two or more speakers' paragraphs, and not a note in which some bold word ends in a colon."""
    spans = paragraphs(text, body)
    labelled = sum(label_at(text, a, b) is not None for a, b in spans)
    if labelled < 2:
        return False
    outline = sum(bool(re.match(r"(?:#{1,6}\s|[-*+]\s)", text[a : a + 8])) for a, b in spans)
    return outline == 0 or labelled >= max(4, 2 * outline)


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

    Rates are per 1,000 words. In 62 transcripts they were 50 to 83 and 26 to 52 (2nd to 98th percentile); of 81 notes
    and 280 abstracts none came over both bars, of 137 sections of documentation six did.
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
