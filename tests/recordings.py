"""Recordings to hear, and what is kept of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.audio.engines import Engine
from kb.library import Library
from tests import speech

Talk = tuple[Path, list[speech.Spoken]]


def a_talk(path: Path, *texts: str, gaps: tuple[float, ...] = (0.5,)) -> list[speech.Spoken]:
    """A WAV file of some sentences."""
    sound, said = speech.recording(texts, gaps)
    path.write_bytes(speech.wav(sound))
    return said


def long_talk(path: Path, times: int = 5) -> None:
    """All sentences, several times: about three minutes each."""
    sound, _ = speech.recording(speech.SENTENCES * times, (0.4, 0.7))
    path.write_bytes(speech.wav(sound))


def run_kb(*arguments: str | Path, home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-P", "-m", "kb.cli", *map(str, arguments), "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def transcripts(home: Path) -> list[dict[str, object]]:
    return [json.loads(path.read_text()) for path in sorted((home / "transcripts").glob("*.json"))]


def deaf(library: Library) -> None:
    """A base whose Whisper fails the test when it is asked for."""

    def asked() -> Engine:
        pytest.fail("Whisper was asked for")

    library.context._hearer = asked  # type: ignore[method-assign]
