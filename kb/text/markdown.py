"""Inline markdown, passages and addresses as a reader sees them."""

from __future__ import annotations

import re
from urllib.parse import unquote

_IMAGE = re.compile(r"!\[([^\]\n]*)\]\([^()\s]*(?:\s[^()]*)?\)")
_LINK = re.compile(r"(?<!\\)\[([^\[\]\n]*)\]\((?:[^()\s]|\([^()\s]*\))*(?:\s+\"[^\"]*\")?\)")
_WIKILINK = re.compile(r"!?\[\[([^\[\]|\n]+)(?:\|([^\[\]\n]*))?\]\]")
_URL = re.compile(r"<?\bhttps?://(?:www\.)?([^\s<>()\"'?#]{1,200})[^\s<>()]*>?")
_TAGS = re.compile(
    r"</?(?:a|abbr|b|blockquote|br|caption|center|cite|code|dd|del|details|div|dl|dt|em|figure|figcaption|font|h[1-6]|hr|"
    r"i|iframe|img|ins|kbd|li|mark|ol|p|picture|pre|q|s|samp|script|section|small|source|span|strike|strong|style|sub|"
    r"summary|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|video)(?:\s[^<>\n]*)?/?>",
    re.IGNORECASE,
)
# Code and math are kept as they stand: their stars, bars and angles are no markup.
_AS_IT_STANDS = re.compile(r"(`+)[^`\n]+\1|\$\$[^$]+\$\$|(?<![\\$\w])\$(?=[^\s$])[^$\n]{1,300}?(?<=[^\s\\])\$(?![\d$])")
_BOLD = re.compile(r"(?<![\w)*])\*\*(?!\*)|(?<!\*)\*\*(?![\w(*])")
_PAIRED = (
    re.compile(r"(?<!\w)__(?=\S)([^_\n]*\s[^_\n]*)(?<=\S)__(?!\w)"),
    re.compile(r"~~(?=\S)([^~\n]+)(?<=\S)~~"),
    re.compile(r"==(?=\S)([^=\n]+)(?<=\S)=="),
    re.compile(r"(?<![\w*\\])\*(?=[^\s*])([^*\n]+)(?<=[^\s*])\*(?![\w*])"),
    re.compile(r"(?<!\w)_(?=[^\s_])([^_\n]+)(?<=[^\s_])_(?!\w)"),
)
_LONGEST_URL = 60


def plain(text: str) -> str:
    """What a reader sees of inline markdown: link texts, no emphasis marks, URLs cut to host and path.

    Code and math stay as they are. For embedding, breadcrumbs and display; a quote is never cleaned.
    """
    out: list[str] = []
    at = 0
    for kept in _AS_IT_STANDS.finditer(text):
        out += [_cleaned(text[at : kept.start()]), kept.group()]
        at = kept.end()
    out.append(_cleaned(text[at:]))
    return re.sub(r"[ \t]+", " ", "".join(out)).strip()


def shown(text: str) -> str:
    """A passage as a reader sees it: link texts, one line, no control characters that a terminal would obey."""
    words = " ".join(plain(line) for line in text.splitlines())
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def name_of(uri: str) -> str:
    """A uri as a person reads it: a path for files, without percent signs."""
    return unquote(uri.removeprefix("file://")) if uri.startswith("file://") else uri


def _cleaned(text: str) -> str:
    text = _IMAGE.sub(r"\1", text)
    text = _WIKILINK.sub(lambda m: m.group(2) or m.group(1), text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(lambda m: m.group(1)[:_LONGEST_URL].rstrip("/.,"), text)
    text = _TAGS.sub(" ", text)
    text = _BOLD.sub("", text)
    for pair in _PAIRED:
        text = pair.sub(r"\1", text)
    return text
