"""Where sentences end: Punkt (Kiss and Strunk 2006, doi:10.1162/coli.2006.32.4.485), with its English parameters.

The parameters lie in `punkt_english.json` beside this file. bench/sentences/parameters.py makes it from the trained
model of Jan Strunk (MIT License). Nothing is read from other packages, so how those were installed does not matter.
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

# What training saw of a word: where it was written with a capital, where without. Bits, as the trained model has them.
_MIDDLE_UPPER = 4
_UPPER = 2 | 4 | 8
_FIRST_LOWER = 16
_LOWER = 16 | 32 | 64

_ENDS = frozenset(".?!")
_PUNCTUATION = frozenset(";:,.!?")
_NUMBER = "##number##"  # the type of every number
_SPLITS = r"[)\";}\]*:@'({\[‘’“”«»!?]"  # ends a word, whatever follows
_RUNS = r"(?:-{2,}|\.{2,}|(?:\.\s){2,}\.)"  # dashes and ellipses
_MAY_END = re.compile(rf"[.?!](?=(?P<next>{_SPLITS}|\s+(?P<word>\S+)))")
_TOKENS = re.compile(
    rf"{_RUNS}|(?=[^(\"`{{\[:;&#*@)}}\]\-,])\S+?(?=\s|$|{_SPLITS}|{_RUNS}|,(?=$|\s|{_SPLITS}|{_RUNS}))|\S"
)
_CLOSING = re.compile(r"[\"')\]}‘’“”«»]+?(?:\s+|(?=--)|$)", re.MULTILINE)
_NUMERAL = re.compile(r"^-?[.,]?\d[\d,.-]*\.?$")
_INITIAL = re.compile(r"[^\W\d]\.$")
_ELLIPSIS = re.compile(r"\.\.+$")


@dataclass(frozen=True, slots=True)
class Parameters:
    """What training found: word types in lower case; `orthography` has the bits of each word's capitals."""

    abbreviations: frozenset[str]
    collocations: frozenset[tuple[str, str]]
    starters: frozenset[str]
    orthography: dict[str, int]


@cache
def english() -> Parameters:
    """The parameters that ship with kb."""
    read = json.loads(resources.files("kb.text").joinpath("punkt_english.json").read_text(encoding="utf-8"))
    return Parameters(
        abbreviations=frozenset(read["abbreviations"]),
        collocations=frozenset((first, second) for first, second in read["collocations"]),
        starters=frozenset(read["starters"]),
        orthography=read["orthography"],
    )


def is_ordinary(word: str) -> bool:
    """Whether a word is known in lower case inside sentences: a capital of it opens one and names nothing."""
    return bool(english().orthography.get(word.casefold(), 0) & _LOWER)


def spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence of a paragraph; quotes and brackets that close one belong to it."""
    raw, start = [], 0
    for match, context in _candidates(text):
        if _breaks(context):
            raw.append((start, match.end()))
            start = match.start("word") if match["word"] else match.end()
    raw.append((start, len(text.rstrip())))
    return list(_with_closing_marks(text, raw))


def _with_closing_marks(text: str, raw: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    moved = 0
    for (start, end), following in zip(raw, [*raw[1:], None], strict=True):
        start, moved = start + moved, 0
        if following is not None and (closing := _CLOSING.match(text[slice(*following)])):
            yield start, following[0] + len(closing.group().rstrip())
            moved = closing.end()
        elif start < end:
            yield start, end


def _candidates(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Places where a sentence may end, the last of each word, with the word before and what follows."""
    start, found = 0, None
    for match in _MAY_END.finditer(text):
        at = found.start() if found else 0
        gap = max(text.rfind(space, at, match.start()) for space in string.whitespace)
        before = gap + 1 if gap > at else start
        if found and at <= before:
            yield found, text[start:at] + found.group() + found["next"]
        start, found = before, match
    if found:
        yield found, text[start : found.start()] + found.group() + found["next"]


def _breaks(context: str) -> bool:
    """Whether a sentence ends within these few words."""
    tokens = [token for line in context.split("\n") for token in _TOKENS.findall(line)]
    # Whether a word ends a sentence by itself is decided first: the type of the word after it depends on that.
    ends = [_ends_by_itself(token) for token in tokens]
    return any(_ends_before(token, ends[n], tokens[n + 1], ends[n + 1]) for n, token in enumerate(tokens[:-1]))


def _is_abbreviation(token: str) -> bool:
    if len(token) < 2 or not token.endswith(".") or token.endswith(".."):
        return False
    stem = token[:-1].lower()
    known = english().abbreviations
    return stem in known or stem.rsplit("-", 1)[-1] in known


def _ends_by_itself(token: str) -> bool:
    """Whether a word ends a sentence as far as its own form tells."""
    if token in _ENDS:
        return True
    return token.endswith(".") and not token.endswith("..") and not _is_abbreviation(token)


def _type(token: str, without_period: bool) -> str:
    kind = _NUMERAL.sub(_NUMBER, token.lower())
    return kind[:-1] if without_period and len(kind) > 1 and kind.endswith(".") else kind


def _ends_before(token: str, ends: bool, following: str, following_ends: bool) -> bool:
    """Whether a word ends a sentence, now that the next word is known too (sections 4.1 to 4.3 of the paper)."""
    if not token.endswith("."):
        return ends
    known = english()
    kind, next_kind = _type(token, True), _type(following, following_ends)
    if (kind, next_kind) in known.collocations:
        return False
    initial = _INITIAL.match(token) is not None
    opens = _opens_sentence(following, next_kind)
    inner = (_is_abbreviation(token) or _ELLIPSIS.match(token)) and not initial
    if inner and (opens is True or (following[0].isupper() and next_kind in known.starters)):
        return True
    if initial or kind == _NUMBER:
        if opens is False:
            return False
        never_lower = not known.orthography.get(next_kind, 0) & _LOWER
        if opens is None and initial and following[0].isupper() and never_lower:
            return False
    return ends


def _opens_sentence(token: str, kind: str) -> bool | None:
    """Whether a word opens a sentence, by where training saw it with a capital; None: it does not tell."""
    if token in _PUNCTUATION:
        return False
    seen = english().orthography.get(kind, 0)
    if token[0].isupper() and seen & _LOWER and not seen & _MIDDLE_UPPER:
        return True
    if token[0].islower() and (seen & _UPPER or not seen & _FIRST_LOWER):
        return False
    return None
