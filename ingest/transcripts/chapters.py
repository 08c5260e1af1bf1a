"""Chapter lists in show notes: lines of a time and a title. They say where a talk's parts begin and are no speech."""

from __future__ import annotations

import re

from ingest.transcripts import plain_text
from kb.types.documents import Chapter

_CHAPTER = re.compile(
    r"^[ \t]*(?:[-*+•][ \t]+)?[\[(]?(?:(\d{1,3}):)?(\d{1,3}):(\d{2})[\])]?[ \t]*[-–—:|]?[ \t]+(\S[^\r\n]{0,99})$",
    re.MULTILINE,
)
_CAPTION = re.compile(r"[#*\s]*(?:chapters?|time ?stamps?|show notes|outline|contents|table of contents)[*:\s]*", re.I)
_FEWEST = 3
# A file that is such lines for the most part is a talk with a time on each line.
_MOST_SHARE = 0.34
_MOST_WORDS = 12


def find(text: str, body: int = 0) -> tuple[list[Chapter], list[tuple[int, int]]]:
    """The chapters of a text, and the spans of the lists that say them; empty where there is no such list."""
    lines = [(m.start(), m.end()) for m in re.finditer(r"[^\r\n]*\S[^\r\n]*", text[body:])]
    run: list[tuple[float, str, int, int]] = []
    best: list[tuple[float, str, int, int]] = []
    for start, end in [(a + body, b + body) for a, b in lines]:
        match = _CHAPTER.match(text, start, end)
        if match and plain_text.label_at(text, start, end) is None and len(match[4].split()) <= _MOST_WORDS:
            at = plain_text.seconds(match[1], match[2], match[3], None)
            if run and at <= run[-1][0]:
                run = []
            run.append((at, match[4].strip().rstrip(":"), start, end))
            best = max(best, run, key=len)
        else:
            run = []
    if len(best) < _FEWEST or len(best) > _MOST_SHARE * len(lines):
        return [], []
    above = [(a + body, b + body) for a, b in lines if b + body <= best[0][2]]
    first = above[-1][0] if above and _CAPTION.fullmatch(text, *above[-1]) else best[0][2]
    return [{"start": at, "title": title} for at, title, _, _ in best], [(first, best[-1][3])]
