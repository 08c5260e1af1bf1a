"""Quizzes without a language model: what the sources say, turned into questions by rule, held against gates by code.

Candidates are sentences that can stand alone, and in each a number, a name, a term, or what a thing is. Wrong options
are of the same form and come from other passages. What fails a gate is thrown away and counted.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from index.lexical import subject_words
from index.sentences import is_ordinary
from kb import locators
from kb.documents import Citation, Hit, Level, TimeSpan
from kb.markup import plain
from kb.tutor import quiz_answers, quiz_gates, quiz_sentences
from kb.tutor.evidence import Sentence, gather
from kb.tutor.keyphrases import keyphrases
from kb.tutor.quiz_answers import Key
from kb.tutor.quiz_items import BLANK, FALSE, TRUE, ItemType, Quiz, QuizItem, id_of
from kb.tutor.readability import grade

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]
Cite = Callable[[Sentence], Citation]

_BOUND = re.compile(r"\b(?:over|above|than|least|most|under|below|up to|beyond|nearly|almost)\s+\W*$", re.IGNORECASE)
_PHRASES = 12
_POOL = 220
# Of another subject below, hardly to be told apart above.
_LEAST_ALIKE, _MOST_ALIKE = 0.15, 0.85
# A wrong option is judged by itself and by the sentence that it comes from, the answer left out of both.
_COMPARED, _OWN_SHARE = 24, 0.4
_LEAST_PLACE, _LEAST_BOTH, _LEAST_SWAPPED = 0.3, 0.42, 0.46
_WORTH = {"definition": 3.0, "number": 2.4, "acronym": 1.9, "name": 2.0, "term": 1.1}
_LONGEST_CONTEXT = 90
_TRUE_SHARE = 0.3  # of the true and false, beside those for which nothing wrong is at hand
_YEARS = 6  # by which years may differ
_LEAST_TIMES, _MOST_TIMES, _YEAR = 1.15, 6.0, 1900
_APART = 60.0  # seconds between the options of "when"
_QUOTED_WORDS = (8, 30)
# Which types each level is asked in, the ones that it is asked most in first.
_MIX: dict[Level, tuple[ItemType, ...]] = {
    "eli5": ("multiple_choice", "true_false", "multiple_choice", "cloze"),
    "beginner": ("multiple_choice", "cloze", "true_false", "multiple_choice", "short_answer"),
    "practitioner": ("multiple_choice", "cloze", "true_false", "short_answer"),
    "expert": ("cloze", "short_answer", "multiple_choice", "cloze", "true_false"),
}
# One in so many is of who said something, or of when: what was said matters more. The first
# comes as the fifth, so that a short quiz of a talk has one too.
_SPOKEN_EVERY, _SPOKEN_FIRST = 12, 4


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A statement, what of it may be asked for, and how promising that is."""

    sentence: Sentence
    said: str
    key: Key
    worth: float


@dataclass(slots=True)
class Maker:
    """Makes the items of one quiz from passages; `beside` are others, only for wrong options.

    `cite` says where a sentence stands; `seed` decides what is left to chance, so that the same quiz comes again.
    """

    embed: Embed
    cite: Cite
    level: Level
    seed: str
    posts: bool = False
    known: Sequence[QuizItem] = ()
    _pool: list[_Candidate] = field(default_factory=list)
    _vectors: dict[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=random.Random)
    _trues: int = 0
    _falses: int = 0

    def make(self, topic: str, hits: Sequence[Hit], beside: Sequence[Hit], count: int) -> Quiz:
        """At most `count` items, the most promising first asked."""
        quiz = Quiz(topic, self.level)
        self._chance = random.Random(self.seed)  # noqa: S311
        candidates = self._candidates(hits, quiz)
        self._pool = [*candidates, *self._candidates(beside, Quiz(topic, self.level))]
        self._chance.shuffle(self._pool)
        self._pool = self._pool[: max(_POOL, 2 * count)]
        self._remember([c.key.text for c in candidates] + [c.key.text for c in self._pool])
        spoken = self._spoken(hits)
        mix = _MIX[self.level]
        waiting = list(candidates)
        spent: set[ItemType] = set()
        turn = 0
        while len(quiz.items) < count and len(spent) < len({*mix, *spoken}):
            place = [t for t in spoken if t not in spent] if turn % _SPOKEN_EVERY == _SPOKEN_FIRST else []
            left = [t for t in mix if t not in spent] or [t for t in spoken if t not in spent]
            type_ = place[turn // _SPOKEN_EVERY % len(place)] if place else left[turn % len(left)]
            turn += 1
            if type_ in spoken:
                item = self._spoken_item(type_, spoken[type_], quiz)
            else:
                item = self._written_item(type_, waiting, quiz)
            if item is None:
                spent.add(type_)
            else:
                quiz.items.append(item)
                self._trues += item.type == "true_false" and item.answer == TRUE
                self._falses += item.type == "true_false" and item.answer == FALSE
        return quiz

    # Candidates

    def _candidates(self, hits: Sequence[Hit], quiz: Quiz) -> list[_Candidate]:
        """Everything that may be asked, the most promising first; no sentence twice."""
        found: dict[str, _Candidate] = {}
        for hit in hits:
            if hit.trust == "anonymous" and not self.posts:
                quiz.reject("from an anonymous post")
                continue
            phrases = tuple(keyphrases([hit.chunk.text], _PHRASES))
            for sentence in gather([hit]).sentences:
                if _is_link(sentence.quote):
                    quiz.reject("the title of a link")
                    continue
                if quiz_sentences.breaks_off(sentence.plain):
                    quiz.reject("breaks off")
                    continue
                said = quiz_sentences.statement(sentence.plain)
                if why := quiz_sentences.refusal(said):
                    quiz.reject(why)
                    continue
                if quiz_sentences.points_back(said, " ".join([hit.title, *hit.chunk.breadcrumb])):
                    quiz.reject("understood only with what stands around it")
                    continue
                said = quiz_sentences.told(said)
                whole = sentence.plain.rstrip(" \"”’')").endswith((".", "!")) and sentence.plain[:1].isupper()
                keys = quiz_answers.keys(said, phrases)
                if not keys:
                    quiz.reject("nothing in it to ask for")
                named = any(k.form in ("name", "acronym", "definition") for k in keys)
                for key in keys:
                    if key.form == "term" and not (named or " " in key.text):
                        continue  # one word of a general sentence could be another
                    candidate = _Candidate(sentence, said, key, self._worth(hit, said, key, keys, whole))
                    before = found.get(said)
                    if before is None or before.worth < candidate.worth:
                        found[said] = candidate
        return sorted(found.values(), key=lambda c: (-c.worth, c.said))

    def _worth(self, hit: Hit, said: str, key: Key, keys: Sequence[Key], whole: bool) -> float:
        worth = _WORTH[key.form]
        others = [k for k in keys if k is not key and k.form in ("name", "acronym", "definition")]
        worth += 0.5 if others and key.form in ("number", "term", "name", "acronym") else 0.0
        # A whole sentence says more than a line that somebody jotted down.
        worth += 0.5 if whole else -0.5
        worth -= 0.6 if hit.kind in ("transcript", "audio") else 0.0
        worth -= 0.4 if key.start == 0 and key.form != "definition" else 0.0
        # A plain sentence for the simpler levels, a fuller one for the others.
        hard = min(max(grade(said), 0.0), 20.0)
        worth += {"eli5": -0.12, "beginner": -0.08, "practitioner": 0.0, "expert": 0.05}[self.level] * (hard - 9)
        worth += 0.3 if 9 <= len(said.split()) <= 24 else 0.0
        # The passages come in the order in which they fit the topic.
        return worth + 0.6 / (1 + 0.25 * (hit.rank - 1))

    def _remember(self, texts: Sequence[str]) -> None:
        missing = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if missing:
            self._vectors |= dict(zip(missing, self.embed(missing), strict=True))

    # Written items

    def _written_item(self, type_: ItemType, waiting: list[_Candidate], quiz: Quiz) -> QuizItem | None:
        """The first candidate that makes a sound item of a type; what it is made from is used up."""
        for candidate in list(waiting):
            item = self._of(type_, candidate)
            if item is None:
                continue
            why = quiz_gates.refusal(
                item, candidate.sentence.hit.chunk.text, (), candidate.sentence.hit.trust == "anonymous", self.posts
            )
            if not why and quiz_gates.repeats(item, [*quiz.items, *self.known]):
                why = "asked already"
                waiting.remove(candidate)
            if why:
                quiz.reject(why)
                continue
            waiting.remove(candidate)
            return item
        return None

    def _of(self, type_: ItemType, c: _Candidate) -> QuizItem | None:
        if c.key.form != "number" and type_ != "true_false" and _tells_itself(c):
            return None
        if type_ == "cloze":
            return self._item(type_, c, f"Fill in the blank: “{_blanked(c)}”", c.key.text) if _types_in(c.key) else None
        if type_ == "short_answer":
            if c.key.form != "definition":
                return None
            return self._item(type_, c, f"{_asks(c)}?", c.key.unit, fact=c.key.unit)
        if type_ == "true_false":
            return self._true_false(c)
        wrong = self._wrong(c, quiz_gates.MOST_OPTIONS - 1)
        if len(wrong) < quiz_gates.MOST_OPTIONS - 1:
            return None
        asked = f"Which of these is described as “{c.key.unit}”?" if c.key.form == "definition" else ""
        if c.key.form == "definition" and quiz_gates.holds(c.key.unit, c.key.text):
            asked = ""
        options = [c.key.text, *wrong]
        self._chance.shuffle(options)
        return self._item(type_, c, asked or f"What is missing? “{_blanked(c)}”", c.key.text, tuple(options))

    def _true_false(self, c: _Candidate) -> QuizItem | None:
        options = (TRUE, FALSE)
        # Who always says true would be right too often.
        free = self._trues < self._falses
        if c.key.form == "term" and not free:
            return None
        if c.key.form == "term" or (free and self._chance.random() < _TRUE_SHARE):
            return self._item("true_false", c, f"True or false? “{c.said}”", TRUE, options)
        # What is over 5,000 is over 1,800 as well.
        bounded = _BOUND.search(c.said[: c.key.start]) if c.key.form == "number" else None
        wrong = self._wrong(c, 1, _LEAST_SWAPPED) if bounded is None else []
        if not wrong:
            return self._item("true_false", c, f"True or false? “{c.said}”", TRUE, options) if free else None
        swapped = c.said[: c.key.start] + _cased_like(c.key.text, wrong[0]) + c.said[c.key.end :]
        return self._item("true_false", c, f"True or false? “{swapped}”", FALSE, options)

    def _wrong(self, c: _Candidate, count: int, least: float = _LEAST_BOTH) -> list[str]:
        """Wrong options: of the answer's form and about its length, from other passages, none of them right as well.

        `least`: how alike they and the places that they come from must be, if they are no numbers.
        """
        key, hit = c.key, c.sentence.hit
        here = self._vectors[key.text]
        words = [word for word in subject_words(c.said) if word not in subject_words(key.text)]
        ranked: list[tuple[float, str, _Candidate]] = []
        for candidate in self._pool:
            other, where = candidate.key, candidate.sentence.hit
            text = _cased_like(key.text, other.text)
            if other.form != key.form or where.chunk.id == hit.chunk.id or not _alike_in_form(key, other, c.said):
                continue
            alike = float(self._vectors[other.text] @ here)
            if key.form != "number" and not _LEAST_ALIKE <= alike <= _MOST_ALIKE:
                continue
            if (
                quiz_gates.same(text, key.text)
                or quiz_gates.holds(hit.chunk.text, text)
                or quiz_gates.holds(hit.title, text)
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
            if all(not quiz_gates.same(text, other) for other in chosen):
                chosen.append(text)
            if len(chosen) == count:
                break
        return chosen

    def _in_their_place(
        self, c: _Candidate, ranked: Sequence[tuple[float, str, _Candidate]], least: float
    ) -> list[str]:
        """Those that stand in their sentences as the answer stands in its: a firm for a firm, a set for a set."""
        self._remember([_hidden(c), *(_hidden(other) for _, _, other in ranked)])
        here = self._vectors[_hidden(c)]
        found = []
        for alike, text, other in ranked:
            place = float(self._vectors[_hidden(other)] @ here)
            both = _OWN_SHARE * alike + (1 - _OWN_SHARE) * place
            if place >= _LEAST_PLACE and both >= least:
                found.append((both, text))
        return [text for _, text in sorted(found, reverse=True)]

    def _item(
        self, type_: ItemType, c: _Candidate, question: str, answer: str, options: tuple[str, ...] = (), fact: str = ""
    ) -> QuizItem:
        citation = self.cite(c.sentence)
        return made(
            type_,
            citation,
            asked(c.sentence.hit, question, fact or c.key.text),
            answer,
            options,
            fact or c.key.text,
            self.level,
        )

    # Items of talk: who said it, and when

    def _spoken(self, hits: Sequence[Hit]) -> dict[ItemType, list[Sentence]]:
        """Sentences of talk that are worth placing, by what can be asked of them."""
        who: list[Sentence] = []
        when: list[Sentence] = []
        for hit in hits:
            if hit.kind not in ("transcript", "audio"):
                continue
            phrases = keyphrases([hit.chunk.text], 6)
            for sentence in gather([hit]).sentences:
                place = self.cite(sentence).locator
                said = sentence.plain
                fit = _QUOTED_WORDS[0] <= len(said.split()) <= _QUOTED_WORDS[1]
                fit = fit and sentence.plain.split()[0].casefold() not in ("okay", "so", "and", "ok")
                fit = fit and not quiz_sentences.refusal(quiz_sentences.statement(said))
                telling = sum(phrase.casefold() in said.casefold() for phrase in phrases) >= 2
                telling = telling and any(k.form != "number" for k in quiz_answers.keys(said, tuple(phrases)))
                if not fit or not telling:
                    continue
                if len(getattr(place, "speakers", ())) == 1:
                    who.append(sentence)
                if isinstance(place, TimeSpan) and place.end > place.start:
                    when.append(sentence)
        return {"who_said": who, "when": when}

    def _spoken_item(self, type_: ItemType, waiting: list[Sentence], quiz: Quiz) -> QuizItem | None:
        while waiting:
            sentence = waiting.pop(0)
            citation = self.cite(sentence)
            speakers = getattr(citation.locator, "speakers", ())
            item = self._who(citation, sentence) if type_ == "who_said" else self._when(citation, sentence)
            if item is None:
                quiz.reject("too few options of its own kind")
                continue
            why = quiz_gates.refusal(item, sentence.hit.chunk.text, speakers)
            if not why and quiz_gates.repeats(item, [*quiz.items, *self.known]):
                why = "asked already"
            if not why:
                return item
            quiz.reject(why)
        return None

    def _who(self, citation: Citation, sentence: Sentence) -> QuizItem | None:
        name = citation.locator.speakers[0]  # type: ignore[union-attr]
        others = self._voices.get(citation.document_id, set()) - {name}
        if len(others) < 2:
            return None
        options = [name, *sorted(others)[: quiz_gates.MOST_OPTIONS - 1]]
        self._chance.shuffle(options)
        question = f"Who says in “{_short(citation.title)}”: “{sentence.plain}”?"
        return made("who_said", citation, question, name, tuple(options), name, self.level)

    def _when(self, citation: Citation, sentence: Sentence) -> QuizItem | None:
        place = citation.locator
        assert isinstance(place, TimeSpan)
        chosen = [place.start]
        for start in self._chance.sample(
            self._times.get(citation.document_id, []), len(self._times.get(citation.document_id, []))
        ):
            if all(abs(start - other) >= _APART for other in chosen):
                chosen.append(start)
            if len(chosen) == quiz_gates.MOST_OPTIONS:
                break
        if len(chosen) < quiz_gates.MOST_OPTIONS:
            return None
        answer = locators.clock(place.start)
        question = f"At what time in “{_short(citation.title)}” is it said: “{sentence.plain}”?"
        options = tuple(locators.clock(start) for start in sorted(chosen))
        return made("when", citation, question, answer, options, answer, self.level)

    _voices: dict[str, set[str]] = field(default_factory=dict)
    _times: dict[str, list[float]] = field(default_factory=dict)

    def hear(self, document_id: str, voices: set[str], times: list[float]) -> None:
        """Tell who speaks in a recording and at which seconds its passages begin."""
        self._voices[document_id] = voices
        self._times[document_id] = times


def made(
    type_: ItemType,
    citation: Citation,
    question: str,
    answer: str,
    options: tuple[str, ...],
    fact: str,
    level: Level,
    by: str = "kb",
) -> QuizItem:
    """An item from what its parts say; the explanation is the quote and its place."""
    place = f"{citation.title}, {locators.describe(citation.locator)}"
    told = " ".join(plain(citation.quote).split())
    return QuizItem(
        id=id_of(type_, question, answer, citation.document_id),
        type=type_,
        question=question,
        options=options,
        answer=answer,
        explanation=f"“{told}” ({place})",
        quote=citation.quote,
        fact=fact,
        document_id=citation.document_id,
        chunk_id=citation.chunk_id,
        kind=citation.kind,
        title=citation.title,
        uri=citation.uri,
        locator=citation.locator,
        link=citation.link,
        start_char=citation.start_char,
        end_char=citation.end_char,
        level=level,
        by=by,
    )


def asked(hit: Hit, question: str, fact: str) -> str:
    """A question under what it is about: the title and the headings, but for those that give the answer away."""
    crumbs = [*hit.chunk.breadcrumb] or [hit.title]
    told = [
        crumb for crumb in dict.fromkeys(crumbs) if not quiz_gates.gives_away(crumb, fact) and not _is_address(crumb)
    ]
    context = " › ".join(_short(crumb, 50) for crumb in told[:1] + told[1:][-1:])[:_LONGEST_CONTEXT]
    return f"{context}\n{question}" if context else f"In your sources\n{question}"


def _is_link(quote: str) -> bool:
    """Whether a sentence is nothing but what a link is called."""
    return re.fullmatch(r"\W*\[[^\[\]]+\]\([^()\s]+\)\W*", quote.strip()) is not None


def _is_address(crumb: str) -> bool:
    return re.search(r"\S+\.(?:com|org|io|ai|net)\b|/", crumb) is not None


def _short(text: str, most: int = 70) -> str:
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0] + " …"


def _hidden(c: _Candidate) -> str:
    """A statement with its answer hidden, for comparing what stands around answers."""
    return f"{c.said[: c.key.start]}something{c.said[c.key.end :]}"


def _blanked(c: _Candidate) -> str:
    """A statement with its answer left out wherever it stands."""
    pattern = re.compile(rf"(?<!\w){re.escape(c.key.text)}(?!\w)", re.IGNORECASE)
    return pattern.sub(BLANK, c.said)


def _tells_itself(c: _Candidate) -> bool:
    """Whether what is left of a statement has a word of the answer: "a corpus of Twitter" for the Twitter Corpus."""
    rest = f"{c.said[: c.key.start]} {c.said[c.key.end :]}"
    return bool(set(subject_words(c.key.text)) & set(subject_words(rest)))


def _types_in(key: Key) -> bool:
    """Whether an answer is short and plain enough to be typed."""
    return len(key.text.split()) <= 3 and len(key.text) <= 30


def _asks(c: _Candidate) -> str:
    """The question for a definition: "What is a bubble", "What are agents"."""
    article = re.match(r"(?:the|an?)\s+", c.said, re.IGNORECASE) if c.key.start else None
    name = c.key.text
    first = name.split()[0]
    if first[1:].islower() and is_ordinary(first) and name[1:].islower():
        name = name[0].lower() + name[1:]
    verb = re.match(r"\s*(?:\([^()]*\)\s*)?(is|are)\b", c.said[c.key.end :])
    many = verb[1] == "are" if verb else bool(re.search(r"[^sui]s$", name)) and not article
    return f"What {'are' if many else 'is'} {article[0].lower() if article else ''}{name}"


def _cased_like(key: str, other: str) -> str:
    return other[0].upper() + other[1:] if key[:1].isupper() and other[:1].islower() else other


def _alike_in_form(key: Key, other: Key, said: str) -> bool:
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
