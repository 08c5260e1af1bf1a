"""How long commands and questions take, against what everybody has: `python bench/run.py speed`."""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from bench.tools import QA, kb, table


def seconds(command: list[str], times: int = 7) -> float:
    """The median wall time of a fresh process."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def section(folder: Path) -> str:
    corpora = QA / "chunking/corpora"
    home, notes = folder / "home-speed", folder / "speed"
    notes.mkdir()
    words = "".join(path.read_text(encoding="utf-8") for path in sorted(corpora.glob("*.md")))
    words += "".join(json.loads(line)["text"] for line in (QA / "qmsum-val/corpus.jsonl").open(encoding="utf-8"))
    size = 8_000
    for n in range(0, len(words), size):
        (notes / f"n{n // size:04}.md").write_text(f"# Note {n}\n\n{words[n : n + size]}", encoding="utf-8")
    report = json.loads(kb("ingest", notes, "--json", home=home))
    search = [sys.executable, "-m", "kb.cli", "search", "what is said about revenue", "--home", str(home)]
    seconds(search, 2)
    pairs = [(seconds([sys.executable, "-c", "import chromadb"], 3), seconds(search, 3)) for _ in range(4)]
    chroma, first = (statistics.median(column) for column in zip(*pairs, strict=True))
    help_time = seconds([str(Path(sys.executable).parent / "kb"), "--help"])
    warm_lines = folder / "warm.jsonl"
    with (QA / "chunking/questions_df.csv").open(encoding="utf-8") as handle:
        asked = [row["question"] for row in csv.DictReader(handle)][:200]
    warm_lines.write_text("".join(json.dumps({"query": q, "question": q}) + "\n" for q in asked), encoding="utf-8")
    found = [json.loads(line)["ms"] for line in kb("search", "--batch", warm_lines, home=home).splitlines()][5:]
    told = [json.loads(line)["ms"] for line in kb("ask", "--batch", warm_lines, home=home).splitlines()][5:]
    began = time.perf_counter()
    again = json.loads(kb("ingest", notes, "--json", home=home))
    twice = time.perf_counter() - began
    rows = [
        ("`kb --help`", f"{help_time:.2f} s", "≤ 0.3 s"),
        ("`import chromadb`", f"{chroma:.2f} s", ""),
        (
            f"`kb search`, fresh process, {report['chunks']:,} passages",
            f"{first:.2f} s = {first / chroma:.2f} ×",
            "≤ 2.2 ×",
        ),
        (
            "search, warm, p50 / p95",
            f"{statistics.median(found):.0f} / {statistics.quantiles(found, n=20)[18]:.0f} ms",
            "",
        ),
        ("ask, warm, p50 / p95", f"{statistics.median(told):.0f} / {statistics.quantiles(told, n=20)[18]:.0f} ms", ""),
        (
            f"a second ingest of {again['unchanged']} unchanged notes",
            f"{twice:.1f} s, {again['seconds']:.2f} s of it at work, {again['embedded']} embedded",
            "0 embedded",
        ),
    ]
    for row in rows:
        print(row, flush=True)
    return "## Speed\n\n`python bench/run.py speed`: medians of fresh processes, taken in turns.\n\n" + table(
        ("what", "measured", "asked"), rows
    )
