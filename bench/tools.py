"""What the benches share: the shared collections laid out as files, `kb` and the shared scorer as commands, tables."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("KB_TEST_DATA", ROOT.parent / "shared"))
QA = SHARED / "data" / "qa"
Row = tuple[object, ...]


def kb(*arguments: str | Path, home: Path, out: Path | None = None) -> str:
    command = [sys.executable, "-m", "kb.cli", *map(str, arguments), "--home", str(home)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    if out is not None:
        out.write_text(done.stdout, encoding="utf-8")
    return done.stdout


def tool(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(SHARED / "tools" / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout


def score(*arguments: str | Path) -> dict[str, float]:
    return json.loads(tool("score.py", *arguments))


def table(head: tuple[str, ...], rows: Iterable[Row]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)]) + "\n"


def laid_out(folder: Path, name: str) -> tuple[Path, Path]:
    """A judged collection as files, and its questions as a batch."""
    questions = folder / f"{name}.jsonl"
    if name == "chunking":
        with (QA / "chunking/questions_df.csv").open(encoding="utf-8") as handle, questions.open("w") as out:
            for n, row in enumerate(csv.DictReader(handle)):
                out.write(json.dumps({"id": str(n), "query": row["question"]}) + "\n")
        return QA / "chunking/corpora", questions
    source = QA / ("qmsum-val" if name == "qmsum" else name)
    form = "meetings" if name == "qmsum" else "files"
    tool("make_corpus.py", form, source / "corpus.jsonl", folder / name)
    tool("make_corpus.py", "queries", source / "queries.jsonl", questions)
    return folder / name, questions
