"""A digest as a person or a program reads it: markdown that can be ticked and ingested, HTML, Atom."""

from __future__ import annotations

import datetime as dt
import re
from html import escape
from xml.etree import ElementTree

from kb.digest.items import Digest, DigestItem

_ATOM = "http://www.w3.org/2005/Atom"
_NO_CHARACTER = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NO_WORDS = "Only its headline is known"


def line(text: str) -> str:
    """A text as one line that no markdown reader takes for markup of its own."""
    one = " ".join(_NO_CHARACTER.sub(" ", text).split())
    return re.sub(r"([<`*\[\]])", r"\\\1", one)


def markdown(digest: Digest) -> str:
    """The form of link digests that people keep: `## Title`, Summary, Link, date, marks to tick, topics.

    `kb digest` reads the ticks of the files that it wrote; `kb: digest` in the front matter says that it did.
    """
    day = digest.date
    parts = [f"---\ntitle: Digest of {day}\ndate: {day}\nkb: digest\n---\n"]
    sections = digest.sections()
    for name, items in sections:
        if len(sections) > 1:
            parts.append(f"# {line(name) or 'Other'}\n")
        parts += [_entry(item) for item in items]
    if digest.failed:
        rows = [f"- {line(feed)}: {line(error)}" for feed, error in digest.failed]
        parts.append("# Feeds that failed\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _entry(item: DigestItem) -> str:
    day = dt.date.fromisoformat(item.date)
    said = line(item.summary) or f"{NO_WORDS} ({line(item.headline_only)})."
    lines = [f"## {line(item.title)}", f"Summary: {said}", "", f"Link: {item.url}", "", relation(item)]
    if item.also:
        lines.append("Also in: " + ", ".join(f"[{line(feed)}](<{url}>)" for feed, url in item.also))
    if item.discusses:
        lines.append(f"Discusses: {item.discusses}")
    boxes = [
        f"- [{_cross(item.state == 'read')}] Mark as read",
        f"- [{_cross(item.best)}] Mark as BestOf",
    ]
    tags = "".join(f" #{tag}" for tag in map(_tag, item.tags) if tag)
    foot = f"<sup><sub>{day.month}/{day.day}/{day.year}{tags} {item.id}</sub></sup>"
    return "\n".join([*lines, "", *boxes, "", foot, ""])


def _cross(ticked: bool) -> str:
    return "x" if ticked else " "


def relation(item: DigestItem) -> str:
    """How an item stands to what is known, in words."""
    known = item.relation
    source = f"from {line(item.feed)}"
    if known.title is None:
        return f"New to you; {source}"
    name = f"[{line(known.title)}](<{known.uri}>)" if known.uri else line(known.title)
    return f"Repeats: {name}; {source}" if known.type == "repeats" else f"New to you; {source}; nearest: {name}"


def _tag(tag: str) -> str:
    """A tag as it stands in a text: no blanks, beginning with a letter."""
    joined = re.sub(r"[^\w/]+", "-", tag).strip("-/")
    return joined if re.match(r"[^\W\d_]", joined) else ""


_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
article { margin: 0 0 1.6rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .8rem; } h3 { font-size: 1.05rem; margin: 0; }
p { margin: .3rem 0; } .about { opacity: .75; font-size: .85rem; }
"""


def html(digest: Digest) -> str:
    """One page without anything that is loaded or run."""
    out = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Digest of {escape(digest.date)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>Digest of {escape(digest.date)}</h1>",
    ]
    sections = digest.sections()
    for name, items in sections:
        if len(sections) > 1:
            out.append(f"<h2>{escape(name or 'Other')}</h2>")
        out += [_article(item) for item in items]
    if digest.failed:
        rows = "".join(f"<li>{escape(feed)}: {escape(error)}</li>" for feed, error in digest.failed)
        out.append(f"<h2>Feeds that failed</h2><ul>{rows}</ul>")
    out.append("</body></html>")
    return _NO_CHARACTER.sub("", "\n".join(out)) + "\n"


def _article(item: DigestItem) -> str:
    said = escape(item.summary) or f"<em>{NO_WORDS}.</em>"
    facts = [item.date, item.feed, *item.tags]
    if item.relation.title is not None:
        facts.append(("repeats " if item.relation.type == "repeats" else "new; nearest: ") + item.relation.title)
    else:
        facts.append("new")
    also = ", ".join(f"{_anchor(url, feed)}" for feed, url in item.also)
    about = " · ".join(escape(fact) for fact in facts) + (f" · also in {also}" if also else "")
    return (
        f'<article id="{escape(item.id)}"><h3>{_anchor(item.url, item.title)}</h3><p>{said}</p>'
        f'<p class="about">{about}</p></article>'
    )


def _anchor(url: str, words: str) -> str:
    return f'<a href="{escape(url)}" rel="noopener noreferrer">{escape(words)}</a>'


def atom(digest: Digest) -> str:
    """An Atom feed with an entry an item. https://www.rfc-editor.org/rfc/rfc4287"""
    ElementTree.register_namespace("", _ATOM)
    feed = ElementTree.Element(f"{{{_ATOM}}}feed")

    def add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
        element = ElementTree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
        element.text = _NO_CHARACTER.sub("", text) or None
        return element

    add(feed, "id", f"urn:kb:digest:{digest.date}")
    add(feed, "title", f"Digest of {digest.date}")
    add(feed, "updated", digest.until)
    add(add(feed, "author"), "name", "kb")
    for item in digest.items:
        entry = add(feed, "entry")
        add(entry, "id", f"urn:kb:link:{item.id}")
        add(entry, "title", item.title)
        add(entry, "updated", f"{item.date}T00:00:00Z")
        add(entry, "link", href=item.url)
        for _, url in item.also:
            add(entry, "link", href=url, rel="related")
        for tag in item.tags:
            add(entry, "category", term=tag)
        add(entry, "summary", item.summary or f"{NO_WORDS}.")
    ElementTree.indent(feed)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(feed, encoding="unicode") + "\n"
