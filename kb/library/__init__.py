"""A knowledge base, open in this process: one method a command. The commands and the pages call nothing else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kb import config as settings
from kb.errors import UsageError
from kb.library.context import whole_text
from kb.library.study import Learning
from kb.types.answers import Answer, Offer
from kb.types.documents import KINDS
from kb.types.search import Hit, SearchResult

if TYPE_CHECKING:
    from index.filters import Filters
    from index.models.embedder import Embedder
    from index.rebuild import Rebuilt
    from index.storage.catalog import Catalog
    from index.storage.rows import Entry
    from ingest.audio.engines import EngineName
    from kb.answer.check_document import Checked
    from kb.answer.conversation import Conversation
    from kb.library.browse import Edges, Place, SourceRow
    from kb.library.doctor import Finding, ModelRow
    from kb.library.status import Status
    from kb.summaries.thread_recap import Recapped
    from kb.sync.report import Progress, Report


class Library(Learning):
    """A knowledge base. Open with `kb.open(home)`; usable from several threads; close it, or use `with`."""

    def ingest(
        self,
        places: Iterable[str | Path],
        kind: str | None = None,
        wait: float = 0.0,
        on_progress: Callable[[Progress], None] | None = None,
        report: Report | None = None,
        *,
        dry_run: bool = False,
        prune: bool = False,
        allow_mass_removal: bool = False,
        force: bool = False,
        retry_failed: bool = False,
        full_text: bool = False,
        board: str = "",
        audio: bool = False,
        episodes: int = 10,
    ) -> Report:
        """Add files, folders and addresses; unchanged ones cost nothing.

        `dry_run` only counts; `prune` removes sources under the folders whose files are gone, at most a fifth of them
        without `allow_mass_removal`; `force` reads all again, also what was taken out; `retry_failed` adds what failed
        before; `full_text` reads arXiv's papers whole; `board` is that of saved threads whose files do not say it.
        `audio` transcribes recordings that are met in folders, and of feeds the latest `episodes` (0: all); one that is
        named is always transcribed. A
        `report` that is passed in is filled as the work goes, so that it is there after an interruption too.
        Raises `UsageError` for an unknown kind, `MassRemoval`, and `StoreError` if the base cannot be written.
        """
        from index.writer import writing
        from ingest.remote import is_remote
        from kb.sync.report import Options, Report

        kind = "link" if kind == "feed" else kind
        chosen = next((k for k in KINDS if k == kind), None)
        if kind is not None and chosen is None:
            raise UsageError(f"There is no kind {kind!r}. Kinds are: {', '.join(KINDS)}, feed.")
        flags = (dry_run, prune, allow_mass_removal, force, retry_failed, full_text)
        options = Options(chosen, *flags, board.strip("/"), audio, episodes)
        named = list(places)
        if board and not re.fullmatch(r"/?\w{1,6}/?", board):
            raise UsageError(f"{board!r} is no board; write it as in --board g.")
        filled = report if report is not None else Report()
        online = any(is_remote(place) for place in named)
        if dry_run:
            return self._ingest(None, self.retriever().catalog(), options, filled, on_progress, online).run(named)
        # Hearing takes hours; meanwhile others may write.
        hearing = self._ingest(None, self.retriever().catalog(), options, Report(), on_progress, online)
        before = hearing.hear(named)
        filled.heard += before.heard
        filled.seconds += before.seconds
        with writing(self.home, self.model, wait) as writer:
            ingest = self._ingest(writer, writer.catalog, options, filled, on_progress, online, hearing)
            return ingest.run(named)

    def filters(
        self,
        kinds: Sequence[str] = (),
        tags: Sequence[str] = (),
        source: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Filters:
        """Filters from a person's words. Raises `UsageError` for what cannot be."""
        from index.filters import make_filters

        document = self.find(source)[0] if source else None
        return make_filters(kinds, tags, document, since, until, self._now().date())

    def search(
        self, query: str, k: int = 10, filters: Filters | None = None, trace: bool = False, rerank: bool = False
    ) -> SearchResult:
        """The k passages that fit a query best; with `rerank` the first in the reader's order, where it reads."""
        if k < 1:
            raise UsageError("-k must be 1 or more.")
        if not rerank:
            return self.retriever().search(whole_text(query), k, filters, trace)
        from kb.answer.pipeline import found

        return found(self.retriever(), whole_text(query), k, filters, trace, self.reader())[0]

    def ask(
        self,
        question: str,
        level: str | None = None,
        k: int = 8,
        filters: Filters | None = None,
        trace: bool = False,
    ) -> Answer:
        """An answer at a level, every statement cited; or that the sources do not say.

        Raises `UsageError` for an unknown level or an empty question.
        """
        from kb.answer.pipeline import whole

        return whole(self.stream(question, level, k, filters, trace))

    def stream(
        self,
        question: str,
        level: str | None = None,
        k: int = 8,
        filters: Filters | None = None,
        trace: bool = False,
    ) -> Generator[str, None, Answer]:
        """`ask` as it comes: yields what can be shown of the answer, and returns it whole, checked.

        A language model's draft may be mended after it was shown: the answer that is returned is the one that holds.
        """
        from kb.answer.levels import check_level
        from kb.answer.pipeline import answer

        if k < 1:
            raise UsageError("-k must be 1 or more.")
        chosen = check_level(level or self.config.level)
        return answer(
            self.retriever(),
            self.embedder,
            whole_text(question),
            chosen,
            k,
            filters,
            trace,
            self.llm(),
            lambda text: self.offers(text, filters),
            self.reader(),
        )

    def check(self, text: str, sources: Sequence[str] = (), beside: Path | None = None) -> Checked:
        """Verdicts of a text with `[n]`: its sources are those named ([1], [2] …), else the list below the text.

        `beside` is where the paths of that list start. Raises `UsageError` if there is nothing to check.
        """
        from kb.answer.check_document import check
        from kb.answer.entailment import judge

        judged = judge(lambda texts: self.embedder().embed(texts), self.reader())
        catalog = self.retriever().catalog()
        return check(whole_text(text), sources, beside or Path.cwd(), catalog, judged, self.config.max_file_mb)

    def chat(self) -> Conversation:
        """A conversation over this base: follow-up questions, and the last answer at another level."""
        from kb.answer.conversation import Conversation, Means

        return Conversation(
            Means(self.retriever(), self.embedder, self.llm(), self.offers, self.reader()), self.config.level
        )

    def offers(self, question: str, filters: Filters | None = None) -> tuple[Offer, ...]:
        """The filters that words of a question may mean ("in the paper club", "since May"); none is applied."""
        from kb.answer.filter_suggestions import find

        return find(question, self.retriever().catalog(), self._now().date(), filters)

    def find(self, prefix: str) -> tuple[str, str | None]:
        """The document id, and the chunk id if it is a chunk's, that a prefix names. Raises `UnknownId`."""
        from kb.library import browse as sources

        return sources.find(self.retriever().catalog(), prefix)

    def place(self, prefix: str) -> Place:
        """The document or passage with an id (or the beginning of one). Raises `UnknownId`."""
        from kb.library import browse as sources

        document_id, chunk_id = self.find(prefix)
        return sources.place(self._catalog(), document_id, chunk_id)

    def sources(self) -> list[SourceRow]:
        """Every source, failed and queued ones too, by uri."""
        from kb.library import browse as sources

        catalog = self.retriever().catalog()
        return sources.rows(catalog) if catalog is not None else []

    def source(self, prefix: str) -> tuple[Entry, str]:
        """One document's entry and its text. Raises `UnknownId`."""
        document_id, _ = self.find(prefix)
        catalog = self._catalog()
        return catalog.documents_of([document_id])[document_id], catalog.text_of(document_id)

    def documents(self) -> int:
        """How many sources there are."""
        catalog = self.retriever().catalog()
        return catalog.count("documents") if catalog is not None else 0

    def passages(self) -> int:
        """How many passages there are to be searched."""
        catalog = self.retriever().catalog()
        return catalog.count("chunks") if catalog is not None else 0

    def has(self, uri: str) -> bool:
        """Whether a source of this uri is there."""
        catalog = self.retriever().catalog()
        return catalog is not None and catalog.entry_of(uri) is not None

    def entry(self, document_id: str) -> Entry | None:
        """One document as the catalog lists it; None if there is none of that id (any more)."""
        catalog = self.retriever().catalog()
        return catalog.documents_of([document_id]).get(document_id) if catalog is not None else None

    def recording(self, document_id: str) -> Path | None:
        """The recording that a document was made of, where it lies on this machine; None for any other."""
        from kb.library import browse as sources

        catalog = self.retriever().catalog()
        return sources.recording(catalog, document_id) if catalog is not None else None

    def tags(self) -> list[str]:
        """Every tag of a source, the most frequent first."""
        catalog = self.retriever().catalog()
        return catalog.tags() if catalog is not None else []

    def edges(self, prefix: str) -> Edges:
        """The links out of a document and back to it. Raises `UnknownId`."""
        from kb.library import browse as sources

        document_id, _ = self.find(prefix)
        return sources.edges(self._catalog(), document_id)

    def _catalog(self) -> Catalog:
        """The catalog of a base that is known to have one."""
        catalog = self.retriever().catalog()
        assert catalog is not None
        return catalog

    def remove(self, prefixes: Sequence[str], wait: float = 0.0) -> list[str]:
        """Take sources out, by id or uri, until an ingest with `force`; the uris that went.

        What only failed or waits has no id: its uri takes it off the list. Raises `UnknownId` before anything is
        removed.
        """
        from index.writer import writing

        told = {row.uri for row in self.sources() if row.document_id is None}
        listed = [prefix for prefix in prefixes if prefix in told]
        by_uri = {row.uri: row.document_id for row in self.sources()}
        ids = [by_uri.get(p) or self.find(p)[0] for p in prefixes if p not in told]
        with writing(self.home, self.model, wait) as writer:
            uris = [entry.uri for entry in writer.catalog.documents_of(ids).values()]
            writer.remove(ids, bury=True)
            with writer.catalog.transaction():
                writer.catalog.unqueue([*listed, *uris])
                for uri in [*listed, *uris]:
                    writer.catalog.clear_failure(uri)
        return [*uris, *listed]

    def status(self) -> Status:
        """Counts, failures, the model, who is writing."""
        from index.models.packed import READER
        from kb.library import status

        why = self._unread or READER.problem()
        told = f"none: {why}" if why else READER.name
        return status.of(self.home, self.config, self.retriever().catalog(), told)

    def doctor(self, repair: bool = False) -> list[Finding]:
        """What is well and what is not; with `repair`, after mending what can be mended."""
        from kb.library.doctor import Finding, examine, whisper_finding

        reader = Finding("reader", self.reader() is not None, self._unread or "it reads", "see the message")
        if not self.config.reader:
            reader = Finding("reader", True, self._unread)
        whisper = whisper_finding(self.whisper_models())
        return examine(self.home, self.model, self.embedder, self.config, self.llm(), [reader, whisper], repair)

    def models(self) -> list[ModelRow]:
        """The models that this knowledge base uses, and every Whisper model on this machine."""
        from index.models.packed import READER
        from kb.library.doctor import models_of

        why = self._unread or READER.problem()
        return models_of(self.config, self.model, why, self.whisper_models())

    def get_model(self, name: str, engine: EngineName | None = None) -> Path:
        """Download a Whisper model by name, for the engine that is set or the one named; where it lies.

        Raises `UsageError` for an unknown name, `WhisperError` if it cannot be had.
        """
        return self.whisper_models(engine).get(name)

    def reindex(
        self, model: str | None = None, wait: float = 0.0, on_progress: Callable[[int, int], None] | None = None
    ) -> Rebuilt:
        """Build the indexes anew beside the old ones, which answer until then; with `model`, for another model.

        Raises `ModelError` if there is no such model, and `StoreError` if the base cannot be written.
        """
        from index.models.embedder import open_embedder
        from index.rebuild import rebuild
        from index.writer import writing

        embedder = self.embedder()
        if model is not None and model != self.model:
            embedder = open_embedder(self.config.model_copy(update={"model": model}))
        with writing(self.home, self.model, wait) as writer:
            derive = self._deriver(lambda: writer.catalog, online=False)
            rebuilt = rebuild(writer, embedder, on_progress or (lambda _done, _total: None), derive)
        self.close()
        self._embedder = embedder
        return rebuilt

    def recap(self, source: str, board: str = "") -> Recapped:
        """A thread's recap in the board's own form; `source` is the id of one that was ingested, a file, or an address.

        Raises `UsageError` or `IngestError` for what is no thread.
        """
        from ingest.remote import is_remote
        from kb.summaries import thread_recap

        catalog = self.retriever().catalog()
        online = is_remote(source)
        known = thread_recap.titles(lambda: catalog, self.http() if online else None, self.config.arxiv_api)
        found = catalog.match_ids(source) if catalog is not None and not online else []
        if catalog is not None and found and not Path(source).exists():
            return thread_recap.recap_of(
                *thread_recap.of_document(catalog, self.find(source)[0]), catalog, self.llm(), known
            )
        return thread_recap.recap_of(*thread_recap.at_place(source, board, self._boards()), catalog, self.llm(), known)

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
