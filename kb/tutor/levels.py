"""Four levels over the same evidence: which of the answering sentences are told to whom.

Without a language model nothing is reworded: a simpler level tells fewer sentences, the plainest of those that answer.
What a simpler level tells is always part of what the expert is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kb.documents import Level
from kb.tutor.extractive import Scored


@dataclass(frozen=True, slots=True)
class Manner:
    """How much a level tells: at most so many sentences and words.

    `plainness` is how much a hard sentence loses (in logits) against a plain one.
    """

    sentences: int
    words: int
    plainness: float


MANNERS: dict[Level, Manner] = {
    "eli5": Manner(2, 120, 4.0),
    "beginner": Manner(3, 200, 2.0),
    "practitioner": Manner(5, 400, 0.0),
    "expert": Manner(7, 800, 0.0),
}


def difficulty(text: str) -> float:
    """How hard a sentence reads, about 0 (plain) to 1: long sentences, long words, acronyms, symbols."""
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)
    if not words:
        return 1.0
    length = min(len(words) / 40, 1.0)
    long_words = sum(len(word) > 8 for word in words) / len(words)
    acronyms = sum(word.isupper() and len(word) > 1 for word in words) / len(words)
    symbols = len(re.findall(r"[\d=<>{}\[\]()/\\%$]", text)) / max(len(text), 1)
    hard: float = 0.4 * length + 0.9 * long_words + 1.5 * acronyms + 2.0 * symbols
    return min(1.0, hard)


def for_level(taken: list[Scored], level: Level) -> list[Scored]:
    """The sentences of `taken` (best first) that a level is told, the best for it first; the expert is told all.

    A sentence that only goes on from the one before it is told with that one or not at all.
    """
    if level == "expert":
        return list(taken)
    manner = MANNERS[level]
    pairs = [(s, [n for n in taken[at + 1 : at + 2] if n.goes_on]) for at, s in enumerate(taken) if not s.goes_on]
    pairs.sort(key=lambda pair: pair[0].score - manner.plainness * difficulty(pair[0].sentence.plain), reverse=True)
    told: list[Scored] = []
    words = 0
    for first, rest in pairs:
        size = sum(len(s.sentence.plain.split()) for s in (first, *rest))
        if told and (len(told) >= manner.sentences or words + size > manner.words):
            continue
        told += [first, *rest]
        words += size
    return told
