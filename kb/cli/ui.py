"""`kb ui`: the tutor in a browser."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from kb.cli.options import Home, Json, opened, printed
from kb.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Put this command after those that are there."""
    app.command()(ui)


def ui(
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; beyond this machine only with --auth.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="The port; else 7860 or the next free one.", show_default=False),
    ] = None,
    auth: Annotated[
        Path | None, typer.Option("--auth", help="A file of names and hashed passwords.", show_default=False)
    ] = None,
    add_user: Annotated[
        str | None,
        typer.Option("--add-user", metavar="NAME", help="Add somebody to that file, and end.", show_default=False),
    ] = None,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Offer search, ask and digest to other programs, read-only.")
    ] = False,
    mcp_write: Annotated[bool, typer.Option("--mcp-write", help="Let them ingest and make digests, too.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Open the tutor in a browser: chat, quiz, digest, library, settings. Ctrl-C ends it."""
    if add_user is not None:
        return _add_user(auth, add_user, json)
    with opened(home) as library:
        from ui.guard import is_loopback

        if auth is None and not is_loopback(host):
            # Before the pages are loaded, which takes seconds.
            raise UsageError(
                f"--host {host} lets others reach your knowledge base, so it needs --auth FILE. "
                "Make one with: kb ui --add-user NAME --auth FILE"
            )
        from ui.serve import ServeOptions, serve

        def announce(url: str) -> None:
            if json:
                printed({"url": url})
            else:
                print(
                    f"kb is at {url}" + (" (MCP: /gradio_api/mcp/)" if mcp or mcp_write else "") + "; Ctrl-C ends it."
                )
            sys.stdout.flush()

        serve(library, ServeOptions(host, port, auth, mcp, mcp_write), announce)
    return 0


def _add_user(auth: Path | None, name: str, json: bool) -> int:
    """Ask for a password, twice where a person types it, and keep its hash."""
    from ui import passwords

    if auth is None:
        raise UsageError("--auth FILE is missing: the file to add somebody to.")
    if sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Again: "):
            raise UsageError("The two are not the same. Nothing was changed.")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    passwords.add(auth, name, password)
    printed({"added": name, "file": str(auth)}) if json else print(f"{name} may open the tutor: kb ui --auth {auth}")
    return 0
