"""How a knowledge base stands: status, doctor, models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.audio.engines import EngineName
    from kb.library.context import LibraryContext
    from kb.library.doctor import Finding, ModelRow
    from kb.library.status import Status


class Maintenance:
    """How one knowledge base stands, and the models that it has."""

    def __init__(self, context: LibraryContext) -> None:
        self._context = context

    def status(self) -> Status:
        """Counts, failures, the model, who is writing."""
        from index.models.packed import READER
        from kb.library import status

        why = self._context.reader_problem or READER.problem(self._context.config.cache)
        told = f"none: {why}" if why else READER.name
        return status.of(self._context.home, self._context.config, self._context.catalog(), told)

    def doctor(self, repair: bool = False) -> list[Finding]:
        """What is well and what is not; with `repair`, after mending what can be mended."""
        from kb.library.doctor import Finding, examine, whisper_finding

        reader = Finding(
            "reader", self._context.reader() is not None, self._context.reader_problem or "it reads", "see the message"
        )
        if not self._context.config.reranker:
            reader = Finding("reader", True, self._context.reader_problem)
        whisper = whisper_finding(self._context.whisper_models())
        return examine(
            self._context.home,
            self._context.model,
            self._context.embedder,
            self._context.config,
            self._context.llm(),
            [reader, whisper],
            repair,
        )

    def models(self) -> list[ModelRow]:
        """The models that this knowledge base uses, and every Whisper model on this machine."""
        from index.models.packed import READER
        from kb.library.doctor import models_of

        why = self._context.reader_problem or READER.problem(self._context.config.cache)
        return models_of(self._context.config, self._context.model, why, self._context.whisper_models())

    def get_model(self, name: str, engine: EngineName | None = None) -> Path:
        """Download a Whisper model by name, for the engine that is set or the one named; where it lies.

        Raises `UsageError` for an unknown name, `WhisperError` if it cannot be had.
        """
        return self._context.whisper_models(engine).get(name)
