"""Whether a text bears a statement: what can be measured of the two, and the trained weights that judge it.

Likeness of meaning (cosine with the best sentence and the best two in a row) and shared words. The weights are made by
bench/scorer/support.py from statements that people judged; numbers and names are `kb.text.entities`' business.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from index.models.reranker import Reranker, RerankInput
from index.search.bm25 import subject_words
from kb.answer.features import SUPPORT_FEATURES
from kb.answer.scorer import load
from kb.answer.verify import Cited, Support

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

_MOST_SENTENCES = 60
_LONGEST = 600
_WINDOW_CHARS = 1100
_LONGEST_ABOUT = 200
_DENIES = re.compile(r"\b(?:not|no|never|none|nor|cannot|without)\b|n['’]t\b", re.IGNORECASE)


def sentences(text: str, statement: str = "") -> list[str]:
    """A text's sentences, roughly: what ends in a full stop or a line.

    Of a long text, those that share most words with the statement, and the one after each.
    """
    parts = (part.strip() for part in re.split(r"(?<=[.!?])[\"”’)]*\s+|\n+", text))
    found = [part[:_LONGEST] for part in parts if part] or [text[:_LONGEST]]
    if len(found) <= _MOST_SENTENCES:
        return found
    words = frozenset(subject_words(statement))
    order = sorted(range(len(found)), key=lambda n: (-len(words & frozenset(subject_words(found[n]))), n))
    kept = {m for n in order[: _MOST_SENTENCES // 2] for m in (n, n + 1) if m < len(found)}
    return [found[n] for n in sorted(kept)]


def measure(asked: Sequence[Cited], embed: Embed, reader: Reranker | None = None) -> npt.NDArray[np.float64]:
    """Features of statements against the texts that they cite, shape (statements, features).

    `SUPPORT_FEATURES`, or with a reader `SUPPORT_READ_FEATURES`: what is known about the texts stands above what it
    reads of them.
    """
    cut = [[sentences(text, statement) for text in texts] for statement, texts, _ in asked]
    wanted: dict[str, int] = {}
    for (statement, _, _), each in zip(asked, cut, strict=True):
        for one in (statement, *(s for own in each for part in (own, _twos(own)) for s in part)):
            wanted.setdefault(one, len(wanted))
    vectors = embed(list(wanted)) if wanted else np.zeros((0, 1), dtype=np.float32)
    rows = []
    windows: list[tuple[str, RerankInput]] = []
    for (statement, _, about), each in zip(asked, cut, strict=True):
        vector = vectors[wanted[statement]]
        words = subject_words(statement)
        ones = [s for own in each for s in own]
        twos = [s for own in each for s in _twos(own)] or ones
        near = [float(vectors[wanted[s]] @ vector) for s in ones]
        pairwise = [float(vectors[wanted[s]] @ vector) for s in twos]
        mean = np.mean([vectors[wanted[s]] for s in ones], axis=0)
        best = ones[int(np.argmax(near))]
        windows.append((statement, RerankInput(_around(each, ones.index(best)), about[:_LONGEST_ABOUT])))
        held = frozenset(word for s in ones for word in subject_words(s))
        rows.append(
            (
                max(near),
                max(pairwise),
                float(mean @ vector) / (float(np.linalg.norm(mean)) or 1.0),
                _share(words, held),
                max(_share(words, frozenset(subject_words(s))) for s in ones),
                max(_share(words, frozenset(subject_words(s))) for s in twos),
                float(bool(_DENIES.search(statement)) != bool(_DENIES.search(best))),
                math.log1p(len(words)),
            )
        )
    out = np.asarray(rows, dtype=np.float64).reshape(len(asked), len(SUPPORT_FEATURES))
    if reader is None:
        return out
    read = np.asarray([[reading.supports] for reading in reader.read(windows)], dtype=np.float64)
    return np.hstack([out, read.reshape(len(asked), 1)])


def _around(each: Sequence[Sequence[str]], best: int) -> str:
    """The sentences around the `best`th of several texts, within its own text, as many as the reader reads."""
    for own in each:
        if best < len(own):
            first = last = best
            while True:
                more = [n for n in (first - 1, last + 1) if 0 <= n < len(own)]
                size = sum(len(s) for s in own[first : last + 1])
                fitting = [n for n in more if size + len(own[n]) <= _WINDOW_CHARS]
                if not fitting:
                    return " ".join(own[first : last + 1])
                first, last = min(first, *fitting), max(last, *fitting)
        best -= len(own)
    return ""


def _twos(ones: Sequence[str]) -> list[str]:
    return [f"{a} {b}" for a, b in itertools.pairwise(ones)]


def _share(words: Sequence[str], held: frozenset[str]) -> float:
    return sum(word in held for word in words) / len(words) if words else 1.0


def judge(embed: Embed, reader: Reranker | None = None) -> Support:
    """What `kb.answer.verify.check` asks: how well each statement is borne, 0 to 1."""

    def borne(asked: Sequence[Cited]) -> list[float]:
        weights = load().support if reader is None else load().support_read
        logits = weights.logits(measure(asked, embed, reader))
        return [1 / (1 + math.exp(-max(-30.0, min(30.0, float(logit))))) for logit in logits]

    return borne
