"""Names as they were misheard: what talk may say where a question spells a name right.

Recognisers write names by ear ("unsoft", "jemma", "chargbt"). For the names of a question, the words that talk uses are
compared by their letters and by their sound; what is near enough, and is no ordinary word unless it sounds the same, is
searched for too, at less weight. The person's glossary (`misheard = meant`) says the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from kb.types.documents import Document

_WORD = re.compile(r"[^\W_]+")
_FEWEST_LETTERS = 3
_LONGEST = 30
_MOST_VARIANTS = 8
# How near letters and sound must come, for words that are none and for ordinary words.
_NEAR = 0.68
_NEAR_ORDINARY = 0.5
_NEAR_JOINED = 0.85
_FEWEST_SHARED = 4
# A name counts for more where it is spelt right.
_WEIGHT = 0.8
# A recogniser that writes one of these for another still wrote the sound.
_SOUNDS = str.maketrans("BV", "PF")
# The same word in another form was heard well; stemming sees to it.
_ENDINGS = re.compile(r"(?:e?s|e?d|ing|ers?|ly|i[sz](?:e[sd]?|ing|ations?)|ations?|ative|ational|ion|e|y|al)?")
# Words that questions begin with, capital or not.
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        "who what when where which why how is are was were do does did can could should would will has have had in on "
        "at for from by the an and but tell show give explain describe compare list find about between during",
    )
)
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

Variants = Mapping[str, Sequence[tuple[tuple[str, ...], float]]]


def words_of_talk(document: Document) -> set[str]:
    """The words that a recording's segments say, in lower case; nothing for writing, whose author spells names."""
    if not document.segments or document.segments[0].form != "speech":
        return set()
    found: set[str] = set()
    for segment in document.segments:
        found.update(_WORD.findall(document.text[segment.start_char : segment.end_char].casefold()))
    return {word for word in found if _FEWEST_LETTERS <= len(word) <= _LONGEST and not word.isdigit()}


class Names:
    """Finds what a name may have been heard as, among the words of all talk.

    `count` gives the embedder's word pieces of each word: what it has a piece of its own for is an ordinary word.
    """

    def __init__(self, words: Iterable[str], count: Callable[[Sequence[str]], list[int]]) -> None:
        self._words = sorted(words)
        self._known = frozenset(self._words)
        self._count = count
        self._by_sound: dict[str, list[str]] | None = None

    def variants(self, query: str) -> Variants:
        """By word of the query that may be a name, in lower case: the words or phrases said instead, and weights."""
        if not self._words:
            return {}
        found: dict[str, list[tuple[tuple[str, ...], float]]] = {}
        for name in self._names(query):
            low = name.casefold()
            heard: dict[tuple[str, ...], float] = {(word,): weight for word, weight in self._alike(low)}
            for parts in _splits(name, self._known):
                heard.setdefault(parts, _WEIGHT)
            best = sorted(heard.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_VARIANTS]
            if best:
                found[low] = best
        for one, other in _pairs(query):
            # "Llama Tutor" may stand as one word.
            for word, weight in self._alike((one + other).casefold(), exact=True):
                found.setdefault(other.casefold(), []).append(((word,), weight))
        return found

    def _names(self, query: str) -> list[str]:
        """Words that may be names: with a capital, or no ordinary words and never said as they are spelt."""
        out = []
        words = [match for match in re.finditer(r"[^\W_]+", query) if len(match[0]) >= _FEWEST_LETTERS]
        counts = self._count([match[0].casefold() for match in words]) if words else []
        for match, pieces in zip(words, counts, strict=True):
            low = match[0].casefold()
            capital = match[0] != match[0].lower() and low not in _OPENERS
            if (capital or (pieces > 1 and low not in self._known)) and not low.isdigit():
                out.append(match[0])
        return list(dict.fromkeys(out))

    def _alike(self, name: str, exact: bool = False) -> list[tuple[str, float]]:
        """Words of talk that are near a name by letters and sound, with weights below 1."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA, JaroWinkler

        near = process.extract(name, self._words, scorer=JaroWinkler.similarity, score_cutoff=0.78, limit=60)
        sound = _sound(name)
        candidates = sorted({word for word, _, _ in near} | set(self._sounding(sound)))
        candidates = [word for word in candidates if not _same_word(name, word)]
        if not candidates:
            return []
        found: list[tuple[str, float]] = []
        for word, pieces in zip(candidates, self._count(candidates), strict=True):
            other = _sound(word)
            letters = max(OSA.normalized_similarity(name, word), JaroWinkler.similarity(name, word) - 0.15)
            alike = 0.6 * letters + 0.4 * OSA.normalized_similarity(sound, other)
            if exact:
                enough = alike >= _NEAR_JOINED
            elif pieces == 1:
                enough = sound == other and letters >= _NEAR_ORDINARY
            else:
                enough = alike >= _NEAR
            if enough:
                found.append((word, _WEIGHT * alike))
        return found

    def _sounding(self, sound: str) -> list[str]:
        if self._by_sound is None:
            self._by_sound = {}
            for word in self._words:
                self._by_sound.setdefault(_sound(word), []).append(word)
        return self._by_sound.get(sound, []) if len(sound) > 1 else []


def _sound(word: str) -> str:
    """How a word sounds, roughly: its consonants, by Metaphone."""
    import jellyfish

    return jellyfish.metaphone(word).translate(_SOUNDS)


def _same_word(one: str, other: str) -> bool:
    """Whether two words differ at most in their endings."""
    shared = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    endings = _ENDINGS.fullmatch(one[shared:]) and _ENDINGS.fullmatch(other[shared:])
    return one == other or (shared >= min(_FEWEST_SHARED, len(one), len(other)) and bool(endings))


def _splits(name: str, known: frozenset[str]) -> list[tuple[str, ...]]:
    """A name as the words it may be said in: at its own capitals, or where both halves are words of talk."""
    low = name.casefold()
    out: list[tuple[str, ...]] = []
    parts = tuple(part.casefold() for part in _PART.findall(name))
    if len(parts) > 1 and all(part in known or part.isdigit() for part in parts):
        out.append(parts)
    for at in range(_FEWEST_LETTERS, len(low) - _FEWEST_LETTERS + 1):
        halves = (low[:at], low[at:])
        if halves[0] in known and halves[1] in known and halves not in out:
            out.append(halves)
    return out


def _pairs(query: str) -> list[tuple[str, str]]:
    """Neighbouring words that both begin with a capital."""
    words = re.findall(r"[^\W_]+", query)
    return [
        (a, b)
        for a, b in pairwise(words)
        if a[0].isupper() and b[0].isupper() and len(a) >= _FEWEST_LETTERS and len(b) >= _FEWEST_LETTERS
    ]


def glossary(path: Path) -> list[tuple[str, str]]:
    """The pairs (misheard, meant) of a glossary file: a line each, `misheard = meant`; `#` begins a comment."""
    try:
        lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError:
        return []
    pairs = []
    for line in lines:
        misheard, equals, meant = line.partition("#")[0].partition("=")
        if equals and misheard.strip() and meant.strip():
            pairs += [(one.strip(), meant.strip()) for one in misheard.split(",") if one.strip()]
    return pairs


def by_glossary(query: str, pairs: Sequence[tuple[str, str]]) -> Variants:
    """What a glossary says for the names of a query: by the last word of each name, what is said instead."""
    words = [word.casefold() for word in re.findall(r"[^\W_]+", query)]
    found: dict[str, list[tuple[tuple[str, ...], float]]] = {}
    for misheard, meant in pairs:
        wanted = [word.casefold() for word in re.findall(r"[^\W_]+", meant)]
        said = tuple(word.casefold() for word in re.findall(r"[^\W_]+", misheard))
        stands = any(words[n : n + len(wanted)] == wanted for n in range(len(words) - len(wanted) + 1))
        if wanted and said and stands:
            found.setdefault(wanted[-1], []).append((said, 1.0))
    return found
