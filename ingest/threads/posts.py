"""Posts of an imageboard and the threads they make: what is said, what answers what.

Names and tripcodes are not kept. https://github.com/4chan/4chan-API describes the JSON and the HTML of a comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser

# `>>123456789` in its own thread; `>>>/g/123` leads to another board.
QUOTE = re.compile(r"(?<!>)>>(\d{6,12})(?!\d)")
_ONLY_QUOTES = re.compile(r"(?:\s*>>\d{6,12}(?:\s*\((?:OP|You)\))?\s*)+\Z")
_ELSEWHERE = re.compile(r"/(\w+)/thread/(\d+)(?:/[^#]*)?#p(\d+)")
_BLOCKS = frozenset({"p", "div", "pre", "blockquote", "li", "ul", "tr", "td", "table", "h1", "h2", "h3"})
_SILENT = frozenset({"script", "style", "title", "template"})
_FEWEST_WORDS = 5
_ADDED = re.compile(r"<table[^>]*class=\"?exif.*?</table>|<span[^>]*class=\"?abbr.*?</span>", re.DOTALL | re.IGNORECASE)
_BANNED = re.compile(r"\(USER WAS (?:BANNED|WARNED)[^()]*\)")


@dataclass(frozen=True, slots=True)
class ThreadPost:
    """A post: its number, when (seconds since 1970, 0 unknown), its words, the numbers it quotes in its own thread.

    `file` is the name and size of what was attached; `deleted`: it stood there once and is gone from the board.
    """

    no: int
    time: int
    text: str
    quotes: tuple[int, ...] = ()
    subject: str = ""
    file: str = ""
    deleted: bool = False

    @property
    def says_something(self) -> bool:
        """Whether it has more to it than quotes, a word or a picture."""
        words = re.findall(r"[^\W\d_]{2,}", QUOTE.sub(" ", self.text))
        return len(words) >= _FEWEST_WORDS or "http" in self.text


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread, its posts by number. `board` is empty where nothing says it; then there are no permalinks.

    `gone`: its board does not have it any more.
    """

    board: str
    no: int
    title: str
    posts: tuple[ThreadPost, ...]
    url: str = ""
    gone: bool = False


class _Comment(HTMLParser):
    """A comment's HTML as the text that a reader sees; entities are read last, so that no markup can come of them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0
        self._elsewhere = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br" or tag in _BLOCKS:
            self._line()
        if tag == "pre":
            self.parts.append("```\n")
        if tag == "a":
            found = _ELSEWHERE.search(dict(attrs).get("href") or "")
            self._elsewhere = f">>>/{found[1]}/{found[3]}" if found else ""

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "pre":
            self._line()
            self.parts.append("```\n")
        elif tag in _BLOCKS:
            self._line()
        elif tag == "a":
            self._elsewhere = ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            # A quote of another thread's post must not look like one of this thread's.
            self.parts.append(self._elsewhere if self._elsewhere and QUOTE.match(data) else data)

    def _line(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")


def text_of(html: str) -> str:
    """The text of a comment: a line for each `<br>`, code in fences, links written out.

    What is no HTML comes back as the words it has; nothing raises.
    """
    # A <wbr> splits long words and addresses for a browser's sake, and is nothing in a text.
    html = re.sub(r"<wbr\s*/?>", "", html, flags=re.IGNORECASE)
    html = re.sub(r"<br\s*/?>", "\n", html, flags=re.IGNORECASE)
    # What the site adds is nothing that the poster wrote.
    html = _ADDED.sub("", html)
    parser = _Comment()
    try:
        parser.feed(html)
        parser.close()
    except AssertionError:
        # The library gives up at declarations that are none: all markup goes, the words stay.
        parser = _Comment()
        parser.parts.append(unescape(re.sub(r"<[^<>]*>?", " ", html)))
    text = (
        _BANNED.sub("", "".join(parser.parts))
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
        .replace("\x00", "")
    )
    lines = [line.rstrip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def quotes_of(text: str) -> tuple[int, ...]:
    """The numbers of the posts that a text quotes in its own thread, each once, in order."""
    return tuple(dict.fromkeys(int(number) for number in QUOTE.findall(text)))


def only_quotes(line: str) -> bool:
    """Whether a line holds nothing but the numbers of what is answered."""
    return _ONLY_QUOTES.match(line) is not None


def edges(posts: Sequence[ThreadPost]) -> list[tuple[int, int]]:
    """(post, post it answers) for every quote, those of posts that are not there too."""
    return [(post.no, target) for post in posts for target in post.quotes]


def chains(posts: Sequence[ThreadPost]) -> list[tuple[ThreadPost, ...]]:
    """The reply chains: posts that answer one another, however far, by number; chains by their first post.

    A post that answers nobody and that nobody answers is a chain of its own, if it says something.
    """
    leads: dict[int, int] = {post.no: post.no for post in posts}

    def first(no: int) -> int:
        while leads[no] != no:
            leads[no] = leads[leads[no]]
            no = leads[no]
        return no

    for no, target in edges(posts):
        if target in leads:
            a, b = sorted((first(no), first(target)))
            leads[b] = a
    found: dict[int, list[ThreadPost]] = {}
    for post in sorted(posts, key=lambda p: p.no):
        found.setdefault(first(post.no), []).append(post)
    kept = [tuple(chain) for chain in found.values() if len(chain) > 1 or chain[0].says_something]
    return sorted(kept, key=lambda chain: chain[0].no)


def dangling(posts: Sequence[ThreadPost]) -> list[int]:
    """Numbers that are quoted and are not among the posts."""
    known = {post.no for post in posts}
    return sorted({target for _, target in edges(posts)} - known)


def merged(kept: Iterable[Mapping[str, object]], fetched: Iterable[Mapping[str, object]]) -> list[dict[str, object]]:
    """The posts of two looks at a thread: the later look's, and those that are gone since, marked as deleted."""
    now = {_number(post): dict(post) for post in fetched}
    for post in kept:
        if _number(post) not in now:
            now[_number(post)] = {**post, "deleted": 1}
    return [now[no] for no in sorted(now)]


def _number(post: Mapping[str, object]) -> int:
    no = post.get("no")
    return no if isinstance(no, int) else 0
