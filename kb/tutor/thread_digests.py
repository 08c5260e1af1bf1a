"""Derived passages of threads: a summary for each reply chain, found by a search and leading to its posts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict

from index import derived
from index.catalog import Catalog
from index.chunks import Count
from ingest.posts import Post, quotes_of
from kb.documents import Chunk, Document
from kb.documents import Post as PostPlace
from kb.llm import Llm
from kb.tutor import chains
from kb.tutor.chain_contract import ChainSummary
from kb.tutor.chains import Titles

_HEAD = re.compile(r"^No\.(\d{1,15})( \(deleted since\))?$", re.MULTILINE)
_SHOWN_POSTS = 40
_FEWEST_POSTS = 2


def posts_of(document: Document) -> list[list[Post]]:
    """The chains of a thread's document, read back from its text; nothing for a recap, which has none of its own."""
    if not document.metadata.get("rendered"):
        return []
    roots = {s.locator.post: s.locator.chain for s in document.segments if isinstance(s.locator, PostPlace)}
    heads = [match for match in _HEAD.finditer(document.text) if _begins(document.text, match.start())]
    found: dict[int, list[Post]] = {}
    current = 0
    for n, head in enumerate(heads):
        until = heads[n + 1].start() if n + 1 < len(heads) else len(document.text)
        body = document.text[head.end() : until].strip()
        no = int(head[1])
        # A post without words is in the chain of the one before it: a chain's posts stand together.
        current = roots.get(no, current)
        found.setdefault(current, []).append(Post(no, 0, body, quotes_of(body), deleted=bool(head[2])))
    return list(found.values())


def _begins(text: str, at: int) -> bool:
    """Whether a post begins here, and not a line that only quotes one: an empty line stands before it."""
    return at == 0 or text[max(0, at - 2) : at] == "\n\n"


def deriver(catalog: Callable[[], Catalog | None], llm: Llm | None, titles: Titles) -> derived.Derive:
    """What makes the derived passages of a document; a model's summaries are kept in the catalog and asked for once."""

    def derive(document: Document, chunks: Sequence[Chunk], count: Count, window: int) -> list[Chunk]:
        if document.kind != "thread":
            return derived.passages(document, chunks, count, window)
        made = []
        for chain in posts_of(document):
            if len(chain) >= _FEWEST_POSTS:
                made.append(_passage(document, chain, _summary(chain, catalog(), llm, titles), count, window))
        return made

    return derive


def _summary(chain: list[Post], catalog: Catalog | None, llm: Llm | None, titles: Titles) -> ChainSummary:
    if llm is None or catalog is None:
        return chains.summarise(chain, None, titles)
    key = chains.key(chain, llm.name)
    if kept := catalog.written(key):
        return ChainSummary(**json.loads(kept))
    made = chains.summarise(chain, llm, titles)
    if not made.by.startswith("extractive"):
        with catalog.transaction():
            catalog.keep_written(key, json.dumps(asdict(made), ensure_ascii=False))
    return made


def _passage(document: Document, chain: list[Post], made: ChainSummary, count: Count, window: int) -> Chunk:
    numbers = " ".join(f">>{post.no}" for post in chain[:_SHOWN_POSTS])
    more = f" and {len(chain) - _SHOWN_POSTS} more" if len(chain) > _SHOWN_POSTS else ""
    text = (
        f"Summary: {made.summary}\nClues: {made.clues}\nReasoning: {made.reasoning}\n"
        f"Posts: {numbers}{more}\nWritten by: {made.by}"
    )
    breadcrumb = (document.title[:80], "Reply chain")
    clues = made.clues
    while clues and count([f"{' › '.join(breadcrumb)}\n{made.summary}\n{clues}"])[0] > window - 2:
        clues = clues[: len(clues) * 2 // 3].rpartition(",")[0]
    place = PostPlace(chain[0].no, chain[0].no)
    return derived.made(document, breadcrumb, text, f"{made.summary}\n{clues}", place)
