"""Recordings as documents: their words by Whisper, each segment located by the recording's own seconds."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from ingest.audio import decode
from ingest.audio.transcribe import Transcriber, TranscriptionResult
from ingest.net.errors import FetchError
from ingest.net.http import Http
from ingest.source import BinarySource, Item
from ingest.transcripts import chapters
from ingest.transcripts import source as transcripts
from ingest.transcripts.json_formats import TimedText
from kb.errors import IngestError, WhisperError
from kb.types.documents import Document, Kind, LowConfidence, Metadata

AUDIO = frozenset({".mp3", ".m4a", ".m4b", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wav", ".wma", ".aif", ".aiff"})
VIDEO = frozenset({".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi"})
SUFFIXES = AUDIO | VIDEO
_LARGEST_DOWNLOAD_MB = 4000.0
_LONGEST_DOWNLOAD = 3600.0  # seconds


def _nothing(uri: str, made: TranscriptionResult) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class AudioIngest:
    """What recordings are heard with.

    `all` hears those in folders too, not only what the person named. `told` hears of each transcript. A download lies
    in `downloads` until it is heard; what came of each address is remembered, so that it is fetched once in a run.
    `digests` are those that were reckoned, by uri, size and time of change.
    """

    transcriber: Transcriber
    downloads: Path
    all: bool = False
    told: Callable[[str, TranscriptionResult], None] = field(default=_nothing)
    made: dict[str, tuple[decode.MediaInfo, TranscriptionResult]] = field(default_factory=dict)
    came: dict[str, tuple[Path, bytes] | FetchError] = field(default_factory=dict)
    digests: dict[tuple[str, int, int], str] = field(default_factory=dict)

    def fetched(self, http: Http, url: str, named: bool) -> tuple[Path, bytes]:
        """A remote recording as a file here, and its sha256 (hex). Raises `FetchError`.

        The file is gone once it was heard in this run; its hash then stands for its transcript.
        """
        if url not in self.came:
            try:
                self.came[url] = self._fetched(http, url, named)
            except FetchError as error:
                self.came[url] = error
        came = self.came[url]
        if isinstance(came, FetchError):
            raise came
        return came

    def _fetched(self, http: Http, url: str, named: bool) -> tuple[Path, bytes]:
        name = hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        path = self.downloads / (name + (suffix_of(url) or ".media"))
        try:
            self.downloads.mkdir(parents=True, exist_ok=True)
            if not path.exists():  # one that an interruption left is whole
                answer = http.save(url, path, named, _LARGEST_DOWNLOAD_MB, _LONGEST_DOWNLOAD)
                if answer.content_type.startswith("text/"):
                    path.unlink()
                    raise NotMedia("its address leads to a page and to no recording")
            if not path.stat().st_size:
                path.unlink()
                raise FetchError("it is empty")
            with path.open("rb") as file:
                return path, hashlib.file_digest(file, "sha256").hexdigest().encode("ascii")
        except OSError as error:
            raise FetchError(f"it cannot be kept in {self.downloads} ({error.strerror or error})") from None

    def heard(self, path: Path, digest: str, name: str) -> tuple[decode.MediaInfo, TranscriptionResult]:
        """What a recording says of itself and its transcript. Raises as `Transcriber.transcript`."""
        if digest not in self.made:
            try:
                facts = decode.facts(path)
                self.made[digest] = facts, self.transcriber.transcript(path, digest, facts, name)
            except decode.NoAudio:
                self._forget(path)
                raise
            self._forget(path)
        return self.made[digest]

    def _forget(self, path: Path) -> None:
        if path.parent == self.downloads:
            path.unlink(missing_ok=True)


class NotMedia(FetchError):
    """What an address leads to is no recording, though it looks so."""


def suffix_of(url: str) -> str:
    """The suffix by which an address leads to a recording; empty where it does not look so."""
    suffix = PurePosixPath(urlsplit(url).path).suffix.lower()
    return suffix if suffix in SUFFIXES else ""


@dataclass(frozen=True, slots=True, eq=False)
class RecordingItem(Item):
    """A recording; its bytes are never held at once, so what stands for them is the hash of its content."""

    listening: AudioIngest | None = None

    def load(self, limit_mb: float) -> tuple[Item, bytes]:
        """The item, and the sha256 (hex) of its content. Raises `IngestError` if it cannot be read or is empty."""
        known = self.listening.digests if self.listening is not None else {}
        try:
            with self.path.open("rb") as file:
                stat = os.fstat(file.fileno())
                if not stat.st_size:
                    raise IngestError(self.uri, "it is empty")
                key = (self.uri, stat.st_size, stat.st_mtime_ns)
                if key not in known:
                    known[key] = hashlib.file_digest(file, "sha256").hexdigest()
                return self, known[key].encode("ascii")
        except OSError as error:
            raise IngestError(self.uri, f"it cannot be read ({error.strerror or error})") from None

    def source(self) -> BinarySource:
        """Recordings, whatever its suffix."""
        return Recordings()


class Recordings:
    """Reads sound and film, by their sound."""

    name = "recordings"
    version = 1
    kind: Kind = "audio"
    suffixes = SUFFIXES
    empty = "no speech was heard in it"

    def read(self, item: Item, data: bytes) -> Iterator[Document | IngestError]:
        """One document, a segment for each that Whisper gives; after it an error where the file breaks off."""
        if not isinstance(item, RecordingItem) or item.listening is None:
            yield IngestError(item.uri, "it is a recording; kb ingest transcribes it")
            return
        listening = item.listening
        try:
            facts, made = listening.heard(item.path, data.decode("ascii"), item.title or item.path.name)
        except (decode.NoAudio, WhisperError) as error:
            yield IngestError(item.uri, str(error))
            return
        listening.told(item.uri, made)
        found = document(item, facts, made)
        if found is not None:
            yield found
        if made.broken:
            kept = "; what is heard before that is kept" if found is not None else ", and nothing was said until then"
            yield IngestError(item.uri, made.broken + kept)


def document(item: Item, facts: decode.MediaInfo, made: TranscriptionResult) -> Document | None:
    """The document of a transcript; None where nothing was said."""
    rows = made.transcript["segments"]
    talk = transcripts.rendered([TimedText(row["start"], row["end"], row["text"]) for row in rows])
    segments, collapsed = transcripts.collapse(talk.text, talk.segments)
    if not segments:
        return None
    how = made.transcript["kb"]
    dropped: list[LowConfidence] = [
        {"start": row["start"], "end": row["end"], "text": row["text"].strip(), "reason": row["reason"]}
        for row in made.transcript["dropped"]
    ]
    metadata: Metadata = {
        "trust": "published",
        "rendered": True,
        "media": item.metadata.get("media", item.uri),
        "heard": {
            "seconds": made.seconds,
            "engine": how["engine"],
            "model": how["model"],
            "language": made.transcript["language"],
        },
    }
    if facts.chapters:
        metadata["chapters"] = list(facts.chapters)
    if facts.author:
        metadata["authors"] = [facts.author]
    if facts.published:
        metadata["published"] = facts.published
    warnings = [*talk.warnings, *([made.broken] if made.broken else [])]
    if collapsed:
        metadata["collapsed"] = collapsed
        warnings.append(transcripts.told_of_loops(collapsed))
    if dropped:
        metadata["dropped"] = dropped
        warnings.append(f"{len(dropped)} segments that Whisper doubts are left out (kb sources show)")
    if warnings:
        metadata["warnings"] = warnings
    title = facts.title or item.path.stem
    return Document(item.uri, "audio", title, talk.text, tuple(segments), metadata)


def show_notes(found: Document, words: str) -> Document:
    """The document with the chapters that its show notes list, where it has none of its own."""
    if found.metadata.get("chapters"):
        return found
    listed, _ = chapters.find(words)
    if not listed:
        return found
    metadata: Metadata = {**found.metadata, "chapters": listed}
    return Document(found.uri, found.kind, found.title, found.text, found.segments, metadata, found.id)
