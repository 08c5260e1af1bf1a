"""The source card: where cited words stand, the passage around them with the words marked, and the recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kb.errors import UnknownId
from kb.library import Library
from kb.text.markdown import name_of
from kb.types import locators
from kb.types.documents import Lines, Locator, TimeSpan
from ui.render.html import action, is_web, link, notice, words

# A player starts this many seconds before the words, so that one hears them begin.
_BEFORE = 2.0
_LONGEST_ID = 40


def card(library: Library, cited: Mapping[str, Any]) -> str:
    """The card of a citation or a hit, in the JSON of `kb ask --json`; of one that is gone, what was quoted then."""
    chunk_id, document_id = str(cited.get("chunk_id", "")), str(cited.get("document_id", ""))
    quote = str(cited.get("quote", ""))
    entry = library.entry(document_id[:_LONGEST_ID])
    if entry is None:
        was = f'<blockquote class="kb-passage">{words(quote)}</blockquote>' if quote else ""
        return _framed(
            str(cited.get("title", "")),
            notice("This source was taken out of the knowledge base since.", "warning") + was,
        )
    locator = _locator(cited)
    facts = [entry.kind, *([entry.published[:10]] if entry.published else [])]
    facts += [", ".join(entry.metadata.get("authors", [])[:3])] if entry.metadata.get("authors") else []
    where = locators.describe(locator) if locator is not None else ""
    head = f'<p class="kb-place">{words(" · ".join(facts))}</p><p class="kb-place">{words(where)}</p>'
    try:
        found = library.place(chunk_id[:_LONGEST_ID])
        passage, obsidian = _marked(found.text, quote), found.obsidian
        address = found.link
    except UnknownId:
        passage, obsidian, address = "", "", entry.uri
    stands = bool(passage)
    if not stands:
        passage = notice("The source has changed since; these are the words that stood there.", "warning")
        passage += f'<blockquote class="kb-passage"><mark>{words(quote)}</mark></blockquote>'
    if isinstance(locator, Lines | TimeSpan) and stands:
        # Where the words stand, not where their passage begins; a file of talk without a recording has its lines only.
        exact = locators.link(entry.uri, entry.metadata, locator)
        address = exact if isinstance(locator, Lines) or exact != entry.uri else address
    address = address if stands else entry.uri
    rows = [head, _player(library, document_id, locator), passage, _opened(address, obsidian)]
    return _framed(entry.title, "".join(rows))


def broken(error: str) -> str:
    """A card that could not be made, and why."""
    return _framed("The source", notice(error, "bad"))


def _framed(title: str, body: str) -> str:
    close = '<button type="button" class="kb-close" data-act="close-card" aria-label="Close the source">×</button>'
    return f'<div class="kb-card-head"><h3 tabindex="-1">{words(title)}</h3>{close}</div>{body}'


def _locator(cited: Mapping[str, Any]) -> Locator | None:
    """The locator that a browser gives back, if it is one."""
    try:
        return locators.from_json(dict(cited["locator"]))
    except (KeyError, TypeError, ValueError):
        return None


def _player(library: Library, document_id: str, locator: Locator | None) -> str:
    path = library.recording(document_id)
    if path is None or not isinstance(locator, TimeSpan):
        return ""
    start = max(float(locator.start) - _BEFORE, 0.0)
    element = "video" if path.suffix.lower() in (".mp4", ".m4v", ".webm", ".mkv") else "audio"
    return (
        f'<{element} controls preload="metadata" class="kb-player" data-start="{start:g}" '
        f'aria-label="The recording, from {words(locators.clock(start))}" '
        f'src="kb/media/{words(document_id)}#t={start:g}"></{element}>'
    )


def _marked(passage: str, quote: str) -> str:
    """The passage with the quoted words marked; empty if they do not stand in it."""
    body = passage.strip("\n")
    if not quote:
        return f'<blockquote class="kb-passage">{words(body)}</blockquote>'
    pattern = r"\s+".join(re.escape(word) for word in quote.split())
    found = re.search(pattern, body)
    if found is None:
        return ""
    a, b = found.span()
    marked = f"{words(body[:a])}<mark>{words(body[a:b])}</mark>{words(body[b:])}"
    return f'<blockquote class="kb-passage">{marked}</blockquote>'


def _opened(address: str, obsidian: str) -> str:
    """The way to the source itself: a link on the web; of a file its path, since a page may not open files."""
    if is_web(address):
        return f'<p class="kb-open">{link(address, "Open the source", "Open the source in a new tab")}</p>'
    path, _, lines = name_of(address).partition("#L")
    many = "lines" if "-L" in lines else "line"
    told = f"{path}, {many} {lines.replace('-L', '–')}" if lines else path
    buttons = action("copy", "Copy the path", text=path)
    if obsidian:
        buttons += action("copy", "Copy the Obsidian link", text=obsidian)
    return f'<p class="kb-open"><code>{words(told)}</code></p><div class="kb-row">{buttons}</div>'
