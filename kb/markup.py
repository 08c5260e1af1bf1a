"""Inline markdown as a reader sees it."""

from __future__ import annotations

import re

_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(r"(?<!\\)\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_WIKILINK = re.compile(r"!?\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\]")
_URL = re.compile(r"<?\bhttps?://(?:www\.)?([^\s<>()\"'?#]{1,200})[^\s<>()]*>?")
_TAGS = re.compile(r"</?[A-Za-z][^<>\n]*>")
_EMPHASIS = re.compile(r"(\*\*|__|~~|==|(?<![\w*])\*(?=\S)|(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)|(?<=\S)_(?!\w))")
_LONGEST_URL = 60


def plain(text: str) -> str:
    """What a reader sees of inline markdown: link texts, no emphasis marks, URLs cut to host and path.

    For embedding, breadcrumbs and display; a quote is never cleaned.
    """
    text = _IMAGE.sub(r"\1", text)
    text = _WIKILINK.sub(lambda m: m.group(2) or m.group(1), text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(lambda m: m.group(1)[:_LONGEST_URL].rstrip("/.,"), text)
    text = _TAGS.sub(" ", text)
    text = _EMPHASIS.sub("", text)
    return re.sub(r"[ \t]+", " ", text).strip()
