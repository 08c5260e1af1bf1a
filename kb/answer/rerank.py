"""A question's passages read by the reader, once: for their order, for their sentences, for whether any answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from index.models.reranker import Reranker, RerankInput
from kb.answer.evidence import Evidence, Sentence
from kb.types.search import Hit

# So many of the best passages are read: each costs ten milliseconds.
DEPTH = 8
_LONGEST_TITLE = 120
# What the reader did not come to.
UNREAD = -8.0
# No question that a judged set answers has a likest passage below this cosine (the least is .18): it is not read.
_NOTHING_NEAR = 0.15
# What a logit of relevance is worth, in shares of the best fused score (docs/benchmarks.md, *The reader*).
WEIGHT = 0.04


@dataclass(frozen=True, slots=True)
class PassageScores:
    """What the reader says of a passage, as logits; of its sentences by their place in it."""

    answers: float
    relevant: float
    sentences: Mapping[int, float]


AllPassageScores = Mapping[str, PassageScores]


def read(question: str, evidence: Evidence, reader: Reranker, most: int = DEPTH) -> AllPassageScores:
    """Readings of the first passages that have sentences, by the id of the passage."""
    if max((hit.scores.cosine for hit in evidence.hits), default=0.0) < _NOTHING_NEAR:
        return {}
    groups = [list(group) for _, group in groupby(evidence.sentences, key=lambda s: s.hit.chunk.id)][:most]
    found = reader.read([(question, _passage(group)) for group in groups])
    return {
        group[0].hit.chunk.id: PassageScores(
            reading.answers,
            reading.relevant,
            {s.n: max(logit, UNREAD) for s, logit in zip(group, reading.sentences, strict=True)},
        )
        for group, reading in zip(groups, found, strict=True)
    }


def reordered(hits: Sequence[Hit], readings: AllPassageScores, weight: float = WEIGHT) -> tuple[Hit, ...]:
    """Hits by their fused scores and what the reader makes of them; those that it has not read stay behind."""
    best = max((hit.scores.fused for hit in hits), default=0.0) or 1.0

    def worth(hit: Hit) -> float:
        reading = readings.get(hit.chunk.id)
        return hit.scores.fused / best + (weight * reading.relevant if reading else 0.0)

    last = max((n for n, hit in enumerate(hits) if hit.chunk.id in readings), default=-1) + 1
    order = [*sorted(hits[:last], key=worth, reverse=True), *hits[last:]]
    return tuple(replace(hit, rank=n) for n, hit in enumerate(order, start=1))


def _passage(group: Sequence[Sentence]) -> RerankInput:
    """A passage as the reader takes it: its sentences under its headings."""
    spans: list[tuple[int, int]] = []
    text = ""
    for one in group:
        spans.append((len(text), len(text) + len(one.plain)))
        text += one.plain + " "
    title = " › ".join(group[0].hit.chunk.breadcrumb)
    return RerankInput(text, title[-_LONGEST_TITLE:], tuple(spans))
