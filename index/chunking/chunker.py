"""Documents to chunks: sections, then bullet subtrees, then sentences, within the embedder's window.

An outline is cut where it is cut least: a subtree that fits stays whole, siblings fill up a chunk, and what is cut off
keeps its parents in its breadcrumb. Talk is cut at ends of sentences and turns, 45 to 90 seconds a chunk.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from index.chunking.spans import locate, slice_of
from kb.text import sentences
from kb.text.markdown import plain
from kb.types.documents import Chunk, Document, Lines, Page, Post, Segment, TimeSpan
from kb.types.locators import speakers

# Goes up whenever the same document would give other chunks, so that documents are chunked again.
VERSION = 2

Count = Callable[[Sequence[str]], list[int]]

_SPECIAL_TOKENS = 2
_LABEL_CHARS = 80
_BREADCRUMB_TOKENS = 64
# Characters of a chunk that is well filled, chosen on the judged sets (docs/benchmarks.md). Talk is thinner than
# writing: its chunks are filled to the window.
TARGET = 850
TARGET_TALK = 1300
_LONGEST_TALK = 90.0
# Between the parts of one chunk of notes may stand only white space and markers of lists, quotes and tasks.
_ONLY_MARKERS = re.compile(r"(?:[\s>*+\-]|\d{1,9}[.)]|\[[ xX]\])*\Z")


@dataclass(slots=True)
class _Unit:
    """A piece that is never cut: a segment, or a sentence of a long one."""

    start: int
    end: int
    segment: int
    shown: str
    tokens: int
    closes: bool = True  # a sentence or a turn ends here


@dataclass(slots=True)
class _Node:
    """An item of an outline with what hangs below it."""

    units: list[_Unit]
    depth: int
    children: list[_Node] = field(default_factory=list)

    def all_units(self) -> Iterator[_Unit]:
        yield from self.units
        for child in self.children:
            yield from child.all_units()


def chunk(document: Document, count: Count, window: int) -> list[Chunk]:
    """The chunks of a document, in order.

    `count` gives the embedder's word pieces of each text; `window` is how many it reads, special tokens included.
    """
    cutter = _Cutter(document, count, window)
    groups = cutter.talk() if _is_talk(document) else cutter.outline()
    seen: dict[tuple[tuple[str, ...], str], int] = {}
    chunks = []
    for breadcrumb, units in groups:
        made = cutter.make(breadcrumb, units)
        n = seen[(breadcrumb, made.text)] = seen.get((breadcrumb, made.text), -1) + 1
        # A digest of ours repeats what its links say: it is found and shown, and they are what is quoted.
        derived = document.metadata.get("generated", False)
        chunks.append(replace(made, id=chunk_id(document.id, breadcrumb, made.text, n), derived=derived))
    return chunks


def chunk_id(document_id: str, breadcrumb: tuple[str, ...], text: str, n: int) -> str:
    """The id of the n-th chunk with this text under this breadcrumb: stable when other parts of the document change."""
    key = "\x1f".join((document_id, *breadcrumb, "\x1e" + text, str(n)))
    return "c" + hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _is_talk(document: Document) -> bool:
    return bool(document.segments) and document.segments[0].form == "speech"


class _Cutter:
    """Cuts one document; counts word pieces in bulk, since the tokenizer is fastest so."""

    def __init__(self, document: Document, count: Count, window: int) -> None:
        self._document = document
        self._text = document.text
        self._count = count
        self._window = window - _SPECIAL_TOKENS
        self._target = TARGET_TALK if _is_talk(document) else TARGET
        shown = [self._shown(s.start_char, s.end_char, s) for s in document.segments]
        tokens = count(shown) if shown else []
        self._whole = [_Unit(s.start_char, s.end_char, n, shown[n], tokens[n]) for n, s in enumerate(document.segments)]
        self._line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", self._text))]
        self._trails: dict[tuple[str, ...], tuple[tuple[str, ...], int]] = {}

    def _shown(self, start: int, end: int, segment: Segment) -> str:
        body = self._text[start:end]
        if segment.form == "heading" and end - start <= _LABEL_CHARS:
            return ""  # the breadcrumb has it, whole
        return body if segment.form in ("code", "table") else plain(body)

    # Outlines

    def outline(self) -> Iterator[tuple[tuple[str, ...], list[_Unit]]]:
        """Sections in turn; within each, subtrees packed under their breadcrumb."""
        section: list[_Unit] = []
        path: tuple[str, ...] = ()
        page = 0
        for unit in self._whole:
            locator = self._document.segments[unit.segment].locator
            heading = locator.heading if isinstance(locator, Lines | Page) else ()
            # A passage of a paper lies on one page, so that what is said of its place holds for all of it.
            # And one of a thread in one reply chain.
            on = locator.page if isinstance(locator, Page) else locator.chain if isinstance(locator, Post) else 0
            if section and (heading, on) != (path, page):
                yield from self._pack(self._tree(section), self._path(path), [])
                section = []
            path, page = heading, on
            section.append(unit)
        if section:
            yield from self._pack(self._tree(section), self._path(path), [])

    def _path(self, heading: tuple[str, ...]) -> tuple[str, ...]:
        title = self._document.title
        if heading and heading[0].casefold() == title.casefold():
            heading = heading[1:]
        return (title, *heading)

    def _tree(self, section: list[_Unit]) -> list[_Node]:
        roots: list[_Node] = []
        stack: list[_Node] = []
        for at, unit in enumerate(section):
            segment = self._document.segments[unit.segment]
            depth = segment.depth
            node = _Node([unit], depth)
            if depth == 0 and not self._leads(section, at):
                stack = []
                roots.append(node)
                continue
            if segment.form != "bullet" and depth and stack and stack[-1].depth >= depth:
                # A further paragraph, fence or table of the same item.
                owner = next((n for n in reversed(stack) if n.depth == depth), stack[-1])
                owner.children.append(_Node([unit], depth + 1))
                continue
            while stack and stack[-1].depth >= depth:
                stack.pop()
            (stack[-1].children if stack else roots).append(node)
            stack.append(node)
        return roots

    def _leads(self, section: list[_Unit], at: int) -> bool:
        """Whether a short line of prose stands directly above a list, as its caption."""
        unit = section[at]
        if self._document.segments[unit.segment].form == "heading":
            return False
        if at + 1 == len(section) or self._document.segments[section[at + 1].segment].depth == 0:
            return False
        gap = self._text[unit.end : section[at + 1].start]
        one_line = "\n" not in self._text[unit.start : unit.end]
        return one_line and len(unit.shown) <= 120 and gap.count("\n") == 1

    def _pack(
        self, nodes: list[_Node], path: tuple[str, ...], head: list[_Unit]
    ) -> Iterator[tuple[tuple[str, ...], list[_Unit]]]:
        """Fill chunks with whole subtrees; a subtree too large for one is cut below its own item."""
        trail, budget = self._trail(path)
        current = list(head)
        for node in nodes:
            units = list(node.all_units())
            if self._fits(current + units, budget):
                current += units
                continue
            if self._fits(units, budget):
                yield from self._emit(trail, current)
                current = units
                continue
            if node.children:
                if any(unit.shown for unit in current):
                    yield from self._emit(trail, current)
                    current = []
                label = node.units[0].shown.split("\n")[0]
                yield from self._pack(node.children, (*path, label), current + self._own(node, budget))
                current = []
                continue
            pieces = self._pieces(node.units[0])
            for piece in self._groups(pieces, budget):
                if current and not self._fits(current + piece, budget):
                    yield from self._emit(trail, current)
                    current = []
                current += piece
        yield from self._emit(trail, current)

    def _own(self, node: _Node, budget: int) -> list[_Unit]:
        unit = node.units[0]
        return [unit] if self._fits([unit], budget) else self._pieces(unit)

    def _fits(self, units: list[_Unit], budget: int) -> bool:
        if sum(u.tokens for u in units) > budget:
            return False
        return sum(len(u.shown) + 1 for u in units) - 1 <= self._target

    def _emit(self, trail: tuple[str, ...], units: list[_Unit]) -> Iterator[tuple[tuple[str, ...], list[_Unit]]]:
        """One group, cut where something that is not searched lies between its parts, and kept in the window."""
        _, budget = self._trail(trail)
        run: list[_Unit] = []
        for unit in units:
            if run and (not self._joined(run[-1], unit) or not self._fits([*run, unit], budget)):
                yield trail, run
                run = []
            run.append(unit)
        if run:
            yield trail, run

    def _joined(self, before: _Unit, after: _Unit) -> bool:
        if self._document.kind == "digest":
            return True  # between a title and its summary stands only a label
        places = (self._document.segments[unit.segment] for unit in (before, after))
        if all(place.form == "speech" or isinstance(place.locator, Post) for place in places):
            return True
        return _ONLY_MARKERS.fullmatch(self._text, before.end, after.start) is not None

    def _pieces(self, unit: _Unit) -> list[_Unit]:
        """A long segment as sentences (lines of code, rows of a table), each within the window."""
        segment = self._document.segments[unit.segment]
        return self._units(sentences.of_segment(self._text, segment), unit.segment, segment)

    def _units(self, spans: list[tuple[int, int]], index: int, segment: Segment) -> list[_Unit]:
        shown = [self._shown(a, b, segment) for a, b in spans]
        units = []
        for (a, b), words, tokens in zip(spans, shown, self._count(shown) if shown else [], strict=True):
            limit = self._window - _BREADCRUMB_TOKENS
            if tokens <= limit:
                units.append(_Unit(a, b, index, words, tokens))
            elif b - a > 1:
                # Text with more word pieces than the window in one sentence: halved until it fits.
                space = self._text.find(" ", (a + b) // 2, b)
                middle = space if space > 0 else (a + b) // 2
                units += self._units([(a, middle), (middle, b)], index, segment)
        return units

    def _groups(self, units: list[_Unit], budget: int) -> Iterator[list[_Unit]]:
        """Sentences of one long paragraph in parts of about equal length."""
        length = sum(len(u.shown) + 1 for u in units)
        parts = max(1, -(-length // self._target), -(-sum(u.tokens for u in units) // budget))
        share = length / parts
        run: list[_Unit] = []
        size = 0
        for unit in units:
            if run and (not self._fits([*run, unit], budget) or size + len(unit.shown) / 2 > share):
                yield run
                run, size = [], 0
            run.append(unit)
            size += len(unit.shown) + 1
        if run:
            yield run

    def _trail(self, path: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """The breadcrumb as it is kept, and the word pieces it leaves for the text."""
        if path not in self._trails:
            labels = [label if len(label) <= _LABEL_CHARS else label[:_LABEL_CHARS].rstrip() + "…" for label in path]
            while len(labels) > 2 and self._count([" › ".join(labels)])[0] > _BREADCRUMB_TOKENS:
                # The title and the nearest parent say most; what is between goes first.
                labels.pop(1 if len(labels) > 3 else -2)
            used = self._count([" › ".join(labels)])[0]
            while used > _BREADCRUMB_TOKENS:
                labels = [label[: len(label) // 2] for label in labels]
                used = self._count([" › ".join(labels)])[0]
            self._trails[path] = (tuple(labels), self._window - used)
        return self._trails[path]

    # Talk

    def talk(self) -> Iterator[tuple[tuple[str, ...], list[_Unit]]]:
        """Cues and turns merged up to the target, cut after the last sentence or turn that ended."""
        trail, budget = self._trail((self._document.title,))
        run: list[_Unit] = []
        chapter = ""
        for unit in self._talk_units():
            if (now := self._chapter(unit)) != chapter:
                if run:
                    yield trail, run
                run, chapter = [], now
                trail, budget = self._trail((self._document.title, *([chapter] if chapter else [])))
            while run and not self._talk_fits([*run, unit], budget):
                cut = self._best_cut(run)
                yield trail, run[:cut]
                run = run[cut:]
            run.append(unit)
        if run:
            yield trail, run

    def _chapter(self, unit: _Unit) -> str:
        """The title of the chapter in which something is said; empty where there are none."""
        locator = self._document.segments[unit.segment].locator
        if not isinstance(locator, TimeSpan):
            return ""
        begun = [
            part["title"] for part in self._document.metadata.get("chapters", []) if part["start"] <= locator.start
        ]
        return plain(begun[-1]) if begun else ""

    def _talk_units(self) -> Iterator[_Unit]:
        segments = self._document.segments
        for at, unit in enumerate(self._whole):
            following = segments[at + 1] if at + 1 < len(segments) else None
            turn_ends = following is None or _names(following) != _names(segments[at])
            named = _names(segments[at]) and (at == 0 or _names(segments[at - 1]) != _names(segments[at]))
            label = ", ".join(_names(segments[at])) + ": " if named else ""
            pieces = [unit] if len(unit.shown) <= self._target / 2 else self._pieces_of_talk(unit)
            for n, piece in enumerate(pieces):
                closes = piece.shown.rstrip("\"'”’)").endswith((".", "?", "!", "…"))
                piece.closes = closes or (turn_ends and n == len(pieces) - 1)
                if label and n == 0:
                    piece.shown = label + piece.shown
                    piece.tokens += self._count([label])[0]
                yield piece

    def _pieces_of_talk(self, unit: _Unit) -> list[_Unit]:
        segment = self._document.segments[unit.segment]
        spans = [
            (segment.start_char + a, segment.start_char + b)
            for a, b in sentences.split(self._text[segment.start_char : segment.end_char])
        ]
        return self._units(spans, unit.segment, segment)

    def _talk_fits(self, units: list[_Unit], budget: int) -> bool:
        if not self._fits(units, budget):
            return False
        first = self._document.segments[units[0].segment].locator
        last = self._document.segments[units[-1].segment].locator
        if isinstance(first, TimeSpan) and isinstance(last, TimeSpan) and units[0].segment != units[-1].segment:
            # Marks minutes apart say little about a chunk's length; cues of seconds do.
            cue = self._document.segments[units[-1].segment]
            short = isinstance(cue.locator, TimeSpan) and cue.locator.end - cue.locator.start < _LONGEST_TALK / 2
            return not short or last.end - first.start <= _LONGEST_TALK
        return True

    def _best_cut(self, run: list[_Unit]) -> int:
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

    # Chunks

    def make(self, breadcrumb: tuple[str, ...], units: list[_Unit]) -> Chunk:
        """The chunk of a group of units, its id still to be given."""
        start, end = units[0].start, units[-1].end
        segments = tuple(self._cut_segments(units))
        if _is_talk(self._document):
            found = sentences.of_speech(self._text, list(segments))
            separator = " "
        else:
            found = [span for segment in segments for span in sentences.of_segment(self._text, segment)]
            separator = "\n"
        return Chunk(
            id="",
            document_id=self._document.id,
            start_char=start,
            end_char=end,
            breadcrumb=breadcrumb,
            text=slice_of(self._text, segments, start, end),
            embedded=" › ".join(breadcrumb) + "\n" + separator.join(u.shown for u in units if u.shown),
            locator=locate(self._text, segments, start, end),
            segments=segments,
            sentences=tuple(found),
            lines=(bisect_right(self._line_starts, start), bisect_right(self._line_starts, max(end - 1, start))),
        )

    def _cut_segments(self, units: list[_Unit]) -> Iterator[Segment]:
        """The segments that a chunk's units come from, cut to them."""
        at = 0
        while at < len(units):
            last = at
            while last + 1 < len(units) and units[last + 1].segment == units[at].segment:
                last += 1
            whole = self._document.segments[units[at].segment]
            start, end = units[at].start, units[last].end
            cut = replace(whole, start_char=start, end_char=end)
            if isinstance(whole.locator, Lines):
                # By the table of lines: counting them anew for each chunk of one enormous line would take minutes.
                lines = (bisect_right(self._line_starts, start), bisect_right(self._line_starts, max(end - 1, start)))
                cut = replace(cut, locator=Lines(*lines, whole.locator.heading))
            yield cut
            at = last + 1


def _names(segment: Segment) -> tuple[str, ...]:
    return speakers(segment.locator)
