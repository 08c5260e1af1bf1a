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
_BLOCK = re.compile(r"^--[ \t]*(\S[^\r\n]*?):?[ \t]*$", re.MULTILINE)
_IDS = re.compile(r"[ \t]*(?:>{1,2}\d{6,12}[ \t]*)+")
_ID = re.compile(r">{1,2}(\d{6,12})")
PAPER = re.compile(r"Paper:\s*(.+)", re.IGNORECASE)


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
    """Whether a text holds a recap: its head, and a block."""
    head = HEAD.search(text)
    return head is not None and _BLOCK.search(text, head.end()) is not None


def parse(text: str) -> Recap | None:
    """The recap in a text; None if there is none."""
    head = HEAD.search(text)
    if head is None:
        return None
    starts = list(_BLOCK.finditer(text, head.end()))
    blocks = []
    for n, block in enumerate(starts):
        until = starts[n + 1].start() if n + 1 < len(starts) else len(text)
        posts: list[int] = []
        spans = [block.span(1)]
        for line in re.finditer(r"[^\r\n]+", text[block.end() : until]):
            a, b = block.end() + line.start(), block.end() + line.end()
            if _IDS.fullmatch(text, a, b):
                posts += [int(number) for number in _ID.findall(text[a:b])]
            elif text[a:b].strip():
                spans.append((a, b))
        blocks.append(Block(block[1].rstrip(":"), tuple(dict.fromkeys(posts)), tuple(spans)))
    return Recap(int(head[1]), tuple(blocks))


def write(thread: int, blocks: Sequence[Block]) -> str:
    """A recap as text, ready to be posted."""
    parts = [f"►Recent Highlights from the Previous Thread: >>{thread}"]
    parts += [f"--{block.summary.rstrip(':')}:\n{' '.join(f'>{no}' for no in block.posts)}" for block in blocks]
    return "\n\n".join(parts) + "\n"
