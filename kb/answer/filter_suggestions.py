"""Filters that a question's words may mean: "in the paper club", "since May", "in my notes". Never applied unasked."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable

from index.filters import Filters
from index.storage.catalog import Catalog
from kb.text.entities import MONTHS
from kb.types.answers import Offer

_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_KINDS: tuple[tuple[str, str, str], ...] = (
    (r"(?:my |the )?(?:own )?notes", "note", "notes"),
    (
        r"(?:the |my )?(?:talks?|podcasts?|transcripts?|recordings?|lectures?|workshops?|episodes?)",
        "transcript",
        "talks",
    ),
    (r"(?:the |my )?papers?", "paper", "papers"),
    (r"(?:the |my )?(?:threads?|4chan|board)", "thread", "threads"),
    (r"(?:the |my )?(?:link )?digests?", "digest", "link digests"),
    (r"(?:the |my )?(?:web ?pages?|articles?)", "web", "web pages"),
)
_IN = r"\b(?:in|from|by|across|according to|on)\s+"
_SINCE = re.compile(
    rf"\b(?P<how>since|after|before|until|in|from|during)\s+(?:(?P<day>[0-3]?\d)(?:st|nd|rd|th)?\s+)?(?:"
    rf"(?P<iso>[12]\d{{3}}-\d\d(?:-\d\d)?)|(?P<month>{_MONTH})\b\.?(?:\s+(?P<year>[12]\d{{3}}))?|(?P<only>20\d\d))(?![\d-])",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:(?P<today>today)|(?P<yesterday>yesterday)|(?P<which>last|this|past)\s+(?:(?P<n>\d{1,3})\s+)?(?P<unit>day|week|month|year)s?)\b",
    re.IGNORECASE,
)
_NAMED = re.compile(rf"{_IN}(?:the |my |our |this )?((?:[\w'’.&+-]+ ){{0,5}}[\w'’.&+-]+)", re.IGNORECASE)
_TAG = re.compile(r"(?<!\w)#([\w/-]{2,40})|\btagged (?:as |with )?[\"“']?([\w/-]{2,40})")
_GENERAL = frozenset(
    re.findall(r"\w+", "the a an my our of and on in for to notes note talk talks paper papers list index home readme")
)
_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
_MOST = 3
_FEWEST_LETTERS = 6  # of a title that is named by one word


def find(question: str, catalog: Catalog | None, today: dt.date, applied: Filters | None = None) -> tuple[Offer, ...]:
    """What a question may mean to be restricted to; what is restricted already is not offered again."""
    has = applied or Filters()
    found: list[Offer] = []
    if not (has.since or has.until):
        found += _dates(question, today)
    if not has.kinds:
        found += _kinds(question)
    if catalog is not None and not has.source:
        found += _sources(question, catalog)
    if not has.tags:
        for match in _TAG.finditer(question):
            tag = (match[1] or match[2]).casefold()
            found.append(Offer(match.group().strip(), f"only what is tagged {tag}", ("--tag", tag)))
    return tuple(found[:_MOST])


def _dates(question: str, today: dt.date) -> Iterable[Offer]:
    for match in _SINCE.finditer(question):
        part = match.groupdict()
        if part["month"] and part["month"].lower() == "may" and not part["month"][0].isupper():
            continue
        span = _span(part, today)
        if span is None:
            continue
        first, last = span
        flags: tuple[str, ...]
        how = part["how"].lower()
        if how in ("since", "from"):
            flags, label = ("--since", first.isoformat()), f"only since {first.isoformat()}"
        elif how == "after":
            after = last + dt.timedelta(days=1)
            flags, label = ("--since", after.isoformat()), f"only since {after.isoformat()}"
        elif how == "before":
            before = first - dt.timedelta(days=1)
            flags, label = ("--until", before.isoformat()), f"only until {before.isoformat()}"
        elif how == "until":
            flags, label = ("--until", last.isoformat()), f"only until {last.isoformat()}"
        else:
            flags = ("--since", first.isoformat(), "--until", last.isoformat())
            label = f"only from {first.isoformat()} to {last.isoformat()}"
        yield Offer(match.group(), label, flags)
    for match in _RELATIVE.finditer(question):
        if match["today"] or match["yesterday"]:
            since = today if match["today"] else today - dt.timedelta(days=1)
        elif match["which"].lower() == "this" and match["unit"].lower() in ("month", "year"):
            since = today.replace(day=1) if match["unit"].lower() == "month" else today.replace(month=1, day=1)
        else:
            since = today - dt.timedelta(days=int(match["n"] or 1) * _DAYS[match["unit"].lower()])
        yield Offer(match.group(), f"only since {since.isoformat()}", ("--since", since.isoformat()))


def _span(part: dict[str, str | None], today: dt.date) -> tuple[dt.date, dt.date] | None:
    """The first and last day that a date of a question means; a month without a year is the last one that began."""
    try:
        if iso := part["iso"]:
            if len(iso) > 7:
                day = dt.date.fromisoformat(iso)
                return day, day
            year, month = int(iso[:4]), int(iso[5:7])
        elif only := part["only"]:
            return dt.date(int(only), 1, 1), dt.date(int(only), 12, 31)
        else:
            month = MONTHS[str(part["month"]).lower()]
            year = int(part["year"]) if part["year"] else today.year - (month > today.month)
            if part["day"]:
                day = dt.date(year, month, int(part["day"]))
                return day, day
        first = dt.date(year, month, 1)
        following = dt.date(year + month // 12, month % 12 + 1, 1)
        return first, following - dt.timedelta(days=1)
    except ValueError:
        return None


def _kinds(question: str) -> Iterable[Offer]:
    for pattern, kind, label in _KINDS:
        if match := re.search(rf"{_IN}{pattern}(?!\w)(?! (?:of|about|club|on)\b)", question, re.IGNORECASE):
            yield Offer(match.group(), f"only {label}", ("--kind", kind))


def _sources(question: str, catalog: Catalog) -> Iterable[Offer]:
    """Sources whose title is named after "in", "from" or "according to"; none if several could be meant."""
    phrases = list(_NAMED.finditer(question))
    if not phrases:
        return
    titles = [(_words(title), document_id, title) for document_id, title in catalog.titles()]
    for match in phrases:
        said = match[1].split()
        for size in range(min(len(said), 6), 0, -1):
            words = _words(" ".join(said[:size]))
            own = words - _GENERAL
            if not own or (len(words) == 1 and len(next(iter(words))) < _FEWEST_LETTERS):
                continue
            meant = [(document_id, title) for held, document_id, title in titles if words <= held]
            if len(meant) == 1:
                document_id, title = meant[0]
                yield Offer(" ".join(said[:size]), f"only “{title}”", ("--source", document_id))
                break


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W_]+", text.casefold()))
