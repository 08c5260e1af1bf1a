"""Derived passages of threads: a summary for each reply chain, found by a search and leading to its posts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict

from index.chunking import derived
from index.chunking.units import Count
from index.storage import llm_cache
from index.storage.catalog import Catalog
from ingest.threads.posts import ThreadPost
from kb.llm.client import Llm
from kb.summaries import papers, threads
from kb.summaries.thread_validation import ChainSummary
from kb.summaries.threads import Titles
from kb.types.documents import Document
from kb.types.documents import Post as PostPlace
from kb.types.search import Chunk

_SHOWN_POSTS = 40
_FEWEST_POSTS = 2


def posts_of(document: Document) -> list[list[ThreadPost]]:
    """The chains of a thread's document, as they were read; nothing for a recap, which has none of its own."""
    deleted = set(document.metadata.get("deleted", []))
    found: dict[int, list[ThreadPost]] = {}
    for row in document.metadata.get("posts", []):
        words = document.text[row["start_char"] : row["end_char"]]
        no, quotes = row["no"], tuple(row["quotes"])
        post = ThreadPost(no, 0, words, quotes, row["subject"], row["file"], no in deleted)
        found.setdefault(row["chain"], []).append(post)
    return list(found.values())


def deriver(
    catalog: Callable[[], Catalog | None], llm: Llm | None, titles: Titles, tell: Callable[[str], None] = lambda _: None
) -> derived.Derive:
    """What makes the derived passages of a document; a model's summaries are kept in the catalog and asked for once.

    A model that cannot be reached is not asked again, and `tell` hears why.
    """
    asked: list[Llm | None] = [llm]

    def one(chain: list[ThreadPost]) -> ChainSummary:
        made, trouble = summary(chain, catalog(), asked[0], titles, keep=True)
        if trouble:
            asked[0] = None
            tell(trouble)
        return made

    def derive(document: Document, chunks: Sequence[Chunk], count: Count, window: int) -> list[Chunk]:
        if document.kind != "thread":
            return papers.passages(document, chunks, count, window)
        told = [chain for chain in posts_of(document) if len(chain) >= _FEWEST_POSTS]
        return [_passage(document, chain, one(chain), count, window) for chain in told]

    return derive


def summary(
    chain: Sequence[ThreadPost], catalog: Catalog | None, llm: Llm | None, titles: Titles, keep: bool
) -> tuple[ChainSummary, str]:
    """What a chain is about, the kept one if it was written before, and what kept the model from writing it.

    With `keep` a new one is kept, ours too where the model broke the contract: it would break it again.
    """
    if llm is None:
        return threads.summarise(chain, None, titles)[0], ""
    key = threads.key(chain, llm.name)
    if catalog is not None and (kept := llm_cache.get(catalog, key)):
        return ChainSummary(**json.loads(kept)), ""
    made, trouble = threads.summarise(chain, llm, titles)
    if keep and catalog is not None and not trouble:
        with catalog.transaction():
            llm_cache.put(catalog, key, json.dumps(asdict(made), ensure_ascii=False))
    return made, trouble


def _passage(document: Document, chain: list[ThreadPost], made: ChainSummary, count: Count, window: int) -> Chunk:
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
