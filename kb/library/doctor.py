"""Whether the parts of a knowledge base agree and work, and the mending of those that do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from index.models.embedder import Embedder
from index.models.packed import READER
from index.models.weights import DEFAULT_MODEL, damage
from index.storage import embeddings, locks
from index.storage.catalog import Catalog
from index.writer import CATALOG, Indexes, writing
from ingest.audio.models import Models
from kb.config import Config
from kb.errors import KbError, LlmError, WhisperError
from kb.llm.client import Llm, Message, served_here
from kb.shadowing import DISTRIBUTION, PACKAGES


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is well, what was seen, and what to do if it is not."""

    name: str
    well: bool
    seen: str
    remedy: str = ""


def examine(
    home: Path,
    model: str,
    embedder: Callable[[], Embedder],
    config: Config,
    llm: Llm | None,
    more: list[Finding],
    repair: bool = False,
) -> list[Finding]:
    """Look at every part, and with `repair` mend what can be mended first.

    Nothing is lost by a repair: the catalog holds every text and vector, and the indexes are built from it.
    """
    if repair and (home / CATALOG).is_file():
        with writing(home, model, mend=True) as writer:
            writer.embed_missing(embedder())
            writer.reconcile(everything=True)
    chosen = config.model_copy(update={"model": model})
    findings = [_packages(), _model(embedder, chosen), *more, llm_finding(config, llm)]
    if not (home / CATALOG).is_file():
        if (home / "chroma").exists() or (home / "lexical").exists():
            remedy = "restore catalog.sqlite from a backup, or ingest your sources again"
            return [*findings, Finding("catalog", False, f"{home / CATALOG} is missing, its indexes are there", remedy)]
        return [*findings, Finding("catalog", True, "nothing was ingested yet")]
    catalog = Catalog(home / CATALOG, write=False)
    try:
        return [*findings, _catalog(catalog), *_indexes(home, model, catalog), _failures(catalog), _writer(home)]
    finally:
        catalog.close()


def _packages() -> Finding:
    """Whether our packages are ours alone: other distributions have packages of the same plain names."""
    owners = metadata.packages_distributions()
    others = sorted({name for package in PACKAGES for name in owners.get(package, ())} - {DISTRIBUTION})
    if others:
        remedy = "install kb into an environment of its own, as uv tool install does"
        return Finding("packages", False, f"{', '.join(others)} installs over packages of kb", remedy)
    return Finding("packages", True, f"{', '.join(PACKAGES)} are kb's own")


def _model(embedder: Callable[[], Embedder], config: Config) -> Finding:
    try:
        if problem := damage(config):
            return Finding("model", False, problem, "see the message")
        loaded = embedder()
        cat, kitten, rates = loaded.embed(["a cat sat on the mat", "a kitten lay on the rug", "interest rates rose"])
    except KbError as error:
        return Finding("model", False, str(error), "see the message")
    seen = f"{loaded.name} by {loaded.backend}, {loaded.dimension} dimensions, {loaded.window} word pieces"
    return Finding(
        "model",
        bool(cat @ kitten > cat @ rates),
        seen,
        "delete the cache folder (KB_CACHE); the model is exported anew",
    )


def llm_finding(config: Config, llm: Llm | None) -> Finding:
    """Whether the language model that is set answers, by a real call; where none is set, one that runs on this host."""
    if llm is None:
        if config.llm_url or config.llm_model:
            lacking = "KB_LLM_MODEL" if config.llm_url else "KB_LLM_URL"
            return Finding("language model", False, f"half set: {lacking} is missing", f"set {lacking} too")
        served = served_here()
        if served is None:
            return Finding("language model", True, "none is set; answers are quoted from your sources")
        url, names = served
        seen = f"none is set; a server at {url} offers {', '.join(names[:5])}"
        return Finding("language model", True, seen, f"to use it: KB_LLM_URL={url} KB_LLM_MODEL={names[0]}")
    try:
        said = llm.write([Message("user", "Reply with the word: ready")], 20)
    except LlmError as error:
        return Finding("language model", False, str(error), "start its server, or correct KB_LLM_URL and KB_LLM_MODEL")
    return Finding("language model", True, f"{llm.name} at {config.llm_url} answers: {' '.join(said.split())[:60]}")


def whisper_finding(models: Models) -> Finding:
    """Which Whisper model hears recordings; that there is none is no fault while nobody wants to hear any."""
    try:
        path = models.find()
    except WhisperError as error:
        there = ", ".join(sorted(found.name for found in models.all()))
        return Finding("whisper", True, f"none: {error}" + (f" There are: {there}." if there else ""))
    return Finding("whisper", True, f"{models.named} by {models.engine}, in {path}")


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model: what it does (embedding, reader, whisper), whether it is used, where it lies or why it does not."""

    role: str
    name: str
    used: bool
    seen: str


def models_of(config: Config, embedding: str, unread: str, models: Models) -> list[ModelRow]:
    """Every model that a base uses, and the Whisper models that are on this machine, of both engines."""
    rows = [
        ModelRow("embedding", embedding, True, "part of the installation" if embedding == DEFAULT_MODEL else embedding),
        ModelRow("reader", READER.name, not unread, unread or "part of the installation"),
    ]
    others = replace(models, engine="faster-whisper" if models.engine == "openai-whisper" else "openai-whisper")
    there = [*models.all(), *(found for found in others.all() if found.name != models.named)]
    for found in there:
        used = found.engine == models.engine and found.name == models.named
        rows.append(ModelRow("whisper", found.name, used, f"{found.engine}, {found.mb:g} MB, {found.path}"))
    if not any(row.used for row in rows if row.role == "whisper"):
        rows.append(ModelRow("whisper", models.named, False, f"not on this machine; kb models get {models.named}"))
    return rows


def _catalog(catalog: Catalog) -> Finding:
    problem = catalog.problem()
    seen = problem or f"{catalog.count('documents')} documents, {catalog.count('chunks')} passages"
    return Finding("catalog", not problem, seen, "restore catalog.sqlite from a backup; it is the one part not derived")


def _indexes(home: Path, model: str, catalog: Catalog) -> list[Finding]:
    remedy = "kb doctor --repair"
    wanted = catalog.chunk_ids()
    found: list[Finding] = []
    unembedded = embeddings.missing(catalog, model)
    seen = f"{len(unembedded)} passages without one" if unembedded else "every passage has its own"
    found.append(Finding("vectors", not unembedded, seen, remedy))
    try:
        with locks.access(home, exclusive=False):
            indexes = Indexes(home, model)
            try:
                held = {"vector store": indexes.store.ids(), "lexical index": indexes.lexical.ids()}
            finally:
                indexes.close()
    except (KbError, ValueError, OSError) as error:
        return [*found, Finding("indexes", False, str(error).splitlines()[0][:200], remedy)]
    for name, ids in held.items():
        lacking, extra = len(wanted - ids), len(ids - wanted)
        parts = [f"{len(ids)} passages", f"{lacking} missing" * bool(lacking), f"{extra} too many" * bool(extra)]
        seen = ", ".join(part for part in parts if part)
        found.append(Finding(name, not lacking and not extra, seen, remedy))
    return found


def _failures(catalog: Catalog) -> Finding:
    count = len(catalog.failures())
    seen = f"{count} could not be read" if count else "none failed"
    return Finding("sources", not count, seen, "kb status names them; kb ingest --retry-failed tries again")


def _writer(home: Path) -> Finding:
    return Finding("writer", True, locks.holder(home) or "nobody is writing")
