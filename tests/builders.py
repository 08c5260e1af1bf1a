"""Builders: each names only what a test is about."""

from __future__ import annotations

from pathlib import Path

from ingest import source
from ingest.files import file_uri
from ingest.source import Item
from kb.documents import Document, Kind
from kb.errors import IngestError


def an_item(path: Path, named: bool = True) -> Item:
    return Item(file_uri(path), path, path.name, named)


def read_file(path: Path, content: str | bytes, kind: Kind | None = None) -> Document:
    """The one document of a file with this content."""
    outcome = read_any(path, content, kind)
    assert isinstance(outcome, Document), outcome
    return outcome


def read_any(path: Path, content: str | bytes, kind: Kind | None = None, named: bool = True) -> Document | IngestError:
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(data)
    outcomes = list(source.read(an_item(path, named), data, kind))
    assert len(outcomes) == 1
    return outcomes[0]


def texts(document: Document) -> list[str]:
    """The words of each segment."""
    return [document.text[s.start_char : s.end_char] for s in document.segments]


def write(folder: Path, **files: str) -> None:
    """Files by stem (`a="…"` is a.md)."""
    for stem, content in files.items():
        (folder / f"{stem}.md").write_text(content, encoding="utf-8")


A_TALK = """\
[00:00:00.000 --> 00:00:04.000]   Welcome to the session on training large models.
[00:00:04.000 --> 00:00:09.500]   The pipeline bubble is the time in which cards wait for work.
[00:00:09.500 --> 00:00:15.000]   With more micro-batches the bubble gets
[00:00:15.000 --> 00:00:18.000]   smaller, and that is all there is to it.
[00:00:18.000 --> 00:00:19.000]   [Music]
[00:00:19.000 --> 00:00:24.000]   Thank you, and see you next week.
"""

AN_OUTLINE = """\
---
title: Serving
tags: [inference, gpu/memory]
date: 2026-02-01
---

# Serving

Decoding is limited by memory bandwidth.

## Splitting

- Tensor parallelism splits each layer
\t- it wants a fast link
- Pipeline parallelism gives each card a run of layers
\t- the bubble is the waiting at both ends
"""
