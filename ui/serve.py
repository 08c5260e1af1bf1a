"""The server of the pages: Gradio's, behind our guard, with the recordings and cards of the library beside it."""

from __future__ import annotations

import logging
import os
import socket
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

# Read when gradio is imported. It keeps figures of its last 10,000 events and computes them by pandas at each event:
# nobody looks at them.
os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", "1000000000")

import gradio as gr
import uvicorn
from fastapi import FastAPI
from starlette.responses import FileResponse, PlainTextResponse, Response

from kb.errors import KbError, StoreError, UsageError
from kb.library import Library
from ui import app as pages
from ui import mcp as tools
from ui import passwords
from ui.guard import Guard, is_loopback
from ui.passwords import Passwords

_TRIED = 20  # ports after the usual one
USUAL_PORT = 7860


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How the pages are served. `port` None: the usual one, or the next that is free."""

    host: str = "127.0.0.1"
    port: int | None = None
    auth: Path | None = None
    mcp: bool = False
    mcp_write: bool = False

    @property
    def local(self) -> bool:
        """Whether only this machine can reach them."""
        return is_loopback(self.host)


def application(library: Library, options: ServeOptions) -> Guard:
    """The whole as an ASGI application. Raises `UsageError` for a file of passwords that is none."""
    if not options.local and options.auth is None:
        raise UsageError(
            f"Pages on {options.host} let others reach your knowledge base, so they need a file of passwords. "
            "Make one with: kb ui --add-user NAME --auth FILE"
        )
    door = Passwords(passwords.read(options.auth)) if options.auth is not None else None
    offered = tools.made(library, options.mcp_write, options.local) if options.mcp or options.mcp_write else None

    @asynccontextmanager
    async def alive(_: FastAPI) -> AsyncIterator[None]:
        if offered is None:
            yield
        else:
            async with offered.session_manager.run():
                yield

    base = FastAPI(title="kb", docs_url=None, redoc_url=None, openapi_url=None, lifespan=alive)
    _own_routes(base, library)
    if offered is not None:
        base.mount(tools.PATH, offered.streamable_http_app())
    page = pages.build(library, options.local, options.mcp, options.mcp_write)
    page.queue(default_concurrency_limit=4, max_size=200, api_open=False)
    served = gr.mount_gradio_app(
        base,
        page,
        path="/",
        ssr_mode=False,
        run_history=False,
        footer_links=[],
        show_error=True,
        enable_monitoring=False,
        pwa=False,
        max_file_size=int(library.config.max_file_mb * 5 * 2**20),
        mcp_server=False,
        theme=pages.theme(),
        head=pages.HEAD,
    )
    return Guard(served, door, options.local)


def _own_routes(base: FastAPI, library: Library) -> None:
    """What Gradio does not serve: our own style and script, recordings of the library, its cards."""

    @base.api_route("/kb/page.css", methods=["GET", "HEAD"])
    def style() -> Response:
        return FileResponse(pages.STATIC / "page.css", media_type="text/css", headers=_SHORT)

    @base.get("/kb/page.js")
    def script() -> Response:
        return Response(pages.script(), media_type="text/javascript", headers=_SHORT)

    @base.get("/kb/media/{document_id}")
    def media(document_id: str) -> Response:
        # The path is the catalog's, never the request's.
        path = library.recording(document_id)
        if path is None:
            return PlainTextResponse("There is no such recording.", 404)
        return FileResponse(path)

    @base.get("/kb/cards/{form}")
    def cards(form: str) -> Response:
        name = {"anki": "kb.apkg", "obsidian": "kb-cards.md"}.get(form)
        if name is None:
            return PlainTextResponse("Cards are for anki or obsidian.", 404)
        with tempfile.TemporaryDirectory(prefix="kb-cards-") as folder:
            try:
                library.export_cards(Path(folder) / name, form)
            except KbError as error:
                return PlainTextResponse(str(error), 500)
            body = (Path(folder) / name).read_bytes()
        kind = "application/octet-stream" if form == "anki" else "text/markdown; charset=utf-8"
        return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


_SHORT = {"Cache-Control": "no-cache"}


def _no_fault(record: logging.LogRecord) -> bool:
    """Whether a line of uvicorn's is worth a person's eye: that it cuts off open pages at its end is not."""
    return not record.getMessage().startswith("Cancel ")


class _Server(uvicorn.Server):
    """Says where it is once it listens."""

    announce: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.announce()


def listening(options: ServeOptions) -> socket.socket:
    """A socket on the port that was named, or on the usual one or the next free. Raises `UsageError`, `StoreError`."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    ports = [options.port] if options.port is not None else list(range(USUAL_PORT, USUAL_PORT + _TRIED))
    last = ""
    for port in ports:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            opened.bind((options.host.strip("[]"), port))
            return opened
        except socket.gaierror:
            opened.close()
            raise UsageError(f"--host {options.host} is no address of this machine.") from None
        except (OSError, OverflowError) as error:
            opened.close()
            last = getattr(error, "strerror", None) or str(error)
    where = f"port {ports[0]}" if len(ports) == 1 else f"ports {ports[0]} to {ports[-1]}"
    raise StoreError(f"kb ui cannot listen on {options.host}, {where} ({last}). Name another with --port.")


def serve(library: Library, options: ServeOptions, announce: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `announce` is told the address once it answers. Raises `UsageError`, `StoreError`."""
    served = application(library, options)
    opened = listening(options)
    host, port = opened.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    if host in ("0.0.0.0", "::"):  # noqa: S104 # only told, and only after --auth was asked for
        shown = socket.gethostname()

    def told() -> None:
        announce(f"http://{shown}:{port}")
        # Not before: the page is on its way to the person, and there are two cores.
        library.warm_up(reads=True)

    logging.getLogger("uvicorn.error").addFilter(_no_fault)
    # A body that is being sent when Ctrl-C comes is given a moment.
    config = uvicorn.Config(served, log_level="warning", timeout_graceful_shutdown=1, ws="none")
    server = _Server(config)
    server.announce = told
    server.run(sockets=[opened])
