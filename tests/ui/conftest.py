"""A real server on loopback and a real Chromium; every page is listened to for what must not happen."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from kb.library import Library
from ui import serve

CHROMIUM = os.environ.get("KB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--autoplay-policy=no-user-gesture-required"]  # fmt: skip


@dataclass
class Server:
    """A tutor over a library, in a thread of this process."""

    library: Library
    options: serve.ServeOptions
    url: str = ""
    _uvicorn: uvicorn.Server | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        made = serve.application(self.library, self.options)
        opened = serve.listening(serve.ServeOptions(self.options.host, port=0))
        self.url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        config = uvicorn.Config(made, log_level="error", timeout_graceful_shutdown=1, ws="none")
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._uvicorn.run, kwargs={"sockets": [opened]}, daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._uvicorn.started:
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        if self._uvicorn is not None and self._thread is not None:
            self._uvicorn.should_exit = True
            self._thread.join(15)


@dataclass
class Watched:
    """A page with what was seen of it: errors of its scripts, requests that left this machine, scripts that ran."""

    page: Page
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, url: str) -> Page:
        self.page.goto(url)
        self.page.wait_for_selector("body.kb-ready")
        return self.page

    def ask(self, question: str, timeout: float = 20_000) -> None:
        """Ask, and wait until the answer is whole."""
        self.page.fill("#kb-question textarea", question)
        self.page.click("#kb-ask")
        self.page.wait_for_function(
            "q => document.querySelector('#kb-now .kb-turn[data-answer]:not([hidden]) .kb-asked')?.textContent === q",
            arg=question,
            timeout=timeout,
        )
        self.page.wait_for_selector("body:not(.kb-busy)")

    def nothing_ran(self) -> bool:
        """That no words of a source were run as a script, and nothing was asked of another machine."""
        assert not self.page.evaluate("window.pwned"), "words of a source ran as a script"
        assert self.outside == []
        return True

    def tab(self, name: str) -> None:
        self.page.click(f'.kb-tabs [role="tab"]:has-text("{name}")')


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        if os.environ.get("KB_NEEDS_BROWSER"):
            pytest.fail("chromium is not installed, and these tests were not to be skipped")
        pytest.skip("chromium is not installed (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def serving(library: Library) -> Iterator[Callable[..., Server]]:
    """Starts servers over the test's library."""
    running: list[Server] = []

    def start(over: Library | None = None, **options: Any) -> Server:
        server = Server(over or library, serve.ServeOptions(**options))
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def opening(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """Opens pages of a browser that nobody used before; at the end none of them ran or loaded what it must not."""
    contexts: list[BrowserContext] = []
    pages: list[Watched] = []

    def make(context: BrowserContext | None = None, **settings: Any) -> Watched:
        if context is None:
            context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **settings})
            context.set_default_timeout(15_000)
            contexts.append(context)
        watched = Watched(context.new_page())
        page = watched.page
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on("dialog", lambda dialog: (watched.errors.append(f"a dialog: {dialog.message}"), dialog.dismiss()))

        def requested(request: Any) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
                watched.outside.append(request.url)

        page.on("request", requested)
        pages.append(watched)
        return watched

    yield make
    ran = [page.page.evaluate("window.pwned") for page in pages if not page.page.is_closed()]
    for context in contexts:
        context.close()
    assert not any(ran), f"words of a source ran as a script: {ran}"
    assert [page.outside for page in pages if page.outside] == []
    assert [page.errors for page in pages if page.errors] == []


@pytest.fixture
def watched(opening: Callable[..., Watched]) -> Watched:
    return opening()


@pytest.fixture
def tutor(library: Library, serving: Callable[..., Server], watched: Watched, notes: Path) -> Callable[..., Watched]:
    """Ingests files (`name=content`), serves them, opens the page."""

    def opened(files: dict[str, str] | None = None, **options: Any) -> Watched:
        for name, content in (files or {}).items():
            path = notes / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        if files:
            assert library.ingest([notes]).failed == []
        watched.open(serving(**options).url)
        return watched

    return opened


@pytest.fixture
def a_tone() -> Callable[..., bytes]:
    """A WAV of so many seconds, 8 kHz."""

    def made(seconds: int) -> bytes:
        import io
        import math
        import struct
        import wave

        out = io.BytesIO()
        with wave.open(out, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            wavelet = b"".join(struct.pack("<h", int(8000 * math.sin(n / 4))) for n in range(8000))
            sound.writeframes(wavelet * seconds)
        return out.getvalue()

    return made
