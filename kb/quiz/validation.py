"""What an item must be, checked by code, whoever made it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from index.search.bm25 import subject_words
from kb.quiz.items import BLANK, FALSE, TRUE, QuizItem
from kb.text import entities
from kb.text.markdown import plain
from kb.types import locators
from kb.types.documents import TimeSpan

MOST_OPTIONS = 4
ASKED = "asked already"
# Options beside each other give no answer away by their length.
_LENGTHS = 3.0
_SHORT = 12  # characters by which short options may differ
_LONGEST_QUESTION = 600
_FEWEST_COMPACT = 4  # letters; a shorter word stands in others by chance
_DANGLES = re.compile(
    r"^(?:it|its|this|these|those|they|them|their|he|him|his|she|her|we|our|us|i|my|you|your)\b", re.IGNORECASE
)


def fold(text: str) -> str:
    """A text without what does not change its words: markup, case, Unicode forms, white space."""
    clean = unicodedata.normalize("NFKC", plain(text)).replace("’", "'").replace("–", "-").replace("—", "-")
    return re.sub(r"\s+", " ", clean).strip().casefold()


def holds(text: str, words: str) -> bool:
    """Whether words stand in a text, as whole words."""
    wanted = fold(words)
    return bool(wanted) and re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", fold(text)) is not None


def gives_away(context: str, words: str) -> bool:
    """Whether a context has an answer in it, spaces and hyphens aside, or a year where a year is asked for."""
    if re.fullmatch(r"(?:19|20)\d\d", words.strip()):
        return re.search(r"(?:19|20)\d\d", context) is not None
    wanted, there = (re.sub(r"[\W_]+", "", fold(text)) for text in (words, context))
    shared = set(subject_words(context)) & set(subject_words(words))
    initials = "".join(word[0] for word in re.findall(r"[a-z0-9]+", fold(context)))
    spelled = len(wanted) > 2 and words[:2].isupper() and wanted.rstrip("s") in initials
    return bool(shared) or holds(context, words) or spelled or (len(wanted) > _FEWEST_COMPACT and wanted in there)


def same(one: str, other: str) -> bool:
    """Whether two answers are the same thing: equal, a plural, equal numbers, an acronym and its words."""
    a, b = fold(one), fold(other)
    if a == b or _stem(a) == _stem(b):
        return True
    numbers, others = entities.numbers(a), entities.numbers(b)
    if numbers and others:
        return any(n.value == m.value or n.bare == m.bare for n in numbers for m in others)
    if set(subject_words(a)) & set(subject_words(b)):
        return True
    short, long = sorted((a, b), key=len)
    initials = "".join(word[0] for word in re.findall(r"[a-z0-9]+", long))
    compact = re.sub(r"[^a-z0-9]", "", short)
    return len(compact) >= 2 and (
        compact in (initials, initials.rstrip("s")) or compact in re.sub(r"[^a-z0-9]", "", long)
    )


def _stem(text: str) -> str:
    return re.sub(r"(?:es|s)$", "", re.sub(r"^(?:the|an?)\s+", "", text))


def refusal(item: QuizItem, passage: str, anonymous: bool = False, posts: bool = False) -> str:
    """Why an item may not be asked; empty if it may.

    `passage` is the text of its chunk, `anonymous` says that it is of an anonymous thread and `posts` that such are
    asked for.
    """
    if anonymous and not posts:
        return "from an anonymous post"
    if not item.question.strip() or len(item.question) > _LONGEST_QUESTION:
        return "no question"
    if fold(item.quote) not in fold(passage):
        return "the quote does not stand in the passage"
    if why := _answer_refusal(item):
        return why
    asked = item.question.partition("\n")[2] or item.question
    about, _, told = item.question.partition("\n")
    open_ = item.type not in ("true_false", "when", "who_said")
    if open_ and (holds(item.question, item.fact) or (told and gives_away(about, item.fact))):
        return "the question holds its answer"
    if item.type in ("multiple_choice", "cloze", "true_false", "short_answer") and _dangles(asked):
        return "a pronoun without what it stands for"
    return _options_refusal(item, passage)


def _answer_refusal(item: QuizItem) -> str:
    place = item.locator
    if item.type == "who_said":
        return "" if item.answer in locators.speakers(place) else "the answer is not who the place says"
    if item.type == "when":
        at = isinstance(place, TimeSpan) and item.answer == locators.clock(place.start)
        return "" if at else "the answer is not when the place says"
    if not holds(item.quote, item.fact):
        return "the quote does not hold the answer"
    if item.type != "true_false" and fold(item.answer) != fold(item.fact):
        return "the quote does not hold the answer"
    return ""


def _dangles(asked: str) -> bool:
    words = re.sub(r"^[^\w]*(?:true or false\?)?[^\w]*", "", asked, flags=re.IGNORECASE)
    return _DANGLES.match(words) is not None


def _options_refusal(item: QuizItem, passage: str) -> str:
    options = item.options
    if item.type == "true_false":
        return "" if set(options) == {TRUE, FALSE} and item.answer in options else "options that are no true and false"
    if item.type in ("cloze", "short_answer"):
        return "" if not options else "options where there should be none"
    if len(options) < 3 or len({fold(option) for option in options}) < len(options):
        return "too few options of its own kind"
    if [fold(option) for option in options].count(fold(item.answer)) != 1:
        return "options without the answer"
    lengths = [len(option) for option in options]
    if max(lengths) > _LENGTHS * min(lengths) and max(lengths) - min(lengths) > _SHORT:
        return "options of unlike length"
    others = [option for option in options if fold(option) != fold(item.answer)]
    if item.type == "multiple_choice":
        if any(same(option, item.answer) for option in others):
            return "two right options"
        if any(holds(passage, option) for option in others):
            return "a wrong option that the passage supports"
    return ""


def repeats(item: QuizItem, others: Sequence[QuizItem]) -> bool:
    """Whether an item asks what another asks already: of the same words, or in nearly the same ones."""
    words = _asked_words(item)
    for other in others:
        if fold(item.quote) == fold(other.quote):
            return True
        theirs = _asked_words(other)
        if words and theirs and len(words & theirs) >= 0.75 * min(len(words), len(theirs)):
            return True
    return False


def _asked_words(item: QuizItem) -> frozenset[str]:
    question = item.question.partition("\n")[2] or item.question
    return frozenset(subject_words(question.replace(BLANK, item.fact)))
