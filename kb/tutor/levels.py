"""Four levels over the same evidence: which sentences are told to whom, and what a written answer keeps to.

Without a language model nothing is reworded: a simpler level tells fewer sentences, the plainest of those that answer,
and reads no harder than the level above it. What a simpler level tells is always part of what the expert is told.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from kb.documents import LEVELS, Level
from kb.errors import UsageError
from kb.tutor import facts
from kb.tutor.extractive import Scored
from kb.tutor.readability import grade


@dataclass(frozen=True, slots=True)
class Manner:
    """How much a level tells: at most so many sentences and words.

    `plainness` is how much relevance (in logits) a grade of reading is worth; `grade` and `most_words` bind a written
    answer; `acronyms`: whether it may leave them unexplained.
    """

    sentences: int
    words: int
    plainness: float
    most_words: int = 10_000
    grade: float = 99.0
    acronyms: bool = True


MANNERS: dict[Level, Manner] = {
    "eli5": Manner(2, 120, 0.35, 120, 6.0, acronyms=False),
    "beginner": Manner(3, 200, 0.15, 200, 9.0),
    "practitioner": Manner(5, 400, 0.0, 500),
    "expert": Manner(8, 800, 0.0, 700),
}
# eli5 reads this much easier than expert, in grades, where the sentences allow it.
_APART = 2.2
# A harder-reading level may fall below the one before it by this much at most.
_FALL = 0.4
# A sentence this much below the best one (in logits) is not worth its plainness.
_MOST_LOST = 3.5
_SLACK_WORDS = 1.1
_SLACK_GRADE = 1.0


def check_level(level: str) -> Level:
    """The level of that name. Raises `UsageError` with the names there are."""
    for known in LEVELS:
        if known == level:
            return known
    raise UsageError(f"There is no level {level!r}. Levels are: {', '.join(LEVELS)}.")


def for_level(taken: Sequence[Scored], level: Level) -> list[Scored]:
    """The sentences of `taken` (best first) that a level is told, the best for it first; the expert is told all.

    A sentence that only goes on from the one before it is told with that one or not at all.
    """
    return _ladder(tuple(taken))[level]


def _ladder(taken: tuple[Scored, ...]) -> dict[Level, list[Scored]]:
    """What each level is told, from the hardest down: each is chosen to read no harder than the one above it."""
    told: dict[Level, list[Scored]] = {"expert": list(taken)}
    groups = [(s, *[n for n in taken[at + 1 : at + 2] if n.goes_on]) for at, s in enumerate(taken) if not s.goes_on]
    expert = above = _grade(taken)
    for level in reversed(LEVELS[:-1]):
        manner = MANNERS[level]
        ceiling = above + _FALL
        if level == "eli5":
            ceiling = min(ceiling, expert - _APART)
        best = _best(groups, manner, ceiling)
        told[level] = [s for group in best for s in group]
        above = min(above, _grade(told[level])) if told[level] else above
    return told


def _best(groups: Sequence[tuple[Scored, ...]], manner: Manner, ceiling: float) -> list[tuple[Scored, ...]]:
    """The groups of sentences that a level is told: the most relevant that read easily enough, else the plainest."""
    best: tuple[tuple[float, float], tuple[tuple[Scored, ...], ...]] | None = None
    top = groups[0][0].score if groups else 0.0
    near = [g for g in groups if g[0].score >= top - _MOST_LOST]
    for size in range(1, min(manner.sentences, len(near)) + 1):
        for chosen in combinations(near, size):
            flat = [s for group in chosen for s in group]
            words = sum(len(s.sentence.plain.split()) for s in flat)
            if words > manner.words and size > 1:
                continue
            reads = _grade(flat)
            worth = sum(max(0.3, 3.0 + group[0].score - top) for group in chosen) - manner.plainness * reads * size
            key = (-max(0.0, reads - ceiling), worth)
            if best is None or key > best[0]:
                best = (key, chosen)
    order = {id(group): n for n, group in enumerate(groups)}
    return sorted(best[1], key=lambda group: order[id(group)]) if best else []


def _grade(sentences: Sequence[Scored]) -> float:
    return grade([s.sentence.plain for s in sentences])


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
        out += [f"{name} is not explained" for name in facts.acronyms(text) if not _explained(name, text)]
    return out


def _explained(acronym: str, text: str) -> bool:
    name = re.escape(acronym)
    return bool(
        re.search(rf"\({name}s?\)|\b{name}s?\s*\(", text)
        or re.search(rf"\b{name}s?,?\s+(?:is|are|means?|stands? for|which (?:is|are|means?)|that is|or)\b", text)
        or re.search(rf"\b(?:called|named|known as)\s+(?:an?\s+|the\s+)?{name}s?\b", text)
    )
