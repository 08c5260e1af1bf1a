"""What the words of an answer mean, where the sources say so: fetched with the evidence, told at every level."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from kb.answer import features
from kb.answer.evidence import Sentence, gather
from kb.text import entities
from kb.types.search import Hit

_MOST_TERMS = 4
_MOST = 2
_LOOKED_AT = 6
_LONGEST_WORDS = 40
_COMMON = frozenset(["AI", "US", "UK", "EU", "OK", "PDF", "URL", "API", "CPU", "GPU", "ID", "TV", "PC", "FAQ"])

Mentions = Callable[[str, int], Sequence[Hit]]


def terms(question: str, told: Sequence[str]) -> list[str]:
    """The acronyms and names of things that an answer uses and does not explain, most used first."""
    text = " ".join(told)
    found = [name for name in entities.acronyms(text) if name not in _COMMON and len(name) > 2]
    asked = set(entities.acronyms(question))
    out = [name for name in found if not _explained(name, text)]
    return sorted(out, key=lambda name: (name not in asked, -text.count(name)))[:_MOST_TERMS]


def find(wanted: Sequence[str], mentions: Mentions) -> list[Sentence]:
    """For each term, the first sentence of the sources that says what it is; two at most."""
    out: list[Sentence] = []
    for term in wanted:
        for hit in mentions(term, _LOOKED_AT):
            if hit.trust == "anonymous":
                continue
            sentence = next((s for s in gather([hit]).sentences if says_what(term, s.plain)), None)
            if sentence is not None:
                out.append(sentence)
                break
        if len(out) >= _MOST:
            break
    return out


def says_what(term: str, sentence: str) -> bool:
    """Whether a sentence of a fit length says what a term is, or spells it out."""
    if len(sentence.split()) > _LONGEST_WORDS or sentence.rstrip().endswith("?"):
        return False
    return features.defines(f"What is {term}?", sentence) or _explained(term, sentence)


def _explained(term: str, text: str) -> bool:
    name = re.escape(term)
    spelled = re.search(rf"((?:[\w-]+\s+){{1,6}})\({name}s?\)|\b{name}s?\s*\(((?:[\w-]+\s*){{2,6}})\)", text)
    if spelled is None:
        return False
    words = re.findall(r"[A-Za-z]+", spelled[1] or spelled[2])
    initials = "".join(word[0] for word in words).lower()
    return _in_order(term.lower().rstrip("s"), initials)


def _in_order(letters: str, initials: str) -> bool:
    """Whether most letters of an acronym are initials of the words beside it, in order."""
    at = held = 0
    for letter in letters:
        found = initials.find(letter, at)
        if found >= 0:
            at, held = found + 1, held + 1
    return held >= max(2, len(letters) - 1)
