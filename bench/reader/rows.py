"""What the reader is trained on: questions over passages, and statements over passages, from `data/train`.

A row is read as `question [SEP] title newline passage`; the spans of the sentences say which tokens are whose.
Nothing of data/qa is read. A tenth of the titles (a fifth for statements, by passage) is held out and measures.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from index.sentences import split

DATA = Path(os.environ.get("KB_TEST_DATA", "../shared")) / "data" / "train"
# Of each set, how many rows an epoch takes; squad2-half is the one with questions that people made unanswerable.
QUESTIONS = {
    "squad2-half": 6000,
    "squadshifts-new_wiki": 5000,
    "squadshifts-reddit": 2200,
    "squadshifts-amazon": 1200,
    "selqa": 2400,
    "qed": 1350,
    "onestopqa": 800,
    "molweni": 1200,
}
STATEMENTS = {"begin": 5000, "climatefever": 3500}
_MADE = 3500  # statements made from passages: as they stand, with a fact changed, or over another passage
_NEGATIVES = 9000  # questions over a passage that looks as if it answered
_HARD = 10_500  # rows of the second stage
_SPEECH = 0.12  # the share that is stripped of punctuation, as speech is
_LONGEST = 1100  # characters of a passage; a chunk of the store has 850 at most
Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Row:
    """One training row. `gold` are the sentences that answer; `answers` and `supports` are None where not asked."""

    source: str
    question: str
    title: str
    passage: str
    spans: tuple[tuple[int, int], ...]
    gold: frozenset[int]
    answers: bool | None
    relevant: bool | None
    supports: bool | None
    weight: float
    held: bool


def held_out(key: object, share: int) -> bool:
    return hashlib.sha256(str(key).encode()).digest()[0] % share == 0


def read(name: str) -> list[dict]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]


def questions(seed: int) -> list[Row]:
    rows = []
    for name, most in QUESTIONS.items():
        found = read(name)
        random.Random(seed).shuffle(found)
        rows += [row for raw in found[:most] if (row := _question(name, raw)) is not None]
    return rows


def _question(name: str, raw: dict) -> Row | None:
    passage = raw["passage"]
    held = held_out(raw["title"] or raw["id"], 10)
    answers = bool(raw["answerable"])
    if not answers:
        heavy = 2.0 if name == "squad2-half" else 1.0
        passage, _ = _window(passage, 0, 0, random.Random(raw["id"]))
        return Row(
            name, raw["question"], _title(raw), passage, _spans(passage), frozenset(), False, True, None, heavy, held
        )
    start = raw.get("start")
    if start is None:
        return None
    answer = raw["answer"] or ""
    passage, shift = _window(passage, int(start), int(start) + len(answer), random.Random(raw["id"]))
    a, b = int(start) - shift, int(start) - shift + max(len(answer), 1)
    spans = _spans(passage)
    gold = frozenset(n for n, (x, y) in enumerate(spans) if x < b and a < y)
    if not gold:
        return None
    return Row(name, raw["question"], _title(raw), passage, spans, gold, True, True, None, 1.0, held)


def _title(raw: dict) -> str:
    title = str(raw["title"] or "").replace("_", " ")
    return "" if re.search(r"(?i)reviews|comments|wiki1k", title) else title


def _spans(passage: str) -> tuple[tuple[int, int], ...]:
    return tuple(split(passage)) or ((0, len(passage)),)


def _window(passage: str, a: int, b: int, rng: random.Random) -> tuple[str, int]:
    """A part of a long passage that holds characters a to b, and where it begins."""
    if len(passage) <= _LONGEST:
        return passage, 0
    low, high = max(0, b - _LONGEST), min(a, len(passage) - _LONGEST)
    starts = [s for s, _ in _spans(passage) if low <= s <= max(low, high)] or [max(0, min(a, len(passage) - _LONGEST))]
    start = rng.choice(starts)
    return passage[start : start + _LONGEST], start


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
        siblings = titles[(row.source, row.title)] if row.title else []
        if len(siblings) > 3 and rng.random() < 0.5:
            pool = rng.sample(siblings, min(12, len(siblings)))
            order = sorted(pool, key=lambda n: -float(vectors[n] @ vector))
        else:
            order = list(np.argsort(-(vectors @ vector))[:6])
            rng.shuffle(order)
        for n in order:
            other = passages[int(n)]
            if other.passage == row.passage or any(w in other.passage.casefold() for w in words):
                continue
            if other.held != row.held:
                continue
            made = replace(other, question=row.question, gold=frozenset(), answers=False, relevant=False, weight=1.0)
            yield replace(made, source="negative", supports=None)
            break


def statements(seed: int) -> Iterator[Row]:
    """Statements that people judged against a passage."""
    for name, most in STATEMENTS.items():
        found = read(name)
        random.Random(seed).shuffle(found)
        for raw in found[:most]:
            rng = random.Random(raw["id"])
            passage, _ = _window(raw["passage"], 0, 0, rng)
            supports = bool(raw["answerable"])
            key = raw["passage"] if name == "begin" else raw["question"]
            yield Row(
                name,
                raw["question"],
                "",
                passage,
                _spans(passage),
                frozenset(),
                None,
                None,
                supports,
                1.0,
                held_out(key, 5),
            )


_NUMBER = re.compile(r"\d[\d,.]*\d|\d")
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")


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


def hard_epoch(embed: Embed, seed: int) -> list[Row]:
    """Rows that are hard to tell: made unanswerable by people, or over the likeliest other passage of the same title.

    Questions as they are typed; a share of statements, so that they are not forgotten.
    """
    rng = random.Random(seed)
    names = ("squad2-half", "squadshifts-new_wiki", "selqa", "qed", "onestopqa")
    asked = [row for row in questions(seed) if row.source in names]
    others = list({row.passage: row for row in asked}.values())
    vectors = embed([f"{row.title}\n{row.passage}" for row in others])
    by_title: dict[str, list[int]] = defaultdict(list)
    for n, row in enumerate(others):
        by_title[row.title].append(n)
    answered = [row for row in asked if row.answers]
    wanted = embed([row.question for row in answered])
    rows = [row for row in asked if not row.answers and rng.random() < 0.7]
    for row, vector in zip(answered, wanted, strict=True):
        if row.source == "squadshifts-new_wiki" and rng.random() < 0.8:
            continue
        if row.source == "squad2-half" and rng.random() < 0.3:
            continue
        rows.append(row)
        words = [row.passage[row.spans[n][0] : row.spans[n][1]].casefold() for n in row.gold]
        pool = by_title[row.title] if len(by_title[row.title]) > 2 else []
        order = sorted(pool, key=lambda n: -float(vectors[n] @ vector))
        if not order or rng.random() < 0.25:
            order = [int(n) for n in np.argsort(-(vectors @ vector))[:8]]
        for n in order:
            other = others[n]
            if (
                other.passage != row.passage
                and other.held == row.held
                and not any(w in other.passage.casefold() for w in words)
            ):
                made_ = replace(
                    other, question=row.question, gold=frozenset(), answers=False, relevant=False, weight=1.0
                )
                rows.append(replace(made_, source="negative"))
                break
    kept = [*statements(seed + 1), *made(asked, seed + 1)]
    rows += rng.sample(kept, min(1200, len(kept)))
    rows = [as_typed(row, rng) if rng.random() < 0.6 else row for row in rows]
    rows = [as_speech(row, rng) if rng.random() < _SPEECH and not row.held else row for row in rows]
    rng.shuffle(rows)
    return rows[:_HARD]


def epoch(embed: Embed, seed: int) -> list[Row]:
    """All rows, shuffled; half of the titles are left out, so that the reader does not lean on them."""
    rng = random.Random(seed)
    asked = questions(seed)
    rows = [*asked, *negatives(asked, embed, seed), *statements(seed), *made(asked, seed)]
    rows = [as_speech(row, rng) if rng.random() < _SPEECH and not row.held else row for row in rows]
    rows = [replace(row, title="") if rng.random() < 0.4 else row for row in rows]
    rng.shuffle(rows)
    return rows
