"""The YAML block at the head of a note: what of it `kb` uses, and where the note's body begins."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from dataclasses import dataclass
from typing import Any

import yaml

from ingest.net import urls
from kb.types.documents import Metadata

_FENCE_AT_LINE_START = re.compile(r"(?:\A|\r\n|\r|\n)(?:---|\.\.\.)[ \t]*(?=\r|\n|\Z)")
_KEY = re.compile(r"([A-Za-z][\w -]{0,60}):(?:[ \t]+(.*)|[ \t]*)$")
_LONGEST = 65536
_DATES = ("published", "date", "created", "updated")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What the block says, and the offset at which the body begins (0 where there is no readable block)."""

    title: str
    metadata: Metadata
    body: int


def parse(text: str) -> FrontMatter:
    """Read the block between `---` on the first line and the next `---`.

    A block that is no YAML mapping is left in the text, with a warning in the metadata.
    """
    if not text.startswith("---"):
        return FrontMatter("", {}, 0)
    first_end = re.match(r"---[ \t]*(?:\r\n|\r|\n)", text)
    if first_end is None:
        return FrontMatter("", {}, 0)
    close = _FENCE_AT_LINE_START.search(text, first_end.end() - 1, first_end.end() + _LONGEST)
    if close is None:
        return FrontMatter("", {}, 0)
    block = text[first_end.end() : max(close.start(), first_end.end())]
    body = close.end()
    while body < len(text) and text[body] in "\r\n":
        body += 1
    warnings: list[str] = []
    try:
        values = yaml.load(block, Loader=_Plain)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError) as error:
        # It stays text, and what can be read of it line by line is known all the same.
        values, body = _line_by_line(block), 0
        warnings = [f"{_problem(error)}; it was kept as text"]
    if values is None:
        values = {}
    if not isinstance(values, dict):
        # A rule of dashes above ordinary text, not a block.
        return FrontMatter("", {}, 0)
    metadata = _metadata(values)
    if warnings:
        metadata["warnings"] = warnings
    return FrontMatter(_string(values.get("title")), metadata, body)


class _Plain(yaml.SafeLoader):
    """YAML whose dates stay text: one that does not exist must not cost the others their title."""


_Plain.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _line_by_line(block: str) -> dict[str, Any]:
    """The `key: value` lines of a block that is no YAML as a whole, each by itself."""
    found: dict[str, Any] = {}
    lines = block.splitlines()
    for n, line in enumerate(lines):
        match = _KEY.match(line)
        if match is None:
            continue
        try:
            value = yaml.load(match[2] or "", Loader=_Plain)  # noqa: S506 - a safe loader
        except (yaml.YAMLError, ValueError, RecursionError, TypeError):
            continue
        if value is None:
            listed = itertools.takewhile(lambda row: re.match(r"\s+-|-\s", row), lines[n + 1 :])
            value = [row.strip().lstrip("-").strip().strip("\"'") for row in listed]
        found[match[1].strip()] = value
    return found


def _problem(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 2}" if mark is not None else ""
    return f"the front matter is no YAML{where}"


def _metadata(values: dict[Any, Any]) -> Metadata:
    found: Metadata = {}
    if tags := _list(values.get("tags", values.get("tag"))):
        found["tags"] = [tag.lstrip("#") for tag in tags if tag.lstrip("#")]
    if aliases := _list(values.get("aliases", values.get("alias"))):
        found["aliases"] = aliases
    if authors := _list(values.get("authors", values.get("author"))):
        found["authors"] = [re.sub(r"^\[\[(.*)\]\]$", r"\1", author) for author in authors]
    for key in _DATES:
        if date := _date(values.get(key)):
            found["published"] = date
            break
    url = _string(values.get("url", values.get("source")))
    if urls.is_url(url):
        found["url"] = urls.canonical(url)
    return found


def _string(value: Any) -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return ""
    # YAML from JSON writes an emoji as two escapes, which arrive as surrogates and belong together.
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()


def _list(value: Any) -> list[str]:
    if isinstance(value, str):
        value = re.split(r"[,\s]\s*" if "#" in value else r",\s*", value)
    if not isinstance(value, list):
        return []
    return [text for item in value if (text := _string(item))]


def _date(value: Any) -> str:
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, str):
        try:
            when = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            return ""
        return when.isoformat() if re.search(r"\d[T ]\d", value) else when.date().isoformat()
    return ""
