"""Whether an item only says what a passage of the person's says already.

Sentence by sentence: the mean, over an item's sentences, of the likeness with the nearest sentence of the passage; and
no number or name that the passage lacks. On a made set of items that do and do not repeat a note of their subject that
tells more than the likeness of the whole texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from kb.text.punkt import is_ordinary

Embed = Callable[[Sequence[str]], npt.NDArray[np.float32]]

# What is less alike as a whole is not looked at more closely.
LEAST_COSINE = 0.5
# At this a repetition is told: more of the made set's would be found below, and as many false ones.
REPEATS = 0.5
_MOST_SENTENCES = 12
_FEWEST_WORDS = 3
_NUMBER = re.compile(r"\d+(?:\.\d+)*")
_WORD = re.compile(r"[A-Za-z][\w'’-]*")


def sentences(text: str) -> list[str]:
    """A text's sentences and lines, roughly."""
    parts = (part.strip(" \t-*+>") for part in re.split(r"(?<=[.!?;])\s+|\n+", text))
    return [part for part in parts if len(part.split()) >= _FEWEST_WORDS][:_MOST_SENTENCES]


def tells_more(title: str, summary: str, name: str, passage: str) -> bool:
    """Whether an item has a number that the passage has not, or names: seven of ten items of the made set that repeat
    nothing have a number of their own, and one of seven that do.
    """
    said, known = f"{title}. {summary}", f"{name}. {passage}"
    if set(_NUMBER.findall(said)) - set(_NUMBER.findall(known)):
        return True
    there = {word.casefold() for word in _WORD.findall(known)}
    names = {w for w in _WORD.findall(said) if (w[0].isupper() or any(c.isdigit() for c in w)) and not is_ordinary(w)}
    strange = {word for word in names if len(word) > 2 and word.casefold() not in there}
    return len(strange) > (1 if len(sentences(summary)) > 1 else 0)


def alike(pairs: Sequence[tuple[str, str, str, str]], embed: Embed) -> list[float]:
    """For each `(title, summary, name of the passage, passage)`, how far the passage says what the item says, −1 to 1.

    A title stands in where there is no sentence.
    """
    cut = [(sentences(summary) or [title], [*sentences(passage), name]) for title, summary, name, passage in pairs]
    wanted = list(dict.fromkeys(sentence for told, known in cut for sentence in (*told, *known)))
    place = {sentence: n for n, sentence in enumerate(wanted)}
    vectors = embed(wanted) if wanted else np.zeros((0, 1), dtype=np.float32)
    found = []
    for told, known in cut:
        cosines = vectors[[place[s] for s in told]] @ vectors[[place[s] for s in known]].T
        found.append(float(cosines.max(axis=1).mean()))
    return found
