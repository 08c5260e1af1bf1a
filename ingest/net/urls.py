"""One address a page: URLs in the form by which links, feeds and notes are compared."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode, urlsplit, urlunsplit

# What sites add to see who sent a reader; the page is the same without it.
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|ref|ref_src|ref_url", re.IGNORECASE)
_ARXIV_ID = r"(?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})"
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html)/({_ARXIV_ID})(?:v\d+)?(?:\.pdf)?/?", re.IGNORECASE)
_ARXIV_NAME = re.compile(rf"arxiv:\s*({_ARXIV_ID})(?:v\d+)?", re.IGNORECASE)
_YOUTUBE_HOSTS = frozenset({"youtube.com", "www.youtube.com", "m.youtube.com"})
_URL_TEXT = re.compile(r"https?://[^\s<>\"'`\\^{}|]+", re.IGNORECASE)
_DISCUSSION = re.compile(
    r"https?://(?:news\.ycombinator\.com/item|lobste\.rs/s/|(?:www\.|old\.)?reddit\.com/r/\w+/comments/)", re.IGNORECASE
)
_CLOSERS = {")": "(", "]": "["}


def is_url(text: str) -> bool:
    """Whether a text is an address of the web."""
    return bool(re.match(r"https?://[^\s/]", text, re.IGNORECASE))


def is_sound(url: str) -> bool:
    """Whether an address can be asked for at all: its host and port are ones."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def has_credentials(url: str) -> bool:
    """Whether a name or a password stands in an address."""
    try:
        return "@" in urlsplit(url).netloc
    except ValueError:
        return False


def canonical(url: str) -> str:
    """The one form of an address: host in lower case, no fragment, port or parameters that change nothing.

    YouTube's short links become the long ones (with the second they begin at), arXiv's PDFs the page of the paper
    without its version. What is no http(s) address comes back as it is.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return url.strip()
    if parts.scheme.lower() not in ("http", "https") or not host:
        return url.strip()
    scheme = parts.scheme.lower()
    path = quote(parts.path, safe="/%:@!$&'()*+,;=~-._", errors="replace")
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)]
    if host == "youtu.be" and path.strip("/"):
        query = [("v", path.strip("/")), *[pair for pair in query if pair[0] == "t"]]
        host, path = "www.youtube.com", "/watch"
    elif host in _YOUTUBE_HOSTS:
        host = "www.youtube.com"
        if path == "/watch":
            query = [pair for pair in query if pair[0] in ("v", "t", "list")]
    elif host in ("arxiv.org", "www.arxiv.org", "export.arxiv.org") and (paper := _ARXIV_PATH.fullmatch(path)):
        return f"https://arxiv.org/abs/{paper.group(1)}"
    netloc = host if port in (None, 80 if scheme == "http" else 443) else f"{host}:{port}"
    if ":" in host:
        netloc = netloc.replace(host, f"[{host}]", 1)
    return urlunsplit((scheme, netloc, path or "/", urlencode(query), ""))


def is_discussion(url: str) -> bool:
    """Whether an address is a page on which something else is discussed (Hacker News, Lobsters, Reddit)."""
    return _DISCUSSION.match(url) is not None


def arxiv_id(text: str) -> str:
    """The id of a paper that `arxiv:2407.21783` or an address of arXiv names; empty if neither."""
    if named := _ARXIV_NAME.fullmatch(text.strip()):
        return named.group(1)
    match = re.fullmatch(r"https://arxiv\.org/abs/(.+)", canonical(text)) if is_url(text) else None
    return match.group(1) if match else ""


def in_text(text: str) -> list[tuple[int, str]]:
    """Every address that stands in a text, with its offset; punctuation that closes a sentence is not part of it."""
    return [(match.start(), _without_punctuation(match.group())) for match in _URL_TEXT.finditer(text)]


def _without_punctuation(url: str) -> str:
    while url:
        last = url[-1]
        if last in ".,;:!?*_~" or (last in _CLOSERS and url.count(last) > url.count(_CLOSERS[last])):
            url = url[:-1]
        else:
            break
    # `[text](https://…)` in running text: what closes the markup ends the address.
    for opener, closer in (("(", ")"), ("[", "]")):
        depth = 0
        for at, character in enumerate(url):
            depth += (character == opener) - (character == closer)
            if depth < 0:
                return _without_punctuation(url[:at])
    return url


def file_uri(path: Path) -> str:
    """The percent-encoded absolute `file://` URI by which a document is known."""
    return Path(os.path.abspath(path)).as_uri()


def path_of(uri: str) -> Path | None:
    """The file behind a `file://` URI; None for any other."""
    return Path(os.fsdecode(unquote_to_bytes(urlsplit(uri).path))) if uri.startswith("file://") else None
