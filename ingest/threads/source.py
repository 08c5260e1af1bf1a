"""Threads as documents: the posts chain by chain, each located by its number; and recaps of threads.

The text is rendered: a post's number on a line of its own, then its words. Posts are the least trusted class.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from ingest.source import TextFile
from ingest.text.spans import trim
from ingest.threads import formats, recap
from ingest.threads import posts as boards
from ingest.threads.posts import Thread
from kb.errors import IngestError
from kb.types.documents import Document, Form, Kind, Metadata, PostSpan, Segment
from kb.types.documents import Post as PostPlace

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
        return formats.parse(file.text, file.item.path) is not None or formats.is_empty(file.text)

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: a segment for each line of a post, chain after chain."""
        thread = formats.parse(file.text, file.item.path, file.item.board)
        if thread is None:
            empty = formats.is_empty(file.text)
            reason = "the thread has no posts" if empty else "it is no thread that this program knows"
            yield IngestError(file.item.uri, reason)
            return
        text, segments, said = render(thread)
        if segments:
            metadata: Metadata = {**facts(thread), "posts": said}
            yield Document(file.item.uri, "thread", thread.title, text, tuple(segments), metadata)


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
    if thread.gone:
        metadata["warnings"] = ["it is gone from its board; what was seen of it is kept"]
    deleted = [post.no for post in thread.posts if post.deleted]
    if deleted:
        metadata["deleted"] = deleted
    return metadata


def render(thread: Thread) -> tuple[str, list[Segment], list[PostSpan]]:
    """A thread's text, its segments, and where each post's own words stand: chain by chain, each under its number."""
    parts: list[str] = []
    segments: list[Segment] = []
    said: list[PostSpan] = []
    at = 0
    for chain in boards.chains(thread.posts):
        for post in chain:
            head = f"No.{post.no}{' (deleted since)' if post.deleted else ''}\n"
            subject = f"{post.subject}\n" if post.subject else ""
            file = f"\n[file: {' '.join(post.file.split())}]" if post.file else ""
            start = at + len(head) + len(subject)
            said.append(
                {
                    "no": post.no,
                    "chain": chain[0].no,
                    "start_char": start,
                    "end_char": start + len(post.text),
                    "quotes": list(post.quotes),
                    "subject": post.subject,
                    "file": post.file,
                }
            )
            body = f"{subject}{post.text}{file}"
            segments += _segments(body, at + len(head), PostPlace(post.no, chain[0].no))
            parts += [head, body, "\n\n"]
            at += len(head) + len(body) + 2
    return "".join(parts), segments, said


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
        segments: list[Segment] = []
        found = recap.parse(file.text)
        for one in found:
            for block in one.blocks:
                first = block.posts[0] if block.posts else one.thread
                for n, (a, b) in enumerate(block.spans):
                    start, end = trim(file.text, a, b)
                    form: Form = "heading" if n == 0 and len(block.spans) > 1 else "prose"
                    if start < end:
                        segments.append(Segment(start, end, PostPlace(first, first), form))
        if not segments:
            return
        threads = sorted({one.thread for one in found})
        board = file.item.board
        metadata: Metadata = {"trust": "anonymous"}
        if board:
            metadata["board"] = board
        if board and len(threads) == 1:
            metadata["url"] = f"https://boards.4chan.org/{board}/thread/{threads[0]}"
        if file.decoded.warning:
            metadata["encoding"] = file.decoded.encoding
            metadata["warnings"] = [file.decoded.warning]
        title = f"{f'/{board}/ ' if board else ''}recap of thread {', '.join(map(str, threads))}"
        yield Document(file.item.uri, "thread", title, file.text, tuple(segments), metadata)
