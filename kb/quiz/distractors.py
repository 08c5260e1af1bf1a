"""Wrong options: of the answer's own form and length, from other passages, and right in none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.search.bm25 import subject_words
from kb.answer.evidence import Sentence
from kb.quiz import validation
from kb.quiz.answer_spans import AnswerSpan

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

# Of another subject below, hardly to be told apart above.
_LEAST_ALIKE, _MOST_ALIKE = 0.15, 0.85
# A wrong option is judged by itself and by the sentence that it comes from, the answer left out of both.
_COMPARED, _OWN_SHARE = 24, 0.4
_LEAST_PLACE, _LEAST_BOTH, _LEAST_SWAPPED = 0.3, 0.42, 0.46
_YEARS = 6  # by which years may differ
_LEAST_TIMES, _MOST_TIMES, _YEAR = 1.15, 6.0, 1900


@dataclass(frozen=True, slots=True)
class QuizCandidate:
    """A statement, what of it may be asked for, and how promising that is."""

    sentence: Sentence
    said: str
    key: AnswerSpan
    worth: float


@dataclass(slots=True)
class Distractors:
    """What a pool of statements has to give as wrong options; it keeps the vectors of what it compared."""

    embed: Embed
    pool: Sequence[QuizCandidate]
    _vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)

    def remember(self, texts: Sequence[str]) -> None:
        """Embed what will be compared, all at once."""
        missing = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if missing:
            self._vectors |= dict(zip(missing, self.embed(missing), strict=True))

    def beside(self, c: QuizCandidate, count: int, *, swapped: bool = False) -> list[str]:
        """Wrong options: of the answer's form and about its length, from other passages, none of them right as well.

        `swapped`: they will stand in the statement itself, so their own must be more like it, if they are no numbers.
        """
        least = _LEAST_SWAPPED if swapped else _LEAST_BOTH
        key, hit = c.key, c.sentence.hit
        here = self._vectors[key.text]
        words = [word for word in subject_words(c.said) if word not in subject_words(key.text)]
        ranked: list[tuple[float, str, QuizCandidate]] = []
        for candidate in self.pool:
            other, where = candidate.key, candidate.sentence.hit
            text = cased_like(key.text, other.text)
            if other.form != key.form or where.chunk.id == hit.chunk.id or not _alike_in_form(key, other, c.said):
                continue
            alike = float(self._vectors[other.text] @ here)
            if key.form != "number" and not _LEAST_ALIKE <= alike <= _MOST_ALIKE:
                continue
            if (
                validation.same(text, key.text)
                or validation.holds(hit.chunk.text, text)
                or validation.holds(hit.title, text)
            ):
                continue
            # Another passage that says the same of it would make it right too.
            if _says_as_much(where.chunk.text, words):
                continue
            ranked.append((alike, text, candidate))
        ranked.sort(key=lambda row: (-row[0], row[1]))
        chosen: list[str] = []
        named = key.form != "number"
        for text in self._in_their_place(c, ranked[:_COMPARED], least) if named else [row[1] for row in ranked]:
            if all(not validation.same(text, other) for other in chosen):
                chosen.append(text)
            if len(chosen) == count:
                break
        return chosen

    def _in_their_place(
        self, c: QuizCandidate, ranked: Sequence[tuple[float, str, QuizCandidate]], least: float
    ) -> list[str]:
        """Those that stand in their sentences as the answer stands in its: a firm for a firm, a set for a set."""
        self.remember([_hidden(c), *(_hidden(other) for _, _, other in ranked)])
        here = self._vectors[_hidden(c)]
        found = []
        for alike, text, other in ranked:
            place = float(self._vectors[_hidden(other)] @ here)
            both = _OWN_SHARE * alike + (1 - _OWN_SHARE) * place
            if place >= _LEAST_PLACE and both >= least:
                found.append((both, text))
        return [text for _, text in sorted(found, reverse=True)]


def cased_like(key: str, other: str) -> str:
    """A wrong option with a capital where the answer has one."""
    return other[0].upper() + other[1:] if key[:1].isupper() and other[:1].islower() else other


def _alike_in_form(key: AnswerSpan, other: AnswerSpan, said: str) -> bool:
    """Whether two answers could stand in each other's place: the same unit, a like length, as many words."""
    if key.form == "number":
        digits = [len(re.sub(r"\D", "", k.text)) for k in (key, other)]
        years = [re.fullmatch(r"(?:19|20)\d\d", k.text) is not None for k in (key, other)]
        points = ("." in key.text) == ("." in other.text)
        if years[0] and years[1] and len(re.findall(r"\b(?:19|20)\d\d\b", said)) > 1:
            return False  # the other years of the sentence leave little to choose
        if years[0] and years[1] and not 1 <= abs(int(key.text) - int(other.text)) <= _YEARS:
            return False
        if not _near_in_size(key.text, other.text):
            return False
        return key.unit == other.unit and abs(digits[0] - digits[1]) <= 1 and points and years[0] == years[1]
    lengths = sorted((len(key.text), len(other.text)))
    words = abs(len(key.text.split()) - len(other.text.split()))
    digits_alike = any(c.isdigit() for c in key.text) == any(c.isdigit() for c in other.text)
    return words <= 1 and lengths[1] <= 2.4 * lengths[0] + 4 and (key.form not in ("name", "acronym") or digits_alike)


def _near_in_size(one: str, other: str) -> bool:
    """Whether two numbers are neither nearly equal nor of quite another size."""
    values = [float(re.sub(r"[^\d.]", "", text.split("-")[0].split("–")[0]).strip(".") or 0) for text in (one, other)]
    low, high = sorted(values)
    return low > 0 and (high / low <= _MOST_TIMES) and (high / low >= _LEAST_TIMES or high >= _YEAR)


def _says_as_much(passage: str, words: Sequence[str]) -> bool:
    """Whether a passage has most of the words of a statement, its answer aside."""
    held = frozenset(subject_words(passage))
    return bool(words) and sum(word in held for word in words) >= 0.6 * len(words)


def _hidden(c: QuizCandidate) -> str:
    """A statement with its answer hidden, for comparing what stands around answers."""
    return f"{c.said[: c.key.start]}something{c.said[c.key.end :]}"
