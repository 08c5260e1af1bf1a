"""What in a statement is true or false to the letter: its numbers, dates and names, and whether a source has them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

MONTHS = {
    name: n
    for n, names in enumerate(
        re.findall(
            r"[^;]+",
            "january jan;february feb;march mar;april apr;may;june jun;july jul;august aug;"
            "september sep sept;october oct;november nov;december dec",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"\b(?P<y>[12]\d{3})-(?P<m>[01]?\d)-(?P<d>[0-3]?\d)\b"),
    re.compile(rf"\b(?P<b>{_MONTH})\.?\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?:,?\s+(?P<y>[12]\d{{3}}))?\b", re.IGNORECASE),
    re.compile(
        rf"\b(?P<d>[0-3]?\d)(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<b>{_MONTH})\b\.?(?:,?\s+(?P<y>[12]\d{{3}}))?",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?P<b>{_MONTH})\.?,?\s+(?P<y>[12]\d{{3}})\b", re.IGNORECASE),
)
_BARE_MONTH = re.compile(
    r"(?<![.!?]\s)(?<!^)\b(?P<b>January|February|March|April|May|June|July|August|September|October|November|December)\b"
)
_TIMES = {"k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9,
          "t": 1e12, "trillion": 1e12}  # fmt: skip
_NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z]-)[-−+]?(\d{1,3}(?:[, \u00a0\u202f]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)"
    r"(?:\s?(thousand|million|billion|trillion|bn|mn|[kKmMbBtT])(?![\w-]))?(?:\s?%)?(?=[^\w]|[a-zA-Zµ×%°]{1,4}\b|\Z)"
)
_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
_TENS = "thirty forty fifty sixty seventy eighty ninety"
_WORDS: dict[str, float] = {word: float(n) for n, word in enumerate(re.findall(r"\w+", _SMALL))}
_WORDS |= {word: 10.0 * n for n, word in enumerate(re.findall(r"\w+", _TENS), start=3)}
_WORDS |= {"half": 0.5, "hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9, "dozen": 12}
_WORD_NUMBER = re.compile(
    rf"(?<![\w-])({'|'.join(_WORDS)})(?:[- ](one|two|three|four|five|six|seven|eight|nine)\b)?(?!\w)", re.I
)
# Words for numbers that mean something else as often: nobody counts with them.
_LOOSE = frozenset({"zero", "one", "half", "hundred", "thousand", "million", "billion", "dozen"})
_ROUGHLY = re.compile(
    r"(?:about|around|roughly|nearly|almost|over|approximately|some|~|≈|under)\s*\$?\Z", re.IGNORECASE
)
_NEAR = 0.06


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, its value with what multiplies it (`7B` is 7e9), and without (7)."""

    said: str
    value: float
    bare: float
    rough: bool = False


@dataclass(frozen=True, slots=True)
class Date:
    """A date as written; what it leaves open is None."""

    said: str
    year: int | None
    month: int | None
    day: int | None

    def within(self, other: Date) -> bool:
        """Whether another date says all of this one."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(own is None or own == theirs for own, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Entities:
    """The numbers, dates and names of a text, and its words folded, for looking names up."""

    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    words: frozenset[str]
    initials: str


@cache
def facts(text: str) -> Entities:
    """What a source has, for statements to be held against."""
    found = dates(text)
    counted = numbers(text)
    return Entities(tuple(counted), tuple(found), frozenset(_folded_words(text)), _initials(text))


def dates(text: str) -> list[Date]:
    """The dates of a text, fuller ones first."""
    out: list[Date] = []
    taken: list[tuple[int, int]] = []
    for pattern in (*_DATES, _BARE_MONTH):
        for match in pattern.finditer(text):
            if any(a < match.end() and match.start() < b for a, b in taken):
                continue
            part = match.groupdict()
            if part.get("b") in ("may", "march", "mar", "jan", "dec"):
                continue  # a verb, or no English month
            month = MONTHS[part["b"].lower()] if part.get("b") else int(part["m"])
            day, year = part.get("d"), part.get("y")
            if not 1 <= month <= 12 or (day and not 1 <= int(day) <= 31):
                continue
            taken.append(match.span())
            out.append(Date(match.group().strip(), int(year) if year else None, month, int(day) if day else None))
    return out


def numbers(text: str) -> list[Number]:
    """The numbers of a text that are part of no date and no name (`GPT-4`), words for numbers among them."""
    bare = text
    for found in dates(text):
        bare = bare.replace(found.said, " " * len(found.said))
    out: list[Number] = []
    for match in _NUMBER.finditer(bare):
        value = float(re.sub(r"[, \u00a0\u202f]", "", match[1]))
        times = _TIMES.get((match[2] or "").lower(), 1.0)
        rough = bool(_ROUGHLY.search(bare[max(0, match.start() - 16) : match.start()]))
        out.append(Number(match.group().strip(), value * times, value, rough))
    for match in _WORD_NUMBER.finditer(bare):
        unit = _WORDS[match[2].lower()] if match[2] else 0
        value = float(_WORDS[match[1].lower()] + unit)
        out.append(Number(match.group(), value, value))
    return out


def missing_numbers(statement: str, source: Entities) -> list[str]:
    """The numbers of a statement that its source does not have."""
    have = {n.value for n in source.numbers} | {n.bare for n in source.numbers}
    for date in source.dates:
        have |= {float(part) for part in (date.year, date.day) if part is not None}
    out = []
    for number in numbers(statement):
        if number.said.lower() in _LOOSE or number.value in have or number.bare in have:
            continue
        if number.rough and any(abs(number.value - v) <= _NEAR * max(abs(v), 1e-9) for v in have):
            continue
        # Each digit group of a compound such as 2.5–3 or 10/20 counts by itself; a percentage may be a share.
        if number.said.endswith("%") and number.bare / 100 in have:
            continue
        out.append(number.said)
    return out


def missing_dates(statement: str, source: Entities) -> list[str]:
    """The dates of a statement that no date of its source says."""
    years = {int(n.bare) for n in source.numbers if n.bare == int(n.bare) and 1000 <= n.bare <= 2999}
    return [
        date.said
        for date in dates(statement)
        if not any(date.within(other) for other in source.dates) and not (date.month is None and date.year in years)
    ]


_TOKEN = re.compile(r"[^\W_](?:[\w.+#&’'/-]*[\w+#])?")
# Words that may open a sentence with a capital and name nothing.
_OPENERS = frozenset(
    re.findall(
        r"\S+",
        "a about above according across actually additionally after again all almost along already also although "
        "always among an and another any anyone anything are around as at authors away back bad based because "
        "before being below best better between beyond big both but by can case cases certain clearly code common "
        "commonly compared consequently context could current currently data day depending despite different do "
        "does don't due during each earlier early either else especially even every everyone everything evidence "
        "example examples except few finally first for fourth from full fully further furthermore general "
        "generally given good great half hard have he hence her here high higher his how however i idea if "
        "important in indeed information input inside instead into is it its just keep key large larger last late "
        "later least less let like likely line little long longer look low lower main make many may maybe "
        "meanwhile memory might model models more moreover most much must my near nearly need neither never "
        "nevertheless new next no none nor not note notes nothing now of off often old on once one only open or "
        "other others otherwise our out output over overall paper part people perhaps point posts potential "
        "practice previously problem question quite rather recent recently reports research researchers result "
        "results roughly same second see several she short similar simple simply since small smaller so some "
        "someone something sometimes soon source sources speed still strong such take talk tasks team ten test "
        "tests text than thanks that the their them then there therefore these they thing things third this those "
        "though three through thus time to today together too tool training true try two typically under unless "
        "unlike until up use used user users using usually various very wait was way we well were what whatever "
        "when whenever where whether which while who whole whose why will with within without work works would "
        "yes yet you your ",
    )
)
_ORDINARY_END = re.compile(r"(?:ing|ed|ly|ion|ions|ment|ments|ness|ity|ities|ers|ive|able|ible|ance|ence|ism|est)\Z")


def _fold(word: str) -> str:
    return re.sub(r"[\W_]+", "", re.sub(r"[’']s\b|[’']\Z", "", word)).casefold()


def _folded_words(text: str) -> Iterable[str]:
    words = _TOKEN.findall(text)
    for n, word in enumerate(words):
        folded = _fold(word)
        yield folded
        yield from (_fold(part) for part in re.split(r"[-/.’']", word) if part)
        if n + 1 < len(words):
            yield folded + _fold(words[n + 1])  # "Open AI" is OpenAI


def _initials(text: str) -> str:
    return "".join(part[0] for word in _TOKEN.findall(text) for part in re.split(r"[-/]", word) if part).casefold()


def names(text: str) -> list[str]:
    """The names of a statement: words with a capital where none is due, with a digit in them, or all in capitals."""
    out: list[str] = []
    for sentence in re.split(r"(?<=[.!?:])\s+|\n+|[“\"(]", text):
        words = list(_TOKEN.finditer(sentence))
        capitals = sum(m.group()[0].isupper() for m in words)
        if len(words) > 3 and capitals > 0.7 * len(words) and not any(_is_mixed(m.group()) for m in words):
            continue  # set like a title: capitals tell nothing
        for n, match in enumerate(words):
            word = match.group()
            if _is_name(word, n, words[n + 1].group() if n + 1 < len(words) else ""):
                out.append(word)
    return list(dict.fromkeys(out))


def _is_mixed(word: str) -> bool:
    return any(c.isupper() for c in word[1:]) or (any(c.isdigit() for c in word) and any(c.isalpha() for c in word))


def _is_name(word: str, n: int, following: str) -> bool:
    letters = re.sub(r"[’']s\Z", "", word)
    if letters.lower() in ("i", "i'm", "i’m", "i've", "i’ve", "i'd", "i’d", "i'll", "i’ll") or len(letters) < 2:
        return False
    if letters.lower() in MONTHS and letters[0].isupper():
        return False  # a date's business
    if re.fullmatch(r"\d[\d.,]*[a-zA-Zµ×%]{0,3}", letters):
        return False  # a number with its unit
    if _is_mixed(letters):
        return True
    if not letters[0].isupper():
        return False
    if n > 0:
        return letters.lower() not in _OPENERS
    if letters.lower() in _OPENERS or _ORDINARY_END.search(letters.lower()):
        return False
    return bool(following[:1].isupper()) or not letters.lower().endswith("s")


def missing_names(statement: str, source: Entities, ordinary: Callable[[str], bool] = lambda _: False) -> list[str]:
    """The names of a statement that its source does not have.

    `ordinary` tells of a word that opens a sentence whether it is one that names nothing.
    """
    opening = {found.group() for found in re.finditer(r"(?:\A|(?<=[.!?:]\s))[“\"(]?([^\W_][\w'’-]*)", statement)}
    opening = {word.strip('“"(') for word in opening}
    out = []
    said = [_fold(word) for word in _TOKEN.findall(statement)]
    joined = {word: a + b for a, b in itertools.pairwise(said) for word in (a, b) if a + b in source.words}
    for word in names(statement):
        folded = _fold(word)
        if folded in joined:
            continue  # "Open AI" is OpenAI
        parts = [_fold(part) for part in re.split(r"[-/.’']", word) if part]
        if folded in source.words or (len(parts) > 1 and all(part in source.words for part in parts)):
            continue
        if (folded.endswith("s") and folded[:-1] in source.words) or folded + "s" in source.words:
            continue
        if word.isupper() and len(folded) > 2 and folded in source.initials:
            continue  # an acronym of words that stand there
        if (word in opening and ordinary(word)) or _stem_stands(folded, source.words):
            continue
        out.append(word)
    return out


def _stem_stands(folded: str, words: frozenset[str]) -> bool:
    """Whether a word stands there in another form: Decoding for decode, European for Europe."""
    if len(folded) < 6 or any(c.isdigit() for c in folded):
        return False
    stem = folded[: max(5, len(folded) - 3)]
    return any(word.startswith(stem) for word in words)


def acronyms(text: str) -> list[str]:
    """The acronyms of a text: two capitals or more, a plural's s aside."""
    return list(dict.fromkeys(re.findall(r"\b[A-Z][A-Z0-9]*[A-Z][A-Z0-9]*(?=s?\b)", text)))
