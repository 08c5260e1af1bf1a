"""The terminal: where text goes, and text of sources made safe for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    pass


def console(stderr: bool = False) -> Console:
    """Where text goes; no markup of Rich's is read from sources, and nothing is highlighted by guess."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def safe(text: str) -> str:
    """A title or path without control characters."""
    return "".join(c if c.isprintable() else " " for c in text)
