"""What is worth reading first: what the person liked, what is new to them, what is fresh.

order = weight of the source × interest × novelty × age, each 1 where nothing speaks for or against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float32]

# Cosines of all-MiniLM-L6-v2: what is of another subject lies about here, what says nearly the same above.
_UNRELATED, _ALIKE = 0.2, 0.7
# What is as near as this to a passage is hardly news, whether or not it says the very same.
_HARDLY_NEWS = 0.75
_NEAREST_LIKED = 3
_LIKED, _TAGGED, _OWN_SUBJECT = 1.5, 0.4, 1.0
_MOST_KNOWN = 0.5  # the share that an item loses as it nears what is known
_REPEATED = 0.4
_HALF_LIFE = 5.0  # days
_TOLD_BY_MORE = 0.08
# How many marks of a feed's links count as much as the belief that it is like the others.
_PRIOR = 4


@dataclass(frozen=True, slots=True)
class Taste:
    """What a person showed that they care about: vectors of what they marked best, the tags of that, in lower case."""

    liked: Vector
    tags: frozenset[str]
    feeds: Mapping[str, tuple[int, int]]  # by feed: how many links were marked read or best, and how many best


@dataclass(frozen=True, slots=True)
class RankedStory:
    """What is known of a story when it is put in its place. `known` is the cosine with the nearest that is known."""

    vector: Vector
    tags: Sequence[str]
    feeds: Sequence[str]
    weight: float
    known: float
    repeats: bool
    days: float


def score(item: RankedStory, taste: Taste) -> float:
    """How much speaks for reading a story; comparable within one digest."""
    source = item.weight * max((_feed(taste, feed) for feed in item.feeds), default=1.0)
    age = 0.5 ** (max(item.days, 0.0) / _HALF_LIFE)
    told = 1 + _TOLD_BY_MORE * (len(set(item.feeds)) - 1)
    return float(source * interest(item, taste) * novelty(item) * age * told)


def interest(item: RankedStory, taste: Taste) -> float:
    """1, and more the nearer a story is to what was marked best, to its tags, and to what the person has notes of."""
    liked = 0.0
    if len(taste.liked):
        nearest = np.sort(taste.liked @ item.vector)[::-1][:_NEAREST_LIKED]
        liked = _between(float(nearest.mean()))
    tagged = any(tag.casefold() in taste.tags for tag in item.tags)
    return 1 + _LIKED * liked + _TAGGED * tagged + _OWN_SUBJECT * _between(item.known)


def novelty(item: RankedStory) -> float:
    """1 for what nothing known is near to, less as something is, least for a repetition."""
    if item.repeats:
        return _REPEATED
    return 1 - _MOST_KNOWN * max(0.0, min(1.0, (item.known - 0.5) / (_HARDLY_NEWS - 0.5)))


def _between(cosine: float) -> float:
    return max(0.0, min(1.0, (cosine - _UNRELATED) / (_ALIKE - _UNRELATED)))


def _feed(taste: Taste, feed: str) -> float:
    """How much better than others a feed's links were found: 0.8 to 1.5."""
    marked, best = taste.feeds.get(feed, (0, 0))
    share = (best + 0.3 * _PRIOR) / (marked + _PRIOR)
    return max(0.8, min(1.5, 0.7 + share))
