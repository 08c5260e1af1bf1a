"""How hard a text reads: the Flesch–Kincaid grade, in years of (US) schooling.

0.39 × words a sentence + 11.8 × syllables a word − 15.59 (Kincaid et al., 1975). Syllables are the places where a word
may be hyphenated (Pyphen), one more than there are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_FEWEST_WORDS = 3


@cache
def _hyphens() -> Any:
    import pyphen

    return pyphen.Pyphen(lang="en_US")


@lru_cache(maxsize=20_000)
def syllables(word: str) -> int:
    """The syllables of a word, at least one."""
    return len(_hyphens().positions(word)) + 1


def counts(text: str) -> tuple[int, int, int]:
    """Words, sentences and syllables of a text; a sentence of one or two words is part of its neighbour."""
    words = _WORD.findall(text)
    sentences = sum(len(_WORD.findall(part)) >= _FEWEST_WORDS for part in _SENTENCE.findall(text))
    return len(words), max(sentences, 1), sum(syllables(word.lower()) for word in words)


def grade(texts: str | Sequence[str]) -> float:
    """The grade of a text, or of several that each end where they end, full stop or not."""
    each = [counts(text) for text in ([texts] if isinstance(texts, str) else texts)]
    words, sentences, sounds = (sum(column) for column in zip(*each, strict=True)) if each else (0, 1, 0)
    if not words:
        return 0.0
    return 0.39 * words / max(sentences, 1) + 11.8 * sounds / words - 15.59
