"""Answers without a language model: the sentences that answer, as their sources wrote them.

Each sentence is scored by its own likeness to the question, by how much of the question's rare words it and its
neighbours hold, by its passage's rank, and by whether it has the kind of thing that is asked for (a number for "how
many", a definition for "what is"). The best are taken, leaving out what repeats one already taken.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kb.tutor.evidence import Evidence, Sentence

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

# Sentences of the best passages only: the answer is rarely further down, and each sentence costs an embedding.
_PASSAGES = 6
_MOST_SENTENCES = 60
# Alike beyond this, a second sentence adds nothing.
_SAME = 0.86


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence with what speaks for it; `score` orders sentences of one question."""

    sentence: Sentence
    score: float
    cosine: float
    coverage: float
    vector: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Sentences, best first, and how sure it is that they answer (0 to 1)."""

    scored: tuple[Scored, ...]
    confidence: float


def rank(
    question: str,
    evidence: Evidence,
    embed: Embed,
    terms: Callable[[str], list[str]],
    rarity: Callable[[Sequence[str]], dict[str, float]],
) -> Ranking:
    """Order the evidence's sentences by how well they answer.

    `terms` gives a text's words as the lexical index sees them, `rarity` how much each of them tells.
    """
    chosen = [s for s in evidence.sentences if s.hit.rank <= _PASSAGES][:_MOST_SENTENCES]
    asked = terms(question)
    if not chosen or not question.strip():
        return Ranking((), 0.0)
    weights = rarity(asked)
    vectors = embed([question, *(s.plain for s in chosen)])
    query, rest = vectors[0], vectors[1:]
    best_fused = max(s.hit.scores.fused for s in chosen) or 1.0
    scored = []
    for sentence, vector in zip(chosen, rest, strict=True):
        cosine = float(vector @ query)
        own = _coverage(asked, weights, set(terms(sentence.plain)))
        around = _coverage(asked, weights, set(terms(sentence.near + " " + " ".join(sentence.hit.chunk.breadcrumb))))
        passage = sentence.hit.scores.fused / best_fused
        score = 0.45 * cosine + 0.2 * own + 0.1 * around + 0.2 * passage + 0.1 * fits(question, sentence.plain)
        score -= 0.08 * _is_question(sentence.plain)
        scored.append(Scored(sentence, score, cosine, max(own, 0.7 * around), vector))
    scored.sort(key=lambda s: (-s.score, s.sentence.hit.rank, s.sentence.start))
    return Ranking(tuple(scored), _confidence(scored, evidence))


def _coverage(asked: Sequence[str], weights: dict[str, float], held: set[str]) -> float:
    """The share of the question's words that are held, each counted by its rarity.

    A word that stands in no source counts as much as the rarest that does: it is asked for and cannot be found.
    """
    rarest = max(weights.values(), default=0.0) or 1.0
    total = sum(weights[t] or rarest for t in asked)
    return sum(weights[t] for t in asked if t in held) / total if total else 0.0


def _confidence(scored: Sequence[Scored], evidence: Evidence) -> float:
    """A logistic of the best sentence's likeness, the best coverage and the best passage's likeness.

    The weights are by hand; `bench/answerability.py` shows how they do on questions with and without an answer.
    """
    top = scored[:5]
    cosine = max(s.cosine for s in top)
    coverage = max(s.coverage for s in top)
    passage = max(hit.scores.cosine for hit in evidence.hits)
    return 1 / (1 + math.exp(-(6.0 * cosine + 3.5 * coverage + 4.0 * passage - 7.4)))


_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million|half)\b")
_DATE = re.compile(r"\b(?:1[5-9]|20)\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
                   r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|yesterday)\b", re.I)
_REASON = re.compile(r"\b(?:because|since|so that|due to|thanks to|in order|reason|therefore|leads? to|means)\b", re.I)
_DEFINES = re.compile(r"\b(?:is|are|means?|refers? to|called|basically|defined|stands for)\b|[:=—–]", re.I)


def fits(question: str, sentence: str) -> float:
    """How well a sentence has the kind of thing that the question's words ask for: 0 to 1, 3 for a plain definition."""
    asked = question.lower()
    if re.search(r"\bhow (?:many|much|long|big|large|fast|often|far|old)\b|\bwhat (?:percent|share|number)", asked):
        return float(bool(_NUMBER.search(sentence.lower())))
    if re.search(r"\bwhen\b|\bwhat (?:year|date|day)\b", asked):
        return float(bool(_DATE.search(sentence)))
    if re.search(r"\bwho(?:se|m)?\b", asked):
        return float(bool(re.search(r"(?<!^)\b[A-Z][a-z]+", sentence)))
    if re.search(r"\bwhy\b|\bhow come\b", asked):
        return float(bool(_REASON.search(sentence)))
    if re.search(r"\bwhat(?:'s| is| are| does)\b|\bdefine\b|\bmeaning of\b", asked):
        return 3.0 if defines(question, sentence) else 0.3 * bool(_DEFINES.search(sentence))
    return 0.0


def defines(question: str, sentence: str) -> bool:
    """Whether a sentence begins with the thing asked about and goes on to say what it is.

    The thing is the last noun asked about: "the pipeline parallelism bubble" is a bubble.
    """
    asked = re.sub(r"(?i)^.*?\b(?:what(?:'s| is| are| does)|define|meaning of)\b|\b(?:mean|called|stand for)\b|[?.!]", " ", question)
    words = re.findall(r"\w+", re.split(r"(?i)\b(?:in|for|of|when|that|used|according)\b", asked, maxsplit=1)[0])
    if not words:
        return False
    head = re.escape(re.sub(r"(?:es|s)$", "", words[-1]))
    opening = rf"(?i)^\W*(?:(?:so|and|but|well|now|basically|the|a|an|this|that|{'|'.join(map(re.escape, words))})\W+){{0,5}}"
    says = r"(?:is|are|means?|refers? to|stands for|basically)\b|^\W{0,3}[-:=–—]\s"
    found = re.match(rf"{opening}?{head}\w{{0,2}}\W{{1,3}}", sentence)
    return bool(found and re.match(says, sentence[found.end() :]) or re.match(rf"(?i)^\W*{head}\w{{0,2}}\s*[-:=–—]\s", sentence))


def _is_question(text: str) -> bool:
    return text.rstrip("\"'”’)").endswith("?")


def select(ranking: Ranking, most: int, floor: float) -> list[Scored]:
    """The best sentences that say different things; none below `floor` of the best one's score."""
    taken: list[Scored] = []
    if not ranking.scored:
        return taken
    least = ranking.scored[0].score * floor
    for candidate in ranking.scored:
        if candidate.score < least or len(taken) >= most:
            break
        if any(float(candidate.vector @ other.vector) >= _SAME for other in taken):
            continue
        taken.append(candidate)
    return taken
