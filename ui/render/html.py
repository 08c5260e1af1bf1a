"""HTML from words that anybody may have written: everything is escaped here, and only here is a link made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# What means something to a template, in case a text ever stands in one.
_TEMPLATE = str.maketrans({"{": "&#123;", "}": "&#125;", "$": "&#36;", "`": "&#96;"})


def words(text: object) -> str:
    """A text as characters of a page, in an element or an attribute: no markup, no marks that turn its direction."""
    return escape(_INVISIBLE.sub(" ", str(text))).translate(_TEMPLATE)


def link(url: str, label: str, name: str = "") -> str:
    """A link that opens in a new tab; words alone where the address is none of http or https."""
    if not is_web(url):
        return words(label)
    told = f' aria-label="{words(name)}"' if name else ""
    return f'<a href="{words(url)}" target="_blank" rel="noopener noreferrer nofollow"{told}>{words(label)}</a>'


def is_web(url: str) -> bool:
    """Whether an address is one that a page may lead to."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def notice(text: str, mood: str = "quiet") -> str:
    """One line for the person: `quiet`, `good`, `warning` or `bad`."""
    return f'<p class="kb-notice kb-{words(mood)}">{words(text)}</p>'


def notices(lines: Iterable[str], mood: str = "quiet") -> str:
    """Lines for the person."""
    return "".join(notice(line, mood) for line in lines)


def action(name: str, label: str, told: str = "", **data: object) -> str:
    """A button that the page's script acts on: `data-act`, and what it needs to know."""
    facts = "".join(f' data-{key.replace("_", "-")}="{words(value)}"' for key, value in data.items())
    spoken = f' aria-label="{words(told)}"' if told else ""
    return f'<button type="button" class="kb-button" data-act="{words(name)}"{facts}{spoken}>{words(label)}</button>'
