"""Threads as documents: the posts chain by chain, each located by its number; and recaps of threads.

The text is rendered: a post's number on a line of its own, then its words. Posts are the least trusted class.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from ingest import posts as boards
from ingest import recap, thread_json
from ingest.posts import Post, Thread
from ingest.source import TextFile
from ingest.spans import trim
from kb.documents import Document, Form, Kind, Metadata, Segment
from kb.documents import Post as PostPlace
from kb.errors import IngestError

_OPAQUE_NAME = re.compile(r"[\da-f_-]{8,}\.\w+(?: \(.*\))?|(?:image|file)\.\w+.*|a file that was deleted", re.I)


class Threads:
    """Reads saved threads: 4chan's and archives' JSON, YAML and JSON lists of posts."""

    name = "threads"
    version = 1
    kind: Kind = "thread"
    suffixes = frozenset({".json", ".yaml", ".yml"})
    empty = "its posts say nothing"

    def recognises(self, file: TextFile) -> bool:
        """By its shape: a transcript's JSON has none of it."""
        head = file.text[:4000].casefold()
        if not re.search(r"\"posts\"|\"op\"|\bid\"?\s*:", head):
            return False
        return thread_json.parse(file.text, file.item.path) is not None

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each line of a post, chain after chain."""
        thread = thread_json.parse(file.text, file.item.path, file.item.board)
        if thread is None:
            yield IngestError(file.item.uri, "it is no thread that this program knows")
            return
        text, segments = render(thread)
        if segments:
            yield Document(file.item.uri, "thread", thread.title, text, tuple(segments), facts(thread))


def facts(thread: Thread) -> Metadata:
    """What is known of a thread beside its posts."""
    metadata: Metadata = {"trust": "anonymous", "rendered": True}
    if thread.board:
        metadata["board"] = thread.board
    if thread.url:
        metadata["url"] = thread.url
    times = [post.time for post in thread.posts if 0 < post.time < 4_102_444_800]
    if times:
        metadata["published"] = dt.datetime.fromtimestamp(min(times), tz=dt.UTC).date().isoformat()
    if missing := boards.dangling(thread.posts):
        metadata["dangling"] = missing
    deleted = [post.no for post in thread.posts if post.deleted]
    if deleted:
        metadata["deleted"] = deleted
    return metadata


def render(thread: Thread) -> tuple[str, list[Segment]]:
    """A thread's text and its segments: chain by chain, each post under its number."""
    parts: list[str] = []
    segments: list[Segment] = []
    at = 0
    for chain in boards.chains(thread.posts):
        for post in chain:
            head = f"No.{post.no}{' (deleted since)' if post.deleted else ''}\n"
            body = _body(post)
            segments += _segments(body, at + len(head), PostPlace(post.no, chain[0].no))
            parts += [head, body, "\n\n"]
            at += len(head) + len(body) + 2
    return "".join(parts), segments


def _body(post: Post) -> str:
    lines = [post.subject] if post.subject else []
    lines += [post.text] if post.text else []
    if post.file:
        lines.append(f"[file: {' '.join(post.file.split())}]")
    return "\n".join(lines)


def _segments(body: str, at: int, place: PostPlace) -> Iterator[Segment]:
    """A segment a line: greentext says one thing a line. Lines of mere quotes and opaque file names are no words."""
    form: Form = "prose"
    for match in re.finditer(r"[^\n]+", body):
        line = match.group()
        if line.strip() == "```":
            form = "prose" if form == "code" else "code"
            continue
        name = re.fullmatch(r"\[file: (.*)\]", line)
        if boards.only_quotes(line) or (name and _OPAQUE_NAME.fullmatch(name[1])):
            continue
        start, end = trim(body, match.start(), match.end())
        if start < end:
            yield Segment(at + start, at + end, place, form)


class Recaps:
    """Reads recaps of threads, in `.md` and `.txt` files."""

    name = "recaps"
    version = 1
    kind: Kind = "thread"
    suffixes = frozenset({".md", ".markdown", ".txt"})
    empty = "its blocks say nothing"

    def recognises(self, file: TextFile) -> bool:
        """By its head and a block."""
        return recap.is_recap(file.text)

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment a line, located by the first post that its block is about."""
        found = recap.parse(file.text)
        if found is None:
            yield IngestError(file.item.uri, "it is no recap of a thread")
            return
        segments: list[Segment] = []
        for block in found.blocks:
            first = block.posts[0] if block.posts else found.thread
            for n, (a, b) in enumerate(block.spans):
                start, end = trim(file.text, a, b)
                form: Form = "heading" if n == 0 and len(block.spans) > 1 else "prose"
                if start < end:
                    segments.append(Segment(start, end, PostPlace(first, first), form))
        if not segments:
            return
        board = file.item.board
        metadata: Metadata = {"trust": "anonymous"}
        if board:
            metadata["board"] = board
            metadata["url"] = f"https://boards.4chan.org/{board}/thread/{found.thread}"
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [file.decoded.warning]
        title = f"{f'/{board}/ ' if board else ''}recap of thread {found.thread}"
        yield Document(file.item.uri, "thread", title, file.text, tuple(segments), metadata)
