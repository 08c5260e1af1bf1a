"""Jupyter notebooks: their markdown and code as one outline; outputs are left out.

https://nbformat.readthedocs.io/en/latest/format_description.html; version 3 kept its cells in worksheets.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ingest.notes import wikilinks
from ingest.notes.markdown import Outline
from ingest.source import TextFile
from kb.errors import IngestError
from kb.types.documents import Document, Kind, Metadata


class Notebooks:
    """Reads `.ipynb` files."""

    name = "notebooks"
    version = 1
    kind: Kind = "note"
    suffixes = frozenset({".ipynb"})
    empty = "it holds no cells with text"

    def recognises(self, file: TextFile) -> bool:
        """Any file of the suffix; one that is no notebook fails by name when it is read."""
        return True

    def read(self, file: TextFile) -> Iterator[Document | IngestError]:
        """One document: markdown cells as they are, code cells as fences."""
        try:
            notebook = json.loads(file.text)
        except (ValueError, RecursionError):
            yield IngestError(file.item.uri, "it is no notebook: its JSON cannot be read")
            return
        text = "\n\n".join(part for cell in _cells(notebook) if (part := _rendered(cell)))
        outline = Outline.of(text)
        if not outline.segments:
            return
        metadata: Metadata = {"trust": "own", "rendered": True}
        if links := wikilinks.links(text):
            metadata["links"] = links
        yield Document(file.item.uri, "note", outline.title or file.stem, text, tuple(outline.segments), metadata)


def _cells(notebook: Any) -> list[Any]:
    if not isinstance(notebook, dict):
        return []
    sheets = notebook.get("worksheets")
    parts = [notebook, *(sheets if isinstance(sheets, list) else [])]
    found = [part.get("cells") for part in parts if isinstance(part, dict)]
    return [cell for cells in found if isinstance(cells, list) for cell in cells if isinstance(cell, dict)]


def _rendered(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    lines = "".join(part for part in source if isinstance(part, str)) if isinstance(source, list) else source
    if not isinstance(lines, str) or not lines.strip():
        return ""
    words = lines.strip().encode("utf-8", "replace").decode("utf-8")
    kind = cell.get("cell_type")
    if kind == "heading":
        level = cell.get("level")
        return f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {words}"
    if kind != "code":
        return words
    fence = "`" * max(3, 1 + max((len(run) for run in words.split() if set(run) == {"`"}), default=0))
    return f"{fence}\n{words}\n{fence}"
