"""One talk, one document: the same transcript in several formats, its console log, its recording are read once.

Files join only if they say the same words; notes on a talk that lie beside its subtitles under the same name do not.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from ingest import registry
from ingest.audio.source import RecordingItem
from ingest.source import Item
from kb.errors import IngestError
from kb.types.documents import Document

# The richest first: JSON knows more of a recording than subtitles, and those more than plain text.
_RANK = {".json": 0, ".vtt": 1, ".srt": 2, ".sbv": 3, ".tsv": 4, ".txt": 5}
# Of the words of the shorter, how many the longer must have as often. The same run of a recogniser shares all.
_ALIKE = 0.95


def join(
    found: Iterable[Item | IngestError], known: Callable[[str], bool], limit_mb: float
) -> list[Item | IngestError]:
    """Items with the files that say the same put under one of them (`also`): the one known before, else the richest.

    A recording goes under the transcript of its name, whose words are what hearing it would give.
    """
    items = list(found)
    groups: dict[Path, list[Item]] = defaultdict(list)
    recordings = [item for item in items if isinstance(item, RecordingItem)]
    for item in items:
        if isinstance(item, Item) and not isinstance(item, RecordingItem) and item.path.suffix.lower() in _RANK:
            groups[item.path.parent].append(item)

    @cache
    def words(item: Item) -> Counter[str]:
        return _words(item, limit_mb)

    under: dict[str, Item] = {}
    also: dict[str, list[str]] = defaultdict(list)
    for folder in groups.values():
        if all(item.path.suffix.lower() == ".txt" for item in folder):
            continue  # nothing timed that they could be other forms of
        ordered = sorted(folder, key=lambda i: (not known(i.uri), _RANK[i.path.suffix.lower()], i.uri))
        heads: list[Item] = []
        for item in ordered:
            head = next((h for h in heads if _may_be_same(h, item) and _alike(words(h), words(item))), None)
            if head is None:
                heads.append(item)
            else:
                under[item.uri] = head
                also[head.uri].append(item.uri)
    for recording in recordings:
        met = [item for item in groups[recording.path.parent] if item.path.stem == recording.path.stem]
        beside = [item for item in [*met, *_not_met(recording, met)] if words(item)]
        if beside:
            head = min(beside, key=lambda i: _RANK[i.path.suffix.lower()])
            head = under.get(head.uri, head)
            under[recording.uri] = head
            also[head.uri].append(recording.uri)
            if head.uri not in {getattr(item, "uri", "") for item in items}:
                items.append(head)
    return [
        replace(item, also=tuple(sorted(also[item.uri]))) if isinstance(item, Item) and item.uri in also else item
        for item in items
        if getattr(item, "uri", "") not in under
    ]


def _not_met(recording: Item, met: list[Item]) -> list[Item]:
    """The files of its name that may be the transcript of a recording which the person named by itself."""
    paths = [recording.path.with_suffix(form) for form in _RANK] if recording.named else []
    known = {item.path for item in met}
    return [Item(p.absolute().as_uri(), p, p.name, True) for p in paths if p not in known and p.is_file()]


def _may_be_same(head: Item, item: Item) -> bool:
    """The same name in another format; or any text beside it, which may be the recogniser's console log."""
    return head.path.stem == item.path.stem or ".txt" in (head.path.suffix.lower(), item.path.suffix.lower())


def _words(item: Item, limit_mb: float) -> Counter[str]:
    """How often each word is said in a transcript; nothing if it is none."""
    try:
        data = item.read(limit_mb)
    except IngestError:
        return Counter()
    try:
        outcomes = list(registry.read(item, data))
    except Exception:
        # What breaks its reader is told when it is ingested; it says the same as nothing.
        return Counter()
    for outcome in outcomes:
        if isinstance(outcome, Document) and outcome.kind == "transcript":
            said = " ".join(outcome.text[s.start_char : s.end_char] for s in outcome.segments)
            return Counter(re.findall(r"\w+", said.casefold()))
    return Counter()


def _alike(one: Counter[str], other: Counter[str]) -> bool:
    sizes = sorted((one.total(), other.total()))
    return sizes[0] > 0 and (one & other).total() >= _ALIKE * sizes[1]
