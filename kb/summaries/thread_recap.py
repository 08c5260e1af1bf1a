"""Recaps of threads, from a source that was ingested, a file, or an address."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from index.rebuild import document_of
from index.storage.catalog import Catalog
from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.net.urls import arxiv_id, is_url
from ingest.papers import arxiv
from ingest.text.decoding import decode
from ingest.threads import formats, fourchan, posts, recap
from ingest.threads.fourchan import Boards
from ingest.threads.posts import ThreadPost
from ingest.threads.recap import Block
from kb.errors import IngestError, UsageError
from kb.llm.client import Llm
from kb.summaries import thread_chunks, threads
from kb.summaries.threads import Titles

_MOST_BLOCKS = 20
_FEWEST_POSTS = 2


@dataclass(frozen=True, slots=True)
class Recapped:
    """A recap: the thread it is of, its blocks with who wrote each, and the text ready to be posted."""

    thread: int
    blocks: tuple[Block, ...]
    by: tuple[str, ...]
    text: str


def recap_of(
    thread: int, found: Sequence[Sequence[ThreadPost]], catalog: Catalog | None, llm: Llm | None, titles: Titles
) -> Recapped:
    """The recap of a thread's chains: those with replies, the twenty largest, in the order of the thread.

    Summaries that were written before are taken from the catalog; a model that cannot be reached is asked once.
    """
    told = sorted((c for c in found if len(c) >= _FEWEST_POSTS), key=lambda c: (-len(c), c[0].no))[:_MOST_BLOCKS]
    blocks, by = [], []
    for chain in sorted(told, key=lambda c: c[0].no):
        made, trouble = thread_chunks.summary(chain, catalog, llm, titles, keep=False)
        llm = None if trouble else llm
        paper = threads.paper_of(chain, titles)
        summary = f"Paper: {paper}" if paper else made.summary
        blocks.append(Block(summary, tuple(post.no for post in chain)))
        by.append(made.by)
    return Recapped(thread, tuple(blocks), tuple(by), recap.write(thread, blocks))


def at_place(place: str, board: str, boards: Boards) -> tuple[int, list[tuple[ThreadPost, ...]]]:
    """The thread in a file or at an address: its number and its chains. Raises `IngestError` or `UsageError`."""
    where = fourchan.thread_at(place)
    if where is None and is_url(place):
        raise UsageError(f"{place} is no address of a thread.")
    try:
        data = boards.thread(*where, fourchan.host_of(place)) if where else _read(Path(place).expanduser())
        if where is None and recap.is_recap(decode(data).text):
            raise UsageError(f"{place} is a recap already.")
        name = Path(f"/{where[0]}/thread/{where[1]}.json") if where else Path(place)
        thread = formats.parse(decode(data).text, name, board)
    except FetchError as error:
        raise IngestError(place, str(error)) from None
    except ValueError as error:
        raise IngestError(place, str(error)) from None
    if thread is None:
        raise IngestError(place, "it is no thread that this program knows")
    return thread.no, posts.chains(thread.posts)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: it cannot be read ({error.strerror}), and no thread has such an id.") from None


def of_document(catalog: Catalog, document_id: str) -> tuple[int, list[list[ThreadPost]]]:
    """The chains of a thread that was ingested. Raises `UsageError` for a document that is none."""
    document = document_of(catalog, document_id)
    found = thread_chunks.posts_of(document)
    if document.kind != "thread" or not found:
        raise UsageError(f"{document.title} is no thread with posts of its own.")
    return min(post.no for chain in found for post in chain), found


def titles(catalog: Callable[[], Catalog | None], http: Http | None, arxiv_api: str) -> Titles:
    """Titles of papers by address: those that were ingested, and where `http` is given those that arXiv knows."""
    known: dict[str, str] = {}

    def title(url: str) -> str:
        if url not in known:
            known[url] = _ingested(url) or _looked_up(url)
        return known[url]

    def _ingested(url: str) -> str:
        base = catalog()
        entry = base.entry_of(url) if base is not None else None
        return entry.title if entry is not None else ""

    def _looked_up(url: str) -> str:
        paper = arxiv_id(url)
        if http is None or not paper:
            return ""
        try:
            return arxiv.parse(arxiv.ask(http, arxiv_api, paper)).title
        except (FetchError, arxiv.NoSuchPaper):
            return ""

    return title
