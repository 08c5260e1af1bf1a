"""Items of talk: who said something, and when."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kb.answer.evidence import Sentence, gather
from kb.quiz import answer_spans, candidates, validation
from kb.quiz.items import ItemType, QuizItem
from kb.quiz.wording import made, short
from kb.text.keyphrases import keyphrases
from kb.types import locators
from kb.types.answers import Citation, Level
from kb.types.documents import TimeSpan
from kb.types.search import Hit

_APART = 60.0  # seconds between the options of "when"
_QUOTED_WORDS = (8, 30)
_PHRASES, _FEWEST_PHRASES = 6, 2


@dataclass(frozen=True, slots=True)
class Recording:
    """Who speaks in a recording, and at which seconds its passages begin."""

    voices: frozenset[str]
    times: tuple[float, ...]


NOTHING = Recording(frozenset(), ())


def sentences(hits: Sequence[Hit], cite: Callable[[Sentence], Citation]) -> dict[ItemType, list[Sentence]]:
    """Sentences of talk that are worth placing, by what can be asked of them."""
    who: list[Sentence] = []
    when: list[Sentence] = []
    for hit in hits:
        if hit.kind not in ("transcript", "audio"):
            continue
        phrases = tuple(keyphrases([hit.chunk.text], _PHRASES))
        for sentence in gather([hit]).sentences:
            if not _is_telling(sentence.plain, phrases):
                continue
            place = cite(sentence).locator
            if len(locators.speakers(place)) == 1:
                who.append(sentence)
            if isinstance(place, TimeSpan) and place.end > place.start:
                when.append(sentence)
    return {"who_said": who, "when": when}


def _is_telling(said: str, phrases: tuple[str, ...]) -> bool:
    """Whether a sentence is of a length to be quoted, stands alone, and says something of its passage's subject."""
    if not _QUOTED_WORDS[0] <= len(said.split()) <= _QUOTED_WORDS[1]:
        return False
    if said.split(maxsplit=1)[0].casefold() in ("okay", "so", "and", "ok") or candidates.refusal(
        candidates.statement(said)
    ):
        return False
    if sum(phrase.casefold() in said.casefold() for phrase in phrases) < _FEWEST_PHRASES:
        return False
    return any(key.form != "number" for key in answer_spans.keys(said, phrases))


def who(
    said: Sentence, citation: Citation, recording: Recording, level: Level, chance: random.Random
) -> QuizItem | None:
    """Who says a sentence, of those who speak in its recording; None where fewer than three do."""
    name = citation.locator.speakers[0]  # type: ignore[union-attr]
    others = recording.voices - {name}
    if len(others) < 2:
        return None
    options = [name, *sorted(others)[: validation.MOST_OPTIONS - 1]]
    chance.shuffle(options)
    question = f"Who says in “{short(citation.title)}”: “{said.plain}”?"
    return made("who_said", citation, question, name, tuple(options), name, level)


def when(
    said: Sentence, citation: Citation, recording: Recording, level: Level, chance: random.Random
) -> QuizItem | None:
    """At what time a sentence is said, of times a minute apart; None where the recording has too few."""
    place = citation.locator
    assert isinstance(place, TimeSpan)
    chosen = [place.start]
    for start in chance.sample(recording.times, len(recording.times)):
        if all(abs(start - other) >= _APART for other in chosen):
            chosen.append(start)
        if len(chosen) == validation.MOST_OPTIONS:
            break
    if len(chosen) < validation.MOST_OPTIONS:
        return None
    answer = locators.clock(place.start)
    question = f"At what time in “{short(citation.title)}” is it said: “{said.plain}”?"
    options = tuple(locators.clock(start) for start in sorted(chosen))
    return made("when", citation, question, answer, options, answer, level)
