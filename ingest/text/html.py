"""Fragments of HTML, as feeds carry them, as plain paragraphs."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

_BLOCKS = re.compile(
    r"address|article|aside|blockquote|br|d[dlt]|div|figcaption|figure|footer|form|h[1-6r]|header|li|main|nav|[ou]l|p|pre|"
    r"section|table|t[dhr]"
)
_NO_WORDS = re.compile(r"script|style|template|noscript|iframe|object|embed|svg|math|head|title")
_LOOKS = re.compile(r"<[a-zA-Z!/][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
_DEEPEST = 200


def is_html(text: str) -> bool:
    """Whether a text has tags or entities in it."""
    return _LOOKS.search(text) is not None


def text_of(html: str) -> str:
    """The words of a fragment: a paragraph a block, an empty line between two; what is no HTML is only tidied."""
    if not is_html(html):
        return _tidied(html)
    from lxml import etree
    from lxml import html as parser

    try:
        # Control characters are no part of any page, and the parser refuses them.
        clean = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", html)
        root = parser.fragment_fromstring(clean, create_parent="div")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, RecursionError):
        return _tidied(unescape(re.sub(r"<[^<>]*>", " ", html)))
    parts: list[str] = []
    _gather(root, parts, 0)
    return _tidied("".join(parts))


def _gather(element: Any, parts: list[str], depth: int) -> None:
    if isinstance(element.tag, str) and not _NO_WORDS.fullmatch(element.tag) and depth < _DEEPEST:
        block = _BLOCKS.fullmatch(element.tag) is not None
        parts.append("\n" if block else "")
        parts.append(re.sub(r"\s+", " ", element.text or "") if element.tag != "pre" else element.text or "")
        for child in element:
            _gather(child, parts, depth + 1)
        parts.append("\n" if block else "")
    parts.append(re.sub(r"\s+", " ", element.tail or ""))


def _tidied(text: str) -> str:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n\n".join(line for line in lines if line)


def clip(text: str, most: int) -> str:
    """The beginning of a text, cut at a word, with an ellipsis where something was cut."""
    if len(text) <= most:
        return text
    return text[:most].rsplit(" ", 1)[0].rstrip(" ,;:") + " …"
