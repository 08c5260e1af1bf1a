"""What a speech recogniser says over and over: found, so that it is searched once and never quoted across.

Whisper repeats a word or a phrase for minutes over music or silence ("Okay." 150 times), loops a phrase inside a
segment, or says a segment again in the next. A stretch counts as a loop where the same one to six words follow one
another four times or more, or where three or more neighbouring segments are equal.
"""

from __future__ import annotations

import re

_LONGEST_PHRASE = 6
_FEWEST_REPEATS = 4
_FEWEST_EQUAL = 3
_WORD = re.compile(r"\S+")


def folded(text: str) -> str:
    """A segment's words for comparing: without case and punctuation."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def equal_runs(texts: list[str]) -> list[tuple[int, int]]:
    """Ranges of neighbouring segments (first, one past the last) that say the same, three or more of them."""
    runs: list[tuple[int, int]] = []
    at = 0
    keys = [folded(text) for text in texts]
    while at < len(keys):
        last = at + 1
        while last < len(keys) and keys[last] == keys[at]:
            last += 1
        if last - at >= _FEWEST_EQUAL and keys[at]:
            runs.append((at, last))
        at = last
    return runs


def loop_in(text: str) -> tuple[int, int, int, int] | None:
    """The first loop inside a text: (its start, the end of its first round, its end, rounds); None if there is none."""
    found = [(m.start(), m.end()) for m in _WORD.finditer(text)]
    words = [re.sub(r"\W+", "", text[a:b].casefold()) for a, b in found]
    for at in range(len(words)):
        for size in range(1, _LONGEST_PHRASE + 1):
            rounds = _rounds(words, at, size)
            if rounds >= _FEWEST_REPEATS and any(words[at : at + size]):
                return found[at][0], found[at + size - 1][1], found[at + size * rounds - 1][1], rounds
    return None


def _rounds(words: list[str], at: int, size: int) -> int:
    """How many times the `size` words at a place follow one another."""
    rounds = 1
    while words[at + rounds * size : at + (rounds + 1) * size] == words[at : at + size]:
        rounds += 1
        if at + (rounds + 1) * size > len(words):
            break
    return rounds if at + size <= len(words) else 0
