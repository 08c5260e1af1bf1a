"""Papers of arXiv as its API gives them: an Atom feed with one entry. https://info.arxiv.org/help/api/user-manual.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from ingest.net import urls
from ingest.net.http import Http
from ingest.source import Item
from kb.errors import IngestError
from kb.types.documents import Document, Kind, Metadata, Page, Segment

# What the API answers, kept under this name between fetching and reading.
SUFFIX = ".arxiv"


class NoSuchPaper(Exception):
    """The API knows no such paper, or answers with something else than a paper."""


@dataclass(frozen=True, slots=True)
class Abstract:
    """What arXiv says of a paper. `published` is an ISO date."""

    url: str
    pdf: str
    title: str
    authors: tuple[str, ...]
    published: str
    abstract: str
    categories: tuple[str, ...]

    def metadata(self) -> Metadata:
        """What a document of the paper says of itself."""
        return {
            "trust": "published",
            "rendered": True,
            "authors": list(self.authors),
            "published": self.published,
            "url": self.url,
            "pdf": self.pdf,
            "tags": list(self.categories),
        }


def ask(http: Http, api: str, paper: str) -> bytes:
    """What the API answers about a paper's id. Raises `FetchError`.

    The API's address is a setting of the person's, so that it may be a mirror of their own.
    """
    return http.get(f"{api}?{urlencode({'id_list': paper, 'max_results': 1})}", named=True).content


def parse(data: bytes) -> Abstract:
    """The paper of an answer of the API. Raises `NoSuchPaper`."""
    import feedparser

    found = feedparser.parse(data)
    entry = found.entries[0] if found.entries else None
    if entry is None or "arxiv.org/api/errors" in entry.get("id", "") or not entry.get("summary"):
        said = entry.get("summary", "") if entry is not None else ""
        raise NoSuchPaper(f"arXiv knows no such paper{f' ({said.strip()})' if said else ''}")
    url = urls.canonical(entry.get("id", ""))
    pdf = next((link["href"] for link in entry.get("links", []) if link.get("type") == "application/pdf"), "")
    return Abstract(
        url=url,
        pdf=pdf or url.replace("/abs/", "/pdf/"),
        title=" ".join(entry.get("title", "").split()),
        authors=tuple(author.get("name", "") for author in entry.get("authors", [])),
        published=entry.get("published", "")[:10],
        abstract=" ".join(entry["summary"].split()),
        categories=tuple(tag.get("term", "") for tag in entry.get("tags", [])),
    )


class Abstracts:
    """Reads what arXiv's API answered."""

    name = "arxiv"
    version = 1
    kind: Kind = "paper"
    suffixes = frozenset({SUFFIX})
    empty = "it holds no abstract"

    def read(self, item: Item, data: bytes) -> Iterator[Document | IngestError]:
        """One document: the abstract, on the paper's first page."""
        try:
            about = parse(data)
        except NoSuchPaper as error:
            yield IngestError(item.uri, str(error))
            return
        segment = Segment(0, len(about.abstract), Page(1, ("Abstract",)))
        yield Document(item.uri, "paper", about.title, about.abstract, (segment,), about.metadata())
