"""Quizzes without a language model: what the sources say, turned into questions by rule, held against gates by code.

Candidates are sentences that can stand alone, and in each a number, a name, a term, or what a thing is. Wrong options
are of the same form and come from other passages. What fails a gate is thrown away and counted.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from index.search.bm25 import subject_words
from kb.answer.evidence import Sentence, gather
from kb.quiz import answer_spans, generate_speech, validation
from kb.quiz import candidates as quiz_sentences
from kb.quiz.answer_spans import AnswerSpan
from kb.quiz.distractors import Distractors, Embed, QuizCandidate, cased_like
from kb.quiz.generate_speech import Recording
from kb.quiz.items import BLANK, FALSE, TRUE, ItemType, Quiz, QuizItem
from kb.quiz.wording import made, under
from kb.text.keyphrases import keyphrases
from kb.text.punkt import is_ordinary
from kb.text.readability import grade
from kb.types.answers import Citation, Level
from kb.types.search import Hit

Cite = Callable[[Sentence], Citation]

_BOUND = re.compile(r"\b(?:over|above|than|least|most|under|below|up to|beyond|nearly|almost)\s+\W*$", re.IGNORECASE)
_PHRASES = 12
_POOL = 220
_WORTH = {"definition": 3.0, "number": 2.4, "acronym": 1.9, "name": 2.0, "term": 1.1}
_TRUE_SHARE = 0.3  # of the true and false, beside those for which nothing wrong is at hand
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


@dataclass(slots=True)
class QuizGenerator:
    """Makes the items of one quiz from passages; `beside` are others, only for wrong options.

    `cite` says where a sentence stands; `recordings` are those of the passages, by document id; `seed` decides what is
    left to chance, so that the same quiz comes again.
    """

    embed: Embed
    cite: Cite
    level: Level
    seed: str
    posts: bool = False
    known: Sequence[QuizItem] = ()
    recordings: Mapping[str, Recording] = field(default_factory=dict)
    _chance: random.Random = field(default_factory=random.Random)
    _options: Distractors = field(init=False)

    def make(self, topic: str, hits: Sequence[Hit], beside: Sequence[Hit], count: int) -> Quiz:
        """At most `count` items, the most promising first asked."""
        quiz = Quiz(topic, self.level)
        self._chance = random.Random(self.seed)  # noqa: S311
        candidates = self._candidates(hits, quiz)
        pool = [*candidates, *self._candidates(beside, Quiz(topic, self.level))]
        self._chance.shuffle(pool)
        self._options = Distractors(self.embed, pool[: max(_POOL, 2 * count)])
        self._options.remember([c.key.text for c in [*candidates, *self._options.pool]])
        spoken = generate_speech.sentences(hits, self.cite)
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
        return quiz

    # Candidates

    def _candidates(self, hits: Sequence[Hit], quiz: Quiz) -> list[QuizCandidate]:
        """Everything that may be asked, the most promising first; no sentence twice."""
        found: dict[str, QuizCandidate] = {}
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
                keys = answer_spans.keys(said, phrases)
                if not keys:
                    quiz.reject("nothing in it to ask for")
                named = any(k.form in ("name", "acronym", "definition") for k in keys)
                for key in keys:
                    if key.form == "term" and not (named or " " in key.text):
                        continue  # one word of a general sentence could be another
                    candidate = QuizCandidate(sentence, said, key, self._worth(hit, said, key, keys, whole))
                    before = found.get(said)
                    if before is None or before.worth < candidate.worth:
                        found[said] = candidate
        return sorted(found.values(), key=lambda c: (-c.worth, c.said))

    def _worth(self, hit: Hit, said: str, key: AnswerSpan, keys: Sequence[AnswerSpan], whole: bool) -> float:
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

    # Written items

    def _written_item(self, type_: ItemType, waiting: list[QuizCandidate], quiz: Quiz) -> QuizItem | None:
        """The first candidate that makes a sound item of a type; what it is made from is used up."""
        for candidate in list(waiting):
            item = self._of(type_, candidate, quiz)
            if item is None:
                continue
            hit = candidate.sentence.hit
            why = validation.refusal(item, hit.chunk.text, hit.trust == "anonymous", self.posts)
            if why:
                quiz.reject(why)
                continue
            waiting.remove(candidate)
            if validation.repeats(item, [*quiz.items, *self.known]):
                quiz.reject(validation.ASKED)
                continue
            return item
        return None

    def _spoken_item(self, type_: ItemType, waiting: list[Sentence], quiz: Quiz) -> QuizItem | None:
        """The first sentence of talk that makes a sound item; those before it are used up."""
        ask = generate_speech.who if type_ == "who_said" else generate_speech.when
        while waiting:
            sentence = waiting.pop(0)
            citation = self.cite(sentence)
            recording = self.recordings.get(citation.document_id, generate_speech.NOTHING)
            item = ask(sentence, citation, recording, self.level, self._chance)
            if item is None:
                quiz.reject("too few options of its own kind")
                continue
            why = validation.refusal(item, sentence.hit.chunk.text)
            if not why and validation.repeats(item, [*quiz.items, *self.known]):
                why = validation.ASKED
            if not why:
                return item
            quiz.reject(why)
        return None

    def _of(self, type_: ItemType, c: QuizCandidate, quiz: Quiz) -> QuizItem | None:
        if c.key.form != "number" and type_ != "true_false" and _tells_itself(c):
            return None
        if type_ == "cloze":
            return self._item(type_, c, f"Fill in the blank: “{_blanked(c)}”", c.key.text) if _types_in(c.key) else None
        if type_ == "short_answer":
            if c.key.form != "definition":
                return None
            return self._item(type_, c, f"{_asks(c)}?", c.key.unit, fact=c.key.unit)
        if type_ == "true_false":
            return self._true_false(c, quiz)
        wrong = self._options.beside(c, validation.MOST_OPTIONS - 1)
        if len(wrong) < validation.MOST_OPTIONS - 1:
            return None
        question = f"What is missing? “{_blanked(c)}”"
        if c.key.form == "definition" and not validation.holds(c.key.unit, c.key.text):
            question = f"Which of these is described as “{c.key.unit}”?"
        options = [c.key.text, *wrong]
        self._chance.shuffle(options)
        return self._item(type_, c, question, c.key.text, tuple(options))

    def _true_false(self, c: QuizCandidate, quiz: Quiz) -> QuizItem | None:
        options = (TRUE, FALSE)
        # Who always says true would be right too often.
        answers = [item.answer for item in quiz.items if item.type == "true_false"]
        free = answers.count(TRUE) < answers.count(FALSE)
        if c.key.form == "term" and not free:
            return None
        if c.key.form == "term" or (free and self._chance.random() < _TRUE_SHARE):
            return self._item("true_false", c, f"True or false? “{c.said}”", TRUE, options)
        # What is over 5,000 is over 1,800 as well.
        bounded = _BOUND.search(c.said[: c.key.start]) if c.key.form == "number" else None
        wrong = self._options.beside(c, 1, swapped=True) if bounded is None else []
        if not wrong:
            return self._item("true_false", c, f"True or false? “{c.said}”", TRUE, options) if free else None
        swapped = c.said[: c.key.start] + cased_like(c.key.text, wrong[0]) + c.said[c.key.end :]
        return self._item("true_false", c, f"True or false? “{swapped}”", FALSE, options)

    def _item(
        self,
        type_: ItemType,
        c: QuizCandidate,
        question: str,
        answer: str,
        options: tuple[str, ...] = (),
        fact: str = "",
    ) -> QuizItem:
        citation = self.cite(c.sentence)
        return made(
            type_,
            citation,
            under(c.sentence.hit, question, fact or c.key.text),
            answer,
            options,
            fact or c.key.text,
            self.level,
        )


def _is_link(quote: str) -> bool:
    """Whether a sentence is nothing but what a link is called."""
    return re.fullmatch(r"\W*\[[^\[\]]+\]\([^()\s]+\)\W*", quote.strip()) is not None


def _blanked(c: QuizCandidate) -> str:
    """A statement with its answer left out wherever it stands."""
    pattern = re.compile(rf"(?<!\w){re.escape(c.key.text)}(?!\w)", re.IGNORECASE)
    return pattern.sub(BLANK, c.said)


def _tells_itself(c: QuizCandidate) -> bool:
    """Whether what is left of a statement has a word of the answer: "a corpus of Twitter" for the Twitter Corpus."""
    rest = f"{c.said[: c.key.start]} {c.said[c.key.end :]}"
    return bool(set(subject_words(c.key.text)) & set(subject_words(rest)))


def _types_in(key: AnswerSpan) -> bool:
    """Whether an answer is short and plain enough to be typed."""
    return len(key.text.split()) <= 3 and len(key.text) <= 30


def _asks(c: QuizCandidate) -> str:
    """The question for a definition: "What is a bubble", "What are agents"."""
    article = re.match(r"(?:the|an?)\s+", c.said, re.IGNORECASE) if c.key.start else None
    name = c.key.text
    first = name.split()[0]
    if first[1:].islower() and is_ordinary(first) and name[1:].islower():
        name = name[0].lower() + name[1:]
    verb = re.match(r"\s*(?:\([^()]*\)\s*)?(is|are)\b", c.said[c.key.end :])
    many = verb[1] == "are" if verb else bool(re.search(r"[^sui]s$", name)) and not article
    return f"What {'are' if many else 'is'} {article[0].lower() if article else ''}{name}"
