"""A language model that says what a script says: an OpenAI-compatible server on loopback.

For tests, and for trying one's own programs without a model:

    with ScriptedLlm(["A first answer [1].", Reply(status=429), "A second one."]) as model:
        library = kb.open(home, llm_url=model.url, llm_model="scripted")
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """One answer: its text, in parts of `size` characters; or a status, a delay, a line that drops after some parts.

    `raw` is sent in place of the protocol's own JSON.
    """

    text: str = ""
    status: int = 200
    delay: float = 0.0
    drop_after: int | None = None
    size: int = 12
    raw: str | None = None


Script = Iterable[str | ScriptedReply] | Callable[[list[dict[str, Any]]], str | ScriptedReply]


class LoopbackServer:
    """A web server on a free port of this machine, in a thread of its own, for as long as it is entered."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        """`handler` answers; what it would write to standard error is left out."""
        quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), quiet)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class ScriptedLlm(LoopbackServer):
    """Serves `/v1/chat/completions` and `/v1/models`; keeps the conversations it was sent in `asked`.

    `requests` has all that came with them. A server with `schemas=False` refuses structured output, as older ones do.
    """

    def __init__(self, script: Script, schemas: bool = True) -> None:
        """`script` gives the answers in turn, or is asked with each conversation. When it runs out, it says so."""
        self.asked: list[list[dict[str, Any]]] = []
        self.requests: list[dict[str, Any]] = []
        self._answer = script if callable(script) else self._in_turn(iter(script))
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                _send(self, 200, json.dumps({"object": "list", "data": [{"id": "scripted", "object": "model"}]}))

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                row = json.loads(self.rfile.read(length) or b"{}")
                served.requests.append(row)
                if row.get("response_format") and not schemas:
                    _answer(self, ScriptedReply("response_format is not supported", 400), False)
                    return
                served.asked.append(row.get("messages", []))
                said = served._answer(row.get("messages", []))
                reply = said if isinstance(said, ScriptedReply) else ScriptedReply(said)
                time.sleep(reply.delay)
                with contextlib.suppress(OSError):
                    _answer(self, reply, bool(row.get("stream")))

        super().__init__(Handler)
        self.url += "/v1"

    @staticmethod
    def _in_turn(replies: Any) -> Callable[[list[dict[str, Any]]], str | ScriptedReply]:
        def following(_: list[dict[str, Any]]) -> str | ScriptedReply:
            found: str | ScriptedReply = next(replies, ScriptedReply("the script has ended", 500))
            return found

        return following


def _send(handler: BaseHTTPRequestHandler, status: int, body: str) -> None:
    data = body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def _answer(handler: BaseHTTPRequestHandler, reply: ScriptedReply, stream: bool) -> None:
    if reply.raw is not None:
        _send(handler, reply.status, reply.raw)
        return
    if reply.status != 200:
        _send(handler, reply.status, json.dumps({"error": {"message": reply.text or "refused", "type": "scripted"}}))
        return
    head = {"id": "scripted", "created": 0, "model": "scripted"}
    if not stream:
        message = {"role": "assistant", "content": reply.text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        _send(handler, 200, json.dumps({**head, "object": "chat.completion", "choices": [choice], "usage": usage}))
        return
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()
    parts = [reply.text[n : n + reply.size] for n in range(0, len(reply.text), reply.size)]
    for n, part in enumerate(parts):
        if reply.drop_after is not None and n >= reply.drop_after:
            handler.connection.close()
            return
        delta = {"role": "assistant", "content": part} if n == 0 else {"content": part}
        choice = {"index": 0, "delta": delta, "finish_reason": None}
        _event(handler, {**head, "object": "chat.completion.chunk", "choices": [choice]})
    _event(
        handler,
        {**head, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    )
    handler.wfile.write(b"data: [DONE]\n\n")


def _event(handler: BaseHTTPRequestHandler, row: dict[str, Any]) -> None:
    handler.wfile.write(f"data: {json.dumps(row)}\n\n".encode())
    handler.wfile.flush()
