"""What the services of a knowledge base work with, each part opened when it is first needed."""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from kb.config import Config

if TYPE_CHECKING:
    from index.chunking.derived import Derive
    from index.models.embedder import Embedder
    from index.models.reranker import Reranker
    from index.retriever import Retriever
    from index.storage.catalog import Catalog
    from index.writer import Writer
    from ingest.audio.engines import Engine, EngineName
    from ingest.audio.models import Models
    from ingest.audio.source import AudioIngest
    from ingest.net.http import Http
    from ingest.remote import Fetching
    from ingest.threads.fourchan import Boards
    from kb.llm.client import Llm
    from kb.sync.pipeline import Ingest
    from kb.sync.report import IngestOptions, Progress, Report


class LibraryContext:
    """What the services of one knowledge base share: search, models, the way out to the network, the clock.

    Usable from several threads.
    """

    def __init__(
        self, config: Config, now: Callable[[], dt.datetime] | None = None, embedder: Embedder | None = None
    ) -> None:
        """`now` and `embedder` stand in for the clock and for the model that the settings name."""
        self.config = config
        self.home = config.home
        self.now = now or (lambda: dt.datetime.now().astimezone())
        self._retriever: Retriever | None = None
        self._client: Http | None = None
        self._llm: Llm | None = None
        self._read: Reranker | None = None
        self.reader_problem = "" if config.reranker else "it is switched off (KB_RERANKER)"
        self._embedder = embedder
        self._engine: Engine | None = None
        self._loader: threading.Thread | None = None
        self._loading = threading.Lock()
        self._opening = threading.Lock()

    def close(self) -> None:
        """Let go of the store's files; a model that is still being loaded is waited for, as it cannot be stopped."""
        if self._loader is not None:
            self._loader.join()
            self._loader = None
        if self._retriever is not None:
            self._retriever.close()
            self._retriever = None
        if self._client is not None:
            self._client.close()
            self._client = None

    def embedder(self) -> Embedder:
        """The embedding model, loaded once."""
        if self._embedder is not None:
            return self._embedder
        model = self.model  # asked before the lock is taken: it waits for another one
        with self._loading:
            if self._embedder is None:
                from index.models.embedder import open_embedder

                self._embedder = open_embedder(self.config.model_copy(update={"model": model}))
            return self._embedder

    @property
    def model(self) -> str:
        """The embedding model: what was set, else what this base was made with, else the default."""
        if "model" in self.config.model_fields_set:
            return self.config.model
        catalog = self.retriever().catalog()
        return (catalog.fact("model") if catalog is not None else None) or self.config.model

    def reader(self) -> Reranker | None:
        """The reader, loaded once; None where it is switched off or cannot be had (`status` says why)."""
        with self._loading:
            if self._read is None and not self.reader_problem:
                from index.models.embedder import backend_name
                from index.models.reranker import open_reader
                from kb.errors import ModelError

                threads = self.config.threads or os.cpu_count() or 1
                try:
                    self._read = open_reader(self.config, backend_name(self.config), threads)
                except ModelError as error:
                    self.reader_problem = str(error)
            return self._read

    def warm_up(self, reads: bool = False) -> None:
        """Start loading the embedding model, and with `reads` the reader, in a thread, while something else is done."""

        def load() -> None:
            # The query that needs the model meets the same error and says it.
            with suppress(Exception):
                # The first text takes a runtime several times as long as the next one.
                self.embedder().embed(["warm up"])
                if reads:
                    self.reader()

        self._loader = threading.Thread(target=load, name="kb-embedder", daemon=True)
        self._loader.start()

    def http(self) -> Http:
        """The way out to the network, one for all that is fetched."""
        from ingest.net.http import Http

        with self._opening:
            if self._client is None:
                self._client = Http(self.config.max_file_mb * 5, hosts=frozenset(self.config.allow_hosts))
            return self._client

    def llm(self) -> Llm | None:
        """The language model that the settings name, if they name one."""
        from kb.llm.client import open_llm

        with self._opening:
            if self._llm is None:
                self._llm = open_llm(self.config)
            return self._llm

    def ingest_run(
        self,
        writer: Writer | None,
        catalog: Catalog | None,
        options: IngestOptions,
        report: Report,
        on_progress: Callable[[Progress], None] | None = None,
        online: bool = False,
        after: Ingest | None = None,
    ) -> Ingest:
        """What brings a base up to date; `online`: the person named an address, so others may be asked about it.

        `after` is the hearing of the same places, which has looked at them already.
        """
        from kb.sync.pipeline import Ingest

        def trouble(why: str) -> None:
            report.warnings.append((self.config.llm_url, f"{why} Summaries of threads are made by rule."))

        return Ingest(
            writer,
            catalog,
            self.embedder,
            self.now,
            self.config.max_file_mb,
            after.fetching if after is not None else self.fetching(options),
            options,
            on_progress or (lambda _: None),
            self.deriver(lambda: catalog, online, trouble),
            report,
            after.met if after is not None else None,
            after.fetched if after is not None else {},
        )

    def fetching(self, options: IngestOptions | None = None) -> Fetching:
        """How addresses are fetched; with an ingest's options, recordings are heard too."""
        from ingest.remote import Fetching

        listening = self._listening(options) if options is not None else None
        full_text = options is not None and options.full_text
        return Fetching(self.http(), self.config.arxiv_api, full_text, self.boards(), listening)

    def whisper_models(self, engine: EngineName | None = None) -> Models:
        """The Whisper models of an engine (the one that is set, if none is named) on this machine."""
        from ingest.audio.models import Models

        settings = self.config
        return Models(engine or settings.whisper_engine, settings.whisper, settings.cache.expanduser() / "whisper")

    def _listening(self, options: IngestOptions) -> AudioIngest:
        from index.retriever import GLOSSARY
        from index.search.phonetic import glossary
        from ingest.audio.source import AudioIngest
        from ingest.audio.transcribe import Transcriber, TranscriptionSettings, prompt_of

        models = self.whisper_models()
        meant = [meant for _, meant in glossary(self.home / GLOSSARY)]
        chosen = TranscriptionSettings(models.engine, models.identity, self.config.whisper_language, prompt_of(meant))
        transcriber = Transcriber(self._hearer, self.home / "transcripts", chosen, options.force)
        return AudioIngest(transcriber, self.home / "recordings", options.audio)

    def _hearer(self) -> Engine:
        """The engine with its model, loaded once. Raises `WhisperError`."""
        from ingest.audio.engines import open_engine

        with self._loading:
            if self._engine is None:
                models = self.whisper_models()
                threads = self.config.threads or os.cpu_count() or 1
                self._engine = open_engine(models.engine, models.find(), self.config.whisper_device, threads)
            return self._engine

    def boards(self) -> Boards:
        """What fetches threads of imageboards."""
        from ingest.threads.fourchan import Boards

        settings = self.config
        return Boards(self.http(), self.home / "threads", self.now, settings.chan_api, settings.chan_archives)

    def deriver(
        self, catalog: Callable[[], Catalog | None], online: bool, tell: Callable[[str], None] = lambda _: None
    ) -> Derive:
        """What makes derived passages; it asks the network for papers' titles only where the person went there."""
        from kb.summaries.thread_chunks import deriver
        from kb.summaries.thread_recap import titles

        known = titles(catalog, self.http() if online else None, self.config.arxiv_api)
        return deriver(catalog, self.llm(), known, tell)

    def utc(self) -> str:
        """Now in UTC, to the second."""
        return self.now().astimezone(dt.UTC).isoformat(timespec="seconds")

    def instant(self) -> str:
        """Now, to the thousandth: what is seen after a digest was begun is of the next one."""
        return self.now().astimezone(dt.UTC).isoformat(timespec="milliseconds")

    @contextmanager
    def ledger(self) -> Iterator[Catalog]:
        """The catalog, open for small changes that concern no index: they need no writer's lock, only SQLite's own."""
        from index.storage.catalog import Catalog
        from index.writer import CATALOG
        from kb.errors import StoreError

        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = error.strerror
            raise StoreError(f"The home {self.home} cannot be made ({reason}). Name another with --home.") from None
        catalog = Catalog(self.home / CATALOG, write=True)
        try:
            yield catalog
        finally:
            catalog.close()

    def catalog(self) -> Catalog | None:
        """The catalog, open for reading; None while nothing was ever ingested."""
        return self.retriever().catalog()

    def use_embedder(self, embedder: Embedder) -> None:
        """Take another embedding model from now on; what was open for the former is closed."""
        self.close()
        self._embedder = embedder

    def retriever(self) -> Retriever:
        """The search over this base."""
        with self._opening:
            if self._retriever is None:
                from index.retriever import Retriever

                self._retriever = Retriever(self.home, lambda: self.model, self.embedder)
            return self._retriever


def whole_text(text: str) -> str:
    """A text without what no file can hold: bytes of the command line that are no UTF-8, halves of an emoji."""
    return text.encode("utf-8", "replace").decode("utf-8")
