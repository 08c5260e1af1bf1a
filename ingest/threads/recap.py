"""Recaps of threads in the board's own form, read and written.

    ►Recent Highlights from the Previous Thread: >>100000001

    --What a chain was about:
    >100000012 >100000019

The ids have a single `>`, since more than nine real quotes in a post are refused as spam; they are of that thread.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = re.compile(r"^[ \t]*►[ \t]*Recent Highlights from the Previous Thread:?[ \t]*>{1,2}(\d{6,12})", re.MULTILINE)
_BLOCK = re.compile(r"^--[ \t]*(\S[^\r\n]*?):?[ \t]*\r?$", re.MULTILINE)
_IDS = re.compile(r"[ \t]*(?:>{1,2}\d{6,12}[ \t]*)+")
_ID = re.compile(r">{1,2}(\d{6,12})")


@dataclass(frozen=True, slots=True)
class Block:
    """One chain of a recap: what it was about, its posts, and the spans of its words in the text."""

    summary: str
    posts: tuple[int, ...]
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Recap:
    """A recap: the thread that it is of, and its blocks in order."""

    thread: int
    blocks: tuple[Block, ...]


def is_recap(text: str) -> bool:
    """Whether a text is a recap, or several: a head before all else, and a block. A note that holds one is a note."""
    head = HEAD.search(text)
    return head is not None and not text[: head.start()].strip() and _BLOCK.search(text, head.end()) is not None


def parse(text: str) -> list[Recap]:
    """The recaps in a text, each from its head to the next."""
    heads = list(HEAD.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    return [_one(text, head, end) for head, end in zip(heads, ends, strict=False)]


def _one(text: str, head: re.Match[str], end: int) -> Recap:
    starts = list(_BLOCK.finditer(text, head.end(), end))
    blocks = []
    for n, block in enumerate(starts):
        until = starts[n + 1].start() if n + 1 < len(starts) else end
        posts: list[int] = []
        spans = [block.span(1)]
        at = block.end()
        for n_line, raw in enumerate(text[at:until].splitlines(keepends=True)):
            a, b = at, at + len(raw.rstrip("\r\n"))
            at += len(raw)
            if n_line == 0 and a == b:
                continue  # the end of the block's own line
            if not text[a:b].strip():
                break  # what follows an empty line is no part of the block
            if _IDS.fullmatch(text, a, b):
                posts += [int(number) for number in _ID.findall(text[a:b])]
            else:
                spans.append((a, b))
        blocks.append(Block(block[1].rstrip(":"), tuple(dict.fromkeys(posts)), tuple(spans)))
    return Recap(int(head[1]), tuple(blocks))


def write(thread: int, blocks: Sequence[Block]) -> str:
    """A recap as text, ready to be posted."""
    parts = [f"►Recent Highlights from the Previous Thread: >>{thread}"]
    parts += [f"--{block.summary.rstrip(':')}:\n{' '.join(f'>{no}' for no in block.posts)}" for block in blocks]
    return "\n\n".join(parts) + "\n"
