"""How hard a text reads: the Flesch–Kincaid grade, in years of (US) schooling.

0.39 × words a sentence + 11.8 × syllables a word − 15.59 (Kincaid et al., 1975). Syllables are the places where a word
may be hyphenated (Pyphen), one more than there are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

_SENTENCE = re.compile(r"\b[^.!?]+[.!?]*")
_PUNCTUATION = re.compile(r"[^\w\s]")
_FEWEST_WORDS = 3


@cache
def _hyphens() -> Any:
    import pyphen

    return pyphen.Pyphen(lang="en_US")


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """The syllables of a word, at least one."""
    return len(_hyphens().positions(word)) + 1


@dataclass(frozen=True, slots=True)
class Counts:
    """Words, sentences and syllables of a text; those of several texts add up."""

    words: int = 0
    sentences: int = 0
    syllables: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.words + other.words, self.sentences + other.sentences, self.syllables + other.syllables)

    @property
    def grade(self) -> float:
        """The Flesch–Kincaid grade; 0 of nothing."""
        if not self.words:
            return 0.0
        return 0.39 * self.words / max(self.sentences, 1) + 11.8 * self.syllables / self.words - 15.59


def counts(text: str) -> Counts:
    """What a text has; a sentence of one or two words is part of its neighbour, and a text is at least one sentence."""
    words = _words(text)
    sentences = sum(len(_words(part)) >= _FEWEST_WORDS for part in _SENTENCE.findall(text))
    return Counts(len(words), max(sentences, 1), sum(syllables(word.lower()) for word in words))


def _words(text: str) -> list[str]:
    return _PUNCTUATION.sub("", text).split()


def grade(texts: str | Sequence[str]) -> float:
    """The grade of a text, or of several that each end where they end, full stop or not."""
    return sum((counts(text) for text in ([texts] if isinstance(texts, str) else texts)), Counts()).grade
