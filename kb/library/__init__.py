"""A knowledge base, open in this process: one method a command. The commands and the pages call nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from kb import config as settings
from kb.config import Config
from kb.library.ask import Ask
from kb.library.context import LibraryContext
from kb.library.digests import Digests
from kb.library.feeds import Feeds
from kb.library.links import Links
from kb.library.maintenance import Maintenance
from kb.library.sources import Sources
from kb.library.study import Study
from kb.library.sync import Sync

if TYPE_CHECKING:
    from index.filters import Filters
    from index.models.embedder import Embedder


class Library:
    """A knowledge base. Open with `kb.open(home)`; usable from several threads; close it, or use `with`.

    A face over the services: each method is one of theirs, where its documentation is. `context` is what they share.
    """

    def __init__(  # noqa: PLR0915 # a line a method
        self, config: Config, now: Callable[[], dt.datetime] | None = None, embedder: Embedder | None = None
    ) -> None:
        """`now` and `embedder` stand in for the clock and for the model that the settings name."""
        self.context = context = LibraryContext(config, now, embedder)
        sources = Sources(context)
        ask, sync = Ask(context, sources), Sync(context, sources)
        feeds, links = Feeds(context), Links(context)
        digests, study, maintenance = Digests(context, feeds), Study(context), Maintenance(context)

        self.find = sources.find
        self.place = sources.place
        self.sources = sources.sources
        self.source = sources.source
        self.documents = sources.documents
        self.passages = sources.passages
        self.has = sources.has
        self.entry = sources.entry
        self.recording = sources.recording
        self.tags = sources.tags
        self.edges = sources.edges

        self.filters = ask.filters
        self.search = ask.search
        self.ask = ask.ask
        self.stream = ask.stream
        self.check = ask.check
        self.chat = ask.chat
        self.offers = ask.offers
        self.recap = ask.recap

        self.ingest = sync.ingest
        self.remove = sync.remove
        self.reindex = sync.reindex

        self.status = maintenance.status
        self.doctor = maintenance.doctor
        self.models = maintenance.models
        self.get_model = maintenance.get_model

        self.feeds = feeds.feeds
        self.add_feed = feeds.add_feed
        self.remove_feeds = feeds.remove_feeds
        self.import_feeds = feeds.import_feeds
        self.export_feeds = feeds.export_feeds
        self.fetch_feeds = feeds.fetch_feeds
        self.links = links.links
        self.link = links.link
        self.mark_links = links.mark_links
        self.digest = digests.digest
        self.latest_digest = digests.latest_digest

        self.quiz = study.quiz
        self.quiz_on = study.quiz_on
        self.grade = study.grade
        self.due = study.due
        self.answer_card = study.answer_card
        self.undo_review = study.undo_review
        self.retention = study.retention
        self.cards = study.cards
        self.remove_cards = study.remove_cards
        self.export_cards = study.export_cards

        self.retriever = context.retriever
        self.embedder = context.embedder
        self.reader = context.reader
        self.http = context.http
        self.llm = context.llm
        self.warm_up = context.warm_up
        self.whisper_models = context.whisper_models

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store's files; a model that is still being loaded is waited for, as it cannot be stopped."""
        self.context.close()

    @property
    def config(self) -> Config:
        """The settings."""
        return self.context.config

    @property
    def home(self) -> Path:
        """The data folder."""
        return self.context.home

    @property
    def model(self) -> str:
        """The embedding model: what was set, else what this base was made with, else the default."""
        return self.context.model

    def as_retriever(self, k: int = 10, filters: Filters | None = None) -> Any:
        """This search as LlamaIndex's `BaseRetriever`, for programs of one's own."""
        from kb.library.llamaindex import KbRetriever

        return KbRetriever(lambda query: self.search(query, k, filters).hits)


def open_library(
    home: Path | str | None = None,
    now: Callable[[], dt.datetime] | None = None,
    embedder: Embedder | None = None,
    **overrides: Any,
) -> Library:
    """Open the knowledge base in a folder (made at the first ingest), or the person's own if none is named.

    Raises `UsageError` for wrong settings and `StoreError` for a home that is a file.
    """
    return Library(settings.load(Path(home) if home is not None else None, **overrides), now, embedder)


__all__ = ["Hit", "Library", "open_library"]
