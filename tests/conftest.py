"""What every test may rely on: a home of its own, the real embedder loaded once, and no network but loopback."""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import kb
from index.models.embedder import Embedder, open_embedder
from index.models.reranker import Reranker, open_reader
from kb import config
from kb.library import Library
from tests import speech
from tests.site import Site
from tests.whisper_model import TinyWhisper, tiny_whisper

ROOT = Path(__file__).parents[1]
# The exported model is shared by all runs in a checkout, and the person's own cache is left alone.
os.environ.setdefault("KB_CACHE", str(ROOT / ".cache"))
os.environ.pop("KB_HOME", None)
NOW = dt.datetime(2026, 5, 4, 8, 30, tzinfo=dt.UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden pairs of tests/data anew")


def _is_here(host: str) -> bool:
    return host.startswith("127.") or host in ("::1", "localhost")


@pytest.fixture(autouse=True)
def _no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection beyond this host is a failure that names where it wanted to go."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_here(address[0]):
            pytest.fail(f"a test wanted to connect to {address[0]}:{address[1]}")
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return open_embedder(config.load(ROOT / ".cache" / "no-home"))


@pytest.fixture(scope="session")
def reader() -> Reranker:
    return open_reader(config.load(ROOT / ".cache" / "no-home"), "onnx", 2)


@pytest.fixture(scope="session")
def spoken() -> None:
    """That espeak-ng is there to speak what recordings are made of."""
    if not speech.can_speak():
        if os.environ.get("KB_NEEDS_SPEECH"):
            pytest.fail("espeak-ng is not installed, and these tests were not to be skipped")
        pytest.skip("espeak-ng is not installed (Debian: apt install espeak-ng)")


@pytest.fixture(scope="session")
def tiny(spoken: None) -> TinyWhisper:
    """The tiny Whisper that knows the sentences of tests/speech.py, as both engines load it."""
    return tiny_whisper(Path(os.environ["KB_CACHE"]))


@pytest.fixture
def hears(monkeypatch: pytest.MonkeyPatch, tiny: TinyWhisper) -> TinyWhisper:
    """That every base of a test, in other processes too, hears with the tiny Whisper."""
    monkeypatch.setenv("KB_WHISPER", str(tiny.faster))
    monkeypatch.setenv("KB_WHISPER_DEVICE", "cpu")
    return tiny


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = tmp_path / "home"
    monkeypatch.setenv("KB_HOME", str(place))
    return place


@pytest.fixture
def library(home: Path, embedder: Embedder) -> Iterator[Library]:
    with kb.open(home, now=lambda: NOW, embedder=embedder) as opened:
        opened.http().pause = 0.0  # loopback servers need no rest
        yield opened


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server on loopback; `site.pages[path]` is what it answers."""
    with Site() as running:
        yield running


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real material; tests that need it are skipped by name where it is absent."""
    folder = Path(os.environ.get("KB_TEST_DATA", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"the real material is not at {folder} (KB_TEST_DATA)")
    return folder
