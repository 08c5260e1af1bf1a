"""What is made of the rows of the sets to train the reader on: what only looks answered, noise, an epoch of it all."""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from bench.reader.rows import Row, questions, statements

_MADE = 2500  # statements made from passages: as they stand, with a fact changed, or over another passage
_NEGATIVES = 8000  # questions over a passage that looks as if it answered
_CUT = 4500  # questions over their passage, the sentences that answer taken out
_CHANGED = 1800  # questions with a name changed; a third as many with a number
_TYPED = 0.4  # the share of questions that are made as they are typed into a search box
_SPEECH = 0.12  # the share that is stripped of punctuation, as speech is
Embed = Callable[[Sequence[str]], np.ndarray]
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
            yield replace(
                row, source="changed", question=question, gold=frozenset(), answers=False, relevant=None, answer=""
            )


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
