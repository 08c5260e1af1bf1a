"""What stands before every request: whose page it is, who asks, and what a page may load.

A page of a foreign site must not be able to use a tutor that runs on this machine: its requests come with another
`Origin`, and a name that was pointed at this machine meanwhile comes as another `Host`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from ui.passwords import Passwords

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# Gradio puts its pages together from inline scripts and templates; everything else comes from this server alone.
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self' data:; connect-src 'self'; "
    "worker-src 'self' blob:; frame-src 'none'; frame-ancestors 'none'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)


class Guard:
    """ASGI middleware. `door` asks for a name and a password; `local` lets only this machine's own names through."""

    def __init__(self, app: App, door: Passwords | None = None, local: bool = True) -> None:
        self._app = app
        self._door = door
        self._local = local
        self._guesses = anyio.CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or turn it away with a line that says why."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope.get("headers", [])}
        host = headers.get(b"host", "")
        if self._local and not is_loopback(_bare(host)):
            await _refused(scope, send, 403, "This tutor is for its own machine: open it by http://127.0.0.1.")
            return
        origin = headers.get(b"origin", "")
        if origin and urlsplit(origin).netloc.lower() != host.lower():
            await _refused(scope, send, 403, "A page of another site may not use this tutor.")
            return
        if self._door is not None and not await self._known(headers.get(b"authorization", "")):
            await _refused(
                scope,
                send,
                401,
                "A name and a password are needed.",
                (b"www-authenticate", b'Basic realm="kb", charset="UTF-8"'),
            )
            return

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message.get("headers", [])}
                message["headers"] = [*message.get("headers", []), *(h for h in _HEADERS if h[0] not in names)]
            await send(message)

        # A page that is open holds a stream of news; at the end of the server it is cut off, and that is no fault.
        with suppress(asyncio.CancelledError):
            await self._app(scope, receive, told)

    async def _known(self, header: str) -> bool:
        assert self._door is not None
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            name, _, password = base64.b64decode(given, validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        if self._door.knows(name, password):
            return True
        # A hash takes a quarter of a second of a core: guesses wait for each other, and nobody else waits for them.
        return await anyio.to_thread.run_sync(self._door.opens, name, password, limiter=self._guesses)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine and nothing else: a name that only it has, or one of its own addresses."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _bare(host: str) -> str:
    """A host without its port."""
    return host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host.lower()


async def _refused(scope: Scope, send: Send, status: int, why: str, *more: tuple[bytes, bytes]) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": why})
        return
    body = f"kb: {why}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
