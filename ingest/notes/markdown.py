"""Markdown and plain-text notes: headings, nested bullets, code, tables, with the offsets of each in the file.

markdown-it-py finds the blocks; indented code is off, since outlines in the wild indent their first bullet by a tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from ingest.notes import frontmatter, wikilinks
from ingest.source import TextFile
from ingest.text.spans import LineTable, trim, without
from kb.errors import IngestError
from kb.text.markdown import plain
from kb.types.documents import Document, Form, Kind, Lines, Metadata, Segment

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

# What stands before an item's own words: quote marks, bullets or numbers (several, for lists that begin on one line),
# and a task's box.
_MARKERS = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])(?:[ \t]+|$)[ \t>]*)*(?:\[[ xX]\][ \t]+)?")
_QUOTE_MARKS = re.compile(r"[ \t>]*")
_DOCTOC = re.compile(r"<!--\s*START doctoc.*?(?:<!--\s*END doctoc.*?-->|\Z)", re.DOTALL)
# An unclosed comment is none: it must not swallow the rest of the file.
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
# Obsidian's comments; "5%%" opens none.
_PERCENTS = re.compile(r"(?<![\w%])%%(?!%).*?%%(?![\w%])", re.DOTALL)
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)[^\r\n]*?(?<!`)\1(?!`)")
_UNDERLINE = re.compile(r"[\r\n]+[ \t>]*(?:=+|-+)[ \t]*\Z")
# Obsidian's rule: letters, digits, _, - and /, at least one of them no digit, after white space.
_TAG = re.compile(r"(?<!\S)#((?=[\w/-]*[^\W\d])[\w/-]+)")
_NO_TAGS = re.compile(r"`[^`\r\n]*`|\bhttps?://\S+|\]\([^)\r\n]*\)|\[\[[^\]\r\n]*\]\]")
# `^name` at the end of a block is its address for links, and no word of it.
_BLOCK_ID = re.compile(r"(?:\A|[ \t\r\n])\^[A-Za-z0-9-]+\Z")
_CALLOUT = re.compile(r"\[!\w[\w|-]*\][+-]?[ \t]*")
_LONGEST_UNDERLINED = 120
# Blocks in blocks, two a level of bullets; as deep as the parser goes without running into Python's own limit.
_DEEPEST = 240
_ONLY_MARKUP = re.compile(r"(?:\s|<[^<>]*>)*\Z")


class Notes:
    """Reads `.md` and `.txt` files as outlines."""

    name = "notes"
    version = 5
    kind: Kind = "note"
    suffixes = frozenset({".md", ".markdown", ".txt"})
    empty = "it holds no text to search"

    def recognises(self, file: TextFile) -> bool:
        """Any text can be a note."""
        return True

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each paragraph, item, fence and table."""
        text = file.text
        head = frontmatter.parse(text)
        outline = Outline.of(text, head.body, file.suffix != ".txt")
        metadata: Metadata = {**head.metadata, "trust": "own"}
        if tags := list(dict.fromkeys([*head.metadata.get("tags", []), *outline.tags()])):
            metadata["tags"] = tags
        if links := wikilinks.links(text):
            metadata["links"] = links
        vault, path = wikilinks.vault_of(file.item.path)
        if vault:
            metadata["vault"], metadata["vault_path"] = vault, path
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [*metadata.get("warnings", []), file.decoded.warning]
        title = head.title or outline.title or file.stem
        if outline.segments:
            yield Document(file.item.uri, "note", title, text, tuple(outline.segments), metadata)


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Only the blocks are wanted; what a line says inline is read from the text itself.
    return MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable("table").disable(["code", "inline", "reference"])


@dataclass
class Outline:
    """Walks the blocks of markdown and gathers its segments, its heading path and its title."""

    text: str
    body: int
    obsidian: bool = False
    segments: list[Segment] = field(default_factory=list)
    title: str = ""
    _path: list[tuple[int, str]] = field(default_factory=list)
    _depth: int = 0
    _headed: bool = False
    _bare: tuple[int, int] | None = None  # the last heading, until something stands under it

    @classmethod
    def of(cls, text: str, body: int = 0, obsidian: bool = False) -> Outline:
        """The outline of a text whose body begins at an offset; with `obsidian`, `%% … %%` are comments."""
        outline = cls(text, body, obsidian)
        outline.walk(_markdown().parse(text[body:]))
        return outline

    def __post_init__(self) -> None:
        self._lines = LineTable(self.text)
        self._base = self._lines.line_of(self.body)
        fences = [m.span() for m in re.finditer(r"(?ms)^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", self.text)]
        found = [m.span() for m in _DOCTOC.finditer(self.text)] + [m.span() for m in _COMMENT.finditer(self.text)]
        found += [m.span() for m in _PERCENTS.finditer(self.text)] if self.obsidian else []
        code = fences + [m.span() for m in _INLINE_CODE.finditer(self.text)]
        outside = [s for s in found if not any(a <= s[0] < b or a < s[1] <= b for a, b in code)]
        self._dropped = _disjoint(outside)

    def walk(self, tokens: list[Token]) -> None:
        """Turn the tokens of the body into segments."""
        for at, token in enumerate(tokens):
            if token.type == "list_item_open":
                self._depth += 1
            elif token.type == "list_item_close":
                self._depth -= 1
            elif token.type == "heading_open":
                self._heading(token, tokens[at + 1].content)
            elif token.type == "paragraph_open":
                self._block(token, "bullet" if self._depth else "prose")
            elif token.type == "fence":
                self._block(token, "code")
            elif token.type == "table_open":
                self._block(token, "table")
            elif token.type == "html_block" and not _ONLY_MARKUP.match(token.content):
                self._block(token, "prose")
        self._close_heading()

    def tags(self) -> list[str]:
        """Tags that stand in the text (`#topic/nested`), in order; not those of headings, code and links."""
        found: list[str] = []
        for segment in self.segments:
            if segment.form in ("prose", "bullet"):
                body = _NO_TAGS.sub(" ", self.text[segment.start_char : segment.end_char])
                found += [match[1].rstrip("/-") for match in _TAG.finditer(body)]
        return list(dict.fromkeys(found))

    def _span(self, token: Token) -> tuple[int, int]:
        first, last = token.map or [0, 0]
        return self._lines.start(first + self._base), self._lines.end(max(last, first + 1) - 1 + self._base)

    def _heading(self, token: Token, content: str) -> None:
        if token.markup in ("=", "-") and ("\n" in content or len(content) > _LONGEST_UNDERLINED):
            # A rule drawn under a paragraph makes it no heading for a reader.
            self._block(token, "prose")
            return
        level = int(token.tag[1])
        if self._path and self._path[-1][0] >= level:
            self._close_heading()
        self._bare = None
        start, end = self._span(token)
        title = plain(content)
        if level == 1 and not self._headed:
            self.title = title
        self._headed = True
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))
        marked = re.match(r"[ \t>]*(?:[-*+][ \t]+)*#{1,6}[ \t]*", self.text[start:end])
        underline = _UNDERLINE.search(self.text[start:end])
        last = start + underline.start() if underline else end
        self._bare = trim(self.text, start + (marked.end() if marked else 0), last)

    def _close_heading(self) -> None:
        """Add the heading that is open: something stands under it, or nothing ever will."""
        if self._bare is not None and self._bare[0] < self._bare[1]:
            self._add(*self._bare, "heading")
        self._bare = None

    def _block(self, token: Token, form: Form) -> None:
        start, end = self._span(token)
        start = min(start, end)
        for a, b in without(start, end, self._dropped):
            if form in ("prose", "bullet"):
                match = (_MARKERS if self._depth else _QUOTE_MARKS).match(self.text, a, b)
                a = match.end() if match else a
                callout = _CALLOUT.match(self.text, a, b)
                a = callout.end() if callout else a
                block_id = _BLOCK_ID.search(self.text, a, trim(self.text, a, b)[1])
                b = block_id.start() if block_id else b
            a, b = trim(self.text, a, b)
            if a < b:
                # A heading is quotable with what stands under it; one that only holds other headings is not content.
                self._close_heading()
                self._add(a, b, form)

    def _add(self, start: int, end: int, form: Form) -> None:
        if self.segments and start < self.segments[-1].end_char:
            return
        heading = tuple(title for _, title in self._path)
        lines = Lines(self._lines.line_of(start), self._lines.line_of(end - 1), heading)
        self.segments.append(Segment(start, end, lines, form, 0 if form == "heading" else self._depth))


def _disjoint(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out
