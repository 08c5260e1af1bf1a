"""Transcripts in the podcast namespace's HTML: `<cite>` who, `<time>` when, `<p>` what was said.

https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/examples/transcripts/transcripts.md
"""

from __future__ import annotations

import re

from ingest.transcripts.json_formats import TimedText

SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,](\d{1,3}))?")
# What a page of another kind hardly has: times that stand with paragraphs, at least two of them.
_FEWEST_TIMES = 2
_PART = re.compile(r"<(cite|time|p)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<[^<>]*>")


def is_talk(text: str) -> bool:
    """Whether a page is such a transcript and not an article: its times are clock times, and paragraphs follow them."""
    times = [part for part in _PART.finditer(text) if part[1].lower() == "time"]
    clocks = sum(1 for part in times if _CLOCK.fullmatch(_words(part[2])))
    return clocks >= _FEWEST_TIMES and clocks == len(times) and "<article" not in text.lower()


def parse(text: str) -> list[TimedText]:
    """What was said, by whom and from when; each paragraph lasts until the next time."""
    said: list[TimedText] = []
    speaker, start = "", 0.0
    for part in _PART.finditer(text):
        words = _words(part[2])
        tag = part[1].lower()
        if tag == "cite":
            speaker = words.rstrip(": ")
        elif tag == "time":
            clock = _CLOCK.fullmatch(words)
            if clock:
                hours, minutes, seconds, fraction = clock.groups()
                start = int(hours or 0) * 3600.0 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction or 0}")
        elif words:
            said.append(TimedText(start, start, words, speaker))
    out = []
    for n, one in enumerate(said):
        later = next((other.start for other in said[n + 1 :] if other.start > one.start), one.start)
        out.append(TimedText(one.start, later, one.text, one.speaker))
    return out


def _words(html: str) -> str:
    from html import unescape

    return " ".join(unescape(_MARKUP.sub(" ", html)).split())
