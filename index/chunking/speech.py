"""Transcripts to passages: cut at ends of sentences and turns, 45 to 90 seconds a passage."""

from __future__ import annotations

from collections.abc import Iterator

from index.chunking.units import Group, Unit, Units
from kb.text import sentences
from kb.text.markdown import plain
from kb.types.documents import Segment, TimeSpan
from kb.types.locators import speakers

_LONGEST_TALK = 90.0


class SpeechCutter:
    """Cuts one transcript."""

    def __init__(self, units: Units) -> None:
        self._units = units

    def groups(self) -> Iterator[Group]:
        """Cues and turns merged up to the target, cut after the last sentence or turn that ended."""
        trail, budget = self._units.trail((self._units.document.title,))
        run: list[Unit] = []
        chapter = ""
        for unit in self._turns():
            if (now := self._chapter(unit)) != chapter:
                if run:
                    yield trail, run
                run, chapter = [], now
                trail, budget = self._units.trail((self._units.document.title, *([chapter] if chapter else [])))
            while run and not self._fits([*run, unit], budget):
                cut = self._best_cut(run)
                yield trail, run[:cut]
                run = run[cut:]
            run.append(unit)
        if run:
            yield trail, run

    def _chapter(self, unit: Unit) -> str:
        """The title of the chapter in which something is said; empty where there are none."""
        locator = self._units.document.segments[unit.segment].locator
        if not isinstance(locator, TimeSpan):
            return ""
        begun = [
            part["title"]
            for part in self._units.document.metadata.get("chapters", [])
            if part["start"] <= locator.start
        ]
        return plain(begun[-1]) if begun else ""

    def _turns(self) -> Iterator[Unit]:
        segments = self._units.document.segments
        for at, unit in enumerate(self._units.whole):
            following = segments[at + 1] if at + 1 < len(segments) else None
            turn_ends = following is None or _names(following) != _names(segments[at])
            named = _names(segments[at]) and (at == 0 or _names(segments[at - 1]) != _names(segments[at]))
            label = ", ".join(_names(segments[at])) + ": " if named else ""
            pieces = [unit] if len(unit.shown) <= self._units.target / 2 else self._sentences(unit)
            for n, piece in enumerate(pieces):
                closes = piece.shown.rstrip("\"'”’)").endswith((".", "?", "!", "…"))
                piece.closes = closes or (turn_ends and n == len(pieces) - 1)
                if label and n == 0:
                    piece.shown = label + piece.shown
                    piece.tokens += self._units.count([label])[0]
                yield piece

    def _sentences(self, unit: Unit) -> list[Unit]:
        segment = self._units.document.segments[unit.segment]
        spans = [
            (segment.start_char + a, segment.start_char + b)
            for a, b in sentences.split(self._units.text[segment.start_char : segment.end_char])
        ]
        return self._units.split(spans, unit.segment, segment)

    def _fits(self, units: list[Unit], budget: int) -> bool:
        if not self._units.fits(units, budget):
            return False
        first = self._units.document.segments[units[0].segment].locator
        last = self._units.document.segments[units[-1].segment].locator
        if isinstance(first, TimeSpan) and isinstance(last, TimeSpan) and units[0].segment != units[-1].segment:
            # Marks minutes apart say little about a chunk's length; cues of seconds do.
            cue = self._units.document.segments[units[-1].segment]
            short = isinstance(cue.locator, TimeSpan) and cue.locator.end - cue.locator.start < _LONGEST_TALK / 2
            return not short or last.end - first.start <= _LONGEST_TALK
        return True

    def _best_cut(self, run: list[Unit]) -> int:
        """After the last unit that closes a sentence, if that leaves at least half of the chunk before it."""
        size = sum(len(u.shown) for u in run)
        before = size
        for at in range(len(run), 0, -1):
            if before < size / 2:
                break
            if run[at - 1].closes:
                return at
            before -= len(run[at - 1].shown)
        return len(run)


def _names(segment: Segment) -> tuple[str, ...]:
    return speakers(segment.locator)
