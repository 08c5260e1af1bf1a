"""From what a person named (files, folders) to the items in it, in a steady order."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest import remote
from ingest.audio import source
from ingest.audio.source import AudioIngest, RecordingItem
from ingest.net.urls import file_uri
from ingest.registry import suffixes
from ingest.remote import Fetching
from ingest.source import Item
from kb.errors import IngestError, SkippedItem

# Folders that hold an editor's or a tool's own files, never notes.
_PASSED_OVER = frozenset({".obsidian", ".trash", ".git", ".svn", ".hg", "node_modules", "__pycache__", ".venv"})
_OFFICE = frozenset({".docx", ".doc", ".odt", ".rtf", ".epub", ".mobi", ".pptx", ".ppt", ".odp", ".pages", ".key"})
_REMEDIES = {".opml": "kb feeds import FILE subscribes to them"}
_IGNORE_FILES = (".gitignore", ".kbignore")


def find(
    named: Iterable[str | Path],
    any_suffix: bool = False,
    fetching: Fetching | None = None,
    listening: AudioIngest | None = None,
    as_recordings: bool = False,
) -> Iterator[Item | IngestError]:
    """The items at each named place, each file once, sorted by path; addresses as items that are yet to be fetched.

    A missing place is an `IngestError`; a file in a folder that no source reads is a `SkippedItem`, and so is what an
    ignore file names only by its silence. `any_suffix` takes every file (the person said what kind they are).
    Recordings are heard with `listening`; `as_recordings` takes every file for one.
    """
    way = _Way(any_suffix, listening, as_recordings)
    seen: set[Path] = set()
    addresses: set[str] = set()
    for place in named:
        if not str(place).strip():
            yield IngestError(str(place), "an empty name; is a variable of the shell not set?")
            continue
        if fetching is not None and remote.is_remote(place):
            item = remote.item(str(place), fetching)
            if item.uri not in addresses:
                addresses.add(item.uri)
                yield item
            continue
        path = expanded(place)
        uri = file_uri(path)
        try:
            if path.is_dir():
                yield from _walk(path, way, seen)
            elif path.exists():
                yield from _one(path, path.name, True, way, seen)
            else:
                yield IngestError(uri, "there is no such file or folder")
        except OSError as error:
            yield IngestError(uri, f"it cannot be read ({error.strerror or error})")


def expanded(place: str | Path) -> Path:
    """A place as a path, `~` led home; a `~user` that is nobody's stays a name that leads nowhere."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        return Path(place)


@dataclass(frozen=True, slots=True)
class _Way:
    """How files are taken: whatever their suffix, with what recordings are heard, every file as one."""

    any_suffix: bool
    listening: AudioIngest | None
    as_recordings: bool


def _recording(path: Path, uri: str, relative: str, named: bool, way: _Way) -> Item | IngestError:
    """A recording as an item, if the person asked for its words: by its own name, or for all that are met."""
    if way.listening is None or not (named or way.listening.all or way.as_recordings):
        return SkippedItem(uri, "a recording; --audio transcribes those that are met in folders")
    return RecordingItem(uri, path, relative, named, listening=way.listening)


def _one(path: Path, relative: str, named: bool, way: _Way, seen: set[Path]) -> Iterator[Item | IngestError]:
    uri = file_uri(path)
    real = Path(os.path.realpath(path))
    if real in seen:
        return
    seen.add(real)
    if not path.is_file():
        yield SkippedItem(uri, "it is no regular file") if not named else IngestError(uri, "it is no regular file")
        return
    if path.name.endswith(".icloud"):
        yield SkippedItem(uri, "it is a placeholder; the file itself is still in iCloud")
        return
    suffix = path.suffix.lower()
    if way.as_recordings or (suffix in source.SUFFIXES and not way.any_suffix):
        yield _recording(path, uri, unicodedata.normalize("NFC", relative), named, way)
        return
    if suffix not in suffixes() and not way.any_suffix:
        reason = f"no reader for {suffix} files" if suffix else "no reader for a file without a suffix"
        if suffix == ".opml":
            reason = "it is a list of subscriptions"
        usual = "save it as PDF, HTML or markdown" if suffix in _OFFICE else "--kind says what it is"
        remedy = _REMEDIES.get(suffix, usual)
        told = f"{reason}; {remedy}" if named or suffix in _OFFICE or suffix in _REMEDIES else reason
        yield IngestError(uri, told) if named else SkippedItem(uri, told)
        return
    relative = unicodedata.normalize("NFC", relative)
    yield Item(uri, path, relative, named)


def _walk(root: Path, way: _Way, seen: set[Path]) -> Iterator[Item | IngestError]:
    entered: set[tuple[int, int]] = set()
    stack: list[tuple[Path, tuple[tuple[Path, GitIgnoreSpec], ...]]] = [(root, ())]
    while stack:
        folder, specs = stack.pop()
        try:
            stat = folder.stat()
            if (stat.st_dev, stat.st_ino) in entered:
                continue  # a link back into a folder already read
            entered.add((stat.st_dev, stat.st_ino))
            children = sorted(folder.iterdir(), key=lambda child: child.name)
        except OSError as error:
            yield IngestError(file_uri(folder), f"the folder cannot be read ({error.strerror or error})")
            continue
        specs = (*specs, *_ignore_specs(folder))
        folders = []
        for child in children:
            is_folder = child.is_dir()
            if _ignored(child, is_folder, specs):
                continue
            if is_folder:
                if child.name not in _PASSED_OVER:
                    folders.append((child, specs))
            elif child.name not in _IGNORE_FILES and child.name != ".DS_Store":
                relative = child.relative_to(root).as_posix()
                yield from _one(child, relative, False, way, seen)
        stack.extend(reversed(folders))


def _ignore_specs(folder: Path) -> list[tuple[Path, GitIgnoreSpec]]:
    lines: list[str] = []
    for name in _IGNORE_FILES:
        try:
            lines += (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
    return [(folder, GitIgnoreSpec.from_lines(lines))] if lines else []


def _ignored(path: Path, is_folder: bool, specs: tuple[tuple[Path, GitIgnoreSpec], ...]) -> bool:
    for base, spec in specs:
        relative = path.relative_to(base).as_posix() + ("/" if is_folder else "")
        if spec.match_file(relative):
            return True
    return False
