"""A real web server on loopback, for whatever fetches."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from kb.llm.scripted_server import LoopbackServer


@dataclass
class Page:
    """What is answered: a body (or a function that writes one without end), a type, a status, headers.

    With an `etag`, who has it already is answered 304.
    """

    body: bytes | str | Callable[[Any], None] = b""
    type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""


class Site(LoopbackServer):
    """Serves `pages` by path (query included, or without it) and keeps the requests it got."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                page = site.pages.get(self.path) or site.pages.get(self.path.partition("?")[0])
                page = page or Page("nothing here", status=404)
                if page.etag and self.headers.get("If-None-Match") == page.etag:
                    page = Page(status=304, etag=page.etag)
                self.send_response(page.status)
                self.send_header("Content-Type", page.type)
                if page.etag:
                    self.send_header("ETag", page.etag)
                for name, value in page.headers.items():
                    self.send_header(name, value)
                body = page.body.encode() if isinstance(page.body, str) else page.body
                if isinstance(body, bytes):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    if isinstance(body, bytes):
                        self.wfile.write(body)
                    else:
                        body(self.wfile)

        super().__init__(Handler)
