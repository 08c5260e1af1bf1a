"""A transcript on its way to disk: what was transcribed so far survives a kill."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from kb.errors import StoreError, StoreFull


class Row(TypedDict, total=False):
    """A segment as Whisper's JSON has it; one that was dropped says why."""

    id: int
    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float
    compression_ratio: float
    temperature: float
    reason: str


class Transcript(TypedDict):
    """A kept transcript: Whisper's own fields, what was dropped and why, and how it was made."""

    text: str
    language: str
    segments: list[Row]
    dropped: list[Row]
    kb: dict[str, Any]


@dataclass(slots=True)
class Journal:
    """What was heard so far, a line for each group of windows; a line that was cut off is not read."""

    path: Path
    digest: str
    rows: list[Row] = field(default_factory=list)
    until: float = 0.0
    resumed: float = 0.0
    language: str = ""
    speed: float = 0.0  # seconds of the recording in a second, of what was heard now
    _file: Any = None

    def __post_init__(self) -> None:
        whole = 0
        with suppress(OSError):
            for line in self.path.read_bytes().splitlines(keepends=True):
                try:
                    said = json.loads(line) if line.endswith(b"\n") else {}
                    if said.get("sha256") != self.digest:
                        break
                    self.rows += said["rows"]
                    self.until, self.language = float(said["until"]), str(said["language"])
                except (ValueError, KeyError, TypeError):
                    break
                whole += len(line)
            os.truncate(self.path, whole)
        self.resumed = self.until

    def add(self, until: float, language: str, rows: list[Row]) -> None:
        """Keep a group for good: it is on the disk when this returns."""
        if self._file is None:
            self._file = self.path.open("ab")
        line = {"sha256": self.digest, "until": until, "language": language, "rows": rows}
        self._file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows += rows
        self.until, self.language = until, language

    def close(self) -> None:
        """Close the file; what was added stays in it."""
        if self._file is not None:
            self._file.close()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Says plainly what of the home cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(str(folder)) from None
        raise StoreError(f"A transcript cannot be kept in {folder} ({error.strerror or error}).") from None


def write(path: Path, made: Transcript) -> None:
    """Whole or not at all."""
    data = json.dumps(made, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    handle, draft = tempfile.mkstemp(prefix=".transcript-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(draft)
        raise
