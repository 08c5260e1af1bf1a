"""Twenty real questions answered without the reader and with it, to be judged side by side by a person.

    python bench/reader/beside.py [HOMES]

The sample, the first user's own files, and notes, a thread and papers of the shared data, a home each (kept in HOMES).
Prints both answers to each question of bench/reader/questions.jsonl; docs/reader-answers.md has the verdicts.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
import kb
from kb.types import locators
from kb.types.answers import Answer

SHARED = Path(os.environ.get("KB_TEST_DATA", ROOT.parent / "shared"))
HOMES = {
    "corpus": [ROOT / "corpus"],
    "seeds": [SHARED / "seeds"],
    "data": [SHARED / "data" / "notes" / "ai-notes", SHARED / "data" / "threads", SHARED / "data" / "papers"],
}


def told(answer: Answer) -> str:
    """An answer in a few lines: how sure it is, and each quote with its place."""
    head = f"{'refused' if answer.abstained else 'answered'}, confidence {answer.confidence:.2f}, {answer.ms:.0f} ms"
    return "\n".join(
        [f"  {head}", *(f"    {c.title} · {locators.describe(c.locator)}: {c.quote[:300]!r}" for c in answer.citations)]
    )


def main() -> None:
    rows = [json.loads(line) for line in (Path(__file__).parent / "questions.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as spare:
        homes = Path(sys.argv[1] if len(sys.argv) > 1 else spare)
        for name, places in HOMES.items():
            asked = [row["question"] for row in rows if row["home"] == name]
            given: dict[bool, list[Answer]] = {}
            for reads in (False, True):
                with kb.open(homes / name, reader=reads) as library:
                    library.ingest(places)
                    given[reads] = [library.ask(question) for question in asked]
            for n, question in enumerate(asked):
                print(f"{name}: {question}\n without it\n{told(given[False][n])}\n with it\n{told(given[True][n])}\n")


if __name__ == "__main__":
    main()
