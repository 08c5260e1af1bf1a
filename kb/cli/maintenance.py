"""The commands that look after a knowledge base: its sources, its threads, its parts."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from kb.cli.options import Home, Json, Wait, opened, printed
from kb.text.markdown import name_of

sources_app = typer.Typer(help="List, show and remove what was ingested.", no_args_is_help=True, rich_markup_mode=None)
models_app = typer.Typer(help="Models on this machine.", no_args_is_help=True, rich_markup_mode=None)
thread_app = typer.Typer(help="Threads of imageboards.", no_args_is_help=True, rich_markup_mode=None)


def add_to(app: typer.Typer) -> None:
    """Put these commands after those that are there."""
    app.add_typer(sources_app, name="sources")
    app.add_typer(thread_app, name="thread")
    app.add_typer(models_app, name="models")
    for command in (doctor, reindex, status):
        app.command()(command)


@sources_app.command(name="list")
def list_sources(json: Json = False, home: Home = None) -> int:
    """List sources with their states: ok, queued, failed, gone."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console
    from kb.library import to_json

    with opened(home) as library:
        rows = library.sources()
    if json:
        printed({"sources": [to_json.source(row) for row in rows]})
    else:
        render_library.sources(console(), rows)
    return 0


@sources_app.command(name="show")
def show_source(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of a source; its beginning is enough.")],
    text: Annotated[bool, typer.Option("--text", help="Print the text as it is kept.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Show one source: what is known of it, or its text."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console
    from kb.library import to_json

    with opened(home) as library:
        entry, body = library.source(id_)
        links = library.edges(entry.id)
    if json:
        facts = {name: getattr(entry, name) for name in ("uri", "kind", "title", "state", "chunks", "metadata")}
        printed({"document_id": entry.id, **facts, **to_json.edges(links), **({"text": body} if text else {})})
    elif text:
        sys.stdout.write(body)
    else:
        render_library.source(console(), entry, body, links)
    return 0


@sources_app.command(name="remove")
def remove_sources(
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Of sources; of one that failed, its uri.")],
    wait: Wait = 0.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Take sources out of the knowledge base; their files stay."""
    from kb.cli.render.terminal import console, safe

    with opened(home) as library:
        gone = library.remove(ids, wait)
    if json:
        printed({"removed": gone})
    else:
        for uri in gone:
            console().print(f"removed {safe(name_of(uri))}")
    return 0


@models_app.command(name="list")
def list_models(json: Json = False, home: Home = None) -> int:
    """List the models that are used, and the Whisper models on this machine."""
    from kb.cli.render.terminal import console, safe

    with opened(home) as library:
        rows = library.models()
    if json:
        printed({"models": [asdict(row) for row in rows]})
    else:
        for row in rows:
            console().print(f"{'*' if row.used else ' '} {row.role:<10} {safe(row.name)}  {row.seen}")
    return 0


@models_app.command(name="get")
def get_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a Whisper model: tiny, base, small, large-v3 …")],
    openai: Annotated[bool, typer.Option("--openai", help="For openai-whisper instead of faster-whisper.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Download a Whisper model; nothing else is ever downloaded."""
    from kb.cli.render.terminal import console, safe

    with opened(home) as library:
        path = library.get_model(name, "openai-whisper" if openai else None)
    if json:
        printed({"name": name, "path": str(path)})
    else:
        console().print(f"{name} is in {safe(str(path))}")
        if name != library.config.whisper:
            console().print(f'to use it: KB_WHISPER={name}, or whisper = "{name}" in config.toml')
    return 0


@thread_app.command(name="recap")
def recap(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="An ingested thread's id, a file, or an address.")],
    board: Annotated[str, typer.Option("--board", help="Of a saved thread whose file does not say it.")] = "",
    json: Json = False,
    home: Home = None,
) -> int:
    """Print a thread's recap in the board's own form: what each chain is about, and its posts."""
    from kb.cli.render.terminal import safe
    from kb.library import to_json

    with opened(home) as library:
        found = library.recap(source, board)
    if json:
        printed(to_json.recap(found))
    else:
        sys.stdout.write("".join(f"{safe(line)}\n" for line in found.text.splitlines()))
    return 0


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what can be mended; nothing is lost by it.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Look whether every part works and all parts agree."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console

    with opened(home) as library:
        findings = library.doctor(repair)
    if json:
        printed({"findings": [asdict(finding) for finding in findings]})
    else:
        render_library.findings(console(), findings)
    return 0 if all(finding.well for finding in findings) else 1


def reindex(
    model: Annotated[
        str | None, typer.Option("--model", help="Change over to this embedding model: a name or a folder.")
    ] = None,
    wait: Wait = 0.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Build the indexes anew beside the old ones, which answer until the new are ready."""
    from kb.cli import progress
    from kb.cli.render.terminal import console

    with opened(home) as library, progress.steps("reindexing") as tell:
        rebuilt = library.reindex(model, wait, tell)
    if json:
        printed(asdict(rebuilt))
    else:
        console().print(
            f"{rebuilt.documents} documents, {rebuilt.chunks} passages, {rebuilt.embedded} embedded by {rebuilt.model}"
        )
    return 0


def status(json: Json = False, home: Home = None) -> int:
    """Say what is in the knowledge base, what failed and why, and which model answers."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console
    from kb.library import to_json

    with opened(home) as library:
        found = library.status()
    if json:
        printed(to_json.status(found))
    else:
        render_library.status(console(), found)
    return 0
