"""Web pages: the article of an HTML page as an outline, by trafilatura.

The text is rendered as markdown: headings, lists, tables and code stay what they are, so a passage is located by the
headings above it. Menus, comments and scripts are left out.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import Any

from ingest.net import urls
from ingest.notes.markdown import Outline
from ingest.source import TextFile
from ingest.threads import fourchan
from kb.errors import IngestError
from kb.types.documents import Document, Kind, Metadata

_LOOKS = re.compile(r"<(?:!doctype\s+html|html|head|body|article|main|div|p|h1)\b", re.IGNORECASE)

# Fewer are what is left of a page of menus.
_FEWEST_WORDS = 5
_FEWEST_LETTERS = 30  # of scripts that write no spaces


class WebPages:
    """Reads `.html` files and fetched pages."""

    name = "web"
    version = 2
    kind: Kind = "web"
    suffixes = frozenset({".html", ".htm", ".xhtml"})
    empty = "no article could be found in it, only menus and scripts"

    def recognises(self, file: TextFile) -> bool:
        """Anything with a tag of a page in it."""
        return _LOOKS.search(file.text) is not None

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each block of the article."""
        found = _extract(file.text)
        if found is None:
            return
        text = found.raw_text or ""
        if len(text.split()) < _FEWEST_WORDS and sum(c.isalpha() for c in text) < _FEWEST_LETTERS:
            return
        outline = Outline.of(text)
        if not outline.segments:
            return
        metadata: Metadata = {"trust": "published", "rendered": True}
        if found.author:
            metadata["authors"] = [name for part in found.author.split(";") if (name := part.strip())]
        if found.date:
            metadata["published"] = found.date
        if found.url and urls.is_url(found.url):
            metadata["url"] = urls.canonical(found.url)
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [file.decoded.warning]
        if thread := _thread_page(file.text, metadata.get("url", "")):
            metadata["trust"] = "anonymous"
            metadata["board"] = thread
        title = found.title or outline.title or file.stem
        yield Document(file.item.uri, "web", " ".join(title.split()), text, tuple(outline.segments), metadata)


def _thread_page(html: str, url: str) -> str:
    """The board of a page that shows a thread: what stands there is anonymous, however the page came here."""
    where = fourchan.thread_at(url) if url else None
    if where is not None:
        return where[0]
    shows = re.search(r"class=\"[^\"]*\b(?:postMessage|is_thread|post_wrapper)\b", html)
    board = re.search(r"boards\.4chan(?:nel)?\.org/(\w{1,6})/", html)
    return (board[1] if board else "unknown") if shows else ""


def _extract(html: str) -> Any:
    import trafilatura
    from trafilatura.settings import use_config

    config = use_config()
    # A short page is a page; below its usual 250 characters the library falls back to all words, menus included.
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", "30")
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    try:
        return trafilatura.bare_extraction(
            html,
            with_metadata=True,
            include_formatting=True,
            include_tables=True,
            include_comments=False,
            favor_recall=True,
            config=config,
            date_extraction_params={"extensive_search": False, "original_date": True},
        )
    except (ValueError, RecursionError, TypeError, AttributeError):
        # Pages that no browser would show either; the library raises whatever its parser met.
        return None
