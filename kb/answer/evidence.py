"""The evidence for a question: the sentences of the passages found, frozen before anything is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kb.text.markdown import plain
from kb.types import locators
from kb.types.documents import Lines, Page, Post, Segment
from kb.types.search import Hit

# What is shorter says nothing by itself; "Right." and bare links are no answers.
_FEWEST_WORDS = 4
_FEWEST_IN_HEADING = 6
_LONGEST_PARENT = 120


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a passage. `quote` is the source's own words, `plain` what a reader sees of them.

    `n` is its place in the passage, `near` what stands around it, for sense that one sentence does not carry, and
    `context` the heading and the bullets that an outline puts it under.
    """

    hit: Hit
    n: int
    start: int
    end: int
    quote: str
    plain: str
    near: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The passages of a question and their sentences, in the order of the hits."""

    hits: tuple[Hit, ...]
    sentences: tuple[Sentence, ...]

    def under(self, hits: Sequence[Hit]) -> Evidence:
        """The same passages as other hits, in their order; those that are not among them fall out."""
        own: dict[str, list[Sentence]] = {}
        for sentence in self.sentences:
            own.setdefault(sentence.hit.chunk.id, []).append(sentence)
        return Evidence(tuple(hits), tuple(replace(s, hit=hit) for hit in hits for s in own.get(hit.chunk.id, ())))


def gather(hits: Sequence[Hit]) -> Evidence:
    """Cut the passages into sentences that can be quoted. Derived passages are shown, never quoted."""
    sentences: list[Sentence] = []
    for hit in hits:
        if not hit.chunk.derived:
            sentences += _of_hit(hit)
    return Evidence(tuple(hits), tuple(sentences))


def _of_hit(hit: Hit) -> list[Sentence]:
    chunk = hit.chunk
    out: list[Sentence] = []
    quotes = [cut_quote(hit, start, end) for start, end in chunk.sentences]
    for n, ((start, end), quote) in enumerate(zip(chunk.sentences, quotes, strict=True)):
        words = plain(quote)
        segment = _segment_at(chunk.segments, start)
        if not says_something(words, _FEWEST_IN_HEADING if segment.form == "heading" else _FEWEST_WORDS):
            continue
        near = " ".join(plain(q) for q in quotes[max(0, n - 1) : n + 2])
        out.append(Sentence(hit, n, start, end, quote, words, near, _context(hit, segment)))
    return out


def whole_passage(hit: Hit) -> Sentence:
    """A passage as one sentence, for one that has none worth quoting by itself."""
    chunk = hit.chunk
    return Sentence(hit, 0, chunk.start_char, chunk.end_char, chunk.text, plain(chunk.text), "")


def _segment_at(segments: Sequence[Segment], offset: int) -> Segment:
    return next((s for s in segments if s.start_char <= offset < s.end_char), segments[0])


def _context(hit: Hit, segment: Segment) -> str:
    """The nearest heading, and the bullets above a bullet, as far as they stand in the same passage."""
    if not isinstance(segment.locator, Lines | Page) or segment.form == "heading":
        return ""
    parents: list[str] = []
    depth = segment.depth
    before = [s for s in hit.chunk.segments if s.start_char < segment.start_char and s.form == "bullet"]
    for above in reversed(before):
        if 0 < above.depth < depth:
            parents.insert(0, plain(cut_quote(hit, above.start_char, above.end_char))[:_LONGEST_PARENT])
            depth = above.depth
    heading = segment.locator.heading[-1:]
    return " › ".join([*heading, *parents])


def follows(before: Sentence, after: Sentence) -> bool:
    """Whether a sentence comes right after another in one passage, with nothing left out between them."""
    if before.hit.chunk.id != after.hit.chunk.id or after.n != before.n + 1:
        return False
    segments = before.hit.chunk.segments
    one, other = _segment_at(segments, before.start).locator, _segment_at(segments, after.start).locator
    if isinstance(one, Post) and one != other:
        return False  # another anon's words
    between = (s for s in before.hit.chunk.segments if before.end <= s.start_char <= after.start)
    return not any(segment.apart for segment in between)


def speakers(sentence: Sentence) -> tuple[str, ...]:
    """Who says a sentence, as far as its source tells."""
    return locators.speakers(_segment_at(sentence.hit.chunk.segments, sentence.start).locator)


def cut_quote(hit: Hit, start: int, end: int) -> str:
    """The source's words between two offsets of its text, cut from the passage that holds them."""
    chunk = hit.chunk
    if any(segment.form == "speech" for segment in chunk.segments):
        # The passage joins its segments by one space; the same is done for the part of it that is quoted.
        parts: list[str] = []
        at = 0
        for segment in chunk.segments:
            length = segment.end_char - segment.start_char
            text = chunk.text[at : at + length]
            a, b = max(start - segment.start_char, 0), min(end - segment.start_char, length)
            if a < b:
                parts.append(text[a:b])
            at += length + 1
        return " ".join(parts)
    return chunk.text[start - chunk.start_char : end - chunk.start_char]


def says_something(words: str, fewest: int = _FEWEST_WORDS) -> bool:
    """Whether a sentence has enough words beside links to be worth quoting."""
    bare = re.sub(r"\S+\.\S+/\S*", " ", words)
    return len(re.findall(r"[^\W\d_]{2,}", bare)) >= fewest
