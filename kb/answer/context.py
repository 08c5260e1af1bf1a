"""What a language model is given to answer from: numbered passages, frozen, fenced, within its budget."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from kb.answer.verify import CitedSource
from kb.llm.client import tokens
from kb.text.markdown import plain
from kb.types import locators
from kb.types.search import Hit

_TRUST = {
    "own": "the reader's own note",
    "published": "published by others",
    "anonymous": "anonymous posts, unverified",
}
# Passages that share this many words say the same: the second is left out.
_COPY = 0.85
_HEAD_TOKENS = 60


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage with the number that it is cited by."""

    n: int
    hit: Hit

    def source(self) -> CitedSource:
        """The passage as statements are checked against it."""
        return CitedSource(self.n, plain_lines(self.hit.chunk.text), _about(self.hit), self.hit.trust == "anonymous")


@dataclass(frozen=True, slots=True)
class PromptContext:
    """The frozen map of the evidence: numbers, passages, and the text that a model reads."""

    passages: tuple[Passage, ...]
    text: str
    fence: str

    def sources(self) -> list[CitedSource]:
        """The passages as statements are checked against them."""
        return [passage.source() for passage in self.passages]


def brief(hits: Sequence[Hit], around: Sequence[Hit], budget: int) -> PromptContext:
    """Number the passages that fit a budget of tokens: the hits first, then their neighbours, in reading order.

    Derived passages are no evidence. At least one passage is given, cut to the budget if it must be.
    """
    taken: list[Hit] = []
    spent = 0
    for hit in [*hits, *around]:
        size = tokens(hit.chunk.text) + _HEAD_TOKENS
        if hit.chunk.derived or _told(hit, taken) or (taken and spent + size > budget):
            continue
        taken.append(hit)
        spent += size
    order = {hit.chunk.document_id: n for n, hit in reversed(list(enumerate(taken)))}
    taken.sort(key=lambda hit: (order[hit.chunk.document_id], hit.chunk.start_char))
    passages = tuple(Passage(n, hit) for n, hit in enumerate(taken, start=1))
    words = "\0".join(passage.hit.chunk.text for passage in passages)
    fence = f"passage-{hashlib.sha256(words.encode('utf-8', 'replace')).hexdigest()[:6]}"
    return PromptContext(passages, "\n\n".join(_fenced(p, fence, budget) for p in passages), fence)


def _told(hit: Hit, taken: Sequence[Hit]) -> bool:
    """Whether a passage, or nearly its words, is there already."""
    words = frozenset(hit.chunk.text.casefold().split())
    for other in taken:
        if other.chunk.id == hit.chunk.id:
            return True
        known = frozenset(other.chunk.text.casefold().split())
        if len(words & known) >= _COPY * max(len(words | known), 1):
            return True
    return False


def _fenced(passage: Passage, fence: str, budget: int) -> str:
    """A passage between tags that its own words cannot close."""
    hit = passage.hit
    facts = {
        "n": str(passage.n),
        "title": hit.title,
        "kind": hit.kind,
        "place": locators.describe(hit.chunk.locator),
        "date": (hit.published or "")[:10],
        "trust": _TRUST[hit.trust],
    }
    head = " ".join(f'{name}="{_quoted(value)}"' for name, value in facts.items() if value)
    body = re.sub(r"(?i)<(/?\s*passage)", r"‹\1", plain_lines(hit.chunk.text))
    most = int(budget * 3)
    return f"<{fence} {head}>\n{body[:most]}\n</{fence}>"


def _quoted(value: str) -> str:
    return re.sub(r"[\"<>\x00-\x1f]", "'", " ".join(value.split()))[:160]


def _about(hit: Hit) -> str:
    place = locators.describe(hit.chunk.locator)
    return " · ".join([hit.title, *hit.chunk.breadcrumb, hit.kind, place, (hit.published or "")[:10]])


def plain_lines(text: str) -> str:
    """A passage as a reader sees it, line by line, without control characters."""
    lines = (plain(line) for line in text.splitlines())
    return "\n".join("".join(c for c in line if c.isprintable() or c == "\t") for line in lines).strip()
