"""Options that several commands share, and the things that each of them does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from kb.library import Library

Home = Annotated[Path | None, typer.Option("--home", help="The knowledge base's folder (KB_HOME).", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Trace = Annotated[bool, typer.Option("--trace", help="Show why each passage stands where it does.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind; can be said again.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only sources with this tag.")]
Source = Annotated[str | None, typer.Option("--source", help="Only the source with this id.")]
Since = Annotated[str | None, typer.Option("--since", help="Published (else ingested) since: 2026-05-01, 7d.")]
Until = Annotated[str | None, typer.Option("--until", help="Published (else ingested) until.")]
Batch = Annotated[
    str | None, typer.Option("--batch", help="A file of JSON lines (- is standard input); prints JSON lines.")
]
Wait = Annotated[float, typer.Option("--wait", help="Seconds to wait if another kb is writing.")]


def opened(home: Path | None) -> Library:
    """The knowledge base of a command."""
    import kb

    return kb.open(home)


def printed(value: dict[str, Any]) -> None:
    """Print one line of JSON."""
    from kb.library import to_json

    print(to_json.dump(value))


def typed_line(person: bool) -> str | None:
    """The next line: typed by a person after a prompt, or of what is piped in; None at its end."""
    if person:
        try:
            return input("› ").strip()
        except EOFError:
            print()
            return None
    text = sys.stdin.readline()
    return text.strip() if text else None
