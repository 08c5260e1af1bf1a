"""Transcripts in JSON: openai-whisper's, whisperX's, whisper.cpp's and the podcast namespace's.

Their text is rendered: a segment a line, and the offsets are into that. Word-by-word files are put together to phrases,
each with the times of its first and last word.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

# Words are put together until a sentence ends, somebody else speaks, or there is a pause of a second.
_LONGEST_PHRASE = 25
_PAUSE = 1.0
_UNKNOWN = -1.0


@dataclass(frozen=True, slots=True)
class TimedText:
    """A segment: seconds, words, who said them (if it says)."""

    start: float
    end: float
    text: str
    speaker: str = ""


def parse(text: str) -> list[TimedText] | None:
    """The segments of a transcript in JSON; None if it is JSON of another kind, or none."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(row, list):
        if not _reads_as_times(row):
            return None
        row = {"segments": row}
    if not isinstance(row, dict):
        return None
    if isinstance(row.get("transcription"), list):
        found = [said for item in row["transcription"] if (said := _whisper_cpp(item))]
    elif isinstance(row.get("segments"), list):
        found = [said for item in row["segments"] if (said := _segment(item))]
    else:
        return None
    return list(_phrases(list(_placed(found)))) if found else None


def _reads_as_times(rows: list[Any]) -> bool:
    """Whether the numbers of a bare list are seconds: two or more that rise, and no offsets into a text."""
    items = [item for item in rows if isinstance(item, dict)]
    starts = [start for item in items if (start := _number(item.get("start", item.get("startTime")))) is not None]
    rising = sum(a <= b for a, b in pairwise(starts))
    return len(starts) >= 2 and rising >= 0.9 * (len(starts) - 1) and sum(map(_is_offset, items)) < 0.5 * len(items)


def _is_offset(item: dict[str, Any]) -> bool:
    """Whether an item's numbers say where its words stand in a text, as those of taggers do."""
    start, end, text = item.get("start"), item.get("end"), item.get("text")
    return isinstance(start, int) and isinstance(end, int) and isinstance(text, str) and end - start == len(text)


def _placed(found: list[TimedText]) -> Iterator[TimedText]:
    """What has no readable time was said right after what stands before it."""
    last = 0.0
    for said in found:
        if said.start == _UNKNOWN:
            said = TimedText(last, last, said.text, said.speaker)
        last = max(last, said.end)
        yield said


def _number(value: Any) -> float | None:
    """A time in a recording; None for what cannot be one: no number, below zero, without end."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _whisper_cpp(item: Any) -> TimedText | None:
    offsets = item.get("offsets") if isinstance(item, dict) else None
    if not isinstance(offsets, dict) or not isinstance(item.get("text"), str):
        return None
    start, end = _number(offsets.get("from")), _number(offsets.get("to"))
    if start is None:
        return TimedText(_UNKNOWN, _UNKNOWN, item["text"].strip(), _speaker(item))
    return TimedText(start / 1000, (start if end is None else end) / 1000, item["text"].strip(), _speaker(item))


def _segment(item: Any) -> TimedText | None:
    """A segment of openai-whisper and whisperX (`start`, `end`, `text`) or of the podcast namespace (`startTime` …)."""
    if not isinstance(item, dict):
        return None
    start = _number(item.get("start", item.get("startTime")))
    text = item.get("text", item.get("body"))
    if not isinstance(text, str) or not ({"start", "startTime"} & item.keys()):
        return None
    if start is None:
        return TimedText(_UNKNOWN, _UNKNOWN, text.strip(), _speaker(item))
    end = _number(item.get("end", item.get("endTime")))
    return TimedText(start, end if end is not None else start, text.strip(), _speaker(item))


def _speaker(item: dict[str, Any]) -> str:
    speaker = item.get("speaker")
    return speaker.strip() if isinstance(speaker, str) else ""


def _phrases(found: list[TimedText]) -> Iterator[TimedText]:
    words = sum(len(said.text.split()) for said in found)
    if words > 1.5 * len(found):
        yield from (said for said in found if said.text)
        return
    run: list[TimedText] = []
    for said in found:
        if run and (
            run[-1].speaker != said.speaker
            or run[-1].text.endswith((".", "?", "!"))
            or said.start - run[-1].end >= _PAUSE
            or len(run) >= _LONGEST_PHRASE
        ):
            yield _joined(run)
            run = []
        if said.text:
            run.append(said)
    if run:
        yield _joined(run)


def _joined(run: list[TimedText]) -> TimedText:
    return TimedText(run[0].start, max(said.end for said in run), " ".join(said.text for said in run), run[0].speaker)
