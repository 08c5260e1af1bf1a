"""Answers without a language model: the sentences that answer, as their sources wrote them.

A small trained scorer says of each sentence of the best passages how likely it answers, from its likeness to the
question, the question's rare words that it holds, what it adds, and whether it has the kind of thing asked for. The
best are taken, leaving out what repeats one already taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import numpy.typing as npt

from index.models.embedder import Embedder
from index.search.bm25 import STOPWORDS
from kb.answer import features
from kb.answer.evidence import Evidence, Sentence, follows, speakers
from kb.answer.rerank import AllPassageScores
from kb.answer.scorer import load
from kb.answer.speakers import asked_about
from kb.text.readability import grade

# Sentences of the best passages only: the answer is rarely further down, and each sentence costs an embedding.
_PASSAGES = 6
_MOST_SENTENCES = 80
# Alike beyond this, a second sentence adds nothing.
_SAME = 0.86
# A note that says what a post says is quoted in its stead; it need not use the same words.
_SAME_AS_POST = 0.75
# "What is X" is rare in the sets that the scorer is trained on, so a plain definition gets its due by hand.
_DEFINITION = 4.0
# Below this logit a sentence more likely does not answer; it is told only when it is the best there is.
_LEAST = -1.3
# How much the rank of its passage counts beside a sentence's own logit.
_PASSAGE_WEIGHT = 4.0
# What the reader says beside the features: of the sentence, of its passage; a sentence that it did not come to.
# Weighed so that scores spread as wide as without it, and raised so that what is told least answers as often.
_FEATURES_READ = 0.67
_SENTENCE_READ = 0.2
_PASSAGE_READ = 0.33
_RAISED_READ = 0.6
# Below this the reader's logit of a sentence says no more: of an answer of several sentences it likes one.
_LEAST_READ = -3.0
# Said by the one that the question asks about.
SAID_BY = 1.5
_DEFINES = features.SENTENCE_FEATURES.index("defines")
_FITS = features.SENTENCE_FEATURES.index("fits")
NO_FEATURES: npt.NDArray[np.float64] = np.zeros(len(features.PASSAGE_FEATURES))


@dataclass(frozen=True, slots=True)
class Scored:
    """A sentence with what speaks for it.

    `score` (a logit and its passage's share) says which of one question's are told; `read`, the reader's logit, with it
    which of a passage's comes first; `defines`: it says what the thing asked is; `fits`: it has (1) or has not (-1) the
    kind of thing asked for; `goes_on`: it only continues the one before it; `core`: it is part of the answer; what is
    not, says more of it to an expert.
    """

    sentence: Sentence
    score: float
    vector: npt.NDArray[np.float32]
    defines: bool = False
    fits: float = 0.0
    goes_on: bool = False
    core: bool = True
    read: float = 0.0


@dataclass(frozen=True, slots=True)
class Ranking:
    """Sentences, best first, how sure it is that they answer (0 to 1), and the features that say so."""

    scored: tuple[Scored, ...]
    confidence: float
    features: npt.NDArray[np.float64]


def rank(
    question: str,
    evidence: Evidence,
    embedder: Embedder,
    terms: Callable[[str], list[str]],
    rarity: Callable[[Sequence[str]], dict[str, float]],
    heard: Mapping[str, Sequence[frozenset[str]]] | None = None,
    readings: AllPassageScores | None = None,
) -> Ranking:
    """Order the evidence's sentences by how well they answer; with readings, by what the reader makes of them as well.

    `terms` gives a text's words as the lexical index sees them, `rarity` how much each of them tells; `heard`, by name
    of the question, the words that talk may have in its stead.
    """
    chosen = [s for s in evidence.sentences if s.hit.rank <= _PASSAGES][:_MOST_SENTENCES]
    asked = terms(question)
    if not chosen:
        return Ranking((), 0.0, NO_FEATURES)
    weights = rarity(asked)
    vectors = embedder.embed([question, *(_in_context(s) for s in chosen)])
    words = [_words(s, terms, heard or {}) for s in chosen]
    rarest = max(weights.values(), default=0.0) or 1.0
    # A name that only stands misheard is as rare as any.
    weights |= {name: rarest for name in heard or {} if not weights.get(name) and any(name in w.near for w in words)}
    scored, matrix = _by_features(question, asked, weights, chosen, words, vectors)
    first = min(sentence.hit.rank for sentence in chosen)
    top = next(hit for hit in evidence.hits if hit.rank == first)
    looked = features.PassageSignals(
        asked,
        weights,
        [one.score for one in scored],
        matrix,
        words,
        [sentence.hit.rank == first for sentence in chosen],
        frozenset(terms(" ".join(top.chunk.breadcrumb))),
        top.scores.bm25,
        [hit.scores.cosine for hit in evidence.hits],
        _matches(question, top.chunk.embedded, embedder),
        top.kind in ("transcript", "audio"),
    )
    vector = features.passage_vector(looked)
    if readings is not None:
        scored, vector = _read(scored, vector, readings)
    scored = _spoken(question, scored)
    scored.sort(key=lambda s: (-s.score, s.sentence.hit.rank, s.sentence.start))
    return Ranking(tuple(scored), load().confidence(vector), vector)


def _by_features(
    question: str,
    asked: Sequence[str],
    weights: Mapping[str, float],
    chosen: Sequence[Sentence],
    words: Sequence[features.Words],
    vectors: npt.NDArray[np.float32],
) -> tuple[list[Scored], features.Matrix]:
    """Sentences in their order with what the trained scorer makes of them, and their features.

    `vectors` are of the question and then of the sentences.
    """
    cosines = vectors[1:] @ vectors[0]
    best_fused = max(s.hit.scores.fused for s in chosen) or 1.0
    scored: list[Scored] = []
    matrices = []
    for _, group in groupby(range(len(chosen)), key=lambda n: chosen[n].hit.rank):
        rows = list(group)
        own = [words[n] for n in rows]
        matrix = features.sentence_matrix(question, asked, weights, own, [float(cosines[n]) for n in rows])
        matrices.append(matrix)
        for n, row, logit in zip(rows, matrix, load().sentence.logits(matrix), strict=True):
            passage = _PASSAGE_WEIGHT * (chosen[n].hit.scores.fused / best_fused - 1)
            defines = bool(row[_DEFINES])
            score = float(logit) + passage + _DEFINITION * defines
            scored.append(Scored(chosen[n], score, vectors[n + 1], defines, float(row[_FITS])))
    return scored, np.vstack(matrices)


def _matches(question: str, passage: str, embedder: Embedder) -> list[float]:
    """How like each word piece of a question is to the likest of a passage; pieces of function words left out."""
    asked, held = embedder.token_vectors([question, passage])
    own = [n for n, piece in enumerate(asked.pieces) if piece.removeprefix("##").isalnum() and piece not in STOPWORDS]
    own = own or list(range(len(asked.pieces)))
    if not own or not held.pieces:
        return []
    return [float(best) for best in (asked.vectors[own] @ held.vectors.T).max(axis=1)]


def _read(
    scored: Sequence[Scored], vector: npt.NDArray[np.float64], readings: AllPassageScores
) -> tuple[list[Scored], npt.NDArray[np.float64]]:
    """The sentences with what the reader makes of them in their scores, and the features that it adds."""
    out: list[Scored] = []
    for one in scored:
        reading = readings[one.sentence.hit.chunk.id]
        logit = max(reading.sentences[one.sentence.n], _LEAST_READ)
        said = _RAISED_READ + _SENTENCE_READ * logit + _PASSAGE_READ * reading.answers
        out.append(replace(one, score=_FEATURES_READ * one.score + said, read=logit))
    first = readings[min(scored, key=lambda one: one.sentence.hit.rank).sentence.hit.chunk.id]
    return out, features.read_vector(vector, first.answers, max(first.sentences.values()), first.relevant)


def _spoken(question: str, scored: Sequence[Scored]) -> list[Scored]:
    """The sentences, those raised that are said by whom the question asks about."""
    voices = [speakers(one.sentence) for one in scored]
    asked = asked_about(question, {name for names in voices for name in names})
    raised = (asked.intersection(names) for names in voices)
    return [replace(one, score=one.score + SAID_BY) if own else one for one, own in zip(scored, raised, strict=True)]


def _in_context(sentence: Sentence) -> str:
    """A bullet under its heading and parents: by itself it often does not say what it is about."""
    return f"{sentence.context}: {sentence.plain}" if sentence.context else sentence.plain


def _words(
    sentence: Sentence, terms: Callable[[str], list[str]], heard: Mapping[str, Sequence[frozenset[str]]]
) -> features.Words:
    def held(text: str) -> frozenset[str]:
        own = frozenset(terms(text))
        if sentence.hit.kind not in ("transcript", "audio"):
            return own
        return own | {name for name, others in heard.items() if any(words <= own for words in others)}

    near = f"{' '.join(sentence.hit.chunk.breadcrumb)} {sentence.context} {sentence.near}"
    return features.Words(sentence.plain, held(sentence.plain), held(near))


def select(ranking: Ranking, most: int, margin: float, more: int = 0, reach: float = 0.0) -> list[Scored]:
    """The best sentences that say different things, none more than `margin` below the best one's score.

    The first sentence of another source may be half as far below again: a second voice is worth more than a fifth
    sentence of the first. After `most` of them up to `more` others, within `reach`, that say more (`core` unset).
    """
    taken: list[Scored] = []
    spare: list[Scored] = []
    for first in ranking.scored:
        candidate = _better_said(first, ranking)
        if any(candidate.sentence is scored.sentence for scored in (*taken, *spare)):
            continue
        if any(float(candidate.vector @ other.vector) >= _SAME for other in (*taken, *spare)):
            continue
        if taken and candidate.fits < 0 < taken[0].fits:
            continue  # "how many" was answered by a number; this has none
        heard = {scored.sentence.hit.chunk.document_id for scored in taken}
        new = bool(taken) and candidate.sentence.hit.chunk.document_id not in heard
        least = max(_LEAST, taken[0].score - margin * (1.5 if new else 1.0)) if taken else candidate.score
        if len([s for s in taken if not s.goes_on]) < most and candidate.score >= least:
            taken.append(candidate)
            taken += _goes_on(candidate, ranking, taken)
        elif len(spare) < 2 * more and taken and candidate.score >= taken[0].score - reach:
            spare.append(replace(candidate, core=False))
    return _by_passage(taken) + _varied(spare, more)


def _by_passage(taken: Sequence[Scored]) -> list[Scored]:
    """The best passage's sentences first; of a passage's, first the one that says it, which the reader knows better.

    It knows less well which of two passages does: their order stays.
    """
    order: dict[str, int] = {}
    for one in taken:
        order.setdefault(one.sentence.hit.chunk.id, len(order))
    return sorted(taken, key=lambda one: (order[one.sentence.hit.chunk.id], -(one.score + one.read)))


def _varied(spare: Sequence[Scored], more: int) -> list[Scored]:
    """Half of what may be told besides for how well it answers, half for how hard it reads: details are dense."""
    first, rest = spare[: more // 2], spare[more // 2 :]
    dense = sorted(rest, key=lambda s: -grade(s.sentence.plain))[: more - len(first)]
    return sorted([*first, *dense], key=lambda s: -s.score)


def _better_said(candidate: Scored, ranking: Ranking) -> Scored:
    """The same said by somebody who stands behind it, where an anonymous post says it too."""
    if candidate.sentence.hit.trust != "anonymous":
        return candidate
    for other in ranking.scored:
        if other.sentence.hit.trust != "anonymous" and float(candidate.vector @ other.vector) >= _SAME_AS_POST:
            return replace(other, score=max(candidate.score, other.score))
    return candidate


def _goes_on(candidate: Scored, ranking: Ranking, taken: list[Scored]) -> list[Scored]:
    """In talk a definition is begun in one sentence and made in the next: that one belongs to it."""
    sentence = candidate.sentence
    if not candidate.defines or sentence.hit.kind not in ("transcript", "audio"):
        return []
    for other in ranking.scored:
        if follows(sentence, other.sentence):
            known = any(other.sentence is scored.sentence for scored in taken)
            return [] if known else [replace(other, score=candidate.score, read=candidate.read, goes_on=True)]
    return []
