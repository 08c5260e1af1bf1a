"""What can be measured of a sentence as an answer to a question, without reading it as a model would.

The same numbers are computed when the scorer is trained (`bench/scorer/train.py`) and when it answers.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

SENTENCE_FEATURES = (
    "cosine",  # of the sentence, under its context, with the question
    "cosine_below_best",  # how far under the passage's best sentence
    "coverage",  # share of the question's words that it holds, by rarity
    "coverage_below_best",
    "coverage_near",  # the same with its neighbours and its context
    "novelty",  # words that the question does not have, up to ten
    "fits",  # has the kind of thing that is asked for
    "defines",  # begins with the thing asked about and says what it is
    "asks",  # is itself a question
    "length",
    "first",  # opens its passage
    "cosine_x_coverage",
    "echo",  # repeats the question and adds next to nothing
)


@dataclass(frozen=True, slots=True)
class Words:
    """A sentence of a passage as the features see it: its analysed words, and those around it."""

    text: str
    own: frozenset[str]
    near: frozenset[str]


def coverage(asked: Sequence[str], weights: Mapping[str, float], held: frozenset[str]) -> float:
    """The share of the question's words that are held, each counted by its rarity.

    A word that stands in no source counts as much as the rarest that does: it is asked for and cannot be found.
    """
    rarest = max(weights.values(), default=0.0) or 1.0
    total = sum(weights.get(t) or rarest for t in asked)
    return sum(weights.get(t, 0.0) for t in asked if t in held) / total if total else 0.0


def sentence_matrix(
    question: str,
    asked: Sequence[str],
    weights: Mapping[str, float],
    sentences: Sequence[Words],
    cosines: Sequence[float],
) -> Matrix:
    """Features of the sentences of one passage, shape (sentences, features)."""
    best_cosine = max(cosines)
    held = [coverage(asked, weights, s.own) for s in sentences]
    best_held = max(held)
    words = set(asked)
    rows = []
    for n, (sentence, cosine, own) in enumerate(zip(sentences, cosines, held, strict=True)):
        new = min(len(sentence.own - words), 10) / 10
        rows.append(
            (
                cosine,
                cosine - best_cosine,
                own,
                own - best_held,
                coverage(asked, weights, sentence.near),
                new,
                fits(question, sentence.text),
                float(defines(question, sentence.text)),
                float(sentence.text.rstrip("\"'”’) ").endswith("?")),
                math.log1p(len(sentence.text.split())) / 4,
                float(n == 0),
                cosine * own,
                float(own > 0.5 and new < 0.35),
            )
        )
    return np.asarray(rows, dtype=np.float64)


# Of a statement against the texts that it cites (`kb.answer.entailment`).
SUPPORT_FEATURES = (
    "cosine",
    "cosine_two",
    "cosine_all",
    "coverage",
    "coverage_best",
    "coverage_two",
    "denies",
    "length",
)

SUPPORT_READ_FEATURES = (*SUPPORT_FEATURES, "supports")  # and the reader's logit, over the sentences round the likest

PASSAGE_FEATURES = (
    "cosine",  # of the likest sentence, of the best one, of the first passage's sentences on average
    "top_cosine",
    "mean_cosine",
    "passage",  # cosine of the likest passage, and how far the three after it lie below
    "margin_three",
    "rest",  # share of the words that the title does not have, in the fullest sentence of the first passage
    "body",  # share of the question's words in the first passage, in the fullest sentence of all, and around it
    "coverage",
    "coverage_near",
    "title",  # share of the title's words that are asked for
    "bm25",  # of the first passage, by the most that the question's words could earn
    "unknown",  # share of the question's words that stand in no source at all
    "match",  # of the question's word pieces with their likest in the first passage: the mean, the least
    "match_least",
    "asked",  # how many words are asked for: of a long question fewer are met
    "talk",  # the first passage is talk, which is thin
)
# The same, and what the reader says (`index.models.reranker`) of the first passage: logits that it answers, that its
# best sentence does, that it is relevant.
READ_FEATURES = (*PASSAGE_FEATURES, "answers", "sentence", "relevant")


@dataclass(frozen=True, slots=True)
class PassageSignals:
    """What was measured of a question's passages: what `passage_vector` makes its features of.

    `logits`, `matrix` and `words` have a row for each sentence, `first` says which are of the first passage; `title` is
    what stands above that passage, `cosines` are of all passages, `matches` how like each of the question's word pieces
    is to the likest of the first passage, `talk` that it is talk.
    """

    asked: Sequence[str]
    weights: Mapping[str, float]
    logits: Sequence[float]
    matrix: Matrix
    words: Sequence[Words]
    first: Sequence[bool]
    title: frozenset[str]
    bm25: float
    cosines: Sequence[float]
    matches: Sequence[float]
    talk: bool


def passage_vector(looked: PassageSignals) -> npt.NDArray[np.float64]:
    """What says whether anything answers, in the order of `PASSAGE_FEATURES`."""
    asked, weights, matrix = looked.asked, looked.weights, looked.matrix
    best = int(np.argmax(looked.logits))
    mine = [n for n, first in enumerate(looked.first) if first] or list(range(len(looked.first)))
    passages = [*sorted(looked.cosines, reverse=True), 0.0]
    after = passages[1:4]
    matches = sorted(looked.matches) or [0.0]
    body = looked.title.union(*(looked.words[n].own for n in mine))
    rest = [term for term in asked if term not in looked.title]
    return np.asarray(
        [
            float(matrix[:, 0].max()),
            float(matrix[best, 0]),
            float(matrix[mine, 0].mean()),
            passages[0],
            passages[0] - sum(after) / len(after),
            max((coverage(rest, weights, looked.words[n].own) for n in mine), default=0.0) if rest else 1.0,
            coverage(asked, weights, body),
            float(matrix[:, 2].max()),
            float(matrix[:, 4].max()),
            len(looked.title & set(asked)) / max(len(looked.title), 1),
            looked.bm25 / (sum(weights.values()) or 1.0),
            sum(not weights.get(term) for term in asked) / max(len(asked), 1),
            sum(matches) / len(matches),
            matches[0],
            math.log1p(len(asked)),
            float(looked.talk),
        ]
    )


def read_vector(
    looked: npt.NDArray[np.float64], answers: float, sentence: float, relevant: float
) -> npt.NDArray[np.float64]:
    """`READ_FEATURES`: a passage vector, and the reader's logits of the first passage and of its best sentence."""
    return np.concatenate([looked, [answers, sentence, relevant]])


_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|thousand|million|half)\b")
_DATE = re.compile(
    r"\b(?:1[5-9]|20)\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|yesterday)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=\s)[A-Z][a-z]+")
_REASON = re.compile(
    r"\b(?:because|since|so that|due to|thanks to|in order|reason|therefore|leads? to|means|so)\b", re.IGNORECASE
)
_PLACE = re.compile(r"\b(?:in|at|near|from|to)\s+(?:the\s+)?[A-Z]")
_KINDS: tuple[tuple[re.Pattern[str], Callable[[str], bool]], ...] = (
    (
        re.compile(
            r"\bhow (?:many|much|long|big|large|fast|often|far|old|tall)\b|\bwhat (?:percent|share|number)", re.I
        ),
        lambda s: bool(_NUMBER.search(s.lower())),
    ),
    (re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day)\b", re.I), lambda s: bool(_DATE.search(s))),
    (re.compile(r"\bwho(?:se|m)?\b", re.I), lambda s: bool(_NAME.search(s))),
    (re.compile(r"\bwhere\b", re.I), lambda s: bool(_PLACE.search(s))),
    (re.compile(r"\bwhy\b|\bhow come\b", re.I), lambda s: bool(_REASON.search(s))),
)


def fits(question: str, sentence: str) -> float:
    """1 if a sentence has the kind of thing (number, date, name, place, reason) that is asked for, −1 if not.

    0 where the question's words ask for no such kind.
    """
    for asks, has in _KINDS:
        if asks.search(question):
            return 1.0 if has(sentence) else -1.0
    return 0.0


_ASKS_WHAT = re.compile(r"^.*?\b(?:what(?:'s|’s| is| are| does)|define|meaning of)\b", re.IGNORECASE)
_SAYS_WHAT = re.compile(r"(?:is|are|means?|refers? to|stands for|basically)\b", re.IGNORECASE)
_MOST_ASKED_WORDS = 8
_OPENERS = "so|and|but|well|now|basically|the|a|an|this|that|these|those"


def defines(question: str, sentence: str) -> bool:
    """Whether a "what is X" question meets a sentence that begins with X and goes on to say what it is.

    X is the last noun asked about: the pipeline parallelism bubble is a bubble.
    """
    asked, found = _ASKS_WHAT.subn("", question)
    if not found:
        return False
    asked = re.sub(r"(?i)\b(?:mean|called|stand for)\b|[?.!]", " ", asked)
    words = re.findall(r"\w+", re.split(r"(?i)\b(?:in|for|of|when|that|used|according|and)\b", asked, maxsplit=1)[0])
    if not words or len(words) > _MOST_ASKED_WORDS:
        return False  # nothing is called that; and the pattern below would try its words in every order
    head = re.escape(re.sub(r"(?:es|s)$", "", words[-1])) + r"\w{0,2}"
    others = "|".join([_OPENERS, *(re.escape(word) for word in words[:-1])])
    begins = re.match(rf"(?i)\W*(?:(?:{others})\W+){{0,5}}?{head}(\W+)", sentence)
    if begins is None:
        return False
    return bool(_SAYS_WHAT.match(sentence, begins.end()) or re.match(r"\s*[-:=–—]+\s|:", begins.group(1)))
