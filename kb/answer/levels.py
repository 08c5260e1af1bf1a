"""Four levels over the same evidence: which sentences are told to whom, and what a written answer keeps to.

Without a language model nothing is reworded: a simpler level tells fewer sentences, the plainest of those that answer,
and reads no harder than the level above it. What a simpler level tells is always part of what the expert is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from kb.answer.extractive import Scored
from kb.errors import UsageError
from kb.text import entities
from kb.text.readability import Counts, counts, grade
from kb.types.answers import LEVELS, Level


@dataclass(frozen=True, slots=True)
class LevelSpec:
    """How much a level tells: at most so many sentences and words.

    `most_words` and `grade` bind a written answer; `acronyms`: whether it may leave them unexplained.
    """

    sentences: int
    words: int
    most_words: int
    grade: float = 99.0
    acronyms: bool = True


MANNERS: dict[Level, LevelSpec] = {
    "eli5": LevelSpec(2, 120, 120, 6.0, acronyms=False),
    "beginner": LevelSpec(3, 200, 200, 9.0),
    "practitioner": LevelSpec(5, 400, 500),
    "expert": LevelSpec(9, 800, 700),
}
# The simplest level reads this much easier than the deepest, in grades, where the sentences allow it.
_APART = 2.6
# What a grade that is missing of that costs, in logits of relevance; and one by which a deeper level reads easier.
_PRICE = 5.0
_FALL_PRICE = 12.0
# What one more sentence for an expert is worth, and one fewer for the others costs.
_MORE = 0.25
_FEWER = 0.4
# A sentence this much below the best one (in logits) is not told to a beginner, however plain it is.
_MOST_LOST = 3.5
_MOST_EXTRA = 4
_MOST_GROUPS = 12
_SLACK_WORDS = 1.1
_SLACK_GRADE = 1.0


def check_level(level: str) -> Level:
    """The level of that name. Raises `UsageError` with the names there are."""
    for known in LEVELS:
        if known == level:
            return known
    raise UsageError(f"There is no level {level!r}. Levels are: {', '.join(LEVELS)}.")


def for_level(taken: Sequence[Scored], level: Level, besides: Sequence[str] = ()) -> list[Scored]:
    """The sentences of `taken` (best first) that a level is told, the best for it first.

    `besides` is told at every level (definitions), and counts in how hard it reads. A sentence that only goes on from
    the one before it is told with that one or not at all.
    """
    groups = [
        (scored, *[s for s in taken[at + 1 : at + 2] if s.goes_on])
        for at, scored in enumerate(taken)
        if not scored.goes_on
    ][:_MOST_GROUPS]
    if not groups:
        return []
    chosen = _LevelSelector(groups, sum((counts(text) for text in besides), Counts())).told()[level]
    return [scored for n, group in enumerate(groups) if chosen >> n & 1 for scored in group]


class _LevelSelector:
    """Which of an answer's groups of sentences each level is told; a set of groups is the bits of a number.

    The core goes to a practitioner, more of it to an expert, the plainest of that to the others. Of the ways to tell
    the expert more it is the one that lets the levels read as they should, and tells most.
    """

    def __init__(self, groups: Sequence[Sequence[Scored]], besides: Counts) -> None:
        self._scores = [group[0].score for group in groups]
        self._top = max(self._scores)
        own = [sum((counts(s.sentence.plain) for s in group), Counts()) for group in groups]
        self._words = [0] * (1 << len(groups))
        self._grades = [0.0] * (1 << len(groups))
        sums = [besides] * (1 << len(groups))
        for mask in range(1, 1 << len(groups)):
            low = (mask & -mask).bit_length() - 1
            sums[mask] = sums[mask & (mask - 1)] + own[low]
            self._grades[mask], self._words[mask] = sums[mask].grade, sums[mask].words
        core = [n for n, group in enumerate(groups) if group[0].core][: MANNERS["practitioner"].sentences]
        self._practitioner = sum(1 << n for n in core)
        self._extra = [n for n in range(len(groups)) if n not in core]

    def told(self) -> dict[Level, int]:
        """The groups of each level."""
        beginners, simplest = (self._simpler(MANNERS[level]) for level in ("beginner", "eli5"))
        best: tuple[float, dict[Level, int]] | None = None
        for size in range(min(len(self._extra), _MOST_EXTRA) + 1):
            for more in combinations(self._extra, size):
                expert = self._practitioner | sum(1 << n for n in more)
                fall = max(0.0, self._grades[self._practitioner] - self._grades[expert])
                beginner, lost = self._best(beginners, expert, (self._grades[self._practitioner], _FALL_PRICE))
                under = (self._grades[beginner], _FALL_PRICE)
                eli5, lost_more = self._best(simplest, expert, under, (self._grades[expert] - _APART, _PRICE))
                worth = _MORE * size - lost - lost_more - _FALL_PRICE * fall
                if best is None or worth > best[0] + 1e-9:
                    levels = (eli5, beginner, self._practitioner, expert)
                    best = (worth, dict(zip(LEVELS, levels, strict=True)))
        assert best is not None
        return best[1]

    def _simpler(self, manner: LevelSpec) -> list[tuple[int, float]]:
        """What a simpler level may be told, with the relevance that it gives up: logits below the best sentence."""
        near = [n for n, score in enumerate(self._scores) if score >= self._top - _MOST_LOST]
        out = []
        for size in range(1, min(manner.sentences, len(near)) + 1):
            for chosen in combinations(near, size):
                mask = sum(1 << n for n in chosen)
                if self._words[mask] <= manner.words or size == 1:
                    lost = sum(self._top - self._scores[n] for n in chosen) / size
                    out.append((mask, lost + _FEWER * (manner.sentences - size)))
        return out

    def _best(
        self, choices: Sequence[tuple[int, float]], expert: int, *ceilings: tuple[float, float]
    ) -> tuple[int, float]:
        """Of the choices within an expert's answer, the one that gives up least.

        Grades above a ceiling count, each ceiling at its price.
        """

        def cost(mask: int, lost: float) -> float:
            return lost + sum(price * max(0.0, self._grades[mask] - most) for most, price in ceilings)

        within = [(mask, cost(mask, lost)) for mask, lost in choices if not mask & ~expert]
        return min(within, key=lambda pair: pair[1], default=(self._practitioner, 0.0))


def breaches(texts: Sequence[str], level: Level, sources: Sequence[str] = ()) -> list[str]:
    """What a written answer does not keep of its level, in words for who wrote it.

    A little over is let pass: a reader does not count. An acronym is explained where words in brackets stand by it, or
    where the answer says what it is or stands for.
    """
    manner = MANNERS[level]
    text = " ".join(texts)
    out = []
    words = len(text.split())
    if words > _SLACK_WORDS * manner.most_words:
        out.append(f"it has {words} words; at most {manner.most_words} for this reader")
    reads = grade(list(texts)) if texts else 0.0
    if reads > manner.grade + _SLACK_GRADE:
        out.append(f"it reads at grade {reads:.0f}; at most {manner.grade:.0f}: shorter sentences, shorter words")
    if not manner.acronyms:
        out += [f"{name} is not explained" for name in entities.acronyms(text) if not _explained(name, text)]
    return out


def _explained(acronym: str, text: str) -> bool:
    name = re.escape(acronym)
    return bool(
        re.search(rf"\({name}s?\)|\b{name}s?\s*\(", text)
        or re.search(rf"\b{name}s?,?\s+(?:is|are|means?|stands? for|which (?:is|are|means?)|that is|or)\b", text)
        or re.search(rf"\b(?:called|named|known as)\s+(?:an?\s+|the\s+)?{name}s?\b", text)
    )
