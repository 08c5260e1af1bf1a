"""Golden pairs: for each file of tests/data, all that its source makes of it.

pytest tests/ingest/test_golden.py --rewrite-golden    writes them anew; look at the difference before it is kept
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest import registry
from ingest.audio import source as recordings
from ingest.audio.engines import open_engine
from ingest.audio.source import AudioIngest, RecordingItem
from ingest.audio.transcribe import Transcriber, TranscriptionSettings
from ingest.net.urls import file_uri
from ingest.source import Item
from kb.types import locators
from kb.types.documents import Document
from tests.builders import an_item

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(path for path in DATA.glob("*/*.in.*"))


def seen(item: Item) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for outcome in registry.read(*item.load(20)):
        assert isinstance(outcome, Document), outcome
        out.append(
            {
                "kind": outcome.kind,
                "title": outcome.title,
                "metadata": outcome.metadata,
                "segments": [
                    {
                        "text": outcome.text[s.start_char : s.end_char],
                        "locator": locators.as_json(s.locator),
                        "form": s.form,
                        **({"depth": s.depth} if s.depth else {}),
                        **({"apart": True} if s.apart else {}),
                    }
                    for s in outcome.segments
                ],
            }
        )
    return out


def nearly(value: Any) -> Any:
    """The same, its numbers by a fifth of a second: another processor may hear a word a little earlier."""
    if isinstance(value, dict):
        return {key: nearly(one) for key, one in value.items()}
    if isinstance(value, list):
        return [nearly(one) for one in value]
    return pytest.approx(value, abs=0.2) if isinstance(value, float) else value


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_is_read_as_its_golden_pair_says(path: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    expected = path.with_name(path.name.partition(".in.")[0] + ".expected.json")
    item = an_item(path)
    if path.suffix in recordings.SUFFIXES:
        tiny = request.getfixturevalue("tiny")
        settings = TranscriptionSettings("faster-whisper", "tiny", "en")
        hears = Transcriber(lambda: open_engine("faster-whisper", tiny.faster, "cpu", 2), tmp_path, settings)
        item = RecordingItem(file_uri(path), path, path.name, True, listening=AudioIngest(hears, tmp_path))
    found = json.loads(json.dumps(seen(item)).replace(path.absolute().as_uri(), f"file:///{path.name}"))
    if request.config.getoption("--rewrite-golden"):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    wanted = json.loads(expected.read_text(encoding="utf-8"))
    assert found == (nearly(wanted) if path.suffix in recordings.SUFFIXES else wanted)


def test_every_source_has_a_golden_pair() -> None:
    names = {made.name for made in (*registry.sources(), *registry.binary_sources())}
    assert {path.parent.name for path in FILES} == names
