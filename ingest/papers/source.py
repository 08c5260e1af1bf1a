"""Papers: PDF files as pages of paragraphs under their sections.

The text is rendered: lines joined to paragraphs, words that a line's end cut in two put together, what repeats at the
head and foot of pages left out. The list of references is kept in the text and is no claim, so it is not searched.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from ingest.papers import pdf
from ingest.source import Item
from kb.errors import IngestError
from kb.types.documents import Document, Form, Kind, Metadata, Page, Segment

_KNOWN = (
    r"abstract|introduction|related works?|background|preliminaries|methods?|methodology|approach|model|experiments?|"
    r"experimental (?:setup|results)|evaluation|results?(?: and discussion)?|discussion|analysis|limitations?|"
    r"future work|conclusions?(?: and (?:future work|limitations))?|acknowledge?ments?|references|bibliography|"
    r"appendix|ethics statement|broader impacts?|summary|(?:data|code) availability(?: statement)?|"
    r"(?:materials and )?methods|author contributions?|competing interests|funding|online methods"
)
_NUMBERED = re.compile(r"((?:\d{1,2}|[A-Z])(?:\.\d{1,2})*)\.?\s+([A-Z][^.!?;=]{2,80}\??)")
# IEEE's: "III. EXPERIMENTAL SETUP".
_ROMAN = re.compile(r"([IVX]{1,5})\.\s+([A-Z][A-Z0-9 ,:&/-]{3,80})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
_APPENDIX = re.compile(r"(?:appendix|appendices|supplement(?:ary|al) \w+)(?:[ .:–—-]+\S.{0,80})?", re.IGNORECASE)
_NAMED = re.compile(rf"(?:(\d{{1,2}}|[IVX]+)\.?\s+)?({_KNOWN})\s*:?", re.IGNORECASE)
_RUN_IN = re.compile(r"(Abstract)\s*(?:[.:—–-]\s*|(?=[A-Z]))(?=\S)")
_REFERENCES = re.compile(r"(?:\w+\.? )?(?:references|bibliography)\Z", re.IGNORECASE)
# What a list of references is made of: a number or mark at the beginning, or an author and a year.
_ENTRY = re.compile(r"\[\w{1,12}\]|\(?\d{1,3}[.)\]]\s|\d{1,3}\s+[A-Z][\w'-]+,|[A-Z][\w'-]+,? (?:[A-Z]\.|and |et al)")
_YEAR = re.compile(r"\b(?:19|20)\d\d[a-z]?\b")
_SEEN_ENTRIES = 8
# More of the text than this under its references is likelier a heading that was none.
_MOST_REFERENCES = 0.5
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})(?:v\d+)?(?:\s*\[[\w.-]+\])?(?:\s+(\d{1,2} \w{3} \d{4}))?")
_ENDS = re.compile(r"[.!?:][\"”’')\]]*\Z")
_COMPOUND = re.compile(
    r"self|well|non|cross|quasi|long|short|high|low|large|small|open|real|half|zero|few|state|two|three", re.IGNORECASE
)
_ENDING = re.compile(r"(?:ness|ish|i[sz]e|age|ity|ly|ed|ing|er|est|en|sense)", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][\"”’')\]]*\s+(?=[A-Z\"“(])")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A line of a table of contents: its words led to a page number by dots.
_LEADERS = re.compile(r"(?:\. ?){5,}\s*\S{0,5}\Z")
_PAGE_NUMBER = re.compile(r"[-–— ]*(?:page )?\d{1,4}(?: ?(?:of|/) ?\d{1,4})?[-–— ]*", re.IGNORECASE)
# Fewer letters a page than this are numbers and stamps: the pages are pictures.
_FEWEST_LETTERS = 10
_EDGE_LINES = 2
_FEWEST_REPEATS = 3


class Papers:
    """Reads `.pdf` files."""

    name = "papers"
    version = 2
    kind: Kind = "paper"
    suffixes = frozenset({".pdf"})
    empty = "it holds no text"

    def read(self, item: Item, data: bytes) -> Iterator[Document | IngestError]:
        """One document: a segment for each paragraph, located by its page and section."""
        try:
            found = pdf.parse(data)
        except pdf.UnreadablePdf as error:
            yield IngestError(item.uri, str(error))
            return
        letters = [sum(c.isalpha() for line in page for c in line) for page in found.pages]
        if sum(letters) < _FEWEST_LETTERS * max(len(letters), 1):
            reason = "it has no text layer, only pictures of pages; run it through OCR first (ocrmypdf)"
            yield IngestError(item.uri, reason if letters else "it has no pages")
            return
        body = _Body(without_edges(found.pages))
        metadata: Metadata = {"trust": "published", "rendered": True}
        if found.authors:
            metadata["authors"] = list(found.authors)
        if found.created:
            metadata["published"] = found.created
        if stamp := _ARXIV.search(" ".join(line for page in found.pages[:1] for line in page)):
            metadata["url"] = f"https://arxiv.org/abs/{stamp[1]}"
            if stamp[2] and (date := _date(stamp[2])):
                metadata["published"] = date
        share = 1 - sum(s.end_char - s.start_char for s in body.segments) / max(len(body.text), 1)
        if share > _MOST_REFERENCES:
            metadata["warnings"] = [f"{share:.0%} of its text stands under its references and is not searched"]
        blank = [str(n) for n, count in enumerate(letters, 1) if count == 0]
        if blank:
            told = f"no text on page{'s' if len(blank) > 1 else ''} {', '.join(blank[:20])}"
            metadata["warnings"] = [*metadata.get("warnings", []), told]
        largest = found.largest
        if _NAMED.fullmatch(largest) or _NUMBERED.fullmatch(largest) or _ROMAN.fullmatch(largest):
            largest = ""  # a section's heading: the title is set no larger
        title = found.title or largest or item.path.stem
        yield Document(item.uri, "paper", title, body.text, tuple(body.segments), metadata)


def _date(text: str) -> str:
    day, month, year = text.split()
    known = month in _MONTHS and 1 <= int(day) <= 31
    return f"{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}" if known else ""


def without_edges(pages: tuple[tuple[str, ...], ...]) -> list[list[str]]:
    """Pages without the lines that repeat at their heads and feet, and without page numbers."""
    seen = Counter(key for page in pages for key in {_shape(line) for line in _edges(page)})
    repeated = {key for key, n in seen.items() if n >= _FEWEST_REPEATS}
    out = []
    for page in pages:
        first, last = 0, len(page)
        # A page of a few lines is a title or a slide: what it repeats is what it says.
        most = _EDGE_LINES if last > 2 * _EDGE_LINES else 0
        while first < most and _is_edge(page[first], repeated):
            first += 1
        while last > max(first, len(page) - most) and _is_edge(page[last - 1], repeated):
            last -= 1
        out.append([line for line in page[first:last] if not _LEADERS.search(line)])
    return out


def _edges(page: tuple[str, ...]) -> tuple[str, ...]:
    return (*page[:_EDGE_LINES], *page[-_EDGE_LINES:])


def _shape(line: str) -> str:
    return re.sub(r"\d+", "#", line.casefold())


def _is_edge(line: str, repeated: set[str]) -> bool:
    return _shape(line) in repeated or _PAGE_NUMBER.fullmatch(line) is not None


def lists_references(following: list[str]) -> bool:
    """Whether the lines after a heading are entries of a list of references."""
    if not following:
        return False
    marked = bool(_ENTRY.match(following[0]))
    dated = sum(bool(_YEAR.search(line)) for line in following)
    return (marked and dated >= 1) or dated >= 2


def _roman(number: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in number]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))


@dataclass
class _Body:
    """Joins the lines of pages to paragraphs and renders them, each under its section."""

    pages: list[list[str]]
    text: str = ""
    segments: list[Segment] = field(default_factory=list)
    _path: list[tuple[int, str]] = field(default_factory=list)
    _reached: tuple[int, ...] = (0,)
    _in_references: bool = False
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    def __post_init__(self) -> None:
        lines = [line for page in self.pages for line in page]
        self._width = median([len(line) for line in lines if len(line) > 20] or [60])
        self._whole_words = Counter(re.findall(r"[\w-]+", " ".join(lines).casefold()))
        paragraph: list[tuple[str, int]] = []
        for number, page in enumerate(self.pages, start=1):
            for n, line in enumerate(page):
                following = [*page[n + 1 :], *(self.pages[number] if number < len(self.pages) else [])][:_SEEN_ENTRIES]
                if (heading := self._heading(line, paragraph, following)) is not None:
                    self._close(paragraph)
                    paragraph = []
                    level, title, rest = heading
                    self._enter(level, title, following)
                    self._add(title, number, "heading")
                    if rest:
                        paragraph.append((rest, number))
                    continue
                if paragraph and self._ends(paragraph[-1][0]):
                    self._close(paragraph)
                    paragraph = []
                paragraph.append((line, number))
        self._close(paragraph)
        self.text = "".join(self._parts)

    def _ends(self, line: str) -> bool:
        """Whether a paragraph ends with this line: a sentence ends in it, well before the margin."""
        return bool(_ENDS.search(line)) and len(line) < 0.85 * self._width

    def _heading(self, line: str, before: list[tuple[str, int]], following: list[str]) -> tuple[int, str, str] | None:
        """Level, title, and what follows on the same line, if the line begins a section."""
        if _REFERENCES.fullmatch(line) and not lists_references(following):
            return None  # the word in a table or on a slide
        if named := _NAMED.fullmatch(line):
            if named[1]:
                self._reached = (int(named[1]) if named[1].isdigit() else _roman(named[1].upper()),)
            return 1, " ".join(part for part in (named[1], named[2].capitalize()) if part), ""
        if (run_in := _RUN_IN.match(line)) and not self._path:
            return 1, run_in[1], line[run_in.end() :]
        if _APPENDIX.fullmatch(line) and len(line) < 0.9 * self._width and (self._in_references or not before):
            return 1, line, ""
        if (roman := _ROMAN.fullmatch(line)) and _roman(roman[1]) - self._reached[0] in (1, 2):
            self._reached = (_roman(roman[1]),)
            return 1, f"{roman[1]} {roman[2]}", ""
        if self._in_references and (not following or _ENTRY.match(following[0])):
            return None  # an entry among others
        numbered = _NUMBERED.fullmatch(line)
        if numbered is None or (before and not _ENDS.search(before[-1][0]) and len(before[-1][0]) > 0.85 * self._width):
            return None
        if re.search(r"\d\s*\Z|[,(]\s*\Z", line) or len(line) > 0.9 * self._width:
            return None
        number = tuple(int(n) if n.isdigit() else ord(n) - 64 for n in numbered[1].split("."))
        # Sections count up; a row of a table or an item of a list that looks like one does not fit in.
        follows = number[:-1] == self._reached[: len(number) - 1] if len(number) > 1 else True
        step = number[-1] - (self._reached[len(number) - 1] if len(number) <= len(self._reached) else 0)
        if not numbered[1][0].isdigit():
            step = 1 if self._in_references or len(number) > 1 else step
        missed = 2 if self._reached != (0,) else 1
        if not follows or not 0 < step <= missed:
            return None
        self._reached = number
        return len(number), f"{numbered[1]} {numbered[2]}", ""

    def _enter(self, level: int, title: str, following: list[str]) -> None:
        self._in_references = bool(_REFERENCES.match(title)) and lists_references(following)
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))

    def _close(self, paragraph: list[tuple[str, int]]) -> None:
        """Add a paragraph; one that goes over pages is cut where the first sentence of the next page begins."""
        whole = ""
        turns: list[tuple[int, int]] = []  # where each page's words begin
        for line, page in paragraph:
            if not turns or page != turns[-1][1]:
                turns.append((len(whole), page))
            whole = self._join(whole, line)
        at = 0
        for n, (_, page) in enumerate(turns):
            if n + 1 < len(turns):
                end = _SENTENCE_END.search(whole, max(turns[n + 1][0] - 2, at))
                until = end.end() if end else len(whole)
            else:
                until = len(whole)
            self._add(whole[at:until].strip(), page, "prose")
            at = max(at, until)

    def _join(self, words: str, line: str) -> str:
        """Words and the line after them; a word that the line's end cut in two is put together."""
        cut = re.search(r"(\w+)-\Z", words)
        tail = re.match(r"[\w-]*\w", line)
        if cut is None or tail is None:
            return f"{words} {line}" if words else line
        if not line[0].islower():
            return words + line  # GPT-4, Levenberg-Marquardt: a name cut at its own hyphen
        # A hyphen of the word's own stays if the paper writes the word with it elsewhere, or if nobody writes the word
        # without: "self-consistent", but "self-ish".
        hyphened = self._whole_words[f"{cut[1]}-{tail[0]}".casefold()]
        joined = self._whole_words[(cut[1] + tail[0]).casefold()]
        compound = bool(_COMPOUND.fullmatch(cut[1])) and not _ENDING.match(tail[0])
        return (words if (hyphened or compound) and not joined else words[:-1]) + line

    def _add(self, words: str, page: int, form: Form) -> None:
        if not words.strip():
            return
        start = self._length
        self._parts += [words, "\n\n"]
        self._length = start + len(words) + 2
        if not self._in_references:
            place = Page(page, tuple(title for _, title in self._path))
            self.segments.append(Segment(start, start + len(words), place, form))
