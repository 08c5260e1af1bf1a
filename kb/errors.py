"""Every error that `kb` raises on purpose.

    KbError                     one plain line for the person; `exit_code` says how a command ends
    ├── UsageError              the request itself is wrong (2)
    │   ├── UnknownId           an id or its prefix names nothing, or several things
    │   └── MassRemoval         --prune would take out more than a fifth of what stood there
    ├── IngestError             one item could not be read; yielded and counted, never raised through a batch (1)
    │   └── SkippedItem         one item is no source (empty, binary, unknown); not a failure
    ├── StoreError              the knowledge base cannot be used (3)
    │   ├── StoreLocked         another process is writing; says which and since when
    │   ├── StoreTooNew         made by a newer `kb`
    │   └── StoreFull           the disk is full
    ├── InstallationError       another program's file or package hides one of kb's own (3)
    ├── ModelError              the embedding model cannot be had or is not what it should be (3)
    │   └── MissingExtra        it needs an optional part of kb that is not installed
    └── LlmError                the language model cannot be had; there is always a way without it (1)
        └── SchemaRefused       its server does not know structured output; the same is asked for in prose

A message is one line: what, where, and what to do about it.
"""

from __future__ import annotations

import sys


class KbError(Exception):
    """Base of all errors with a message fit for a person."""

    exit_code = 1


class UsageError(KbError):
    """The request cannot be carried out as it was said."""

    exit_code = 2


class UnknownId(UsageError):
    """An id or prefix that matches no single document or chunk."""


class MassRemoval(UsageError):
    """More would be removed than a person is likely to mean; nothing was."""

    def __init__(self, gone: int, known: int) -> None:
        super().__init__(
            f"--prune would remove {gone} of {known} sources, more than a fifth, because their files are gone. "
            "Nothing was removed. If that is meant, add --allow-mass-removal."
        )


class IngestError(KbError):
    """One item that a source could not read.

    A source yields it in place of the document, so that the batch goes on and the item is named and counted.
    """

    def __init__(self, uri: str, reason: str) -> None:
        super().__init__(f"{uri}: {reason}")
        self.uri = uri
        self.reason = reason


class SkippedItem(IngestError):
    """One item, met in a folder, that is no source: counted and named, but no failure."""


class StoreError(KbError):
    """The catalog, the vector store or the lexical index cannot be used."""

    exit_code = 3


class StoreLocked(StoreError):
    """Another process holds the writer's lock."""

    def __init__(self, path: str, holder: str) -> None:
        super().__init__(
            f"Another kb is writing to {path}: {holder}. Try again when it is done, or pass --wait SECONDS."
        )
        self.holder = holder


class StoreTooNew(StoreError):
    """The catalog was written by a later version of `kb`."""

    def __init__(self, path: str, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found}, but this kb knows versions up to {known}. Upgrade kb to open it."
        )


class StoreFull(StoreError):
    """No room left for a write; what was acknowledged before is kept."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The disk that holds {path} is full. Free some space and run the same command again: "
            "everything already added is kept."
        )


class InstallationError(KbError):
    """Something in the environment hides a package of `kb`."""

    exit_code = 3


class ModelError(KbError):
    """The embedding model is missing, altered, or not the one the store was made with."""

    exit_code = 3


def install_extra(extra: str) -> str:
    """The command that installs an optional part of `kb`, for a message."""
    wanted = f"install '.[{extra}]'"
    return f"In kb's source folder run: {sys.executable} -m pip {wanted} (installed by uv: uv tool {wanted})."


class MissingExtra(ModelError):
    """A part of `kb` that is installed only when asked for; the message has the command."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed. {install_extra(extra)}")
        self.extra = extra


class WhisperError(KbError):
    """No recording can be heard: the Whisper model or its engine is missing, or cannot be used."""


class LlmError(KbError):
    """The language model did not answer. `passing`: asking again may help."""

    def __init__(self, message: str, passing: bool = False) -> None:
        super().__init__(message)
        self.passing = passing


class SchemaRefused(LlmError):
    """The server does not take a schema for its answer."""


def first_line(error: BaseException) -> str:
    """What an error of a library says, as much of it as a person wants to read."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
