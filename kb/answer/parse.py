"""A model's reply, in JSON or in prose, whole or cut off: its statements, and what of it can be shown as it comes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

from kb.answer import citation_markers
from kb.answer.citation_markers import Markers
from kb.answer.verify import Statement, statements_of
from kb.llm.prompts import NOT_IN_SOURCES

_FENCED = re.compile(r"\A\s*```(?:json)?[ \t]*\n?", re.IGNORECASE)
_QUOTES = re.compile(r"(?:^|\n)\s*(?:#+\s*|\*\*)?Quotes?:?(?:\*\*)?:?[ \t]*(?=\n|\Z)", re.IGNORECASE)
_QUOTE_LINE = re.compile(r"^\s*(?:[-*]\s*)?[\[【]?(\d{1,3})[\]】.:]?\s*[:–—-]?\s*[\"“«](.+?)[\"”»]\s*$", re.MULTILINE)
_THOUGHT = re.compile(r"\A\s*<think>.*?(?:</think>\s*|\Z)", re.DOTALL)
_MOST_STATEMENTS = 60


@dataclass(frozen=True, slots=True)
class Reply:
    """What a reply says: its statements, or that the sources do not say (`not_said`)."""

    statements: tuple[Statement, ...]
    not_said: bool = False


def parse(text: str, split: Callable[[str], list[tuple[int, int]]]) -> Reply:
    """The statements of a reply, in JSON if it looks like it, else in prose; none of what says nothing."""
    bare = _THOUGHT.sub("", text).strip()
    row = _json(bare)
    if row is not None:
        made = tuple(s for item in _items(row) if (s := _statement(item)) is not None)
        return Reply(made[:_MOST_STATEMENTS], not made and isinstance(row.get("statements"), list))
    if NOT_IN_SOURCES in bare and len(bare) < 3 * len(NOT_IN_SOURCES) + 200:
        return Reply((), True)
    body, quotes = _parts(bare)
    given = [(int(m[1]), m[2]) for m in _QUOTE_LINE.finditer(quotes)]
    out = []
    for statement in statements_of(body, split)[:_MOST_STATEMENTS]:
        own = tuple(pair for pair in given if pair[0] in statement.cited)
        out.append(Statement(statement.text, statement.cited, own if _one_each(own) else ()))
    return Reply(tuple(out))


def _one_each(quotes: Sequence[tuple[int, str]]) -> bool:
    """A list of quotes at the end says whose words they are only where each source has one."""
    return len({n for n, _ in quotes}) == len(quotes)


def _parts(text: str) -> tuple[str, str]:
    found = _QUOTES.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, "")


def _json(text: str) -> dict[str, Any] | None:
    """The object of a reply in JSON: fenced or bare, with words before it, whole or cut off."""
    start = text.find("{")
    if start < 0 or (start > 0 and "statements" not in text[start : start + 40]):
        return None
    body = _FENCED.sub("", text[start:])
    end = body.rfind("}")
    for candidate in (body, body[: end + 1]):
        try:
            row = from_json(candidate, allow_partial="trailing-strings")
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("statements", row.get("text")), list | str):
            return row if "statements" in row else {"statements": [row]}
    return None


def _items(row: dict[str, Any]) -> list[Any]:
    found = row.get("statements")
    return found if isinstance(found, list) else []


def _statement(item: Any) -> Statement | None:
    """One statement of a reply in JSON, however its sources are written; None if it says nothing."""
    if isinstance(item, str):
        item = {"text": item}
    if not isinstance(item, dict) or not isinstance(item.get("text"), str):
        return None
    text = " ".join(citation_markers.without(item["text"]).split())
    if not re.search(r"[^\W_]{2,}", text):
        return None
    cited = list(citation_markers.found_in(item["text"]))
    quotes: list[tuple[int, str]] = []
    sources = item.get("sources", item.get("citations", []))
    for source in sources if isinstance(sources, list) else [sources]:
        number = source.get("n", source.get("source", source.get("id"))) if isinstance(source, dict) else source
        digits = re.search(r"\d+", str(number)) if not isinstance(number, bool) else None
        if digits is None:
            continue
        n = int(digits.group()[:6])
        cited.append(n)
        quote = source.get("quote") if isinstance(source, dict) else None
        if isinstance(quote, str) and quote.strip():
            quotes.append((n, quote.strip().strip('"“”')))
    return Statement(text, tuple(dict.fromkeys(cited)), tuple(dict.fromkeys(quotes)))


class StreamingReply:
    """A reply as a reader sees it while it comes: its sentences with markers, never JSON, quotes or thoughts.

    Put together, what `feed` and `close` give ends as the reply is read by `parse`, with the same numbers.
    """

    def __init__(self, known: Collection[int]) -> None:
        self._text = ""
        self._given = ""
        self._known = known
        self._objects = _Objects()
        self.seen: list[int] = []

    def feed(self, part: str) -> str:
        """What more can be shown now."""
        self._text += part
        return self._advance(final=False)

    def close(self) -> str:
        """What is left to show."""
        return self._advance(final=True)

    def _advance(self, final: bool) -> str:
        text = _THOUGHT.sub("", self._text).lstrip()
        if not final and (text.startswith("<") or len(text) < 2):
            return ""  # it may still turn out to be thinking aloud
        looks_json = re.match(r"(?:```(?:json)?\s*)?\{", text, re.IGNORECASE) is not None
        undecided = re.fullmatch(r"`{1,3}(?:j(?:s(?:on?)?)?)?\s*", text, re.IGNORECASE) is not None
        if not final and undecided:
            return ""
        shown = self._of_json(text, final) if looks_json else self._of_prose(text, final)
        if not shown.startswith(self._given):
            return ""  # what was shown stays; the whole answer comes after it
        more = shown[len(self._given) :]
        self._given = shown
        return more

    def _of_prose(self, text: str, final: bool) -> str:
        if NOT_IN_SOURCES.startswith(text[: len(NOT_IN_SOURCES)]) or text.startswith(NOT_IN_SOURCES):
            return ""
        body, rest = _parts(text)
        if not final and not rest:
            tail = re.search(r"\n\s*(?:#+\s*|\*\*)?(?:Q(?:u(?:o(?:t(?:es?)?)?)?)?)?:?\**\Z", body, re.IGNORECASE)
            body = body[: tail.start()] if tail else body
        stream = Markers(self._known, self.seen)
        return stream.feed(body) + (stream.close() if final or rest else "")

    def _of_json(self, text: str, final: bool) -> str:
        row = _json(text)
        if row is None:
            return self._given
        items = _items(row)
        closed = self._objects.closed(text)
        out: list[str] = []
        for n, item in enumerate(items):
            whole = final or n < closed
            statement = _statement(item)
            if statement is None:
                continue
            if not whole:
                said = item["text"] if isinstance(item, dict) else str(item)
                out.append(
                    re.sub(r"\s*[\[【][^\]】]*\Z", "", " ".join(citation_markers.without(said).split())).rstrip(" .!?")
                )
                break
            out.append(sentence(statement, self._known, self.seen))
        return "\n".join(out)


class _Objects:
    """How many statements of a reply in JSON are closed, counted on as it grows."""

    def __init__(self) -> None:
        self._at = self._depth = self._closed = 0
        self._quoted = self._escaped = False

    def closed(self, text: str) -> int:
        """The statements that are whole; `text` begins with what was given before."""
        for c in text[self._at :]:
            if self._quoted:
                self._quoted = self._escaped or c != '"'
                self._escaped = c == "\\" and not self._escaped
            elif c == '"':
                self._quoted = True
            elif c == "{":
                self._depth += 1
            elif c == "}":
                self._depth -= 1
                self._closed += self._depth == 1
        self._at = len(text)
        return self._closed


def sentence(statement: Statement, known: Collection[int], seen: list[int]) -> str:
    """A statement as it is shown: its markers before its full stop, counted by first use in `seen`."""
    for n in statement.cited:
        if n in known and n not in seen:
            seen.append(n)
    shown = " ".join(f"[{seen.index(n) + 1}]" for n in statement.cited if n in known)
    stop = re.search(r"[.!?…]+[\"”’)]*\Z", statement.text)
    body, end = (statement.text[: stop.start()], stop.group()) if stop else (statement.text, "")
    return f"{body} {shown}{end}" if shown else statement.text
