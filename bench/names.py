"""Misheard names: questions that spell them right over talk that does not, with and without the leg for them.

    python bench/names.py [--show]

The questions are ours (bench/names.jsonl); each names the lines of the talk that answer it. The talk is the shared
folder's workshop, paper club and 59 podcasts.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1]))
import kb
from bench.tools import ROOT, SHARED, table
from kb.library import Library

K = 10


def rank(library: Library, row: dict[str, object]) -> int | None:
    """The rank of the first of ten passages that holds one of the lines; None if none does."""
    lines = row["lines"]
    assert isinstance(lines, list)
    for hit in library.search(str(row["question"]), K).hits:
        first, last = hit.chunk.lines
        if hit.uri.endswith(Path(str(row["file"])).name) and any(first <= line <= last for line in lines):
            return hit.rank
    return None


def figures(ranks: list[int | None]) -> tuple[float, float, float]:
    """Percent of the questions answered in the first hit and in the first five, and the mean reciprocal rank."""
    n = len(ranks)
    first = sum(1 for r in ranks if r == 1)
    five = sum(1 for r in ranks if r is not None and r <= 5)
    return 100 * first / n, 100 * five / n, sum(1 / r for r in ranks if r) / n


def measure(shared: Path, home: Path) -> list[tuple[str, tuple[float, float, float], list[int | None]]]:
    """Figures and ranks without and with the leg for misheard names."""
    questions = [json.loads(line) for line in (ROOT / "bench/names.jsonl").read_text(encoding="utf-8").splitlines()]
    out = []
    with kb.open(home) as library:
        seeds = [shared / "seeds/workshop-transcript.txt", shared / "seeds/paper-club.whisper.txt"]
        library.ingest([*seeds, shared / "data/transcripts/podcast"])
        with mock.patch("index.search.phonetic.Names.variants", return_value={}):
            plain = [rank(library, row) for row in questions]
        out.append(("words and meaning only", figures(plain), plain))
        heard = [rank(library, row) for row in questions]
        out.append(("with names as they sound", figures(heard), heard))
    return out


def section(folder: Path) -> str:
    """Misheard names, before and after."""
    rows = []
    for name, (one, five, mrr), ranks in measure(SHARED, folder / "home"):
        rows.append((name, f"{one:.1f} %", f"{five:.1f} %", f"{mrr:.3f}"))
        print(rows[-1], len(ranks), flush=True)
    return (
        f"## Misheard names\n\n`python bench/run.py names`: {len(ranks)} questions (bench/names.jsonl) that spell "
        "names right, over a workshop and a paper club that do not, among 59 podcasts. A hit holds the line that "
        "answers.\n\n" + table(("search", "first hit", "first five", "MRR of ten"), rows)
    )


if __name__ == "__main__":
    import os

    with tempfile.TemporaryDirectory() as folder:
        measured = measure(SHARED, Path(os.environ.get("KB_BENCH_HOME", folder)))
    for name, (one, five, mrr), _ in measured:
        print(f"{name:<28} first {one:5.1f} %   first five {five:5.1f} %   MRR {mrr:.3f}")
    if "--show" in sys.argv:
        lines = (ROOT / "bench/names.jsonl").read_text(encoding="utf-8").splitlines()
        for row, before, after in zip(map(json.loads, lines), measured[0][2], measured[1][2], strict=True):
            print(f"{before or '–':>3} {after or '–':>3}  {row['question']}")
