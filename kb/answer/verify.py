"""Statements held against what they cite, by code: the marker, the quote, numbers, dates, names, and the sense.

Usable on any text and sources; `kb check` is this and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kb.answer import citation_markers, citations
from kb.text import entities
from kb.text.punkt import is_ordinary

FaultKind = Literal["uncited", "marker", "quote", "number", "date", "name", "attribution", "support"]

# A statement, the texts that it cites, and what is known about them (title, names, date).
Cited = tuple[str, Sequence[str], str]
# How well each of several statements is borne by the texts that it cites, 0 to 1.
Support = Callable[[Sequence[Cited]], Sequence[float]]

_QUOTED = re.compile(r"“([^“”]{3,600})”|\"([^\"\n]{3,600})\"|«([^«»]{3,600})»")
_FEWEST_QUOTED_WORDS = 3
_ELLIPSIS = re.compile(r"\s*(?:\[?(?:\.\s?\.\s?\.|…)\]?)\s*")
_ATTRIBUTED = re.compile(
    r"\b(?:anon\w*|posters?|posts?|thread|board|op|commenters?|somebody|someone|users?|claim\w*|rumou?r\w*)\b", re.I
)
_FEWEST_WORDS = 3


@dataclass(frozen=True, slots=True)
class CitedSource:
    """What a statement may rest on: the words of a passage, and what is known of it beside them.

    `about` (title, headings, speakers, date) may give a name or a number, never the sense. `anonymous`: posts, which
    only bear what is told as somebody's words.
    """

    n: int
    text: str
    about: str = ""
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement as written, without its markers: what it cites, and the words given as each source's own."""

    text: str
    cited: tuple[int, ...]
    quotes: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a statement, in words for whoever reads or mends it."""

    kind: FaultKind
    said: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A statement and what is wrong with it; nothing, if it is supported. `support` is 0 to 1."""

    statement: Statement
    faults: tuple[Fault, ...] = ()
    support: float = 0.0

    @property
    def supported(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults

    @property
    def why(self) -> str:
        """All that is wrong, in one line."""
        return "; ".join(fault.said for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Known:
    by_number: Mapping[int, CitedSource]
    lower: frozenset[str] = field(default_factory=frozenset)

    def is_ordinary(self, word: str) -> bool:
        """Whether a word is written in lower case somewhere: in the sources, or in the language."""
        return word.lower() in self.lower or is_ordinary(word)


def check(
    statements: Sequence[Statement], sources: Sequence[CitedSource], support: Support, floor: float
) -> list[Verdict]:
    """A verdict for each statement. What is borne below `floor` is not supported."""
    known = _Known({source.n: source for source in sources}, _lower_words(sources))
    literal = [_literal_faults(statement, known) for statement in statements]
    asked = [n for n, statement in enumerate(statements) if any(c in known.by_number for c in statement.cited)]
    wanted = []
    for n in asked:
        cited = [known.by_number[c] for c in statements[n].cited if c in known.by_number]
        about = " · ".join(dict.fromkeys(source.about for source in cited if source.about))
        wanted.append((statements[n].text, [source.text for source in cited], about))
    borne = dict(zip(asked, support(wanted) if wanted else (), strict=True))
    out = []
    for n, statement in enumerate(statements):
        faults = list(literal[n])
        score = borne.get(n, 0.0)
        if n in borne and score < floor and len(statement.text.split()) >= _FEWEST_WORDS:
            faults.append(Fault("support", f"what it cites does not say this ({_listed(statement.cited)})"))
        out.append(Verdict(statement, tuple(faults), round(float(score), 4)))
    return out


def _literal_faults(statement: Statement, known: _Known) -> list[Fault]:
    if not statement.cited:
        return [Fault("uncited", "it cites nothing")]
    faults = [Fault("marker", f"there is no source [{n}]") for n in statement.cited if n not in known.by_number]
    cited = [known.by_number[n] for n in statement.cited if n in known.by_number]
    if not cited:
        return faults
    faults += _quote_faults(statement, cited)
    words = entities.facts("\n".join(f"{source.about}\n{source.text}" for source in cited))
    where = _listed([source.n for source in cited])
    missing: tuple[tuple[FaultKind, list[str]], ...] = (
        ("number", entities.missing_numbers(statement.text, words)),
        ("date", entities.missing_dates(statement.text, words)),
        ("name", entities.missing_names(statement.text, words, known.is_ordinary)),
    )
    faults += [Fault(kind, f"{said} does not stand in {where}") for kind, each in missing for said in each]
    if all(source.anonymous for source in cited) and not _ATTRIBUTED.search(statement.text):
        faults.append(Fault("attribution", f"{where} is an anonymous post, and this is told as a fact"))
    return faults


def _quote_faults(statement: Statement, cited: Sequence[CitedSource]) -> list[Fault]:
    faults = []
    by_number = {source.n: source for source in cited}
    for n, quote in statement.quotes:
        if n in by_number and not stands_in(quote, by_number[n].text):
            faults.append(Fault("quote", f"“{_short(quote)}” does not stand in [{n}]"))
    given = {fold(quote) for _, quote in statement.quotes}
    for match in _QUOTED.finditer(statement.text):
        words = next(group for group in match.groups() if group)
        if len(words.split()) < _FEWEST_QUOTED_WORDS or fold(words) in given:
            continue
        if not any(stands_in(words, f"{source.about}\n{source.text}") for source in cited):
            faults.append(Fault("quote", f"“{_short(words)}” does not stand in {_listed([s.n for s in cited])}"))
    return faults


def stands_in(quote: str, text: str) -> bool:
    """Whether words stand in a text; case, Unicode forms, white space and an ellipsis aside.

    The parts around an ellipsis must all stand there, in their order.
    """
    there = fold(text)
    at = 0
    parts = [fold(part).strip(" .,;:!?\"'“”‘’") for part in _ELLIPSIS.split(quote)]
    parts = [part for part in parts if part]
    for part in parts:
        found = there.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return bool(parts)


_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "‑": "-", "−": "-", "\u00ad": None})


def fold(text: str) -> str:
    """A text without what does not change its words: case, Unicode forms, kinds of quotes and dashes, white space."""
    return citations.fold(text.translate(_SAME).replace("**", "").replace("`", ""))


def _short(words: str) -> str:
    return words if len(words) <= 80 else words[:77].rstrip() + "…"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(f"[{n}]" for n in numbers)


def _lower_words(sources: Sequence[CitedSource]) -> frozenset[str]:
    """Words that stand somewhere in lower case: they name nothing."""
    return frozenset(word for source in sources for word in re.findall(r"(?<!\w)[a-z]{3,}(?!\w)", source.text))


_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,}).*?(?:^[ \t]*\1[^\n]*$|\Z)", re.DOTALL | re.MULTILINE)
_LEAD = re.compile(r"^\s*(?:[-*+•]|\d{1,2}[.)])\s+|^\s*#{1,6}\s+|^\s*>\s?|\*\*")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$|[^\n.!?\[\]]{1,60}:\s*$)")


_GOES_ON = re.compile(r"\s*[a-z(\[“\"]")
_STARTS = re.compile(r"\s*(?:[-*+•]\s|\d{1,2}[.)]\s|#{1,6}\s|>|\||$)")
_FULL_WIDTH = 50


def _lines(text: str) -> list[str]:
    """The lines of a text, those of a paragraph that was wrapped at a width put together again."""
    out: list[str] = []
    for line in text.splitlines():
        last = out[-1].rstrip() if out else ""
        open_ended = bool(last) and last[-1] not in ".!?…:]" and not _HEADING.match(last)
        wrapped = open_ended and (len(last) >= _FULL_WIDTH or bool(_GOES_ON.match(line)))
        if wrapped and not _STARTS.match(line):
            out[-1] = f"{last} {line.strip()}"
        else:
            out.append(line)
    return out


def statements_of(text: str, split: Callable[[str], list[tuple[int, int]]]) -> list[Statement]:
    """The statements of a written text: its sentences, each with the markers that stand in it or right after it.

    Headings and code state nothing; markers that close a line with several sentences hold for those of them that have
    none of their own. `split` gives the spans of a line's sentences.
    """
    out: list[Statement] = []
    for line in _lines(citation_markers.before_stops(_FENCE.sub("\n", text))):
        if not line.strip() or _HEADING.match(line) or re.fullmatch(r"\s*[-=*_|\s:]+", line):
            continue
        bare = _LEAD.sub("", line).strip()
        sentences = [bare[a:b] for a, b in split(bare)]
        each = [(citation_markers.without(s).strip(), tuple(citation_markers.found_in(s))) for s in sentences]
        closing = each[-1][1] if each else ()
        for said, cited in each:
            if said.endswith("?") and not cited:
                continue  # asks, and states nothing
            if len(re.findall(r"[^\W_]+", said)) >= 2 and re.search(r"[^\W\d_]{2}", said):
                out.append(Statement(said, cited or closing))
            elif cited and out:
                out[-1] = Statement(out[-1].text, tuple(dict.fromkeys([*out[-1].cited, *cited])), out[-1].quotes)
    return out
