"""Golden pairs: for each file of tests/data, all that its source makes of it.

pytest tests/ingest/test_golden.py --rewrite-golden    writes them anew; look at the difference before it is kept
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ingest import source
from kb import locators
from kb.documents import Document
from tests.builders import an_item

DATA = Path(__file__).parents[1] / "data"
FILES = sorted(path for path in DATA.glob("*/*.in.*"))


def seen(path: Path) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for outcome in source.read(an_item(path), path.read_bytes()):
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


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_is_read_as_its_golden_pair_says(path: Path, request: pytest.FixtureRequest) -> None:
    expected = path.with_name(path.name.partition(".in.")[0] + ".expected.json")
    found = json.loads(json.dumps(seen(path)))
    if request.config.getoption("--rewrite-golden"):
        expected.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(expected.read_text(encoding="utf-8"))


def test_every_source_has_a_golden_pair() -> None:
    names = {made.name for made in (*source.sources(), *source.binary_sources())}
    assert {path.parent.name for path in FILES} == names
