"""The sets that the reader is trained on: questions over passages, and statements over passages, of `data/train`.

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
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kb.text.sentences import split

DATA = Path(os.environ.get("KB_TEST_DATA", "../shared")) / "data" / "train"
# Of each set, how many rows an epoch takes; squad2-half is the one with questions that people made unanswerable.
QUESTIONS = {
    "squad2-half": 6000,
    "squadshifts-new_wiki": 4500,
    "squadshifts-reddit": 2000,
    "squadshifts-amazon": 800,
    "selqa": 2400,
    "qed": 1350,
    "onestopqa": 1458,
    "molweni": 1200,
}
STATEMENTS = {"begin": 5000, "climatefever": 2000}
_LONGEST = 1100  # characters of a passage; a chunk of the store has 850 at most


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
    answer: str = ""


def held_title(name: str, title: str) -> bool:
    """Whether the questions of a title measure and do not train: of the sixteen long ones of squad2-half, two do."""
    return held_out(name + title, 5) if name == "squad2-half" else held_out(title, 10)


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
    held = held_title(name, str(raw["title"] or raw["id"]))
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
    return Row(name, raw["question"], _title(raw), passage, spans, gold, True, True, None, 1.0, held, answer)


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
