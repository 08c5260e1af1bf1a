"""Stories: what several feeds tell of is one item.

Two items tell the same story if they share an address or a title, or if a small trained sum of what they share says so:
likeness of meaning, words, names and numbers, against versions that differ and days between them. What all items of a
day share (a field's own words, the likeness of any two papers of it) counts for little. Items join where they agree on
average with all that is in a story, so that one doubtful likeness does not chain two stories together.
The weights are made by bench/stories.py.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.search.bm25 import subject_words
from kb.text.punkt import is_ordinary

MOST_DAYS = 14
# Of pairs less alike than this in meaning, none of 175 told the same story.
_LEAST_COSINE = 0.25
# How alike items of different stories are in mixed news. Where they are more alike, their field is narrow, and what is
# above that counts: the mean of an item's neighbours after the three that may tell its story.
_USUAL = 0.3
_NEIGHBOURS = slice(3, 10)
# Words of so many imagined items that hold none of them, so that a word of few items is rare in a short list too.
_IMAGINED = 1000
_SAME = 0.85
# Weights of `measures`, and of the intercept; the days' is set by hand, lower than the made set would have it.
WEIGHTS = (12.80, 11.20, 1.11, 5.74, -4.97, -2.52)
INTERCEPT = -8.87
_A_DAY = 0.3
# Together where the mean chance of being one story is at least this.
_JOIN = 0.25
_PREFIX = re.compile(
    r"^\s*(?:\[\w{1,12}\]|(?:show|ask|tell|launch) hn:|breaking(?: news)?:|updated?:|video:)\s*", re.IGNORECASE
)
_SUFFIX = re.compile(r"\s+[|·–—-]\s+([^|·–—]{2,40})$")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:[.,]\d+)*")
_VERSION = re.compile(r"(?<![\w.])v?(\d+(?:\.\d+){1,3})(?![\w%]|\.\d)|#(\d+)")
_SIZE = re.compile(r"(?<!\w)\d+[BbMm]\b|\bQ[1-4]\b")
_NOT = re.compile(r"\b(?:not|never|no longer|denies|denied|cancels|cancelled)\b|n['’]t\b", re.IGNORECASE)
# Under a title that many use ("Hello world"), texts that have this little to do with each other are two stories.
_LEAST_UNDER_A_TITLE = 0.35
_WORD = re.compile(r"[A-Za-z][\w'’-]*")


@dataclass(frozen=True, slots=True)
class StoryItem:
    """An item as a feed tells it: `about` is the address that a page of discussion is about; `day` counts days."""

    url: str
    title: str
    summary: str
    feed: str
    day: float
    about: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What of an item is compared."""

    title: str
    words: frozenset[str]
    names: frozenset[str]
    numbers: frozenset[str]
    versions: frozenset[str]
    title_versions: frozenset[str]


def day_of(iso: str) -> float:
    """Days since the epoch of an ISO date or time; what says no zone is UTC."""
    when = dt.datetime.fromisoformat(iso)
    return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp() / 86_400


def text_of(item: StoryItem) -> str:
    """What of an item is embedded, to be compared."""
    return f"{bare_title(item.title, item.feed)}\n{item.summary}"


def group(items: Sequence[StoryItem], vectors: npt.NDArray[np.float32]) -> list[list[int]]:
    """The places of items by story, each story in the items' own order; `vectors` has a unit vector an item."""
    return _joined(len(items), _chances(items, Compared(items, vectors)))


def bare_title(title: str, feed: str) -> str:
    """A title without what its feed puts around it: "Show HN:", "[R]", " | Name of the feed"."""
    return without_site(_PREFIX.sub("", title), feed).strip() or title


def without_site(title: str, feed: str) -> str:
    """A title without the feed's name at its end."""
    suffix = _SUFFIX.search(title)
    if suffix is None:
        return title
    one, other = suffix[1].casefold().strip(), feed.casefold()
    return title[: suffix.start()] if one in other or (other and other in one) else title


def _look(item: StoryItem) -> _Seen:
    title = bare_title(item.title, item.feed)
    text = f"{title} . {item.summary}"
    names = {w.lower() for w in _WORD.findall(text) if len(w) > 2 and not is_ordinary(w)}
    return _Seen(
        " ".join(re.findall(r"\w+", title.casefold())),
        frozenset(subject_words(text)),
        frozenset(names),
        frozenset(_NUMBER.findall(text)),
        _versions(text),
        _versions(title) | frozenset(_SIZE.findall(title)),
    )


def _versions(text: str) -> frozenset[str]:
    return frozenset(part for found in _VERSION.findall(text) for part in found if part)


class Compared:
    """What items share, measured against what all of them share."""

    def __init__(self, items: Sequence[StoryItem], vectors: npt.NDArray[np.float32]) -> None:
        """`vectors` has a unit vector an item."""
        self.seen = [_look(item) for item in items]
        self.cosines = vectors @ vectors.T
        self._crowd = _crowds(items, self.cosines)
        counts: dict[str, int] = {}
        for one in self.seen:
            for word in one.words | one.names | one.numbers:
                counts[word] = counts.get(word, 0) + 1
        most = math.log(_IMAGINED + len(items))
        self._rarity = {word: 1 - math.log(1 + n) / most for word, n in counts.items()}

    def measures(self, a: int, b: int) -> tuple[float, ...]:
        """Meaning, words, names, numbers that two items share; whether their versions differ, in titles, anywhere."""
        one, other = self.seen[a], self.seen[b]
        crowd = max(self._crowd[a], self._crowd[b], _USUAL) - _USUAL
        union = self._weight(one.words | other.words)
        return (
            float(self.cosines[a, b]) - crowd,
            self._weight(one.words & other.words) / union if union else 0.0,
            min(self._weight(one.names & other.names), 4.0),
            min(self._weight(one.numbers & other.numbers), 3.0),
            float(_differ(one.title_versions, other.title_versions)),
            float(_differ(one.versions, other.versions)),
        )

    def _weight(self, words: frozenset[str]) -> float:
        """How much words tell together: about 1 for one of a single item, less the more items have it."""
        return sum(self._rarity[word] ** 2 for word in words)


def _differ(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two items name versions, and none that could be the other's: 2.4 is 2.4.0 said shorter."""
    agree = any(a == b or a.startswith(f"{b}.") or b.startswith(f"{a}.") for a in one for b in other)
    return bool(one and other and not agree)


def _crowds(items: Sequence[StoryItem], cosines: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How near the neighbours of each item are that tell other stories."""
    feeds = {feed: n for n, feed in enumerate(dict.fromkeys(item.feed for item in items))}
    of = np.asarray([feeds[item.feed] for item in items])
    apart = np.where(of[:, None] == of[None, :], np.float32(-1), cosines)
    nearest = np.sort(apart, axis=1)[:, ::-1][:, _NEIGHBOURS]
    there = nearest > -1
    sums, counts = np.where(there, nearest, 0).sum(axis=1), there.sum(axis=1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.float32(_USUAL)).astype(np.float32)


def _chances(items: Sequence[StoryItem], compared: Compared) -> dict[tuple[int, int], float]:
    """By pair of places (the smaller first), the chance that they tell one story; pairs without one are left out."""
    found: dict[tuple[int, int], float] = {}
    seen = compared.seen
    days = np.asarray([item.day for item in items])
    for a in range(len(items)):
        near = np.abs(days[a + 1 :] - days[a]) <= MOST_DAYS
        for step in np.flatnonzero(near & (compared.cosines[a, a + 1 :] >= _LEAST_COSINE)):
            b = a + 1 + int(step)
            chance = _chance(items[a], items[b], compared, a, b)
            if chance > 0.01:
                found[(a, b)] = chance
    by_address: dict[str, int] = {}
    for n, item in enumerate(items):
        for address in (item.url, item.about):
            if address:
                first = by_address.setdefault(address, n)
                if first != n:
                    found[(first, n)] = 1.0
    by_title: dict[str, list[int]] = {}
    for n, one in enumerate(seen):
        for other in by_title.get(one.title, ()):
            # The same title from one feed is a series: "Weekly links", "Open thread".
            apart = items[n].feed == items[other].feed or abs(days[n] - days[other]) > MOST_DAYS
            unlike = compared.cosines[n, other] < _LEAST_UNDER_A_TITLE and items[n].summary and items[other].summary
            if not apart and not unlike and len(one.title) > 8:
                found[(other, n)] = 1.0
        by_title.setdefault(one.title, []).append(n)
    return found


def _chance(one: StoryItem, other: StoryItem, compared: Compared, a: int, b: int) -> float:
    if one.feed == other.feed and one.url != other.url:
        return 0.0
    values = compared.measures(a, b)
    if values[-2]:
        return 0.0  # another version, quarter, size
    if bool(_NOT.search(one.title)) != bool(_NOT.search(other.title)):
        return 0.0  # that it is so, and that it is not
    if compared.cosines[a, b] >= _SAME and not any(values[-2:]):
        return 1.0
    logit = INTERCEPT + sum(w * v for w, v in zip(WEIGHTS, values, strict=True)) - _A_DAY * abs(one.day - other.day)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


def _joined(count: int, chances: dict[tuple[int, int], float]) -> list[list[int]]:
    """Join the two groups that agree best on average, until none agree enough; a pair not named has no chance."""
    groups: dict[int, list[int]] = {n: [n] for n in range(count)}
    sums: dict[int, dict[int, float]] = {n: {} for n in range(count)}
    for (a, b), chance in chances.items():
        sums[a][b] = sums[b][a] = chance

    def mean(a: int, b: int) -> float:
        return sums[a][b] / (len(groups[a]) * len(groups[b]))

    while True:
        pairs = [(mean(a, b), -a, -b) for a in sums for b in sums[a] if a < b]
        best = max(pairs, default=(0.0, 0, 0))
        if best[0] < _JOIN:
            break
        a, b = -best[1], -best[2]
        groups[a] = sorted(groups[a] + groups.pop(b))
        for other, total in sums.pop(b).items():
            if other != a:
                sums[a][other] = sums[other][a] = sums[a].get(other, 0.0) + total
                sums[other].pop(b, None)
        sums[a].pop(b, None)
    return sorted(groups.values())
