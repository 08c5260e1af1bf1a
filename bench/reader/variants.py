"""What is made of the rows of the sets to train the reader on: what only looks answered, noise, an epoch of it all."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from bench.reader.rows import Row, questions, statements

_MADE = 2500  # statements made from passages: as they stand, with a fact changed, or over another passage
_NEGATIVES = 8000  # questions over a passage that looks as if it answered
_CUT = 4500  # questions over their passage, the sentences that answer taken out
_CHANGED = 1800  # questions with a name changed; a third as many with a number
_SWAPPED = 3000  # questions with a name or number changed for another of their passage
_OPPOSITE = 2500  # questions with a word made its opposite
_TYPED = 0.4  # the share of questions that are made as they are typed into a search box
_SPEECH = 0.12  # the share that is stripped of punctuation, as speech is
Embed = Callable[[Sequence[str]], np.ndarray]
# Words and their opposites, both ways; of one that has several the first.
_PAIRS = (
    "first last, best worst, more less, most least, before after, increase decrease, increased decreased, high "
    "low, higher lower, highest lowest, large small, larger smaller, largest smallest, big little, bigger "
    "smaller, biggest smallest, long short, longer shorter, longest shortest, old new, oldest newest, older "
    "newer, early late, earlier later, earliest latest, north south, northern southern, east west, eastern "
    "western, won lost, win lose, begin end, began ended, begins ends, start stop, started stopped, starts stops, "
    "open close, opened closed, opens closes, allow forbid, allowed forbidden, allows forbids, accept reject, "
    "accepted rejected, include exclude, included excluded, includes excludes, support oppose, supported opposed, "
    "supports opposes, good bad, better worse, male female, men women, man woman, husband wife, father mother, "
    "son daughter, brother sister, king queen, buy sell, bought sold, rise fall, rose fell, inside outside, above "
    "below, over under, left right, major minor, primary secondary, public private, formal informal, legal "
    "illegal, possible impossible, common rare, popular unpopular, successful unsuccessful, positive negative, "
    "active passive, strong weak, stronger weaker, strongest weakest, fast slow, faster slower, fastest slowest, "
    "hot cold, warm cool, wet dry, hard soft, easy difficult, light heavy, rich poor, young old, youngest oldest, "
    "wide narrow, deep shallow, thick thin, full empty, true false, agree disagree, agreed disagreed, add remove, "
    "added removed, build destroy, built destroyed, create destroy, created destroyed, gain lose, gained lost, "
    "join leave, joined left, enter leave, entered left, arrive depart, arrived departed, attack defend, attacked "
    "defended, ally enemy, allies enemies, victory defeat, praised criticized, like dislike, liked disliked, love "
    "hate, loved hated, cause prevent, caused prevented, causes prevents, help hinder, helped hindered, helps "
    "hinders, encourage discourage, encouraged discouraged, expand shrink, expanded shrank, maximum minimum, "
    "majority minority, ancient modern, present absent, internal external, import export, imports exports, input "
    "output, natural artificial, urban rural, upper lower, top bottom, front back, day night, summer winter, "
    "morning evening, always never, everyone nobody, many few, with without, during after, raise lower, raised "
    "lowered, born killed, married divorced, approve reject, approved rejected, appointed dismissed, hired fired, "
    "strengthened weakened, united divided, visible invisible, known unknown, similar different, same different, "
    "simple complex, direct indirect, permanent temporary, voluntary compulsory, guilty innocent, teacher "
    "student, founder opponent, founded dissolved, found lost, released banned, borrow lend, given taken, gave "
    "took, received sent, receive send "
)
OPPOSITES: dict[str, str] = {}
for _one, _other in (pair.split() for pair in _PAIRS.split(",")):
    OPPOSITES.setdefault(_one, _other)
    OPPOSITES.setdefault(_other, _one)
_ASSERTED = re.compile(r"\b(?:did|does|do|was|is|are|were|can|could|has)\b \w+")
_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")


def negatives(rows: Sequence[Row], embed: Embed, seed: int) -> Iterator[Row]:
    """Questions over passages that do not answer them: of the same title, or the nearest of other titles."""
    rng = random.Random(seed)
    passages = list({row.passage: row for row in rows}.values())
    vectors = embed([f"{row.title}\n{row.passage}" for row in passages])
    titles = defaultdict(list)
    for n, row in enumerate(passages):
        titles[(row.source, row.title)].append(n)
    asked = [row for row in rows if row.answers and row.source not in ("molweni", "squadshifts-amazon")]
    asked = rng.sample(asked, min(_NEGATIVES, len(asked)))
    wanted = embed([row.question for row in asked])
    for row, vector in zip(asked, wanted, strict=True):
        words = [row.passage[a:b].casefold() for n in row.gold for a, b in [row.spans[n]]]
        words += [row.answer.casefold()] if len(row.answer) > 2 else []
        siblings = titles[(row.source, row.title)] if row.title else []
        if len(siblings) > 3 and rng.random() < 0.5:
            pool = rng.sample(siblings, min(12, len(siblings)))
            order = sorted(pool, key=lambda n: -float(vectors[n] @ vector))
        else:
            order = list(np.argsort(-(vectors @ vector))[:6])
            rng.shuffle(order)
        for n in order:
            other = passages[int(n)]
            here = other.passage.casefold()
            if other.held != row.held or other.passage == row.passage or any(w in here for w in words):
                continue
            made_ = replace(other, question=row.question, gold=frozenset(), answers=False, relevant=False, weight=1.0)
            yield replace(made_, source="negative", supports=None, answer="")
            break


def cut(row: Row, gone: frozenset[int]) -> Row:
    """A row without some of its sentences."""
    parts, spans, gold, at = [], [], [], 0
    for n, (a, b) in enumerate(row.spans):
        if n in gone:
            continue
        if n in row.gold:
            gold.append(len(spans))
        parts.append(row.passage[a:b])
        spans.append((at, at + b - a))
        at += b - a + 1
    return replace(row, passage=" ".join(parts), spans=tuple(spans), gold=frozenset(gold))


def without_answer(rows: Sequence[Row], seed: int) -> Iterator[Row]:
    """Questions over their own passage, the sentences that answer taken out: all of the subject and nothing of it."""
    rng = random.Random(seed)
    usable = [
        row
        for row in rows
        if row.answers and row.source not in ("molweni", "squadshifts-amazon") and len(row.spans) - len(row.gold) >= 2
    ]
    # Those of real searches first: they are few, and the likest to what people ask.
    usable.sort(key=lambda row: (row.source != "qed", rng.random()))
    for row in usable[:_CUT]:
        made_ = cut(row, row.gold)
        if len(row.answer) > 2 and row.answer.casefold() in made_.passage.casefold():
            continue
        yield replace(made_, source="cut", answers=False, answer="")


def asked_of_another(rows: Sequence[Row], seed: int) -> Iterator[Row]:
    """Questions with a name or number changed, over a passage that answers what they were and not what they are."""
    rng = random.Random(seed)
    usable = [row for row in rows if row.answers and row.source != "molweni"]
    for what, most in ((_NUMBER, _CHANGED // 3), (_NAME, _CHANGED)):
        able = [row for row in usable if what.search(row.question)]
        others = [m for row in able for m in what.findall(row.question)]
        for row in rng.sample(able, min(most, len(able))):
            question = _changed(row.question, what, others, rng)
            changed = set(re.findall(r"\w+", question)) - set(re.findall(r"\w+", row.question))
            if not changed or any(word.casefold() in row.passage.casefold() for word in changed):
                continue
            yield _unanswered(row, question, "changed")


def asked_of_another_here(rows: Sequence[Row], seed: int) -> Iterator[Row]:
    """Questions with a name or number changed for another of the same passage: every word of theirs stands there."""
    rng = random.Random(seed)
    usable = [row for row in rows if row.answers and row.source != "molweni"]
    rng.shuffle(usable)
    for row in usable:
        for what in rng.sample((_NUMBER, _NAME), 2):
            own = list(what.finditer(row.question, 1))
            held = [m for m in what.findall(row.passage) if m.casefold() not in row.question.casefold()]
            held = [m for m in held if m.casefold() not in row.answer.casefold()]
            if own and held:
                match, other = rng.choice(own), rng.choice(held)
                yield _unanswered(row, row.question[: match.start()] + other + row.question[match.end() :], "swapped")
                break


def opposite(rows: Sequence[Row], seed: int) -> Iterator[Row]:
    """Questions with a word made its opposite, or a "not" put in."""
    rng = random.Random(seed)
    usable = [row for row in rows if row.answers and row.source != "molweni"]
    rng.shuffle(usable)
    for row in usable:
        words = [m for m in re.finditer(r"[a-z]+", row.question) if m.group() in OPPOSITES]
        if words:
            match = rng.choice(words)
            question = row.question[: match.start()] + OPPOSITES[match.group()] + row.question[match.end() :]
        elif (able := _ASSERTED.search(row.question)) and rng.random() < 0.06:
            question = f"{row.question[: able.end()]} not{row.question[able.end() :]}"
        else:
            continue
        yield _unanswered(row, question, "opposite")


def _unanswered(row: Row, question: str, source: str) -> Row:
    return replace(row, source=source, question=question, gold=frozenset(), answers=False, relevant=None, answer="")


def made(rows: Sequence[Row], seed: int) -> Iterator[Row]:
    """Statements of passages: as they stand, shortened, with a number or name changed, or over another passage."""
    rng = random.Random(seed)
    usable = [row for row in rows if row.answers and len(row.spans) >= 3 and row.source != "molweni"]
    usable = rng.sample(usable, min(_MADE, len(usable)))
    numbers = [m for row in usable for m in _NUMBER.findall(row.passage)]
    names = [m for row in usable for m in _NAME.findall(row.passage)]
    for row in usable:
        a, b = rng.choice(row.spans)
        said = row.passage[a:b]
        if len(said.split()) < 6:
            continue
        fate = rng.random()
        supports = True
        if fate < 0.3:
            said = _shortened(said, rng)
        elif fate < 0.55 and _NUMBER.search(said):
            said, supports = _changed(said, _NUMBER, numbers, rng), False
        elif fate < 0.8 and _NAME.search(said):
            said, supports = _changed(said, _NAME, names, rng), False
        elif fate < 0.9:
            other = rng.choice(usable)
            x, y = rng.choice(other.spans)
            said, supports = other.passage[x:y], other.passage == row.passage
        yield Row("made", said, row.title, row.passage, row.spans, frozenset(), None, None, supports, 1.0, row.held)


def _shortened(said: str, rng: random.Random) -> str:
    """A sentence without a clause at its end or an aside."""
    said = re.sub(r"\s*\([^)]*\)", "", said)
    parts = re.split(r"(?<=\w), ", said)
    return (", ".join(parts[:-1]) + "." if len(parts) > 1 and rng.random() < 0.6 else said) or said


def _changed(said: str, what: re.Pattern[str], others: Sequence[str], rng: random.Random) -> str:
    match = rng.choice(list(what.finditer(said)))
    other = next((o for o in rng.sample(others, min(20, len(others))) if o.casefold() not in said.casefold()), "7,341")
    return said[: match.start()] + other + said[match.end() :]


def as_speech(row: Row, rng: random.Random) -> Row:
    """A row as a recogniser would have written it: lower case, no punctuation, the sentences where they were."""
    parts, spans, at = [], [], 0
    for a, b in row.spans:
        words = re.sub(r"[^\w\s']", "", row.passage[a:b].lower())
        if rng.random() < 0.3 and len(words) > 20:
            n = rng.randrange(len(words))
            words = words[:n] + words[n + 1 :]
        parts.append(words)
        spans.append((at, at + max(len(words), 1)))
        at += len(words) + 1
    return replace(row, passage=" ".join(parts), spans=tuple(spans))


def as_typed(row: Row, rng: random.Random) -> Row:
    """A question as people type it into a search box: without its mark, often without its grammar."""
    if row.answers is None:
        return row
    asked = row.question.rstrip(" ?")
    if rng.random() < 0.3:
        asked = re.sub(r"(?i)^(?:what|which|who) (?:is|are|was|were) (?:the |an? )?", "", asked)
    return replace(row, question=asked)


def epoch(embed: Embed, seed: int, hard: bool = False) -> list[Row]:
    """All rows, shuffled; most titles are left out, so that the reader does not lean on them.

    Another seed gives other slices of the large sets, other passages that only look as if they answered, other noise.
    In a `hard` one the questions that people made unanswerable, and those of the same passages, come three times, and
    fewer statements.
    """
    rng = random.Random(seed)
    asked = questions(seed)
    rows = [
        *asked,
        *negatives(asked, embed, seed),
        *without_answer(asked, seed),
        *asked_of_another(asked, seed),
        *(row for row in statements(seed) if not hard or row.source == "begin"),
    ]
    rows += [row for row in asked if row.source == "squad2-half"] * 2 if hard else made(asked, seed)
    return noised(rows, rng)


def noised(rows: list[Row], rng: random.Random) -> list[Row]:
    """Rows shuffled, some as they are typed or spoken, some without a sentence that does not answer, or their title."""
    rows = [as_typed(row, rng) if rng.random() < _TYPED else row for row in rows]
    # Passages lose a sentence at times, so that a gap does not say that the answer was taken out.
    rows = [cut(row, _spare(row, rng)) if row.answers and rng.random() < 0.2 else row for row in rows]
    rows = [as_speech(row, rng) if rng.random() < _SPEECH and not row.held else row for row in rows]
    rows = [replace(row, title="") if rng.random() < 0.55 else row for row in rows]
    rng.shuffle(rows)
    return rows


def _spare(row: Row, rng: random.Random) -> frozenset[int]:
    spare = [n for n in range(len(row.spans)) if n not in row.gold]
    return frozenset([rng.choice(spare)]) if len(spare) > 1 else frozenset()


def last(embed: Embed, seed: int) -> list[Row]:
    """The rows of the last epoch: mostly those that only look answered, beside some of all others."""
    rng = random.Random(seed)
    asked = questions(seed)
    own = [row for row in asked if row.source == "squad2-half"]
    others = [row for row in asked if row.source != "squad2-half"]
    rows = [*own * 3, *rng.sample(others, 7000)]
    for made_, most in (
        (negatives(asked, embed, seed), 2500),
        (without_answer(asked, seed), 2500),
        (asked_of_another(asked, seed), 1000),
        (islice(asked_of_another_here(asked, seed), _SWAPPED), _SWAPPED),
        (islice(opposite(asked, seed), _OPPOSITE), _OPPOSITE),
    ):
        found = list(made_)
        rows += rng.sample(found, min(most, len(found)))
    rows += [row for row in statements(seed) if row.source == "begin"]
    return noised(rows, rng)
