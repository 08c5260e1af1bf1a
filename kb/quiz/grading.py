"""Whether an answer is right, by code: the option meant, the words that belong in the blank, what the quote says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from index.search.bm25 import subject_words
from kb.errors import LlmError
from kb.llm import prompts
from kb.llm.client import Llm, Message
from kb.quiz.items import TRUE, QuizItem
from kb.quiz.validation import fold, holds, same
from kb.text import entities
from kb.text.entities import Number

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

MOST_CHARS = 2000
_NEARLY = 84.0  # of 100, for a word that is misspelled
_FEWEST_FOR_FUZZY = 4  # characters; a shorter answer is spelled right or it is another
# A share of the answer's words, or its sense with some of them.
_HELD, _ALIKE, _SOME, _FEWEST_HELD = 0.6, 0.62, 0.3, 2
_NOT = re.compile(r"\b(?:not|no|never|none|nor|neither|without|cannot|nothing|nobody)\b|n['’]t\b", re.IGNORECASE)
_SCALES = frozenset({"million", "billion", "trillion", "thousand", "hundred"})
_TRUE = frozenset({"true", "t", "yes", "y", "right", "correct"})
_FALSE = frozenset({"false", "f", "no", "n", "wrong", "incorrect"})


@dataclass(frozen=True, slots=True)
class Grade:
    """A verdict: right, or nearly so (spelled otherwise, less than all), and what a person should know of it.

    `by`: code, or a model, which is always said.
    """

    correct: bool
    near: bool = False
    why: str = ""
    by: Literal["code", "model"] = "code"


def grade(item: QuizItem, answer: str, embed: Embed, llm: Llm | None = None) -> Grade:
    """Judge an answer. A model, where there is one, is asked about short answers that code does not take for right."""
    given = " ".join(answer[:MOST_CHARS].split())
    if not given:
        return Grade(False, why="no answer")
    if item.type in ("multiple_choice", "who_said", "when", "true_false"):
        return _option(item, given)
    if item.type == "cloze":
        return _blank(item, given)
    return _short(item, given, embed, llm)


def _option(item: QuizItem, given: str) -> Grade:
    """An option by its words, its letter (a, b …) or its number (1, 2 …), or both as they are shown: "b) Titan"."""
    folded = re.sub(r"^(?:option |answer )", "", fold(given)).strip(" .()")
    shown = re.fullmatch(r"([a-z])\)\s*(.+)", folded)
    if item.type == "true_false" and folded in _TRUE | _FALSE:
        return Grade((folded in _TRUE) == (item.answer == TRUE))
    words = shown[2] if shown else folded
    exact = [n for n, option in enumerate(item.options) if fold(option).strip(" .()") in (folded, words)]
    if not exact and re.fullmatch(r"[a-z]", folded):
        exact = [ord(folded) - ord("a")]
    if not exact and re.fullmatch(r"[1-9]", folded):
        exact = [int(folded) - 1]
    if not exact or exact[0] >= len(item.options):
        return Grade(False, why="that is none of the options")
    return Grade(fold(item.options[exact[0]]) == fold(item.answer))


def _blank(item: QuizItem, given: str) -> Grade:
    """Exact but for case, articles and plurals; numbers by their value; words nearly as they are spelled."""
    if fold(given) == fold(item.answer):
        return Grade(True)
    if _denies(given, item.answer):
        return Grade(False)
    # The whole sentence, written out, holds the answer and little else that the question has not.
    beside = set(subject_words(given)) - set(subject_words(item.answer)) - set(subject_words(item.question))
    if holds(given, item.answer) and not beside and len(given) > 2 * len(item.answer):
        return Grade(True)
    wanted, said = _numbers(item.answer), _numbers(given)
    if wanted:
        agree = [n.value for n in wanted] == [n.value for n in said] or (
            len(said) == len(wanted) == 1 and said[0].bare == wanted[0].bare and said[0].value == said[0].bare
        )
        counted, told = _counted(item.answer), _counted(given)
        if agree and counted and told and not counted & told:
            return Grade(False, why="of something else")
        return Grade(agree, why="another number" if said and not agree else "")
    one, other = set(subject_words(given)), set(subject_words(item.answer))
    if (one and one == other) or (not one & other and same(given, item.answer)):
        return Grade(True, near=True, why=f"written “{item.answer}” there")
    from rapidfuzz import fuzz

    likeness = fuzz.ratio(fold(given), fold(item.answer))
    if likeness >= _NEARLY and min(len(given), len(item.answer)) >= _FEWEST_FOR_FUZZY:
        return Grade(True, near=True, why=f"spelled “{item.answer}”")
    return Grade(False)


def _denies(given: str, answer: str) -> bool:
    """Whether an answer says that it is not so, where the source says that it is, or the other way round."""
    return bool(_NOT.search(given)) != bool(_NOT.search(answer))


def _counted(text: str) -> set[str]:
    """What a number counts, as words of more than a letter or two: days, tokens."""
    return {word for word in subject_words(text) if word.isalpha() and len(word) > 2 and word not in _SCALES}


def _numbers(text: str) -> list[Number]:
    """The numbers of an answer; words for numbers only where there are no figures."""
    found = entities.numbers(re.sub(r"(?<=\w)-(?=\d)", " ", text))
    return [n for n in found if any(c.isdigit() for c in n.said)] or found


def _short(item: QuizItem, given: str, embed: Embed, llm: Llm | None) -> Grade:
    """Against what the quote says: its numbers and names must not be contradicted, its words or its sense be there."""
    source = entities.facts(f"{item.quote} {item.question}")
    values = {n.value for n in source.numbers} | {n.bare for n in source.numbers}
    strange = [n.said for n in entities.numbers(given) if n.value not in values and n.bare not in values]
    if strange:
        return Grade(False, why=f"the source does not say {strange[0]}")
    wanted = subject_words(item.answer)
    held = set(subject_words(given))
    share = sum(word in held for word in wanted) / max(len(wanted), 1)
    vectors = embed([item.answer, given])
    alike = float(vectors[0] @ vectors[1])
    enough = len(set(wanted) & held) >= min(_FEWEST_HELD, len(set(wanted)))
    if not _denies(given, item.answer) and (share >= _HELD or (alike >= _ALIKE and share >= _SOME and enough)):
        return Grade(True, near=share < _HELD and alike < 0.8)
    if llm is not None:
        try:
            said = llm.write(
                [
                    Message("system", prompts.GRADE),
                    Message("user", f"Question: {item.question}\nSource: {item.quote}\nAnswer: {given}"),
                ],
                60,
            )
        except LlmError:
            return Grade(False)
        verdict = re.search(r"\b(right|partly|wrong)\b", said, re.IGNORECASE)
        if verdict is not None:
            word = verdict[1].lower()
            return Grade(word != "wrong", word == "partly", f"a model ({llm.name}) judged it {word}", "model")
    return Grade(False)
