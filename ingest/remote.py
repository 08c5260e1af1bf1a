"""Items that are addresses: web pages, files behind a URL, papers of arXiv."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from ingest.audio import source
from ingest.audio.source import AudioIngest, RecordingItem
from ingest.feeds import parser
from ingest.net import urls
from ingest.net.errors import FetchError
from ingest.net.http import Fetched, Http
from ingest.papers import arxiv
from ingest.source import Item
from ingest.threads import fourchan
from ingest.threads.fourchan import Boards
from kb.errors import IngestError
from kb.types.documents import Metadata

_TYPES = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/markdown": ".md",
    "text/vtt": ".vtt",
    "application/x-subrip": ".srt",
    "application/srt": ".srt",
    "application/json": ".json",
}
_PLAIN = frozenset({".md", ".markdown", ".txt", ".srt", ".vtt", ".sbv", ".tsv", ".json", ".html", ".htm", ".pdf"})


def is_remote(place: str | Path) -> bool:
    """Whether a place is an address and no path."""
    text = str(place).strip()
    return urls.is_url(text) or bool(re.match(r"(?i)arxiv:", text))


@dataclass(frozen=True, slots=True)
class Fetching:
    """How addresses are fetched: by which client, from which API of arXiv, papers with their PDF's text or without.

    `boards` fetches threads; recordings are heard with `listening`.
    """

    http: Http
    arxiv_api: str
    full_text: bool
    boards: Boards
    listening: AudioIngest | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RemoteItem(Item):
    """An item that is fetched when it is read."""

    address: str = ""
    fetching: Fetching | None = None
    typed: bool = True  # the person gave the address, and may mean this machine

    @property
    def lasts(self) -> bool:
        """A recording is what it is; asking again would be to download it again."""
        return bool(source.suffix_of(self.address))

    def load(self, limit_mb: float) -> tuple[Item, bytes]:
        """The item with what the server says of it, and its bytes. Raises `IngestError`."""
        assert self.fetching is not None
        try:
            if paper := urls.arxiv_id(self.address):
                return self._paper(paper, self.fetching)
            if thread := fourchan.thread_at(self.address):
                data = fourchan.content_of(self.fetching.boards.thread(*thread, fourchan.host_of(self.address)))
                return replace(self, path=Path(f"{thread[1]}.json"), board=thread[0]), data
            if self.lasts:
                with suppress(source.NotMedia):
                    return self._recording(self.fetching)
            return self._page(self.fetching.http.get(self.address, named=self.typed))
        except FetchError as error:
            if not error.recording:
                raise IngestError(self.uri, str(error)) from None
        try:
            return self._recording(self.fetching)
        except FetchError as error:
            raise IngestError(self.uri, str(error)) from None

    def _recording(self, fetching: Fetching) -> tuple[Item, bytes]:
        if fetching.listening is None:
            raise IngestError(self.uri, "it is a recording; kb ingest transcribes it")
        path, digest = fetching.listening.fetched(fetching.http, self.address, self.typed)
        name = PurePosixPath(unquote(urlsplit(self.address).path)).stem
        known: Metadata = {**self.metadata, "url": self.uri, "media": self.address}
        title = self.title or name or self.uri
        found = RecordingItem(self.uri, path, self.uri, True, title=title, metadata=known, listening=fetching.listening)
        return found, digest

    def _page(self, answer: Fetched) -> tuple[Item, bytes]:
        name = PurePosixPath(unquote(urlsplit(answer.url).path)).name
        path = Path(name or urlsplit(self.uri).hostname or "page")
        suffix = _suffix(answer, path.suffix.lower())
        if not suffix:
            raise IngestError(self.uri, f"no reader for {answer.content_type or 'content of an unknown type'}")
        if path.suffix.lower() != suffix:
            path = path.with_name(path.name + suffix)
        # A page that moved for good is known by its new address.
        uri = urls.canonical(answer.moved) if answer.moved else self.uri
        known: Metadata = {**self.metadata, "url": uri}
        return replace(self, uri=uri, path=path, metadata=known, charset=answer.charset), answer.content

    def _paper(self, paper: str, fetching: Fetching) -> tuple[Item, bytes]:
        answer = arxiv.ask(fetching.http, fetching.arxiv_api, paper)
        if not fetching.full_text:
            return replace(self, path=Path(paper.replace("/", "-") + arxiv.SUFFIX)), answer
        try:
            about = arxiv.parse(answer)
        except arxiv.NoSuchPaper as error:
            raise IngestError(self.uri, str(error)) from None
        pdf = fetching.http.get(about.pdf, named=about.pdf.startswith(_base(fetching.arxiv_api)))
        item = replace(self, path=Path(f"{paper}.pdf"), title=about.title, metadata=about.metadata())
        return item, pdf.content


def _base(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _suffix(answer: Fetched, named: str) -> str:
    """What the content is: by its first bytes, by its type, by its name."""
    if answer.content[:1024].lstrip().startswith(b"%PDF-"):
        return ".pdf"
    if parser.is_feed(answer.content):
        return ".json" if answer.content.lstrip()[:1] == b"{" else ".xml"
    known = _TYPES.get(answer.content_type, "")
    if known:
        return known
    if named in _PLAIN and (answer.content_type.startswith("text/") or "octet-stream" in answer.content_type):
        return named
    if re.match(rb"\s*<(?:!doctype html|html)", answer.content[:1024], re.IGNORECASE):
        return ".html"
    return ".txt" if answer.content_type == "text/plain" else ""


def item(place: str, fetching: Fetching, typed: bool = True) -> RemoteItem | IngestError:
    """The item at an address, not yet fetched; `typed` says that it is the person's own choice."""
    address = place.strip()
    if paper := urls.arxiv_id(address):
        address = f"https://arxiv.org/abs/{paper}"
    elif not urls.is_url(address):
        return IngestError(address, "it is no id of a paper; write arxiv:2407.21783")
    thread = fourchan.thread_at(address)
    uri = fourchan.page_of(*thread) if thread else urls.canonical(address)
    return RemoteItem(uri, Path("page"), uri, True, address=address, fetching=fetching, typed=typed)
