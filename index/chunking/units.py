"""The pieces of a document that are never cut, and passages put together from them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from index.chunking.spans import locate, slice_of
from kb.text import sentences
from kb.text.markdown import plain
from kb.types.documents import Document, Lines, Segment
from kb.types.search import Chunk

Count = Callable[[Sequence[str]], list[int]]
# Breadcrumb and units of one passage.
Group = tuple[tuple[str, ...], list["Unit"]]

_SPECIAL_TOKENS = 2
_LABEL_CHARS = 80
_BREADCRUMB_TOKENS = 64


@dataclass(slots=True)
class Unit:
    """A piece that is never cut: a segment, or a sentence of a long one."""

    start: int
    end: int
    segment: int
    shown: str
    tokens: int
    closes: bool = True  # a sentence or a turn ends here


def is_talk(document: Document) -> bool:
    """Whether a document is a transcript."""
    return bool(document.segments) and document.segments[0].form == "speech"


class Units:
    """The units of one document; counts word pieces in bulk, since the tokenizer is fastest so."""

    def __init__(self, document: Document, count: Count, window: int, target: int) -> None:
        """`target` is the length, in characters, of a passage that is well filled."""
        self.document = document
        self.text = document.text
        self.count = count
        self.window = window - _SPECIAL_TOKENS
        self.target = target
        shown = [self.shown_text(s.start_char, s.end_char, s) for s in document.segments]
        tokens = count(shown) if shown else []
        self.whole = [Unit(s.start_char, s.end_char, n, shown[n], tokens[n]) for n, s in enumerate(document.segments)]
        self._line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self.text))]
        self._trails: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}

    def shown_text(self, start: int, end: int, segment: Segment) -> str:
        """What of a segment is embedded; nothing of a heading that the breadcrumb has whole."""
        body = self.text[start:end]
        if segment.form == "heading" and end - start <= _LABEL_CHARS:
            return ""  # the breadcrumb has it, whole
        return body if segment.form in ("code", "table") else plain(body)

    def fits(self, units: list[Unit], budget: int) -> bool:
        """Whether units are within a number of word pieces and the target."""
        if sum(u.tokens for u in units) > budget:
            return False
        return sum(len(u.shown) + 1 for u in units) - 1 <= self.target

    def pieces(self, unit: Unit) -> list[Unit]:
        """A long segment as sentences (lines of code, rows of a table), each within the window."""
        segment = self.document.segments[unit.segment]
        return self.split(sentences.of_segment(self.text, segment), unit.segment, segment)

    def split(self, spans: list[tuple[int, int]], index: int, segment: Segment) -> list[Unit]:
        """Spans of one segment as units, each within the window."""
        shown = [self.shown_text(a, b, segment) for a, b in spans]
        units = []
        for (a, b), words, tokens in zip(spans, shown, self.count(shown) if shown else [], strict=True):
            limit = self.window - _BREADCRUMB_TOKENS
            if tokens <= limit:
                units.append(Unit(a, b, index, words, tokens))
            elif b - a > 1:
                # Text with more word pieces than the window in one sentence: halved until it fits.
                space = self.text.find(" ", (a + b) // 2, b)
                middle = space if space > 0 else (a + b) // 2
                units += self.split([(a, middle), (middle, b)], index, segment)
        return units

    def trail(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """The breadcrumb as it is kept, and the word pieces it leaves for the text."""
        if path not in self._trails:
            labels = [label if len(label) <= _LABEL_CHARS else label[:_LABEL_CHARS].rstrip() + "…" for label in path]
            while len(labels) > 2 and self.count([" › ".join(labels)])[0] > _BREADCRUMB_TOKENS:
                # The title and the nearest parent say most; what is between goes first.
                labels.pop(1 if len(labels) > 3 else -2)
            used = self.count([" › ".join(labels)])[0]
            while used > _BREADCRUMB_TOKENS:
                labels = [label[: len(label) // 2] for label in labels]
                used = self.count([" › ".join(labels)])[0]
            self._trails[path] = (tuple(labels), self.window - used)
        return self._trails[path]

    def make(self, breadcrumb: tuple[str, ...], units: list[Unit]) -> Chunk:
        """The chunk of a group of units, its id still to be given."""
        start, end = units[0].start, units[-1].end
        segments = tuple(self._cut_segments(units))
        if is_talk(self.document):
            found = sentences.of_speech(self.text, list(segments))
            separator = " "
        else:
            found = [span for segment in segments for span in sentences.of_segment(self.text, segment)]
            separator = "\n"
        return Chunk(
            id="",
            document_id=self.document.id,
            start_char=start,
            end_char=end,
            breadcrumb=breadcrumb,
            text=slice_of(self.text, segments, start, end),
            embedded=" › ".join(breadcrumb) + "\n" + separator.join(u.shown for u in units if u.shown),
            locator=locate(self.text, segments, start, end),
            segments=segments,
            sentences=tuple(found),
            lines=(bisect_right(self._line_starts, start), bisect_right(self._line_starts, max(end - 1, start))),
        )

    def _cut_segments(self, units: list[Unit]) -> Iterator[Segment]:
        """The segments that a chunk's units come from, cut to them."""
        at = 0
        while at < len(units):
            last = at
            while last + 1 < len(units) and units[last + 1].segment == units[at].segment:
                last += 1
            whole = self.document.segments[units[at].segment]
            start, end = units[at].start, units[last].end
            cut = replace(whole, start_char=start, end_char=end)
            if isinstance(whole.locator, Lines):
                # By the table of lines: counting them anew for each chunk of one enormous line would take minutes.
                lines = (bisect_right(self._line_starts, start), bisect_right(self._line_starts, max(end - 1, start)))
                cut = replace(cut, locator=Lines(*lines, whole.locator.heading))
            yield cut
            at = last + 1
