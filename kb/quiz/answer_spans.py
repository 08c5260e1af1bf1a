"""What of a statement can be asked for: a number, a name, a term, what a thing is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.search.bm25 import STOPWORDS
from kb.quiz.candidates import VERB
from kb.text.punkt import is_ordinary

_FEWEST_SAID = 5  # words that say what a thing is
Form = Literal["number", "name", "acronym", "term", "definition"]

_UNIT = (
    r"(?:%|percent|x|×|times|k|K|M|B|T|thousand|million|billion|trillion|[KMGT]B|ms|seconds?|minutes?|hours?|days?|weeks?|"
    r"months?|years?|tokens?|parameters?|params|layers?|heads|dimensions?|samples|examples|images|words|characters|points|"
    r"GPUs?|people|users|dollars|FLOPs?|FLOPS)"
)
_NUMBER = re.compile(
    rf"(?<![\w.$€£/:-])[$€£~]?\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?(?:\s?{_UNIT}(?![\w-]))?"
    rf"|(?<![\w.$€£/:,-])[$€£]?\d+(?:\.\d+)?(?:[-–]\d+(?:\.\d+)?)?(?:\s?{_UNIT}(?![\w-]))?(?![\w/:])"
)
_NAME = re.compile(
    r"(?<![\w@#./-])(?:[A-Z][\w+]*(?:[-.][\w+]+)*|[a-z]+[A-Z]\w*|\d+[A-Z]\w+)"
    r"(?:[ -](?:[A-Z][\w+]*(?:[-.][\w+]+)*|\d[\w.]*)(?![\w]))*"
)
_ACRONYM = re.compile(r"[A-Z][A-Z0-9]{1,6}s?")
_GLOSS = re.compile(r"^(?P<term>[\w'’.+ -]{2,50}?)(?:\s[-–—]|:)\s(?P<what>an?\s[^:–—]{15,})$", re.IGNORECASE)
_NO_TERM = re.compile(
    r"(?:each|every|all|one|last|no|some|any|my|our|their|his|her|its|this|that|another|impact|explanation|notes?|results?|"
    r"summary|example|definition|background|goal|idea|question|answer|update|edit|tl;?dr|why|how|what|when|where|who|there|"
    r"reason|conclusion|key|main|notable|best|first|second|in|on|at|for|by|with|from|to|as|of|if|only|both|most|many)\b",
    re.IGNORECASE,
)
# Acronyms that fit nearly everywhere: nobody could tell them from each other.
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "AI ML NLP LLM LLMs RL UI UX API APIs GPU GPUs CPU CPUs TPU OS PC US UK EU CEO CTO VC QA OK TV PDF URL I",
    )
)
_WHAT = re.compile(r"(?:an?|the|when|how|one of|just|simply|basically)\s", re.IGNORECASE)
_DEFINES = re.compile(
    r"^(?P<term>(?:(?:the|an?)\s+)?(?:[\w'’+.-]+\s+){0,3}[\w'’+.-]+?)(?:\s+\((?P<short>[^()]{2,30})\))?\s+"
    r"(?P<verb>is|are|means|refers? to|stands for|is called|consists? of)\s+(?P<what>(?:an?|the|when|how|one of|just|"
    r"simply|basically)?\s*.{15,})$",
    re.IGNORECASE,
)
_TERM_WORDS = re.compile(r"[^\W\d_][\w'’-]{2,}")
# Too general to be asked for, though no function words.
_GENERAL = frozenset(
    re.findall(
        r"\w+",
        "able actually based better bigger common case cases different difference example examples fact first "
        "general good great high higher idea important kind large larger last less level likely little long "
        "longer lot low lower main many method methods model models more most much new next number numbers "
        "old open original other others own part parts people possible problem problems question questions "
        "real recent result results same second several similar simple single small smaller special specific "
        "step steps thing things third time times total type types usual user users value values various way "
        "ways whole work works world year years data",
    )
)


@dataclass(frozen=True, slots=True)
class AnswerSpan:
    """What can be asked for: its words, where in the statement they stand, and what form they have.

    `unit` of a number is what is counted, so that it stands beside its likes.
    """

    form: Form
    text: str
    start: int
    end: int
    unit: str = ""


def keys(said: str, phrases: tuple[str, ...] = ()) -> list[AnswerSpan]:
    """All that a statement can be asked for; `phrases` are the keyphrases of its passage."""
    found: list[AnswerSpan] = []
    taken: list[tuple[int, int]] = []

    def add(key: AnswerSpan) -> None:
        if key.form != "definition" and _is_listed(said, key):
            return  # one of several: another would be as right
        if said.count("(", 0, key.start) > said.count(")", 0, key.start):
            return  # an aside
        if not any(a < key.end and key.start < b for a, b in taken):
            taken.append((key.start, key.end))
            found.append(key)

    if definition := defined(said):
        found.append(definition)
    for match in _NUMBER.finditer(said):
        text = match.group().strip()
        bare = re.sub(r"[^\d.]", "", text)
        if bare and (len(bare) > 1 or text != bare) and not _is_part_of_name(said, match.start(), match.end()):
            add(AnswerSpan("number", text, match.start(), match.start() + len(text), unit_of(text)))
    for match in _NAME.finditer(said):
        if _is_whole_name(said, match.start(), match.end()):
            text = match.group()
            add(AnswerSpan("acronym" if _ACRONYM.fullmatch(text) else "name", text, match.start(), match.end()))
    for phrase in phrases:
        words = phrase.split()
        content = [w for w in words if w.casefold() not in _GENERAL and w.casefold() not in STOPWORDS]
        if any(VERB.fullmatch(word) or word.casefold().endswith("ing") for word in words[:1]):
            continue
        if len(content) < len(words) or (len(words) == 1 and len(phrase) < 6) or any(c.isdigit() for c in phrase):
            continue
        match_ = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", said, re.IGNORECASE)
        # What a determiner follows is a verb ("search misses a …"); what "together" ends is no thing.
        acts = match_ is not None and re.match(r"\s(?:an?|the|its|their|each|every)\b", said[match_.end() :])
        beside = re.search(r" (?:together|along|away|apart|online|again|directly|alone)$", phrase)
        if match_ and not acts and not beside and match_.group().islower():
            add(AnswerSpan("term", match_.group(), *match_.span()))
    return found


def defined(said: str) -> AnswerSpan | None:
    """The thing that a statement says what it is, with what it says in `unit`; None if it defines nothing."""
    bare_said = said.rstrip(" .!")
    match = _GLOSS.match(bare_said) or _DEFINES.match(bare_said)
    if match is None or len(match["what"].split()) < _FEWEST_SAID or re.search(r" as well$", match["term"]):
        return None
    plain = match.groupdict().get("verb", "-").casefold() in ("is", "are")
    if plain and not _WHAT.match(match["what"]):
        return None
    term = match["term"].strip()
    bare = re.sub(r"^(?:the|an?)\s+", "", term, flags=re.IGNORECASE)
    if _NO_TERM.match(bare) or bare in _COMMON or re.match(r"\w+ing\s", bare):
        return None
    words = bare.split()
    content = [w for w in words if w.casefold() not in _GENERAL and w.casefold() not in STOPWORDS]
    if (
        not content
        or len(words) > 4
        or not _TERM_WORDS.search(bare)
        or (re.search(r"(?:ing|ed|ly)$", words[-1]) and len(words) == 1)
    ):
        return None
    if re.match(
        r"(?:able|not|very|more|less|also|now|still|only|only|good|great|bad|hard|easy|likely|here|there)\b",
        match["what"],
        re.I,
    ):
        return None
    start = match.start("term") + len(term) - len(bare)
    return AnswerSpan("definition", bare, start, start + len(bare), match["what"].strip())


def unit_of(text: str) -> str:
    """What a number counts, as far as it says: `%`, `$`, `tokens`; empty for a bare one."""
    money = "$" if re.match(r"[$€£]", text) else ""
    unit = re.sub(r"^[^A-Za-z%×]*", "", text)
    # M is a million and m a minute; of words the plural and the case tell nothing.
    return money + (unit.rstrip("s").casefold() if len(unit) > 2 else unit)


def _is_whole_name(said: str, start: int, end: int) -> bool:
    """Whether capitals are a name that can be asked for: whole, no ordinary word, nothing that fits everywhere."""
    text = said[start:end]
    if not 2 <= len(text) <= 40 or text in _COMMON or text.casefold() in STOPWORDS:
        return False
    head, rest = text.split()[0], text.split()[1:]
    marked = any(c.isdigit() or c.isupper() for c in head[1:])
    opens = start == 0 or said[max(0, start - 2) : start].strip() in (".", ":", "“", '"')
    if opens and not marked and (not rest or is_ordinary(head)):
        return False  # a capital that opens a sentence
    if not rest and text[1:].islower() and is_ordinary(text):
        return False
    before = re.search(r"\b[A-Z]\w+ (?:of|and|for) $", said[:start])
    after = re.match(r" (?:of|for) (?:the )?[A-Z]", said[end:])
    return not (before or after or re.search(r" (?:Is|Are|Was|Has|Will|Can)$", text))


def _is_listed(said: str, key: AnswerSpan) -> bool:
    """Whether an answer is a member of a list, or only describes what a name says: "A $500 RTX 3070"."""
    after, before = said[key.end :], said[: key.start]
    listed = re.match(r",? (?:and|or) [A-Z]|, [A-Z][\w.-]*(?:,| and| or)|, (?:\w+ )?\w+(?:, | and | or )", after)
    ended = re.search(r"(?:[A-Z][\w.-]*|\w+), (?:and |or )?$|[A-Z][\w.-]* (?:and|or) $", before)
    priced = key.text.startswith("$") and re.match(r" [A-Z]", after)
    return bool(listed or ended or priced)


def _is_part_of_name(said: str, start: int, end: int) -> bool:
    """Whether a number belongs to a name or a date: "Llama 2", "Part 3", "15 June"."""
    if re.match(r"(?:st|nd|rd|th)?\s(?:of\s)?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)", said[end:]):
        return True
    before = re.search(r"([A-Za-z][\w.-]*)\s$", said[:start])
    if before is None:
        return False
    word = before[1]
    bare = re.fullmatch(r"\d{1,3}(?:\.\d+)*", said[start:end].strip()) is not None
    if word[0].isupper() and bare and (before.start() > 0 or "." in said[start:end]):
        return True  # Windows 11, Level 3, Stable Diffusion 1.5
    return (word[0].isupper() and not is_ordinary(word)) or word.casefold() in (
        *(
            "version",
            "part",
            "chapter",
            "section",
            "figure",
            "table",
            "step",
            "phase",
            "level",
            "page",
            "day",
            "week",
            "v",
        ),
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
        *("december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"),
    )
