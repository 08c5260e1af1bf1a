"""What keeping in step costs: unchanged notes, one changed line, memory of a large folder, all of the shared data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from bench.tools import QA, SHARED, Row, kb, table, tool


def measured(home: Path, *arguments: str | Path) -> tuple[dict[str, Any], float]:
    """The report of an ingest in a process of its own, and the most memory it held, in GB."""
    command = [sys.executable, "-m", "kb.cli", "ingest", *map(str, arguments), "--json", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8")
    assert process.stdout is not None
    said = process.stdout.read()
    _, _, used = os.wait4(process.pid, 0)
    return json.loads(said), used.ru_maxrss / 1e6


def thousand(folder: Path) -> Path:
    """1,000 notes of a few sections, as people have them."""
    notes = folder / "thousand"
    notes.mkdir()
    rows = [json.loads(line) for line in (QA / "cranfield/corpus.jsonl").open(encoding="utf-8")][:1000]
    for n, row in enumerate(rows):
        body = f"---\ntags: [t{n % 7}]\n---\n\n# {row['title']}\n\n- {row['text']}\n\t- see [[n{(n + 1) % 1000:04}]]\n"
        (notes / f"n{n:04}.md").write_text(body, encoding="utf-8")
    return notes


def many(folder: Path) -> Path:
    """More than 2,000 documents of every kind that the shared data have."""
    everything = folder / "many"
    everything.mkdir()
    for name in ("cranfield", "anthropic-docs"):
        tool("make_corpus.py", "files", QA / name / "corpus.jsonl", everything / name)
    tool("make_corpus.py", "meetings", QA / "qmsum-val/corpus.jsonl", everything / "meetings")
    passages = [QA / "answerability" / f"{name}.jsonl" for name in ("answerable", "unanswerable")]
    tool("make_corpus.py", "passages", *passages, everything / "passages")
    for name in ("notes", "transcripts", "links", "papers", "subtitles"):
        shutil.copytree(SHARED / "data" / name, everything / name)
    return everything


def section(folder: Path) -> str:
    rows: list[Row] = []
    notes, home = thousand(folder), folder / "home-thousand"
    kb("ingest", notes, home=home)
    again = min((measured(home, notes)[0] for _ in range(3)), key=lambda report: report["seconds"])
    said = f"{again['seconds']:.2f} s, {again['embedded']} embedded, {again['unchanged']} unchanged"
    rows.append(("the second ingest of 1,000 unchanged notes", said, "≤ 2 s, 0 embedded"))
    print(rows[-1], flush=True)
    for path in notes.iterdir():
        path.rename(path.with_name("moved-" + path.name))
    moved, _ = measured(home, notes)
    rows.append(("after renaming all 1,000", f"{moved['unchanged']} unchanged, {moved['embedded']} embedded", "0"))
    print(rows[-1], flush=True)

    long = folder / "long"
    shutil.copytree(SHARED / "data/notes/ai-notes", long)
    largest = max(long.rglob("*.md"), key=lambda path: path.stat().st_size)
    home = folder / "home-long"
    kb("ingest", long, home=home)
    largest.write_text("A line at the top.\n\n" + largest.read_text(encoding="utf-8"), encoding="utf-8")
    changed, _ = measured(home, long)
    size = largest.stat().st_size // 1000
    rows.append((f"a line at the top of a note of {size} kB", f"{changed['embedded']} embedded", "1"))
    print(rows[-1], flush=True)

    report, memory = measured(folder / "home-many", many(folder))
    said = f"{report['added']:,} documents, {report['chunks']:,} passages: {memory:.2f} GB"
    rows.append(("most memory, a folder of over 2,000 documents", said, "< 1.5 GB"))
    print(rows[-1], flush=True)

    report, memory = measured(folder / "home-all", SHARED / "data")
    failed = "; ".join(f"{unquote(f['uri'].rsplit('/', 1)[-1])}: {f['error']}" for f in report["failed"])
    rows.append(("all of the shared data", f"{report['added']} documents; failed: {failed}", "0 unexplained"))
    print(rows[-1], flush=True)
    reasons = Counter(skipped["reason"] for skipped in report["skipped"])
    listed = "\n".join(f"- {n} × {reason}" for reason, n in reasons.most_common())
    text = "## Sync\n\n`python bench/run.py sync`: `kb ingest` in processes of its own.\n\n"
    return text + table(("what", "measured", "asked"), rows) + f"\nSkipped of the shared data, by reason:\n\n{listed}\n"
