"""What a paper asks, does and finds, and where it ends, each with its page: passages that lead to it.

Extractive: the paper's own sentences, chosen by the phrases that papers use for these and by the section that they are
in. They are found and shown; answers quote the paper itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.chunking.derived import made
from index.chunking.spans import locate
from index.chunking.units import Count
from kb.types.documents import Document, Page
from kb.types.search import Chunk

_FEWEST_WORDS, _MOST_CHARS = 6, 420
_FLOOR = 1.0
_MOST_SENTENCES = 2


@dataclass(frozen=True, slots=True)
class _Aspect:
    name: str
    cues: re.Pattern[str]
    sections: re.Pattern[str]  # where it is said, if the paper has sections
    early: float  # how much more the beginning of the paper says it than the end


def _words(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ASPECTS = (
    _Aspect(
        "Asks",
        _words(
            r"\bwe (?:ask|study|investigate|address|consider|explore|examine|revisit|want to|aim)\b|"
            r"\b(?:research )?(?:question|problem|goal|aim|challenge|objective)s?\b[^.]{0,30}\b(?:is|are|of|to|how)\b|"
            r"\b(?:unclear|unknown|little is known|poorly understood|open question)\b|\bwhether\b|"
            r"\bthis (?:paper|work|article) (?:asks|studies|addresses|investigates|examines)\b|\?\Z"
        ),
        _words(r"abstract|introduction|background|motivation"),
        1.0,
    ),
    _Aspect(
        "Does",
        _words(
            r"\bwe (?:\w+ )?(?:propose|present|introduce|develop|train|build|design|describe|use|evaluate|compare|"
            r"collect|release|analy[sz]e|measure|test|implement|apply|create|construct)\b|"
            r"\b(?:this|our) (?:paper|work|article|method|approach|system|model) (?:\w+ )?"
            r"(?:proposes|presents|introduces|describes|uses|combines|develops|consists)\b"
        ),
        _words(r"abstract|introduction|method|approach|model|experiment"),
        0.7,
    ),
    _Aspect(
        "Finds",
        _words(
            r"\bwe (?:\w+ )?(?:find|found|show|showed|observe|observed|demonstrate|achieve|obtain|report|see that)\b|"
            r"\b(?:results?|experiments?|findings?|evidence|analysis) (?:\w+ )?"
            r"(?:shows?|suggests?|indicates?|demonstrates?|reveals?|confirms?)\b|"
            r"\b(?:outperforms?|improves?|increases?|reduces?|exceeds?|achieves?|degrades?|drops?|decreases?)\b"
        ),
        _words(r"abstract|result|discussion|conclusion|evaluation|finding|analysis"),
        0.3,
    ),
    _Aspect(
        "Limits",
        _words(
            r"\blimit(?:ation|ed|s)\b|\bwe (?:do not|did not|cannot|could not|leave|only)\b|\bfuture work\b|"
            r"\b(?:fails?|unable) to\b|\bremains? (?:open|unclear|to be)\b|\bdoes not (?:\w+ )?(?:cover|hold|account|"
            r"generali[sz]e|address|apply)\b|\bcaveat|\bnot (?:yet )?(?:tested|evaluated|studied|considered)\b|"
            r"\bmay not\b"
        ),
        _words(r"limitation|discussion|conclusion|future|threat"),
        -0.5,
    ),
)


def passages(document: Document, chunks: Sequence[Chunk], count: Count, window: int) -> list[Chunk]:
    """The derived chunks of a document: of a paper, one an aspect that it speaks of; of others, none.

    `count` and `window` are the embedder's, as in `index.chunking.chunker.chunk`.
    """
    if document.kind != "paper":
        return []
    sentences = [span for chunk in chunks for segment, span in _prose(chunk) if segment != "heading"]
    if not sentences:
        return []
    taken: set[tuple[int, int]] = set()
    made: list[Chunk] = []
    for aspect in _ASPECTS:
        scored = [(score, span) for span in sentences if (score := _score(aspect, document, span)) >= _FLOOR]
        best = sorted(scored, key=lambda pair: (-pair[0], pair[1]))
        chosen = [span for _, span in best if span not in taken][:_MOST_SENTENCES]
        if chosen:
            taken.update(chosen)
            made.append(_chunk(aspect, document, sorted(chosen), count, window))
    return made


def _prose(chunk: Chunk) -> list[tuple[str, tuple[int, int]]]:
    out: list[tuple[str, tuple[int, int]]] = []
    for start, end in chunk.sentences:
        holder = next((s for s in chunk.segments if s.start_char <= start < s.end_char), None)
        out.append((holder.form if holder else "prose", (start, end)))
    return out


def _score(aspect: _Aspect, document: Document, span: tuple[int, int]) -> float:
    words = document.text[span[0] : span[1]]
    if len(words.split()) < _FEWEST_WORDS or len(words) > _MOST_CHARS or not words[0].isupper():
        return 0.0
    if not aspect.cues.search(words):
        return 0.0
    place = locate("", [s for s in document.segments if s.start_char <= span[0] < s.end_char], *span)
    sections = " ".join(place.heading) if isinstance(place, Page) else ""
    score = 1.0 + (1.0 if aspect.sections.search(sections) else 0.0)
    score += 0.5 if "abstract" in sections.casefold() and aspect.name != "Limits" else 0.0
    where = span[0] / max(len(document.text), 1)
    score += aspect.early * (0.5 - where)
    if aspect.name == "Finds" and re.search(r"\d", words):
        score += 0.3
    return score


def _chunk(aspect: _Aspect, document: Document, spans: list[tuple[int, int]], count: Count, window: int) -> Chunk:
    """A passage of an aspect's sentences with the page of each, as many as the embedder's window takes."""
    breadcrumb = (document.title[:80], "Paper digest", aspect.name)
    head = " › ".join(breadcrumb) + "\n"
    lines: list[str] = []
    for start, end in spans:
        holders = [s for s in document.segments if s.start_char <= start < s.end_char]
        place = locate("", holders, start, end)
        page = place.page if isinstance(place, Page) else 1
        lines.append(f"{document.text[start:end]} (page {page})")
    while len(lines) > 1 and count([head + " ".join(lines)])[0] > window - 2:
        lines.pop()
    first = [s for s in document.segments if s.start_char <= spans[0][0] < s.end_char]
    text = f"{aspect.name}: {' '.join(lines)}"
    return made(document, breadcrumb, text, text, locate("", first, *spans[0]))
