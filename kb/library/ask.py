"""What is asked of a knowledge base: search, answers, conversations, checks, recaps of threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kb.errors import UsageError
from kb.library.context import whole_text
from kb.types.answers import Answer, Offer
from kb.types.search import SearchResult

if TYPE_CHECKING:
    from index.filters import Filters
    from kb.answer.check_document import Checked
    from kb.answer.conversation import Conversation
    from kb.library.context import LibraryContext
    from kb.library.sources import Sources
    from kb.summaries.thread_recap import Recapped


class Ask:
    """Search, answers, conversations, checks and recaps."""

    def __init__(self, context: LibraryContext, sources: Sources) -> None:
        self._context = context
        self._sources = sources

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

        document = self._sources.find(source)[0] if source else None
        return make_filters(kinds, tags, document, since, until, self._context.now().date())

    def search(
        self, query: str, k: int = 10, filters: Filters | None = None, trace: bool = False, rerank: bool = False
    ) -> SearchResult:
        """The k passages that fit a query best; with `rerank` the first in the reader's order, where it reads."""
        if k < 1:
            raise UsageError("-k must be 1 or more.")
        if not rerank:
            return self._context.retriever().search(whole_text(query), k, filters, trace)
        from kb.answer.pipeline import found

        return found(self._context.retriever(), whole_text(query), k, filters, trace, self._context.reader())[0]

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
        chosen = check_level(level or self._context.config.level)
        answering = answer(
            self._context.retriever(),
            self._context.embedder,
            whole_text(question),
            chosen,
            k,
            filters,
            trace,
            self._context.llm(),
            lambda text: self.offers(text, filters),
            self._context.reader(),
        )
        return self._with_notes(answering)

    def _with_notes(self, answering: Generator[str, None, Answer]) -> Generator[str, None, Answer]:
        """The same answer; it says so where the reranker should have been asked and could not be."""
        given = yield from answering
        lost = self._context.reader_problem if self._context.config.reranker else ""
        return replace(given, notes=(*given.notes, f"Answered without the reranker. {lost}")) if lost else given

    def check(self, text: str, sources: Sequence[str] = (), beside: Path | None = None) -> Checked:
        """Verdicts of a text with `[n]`: its sources are those named ([1], [2] …), else the list below the text.

        `beside` is where the paths of that list start. Raises `UsageError` if there is nothing to check.
        """
        from kb.answer.check_document import check
        from kb.answer.entailment import judge

        judged = judge(lambda texts: self._context.embedder().embed(texts), self._context.reader())
        catalog = self._context.catalog()
        return check(whole_text(text), sources, beside or Path.cwd(), catalog, judged, self._context.config.max_file_mb)

    def chat(self) -> Conversation:
        """A conversation over this base: follow-up questions, and the last answer at another level."""
        from kb.answer.conversation import Conversation, Dependencies

        return Conversation(
            Dependencies(
                self._context.retriever(),
                self._context.embedder,
                self._context.llm(),
                self.offers,
                self._context.reader(),
            ),
            self._context.config.level,
        )

    def offers(self, question: str, filters: Filters | None = None) -> tuple[Offer, ...]:
        """The filters that words of a question may mean ("in the paper club", "since May"); none is applied."""
        from kb.answer.filter_suggestions import find

        return find(question, self._context.catalog(), self._context.now().date(), filters)

    def recap(self, source: str, board: str = "") -> Recapped:
        """A thread's recap in the board's own form; `source` is the id of one that was ingested, a file, or an address.

        Raises `UsageError` or `IngestError` for what is no thread.
        """
        from ingest.remote import is_remote
        from kb.summaries import thread_recap

        catalog = self._context.catalog()
        online = is_remote(source)
        known = thread_recap.titles(
            lambda: catalog, self._context.http() if online else None, self._context.config.arxiv_api
        )
        found = catalog.match_ids(source) if catalog is not None and not online else []
        if catalog is not None and found and not Path(source).exists():
            return thread_recap.recap_of(
                *thread_recap.of_document(catalog, self._sources.find(source)[0]), catalog, self._context.llm(), known
            )
        return thread_recap.recap_of(
            *thread_recap.at_place(source, board, self._context.boards()), catalog, self._context.llm(), known
        )
