"""What `kb` itself takes before a language model is asked, on a library of 50,000 passages.

    python bench/overhead.py [HOME]

The judged long texts, and 48,000 short sections beside them, so that the hits are real and the store is large. A
scripted model notes when the request reaches it; the reader's own time is measured and taken off.
"""

from __future__ import annotations

import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import kb
from bench.reader import rows as data
from bench.tools import ROOT, SHARED, table
from kb.answer import entailment
from kb.llm.scripted_server import ScriptedLlm

SECTIONS = 48_500
QUESTIONS = 100


def lay_out(folder: Path, sections: int = SECTIONS) -> None:
    """Files of 500 short sections each, of sentences that no two of them share."""
    names = ("squadshifts-new_wiki", "squadshifts-reddit", "squadshifts-amazon", "climatefever", "selqa", "squad2-half")
    said: dict[str, None] = {}
    for name in names:
        for raw in data.read(name):
            for sentence in entailment.sentences(raw["passage"])[:16]:
                if 6 <= len(sentence.split()) <= 40:
                    said.setdefault(sentence)
    lines = list(said)[:sections]
    folder.mkdir(parents=True)
    for at in range(0, len(lines), 500):
        body = "".join(f"## Section {at + n}\n\n{line}\n\n" for n, line in enumerate(lines[at : at + 500]))
        (folder / f"s{at // 500:03}.md").write_text(f"# File {at // 500}\n\n{body}", encoding="utf-8")


def measure(home: Path) -> dict[str, float]:
    arrived: list[float] = []

    def script(_: list[dict[str, Any]]) -> str:
        arrived.append(time.perf_counter())
        return '{"statements": []}'

    with (SHARED / "data/qa/chunking/questions_df.csv").open(encoding="utf-8") as handle:
        questions = [row["question"] for row in csv.DictReader(handle)][: QUESTIONS + 20]
    taken, read, whole = [], [], []
    with ScriptedLlm(script) as server, kb.open(home, llm_url=server.url, llm_model="scripted") as library:
        if library.status().chunks < SECTIONS:
            with tempfile.TemporaryDirectory() as folder:
                lay_out(Path(folder) / "sections")
                library.ingest([Path(folder) / "sections", SHARED / "data/qa/chunking/corpora"])
        reader = library.reader()
        spent = [0.0]
        if reader is not None:
            own = reader.read

            def timed(pairs: Any) -> Any:
                began = time.perf_counter()
                try:
                    return own(pairs)
                finally:
                    spent[0] += time.perf_counter() - began

            reader.read = timed  # type: ignore[method-assign]
        for n, question in enumerate(questions):
            arrived.clear()
            spent[0] = 0.0
            began = time.perf_counter()
            library.ask(question)
            if arrived and n >= 20:
                taken.append(1000 * (arrived[0] - began - spent[0]))
                read.append(1000 * spent[0])
        chunks = library.status().chunks
    with kb.open(home) as library:
        for question in questions:
            whole.append(library.ask(question).ms)
    quantiles = statistics.quantiles(taken, n=20)
    return {
        "chunks": chunks,
        "asked": len(taken),
        "p50": statistics.median(taken),
        "p95": quantiles[18],
        "reader p50": statistics.median(read),
        "quoted p50": statistics.median(whole[20:]),
        "quoted p95": statistics.quantiles(whole[20:], n=20)[18],
        "memory": memory(home, questions[:30], True),
        "memory without": memory(home, questions[:30], False),
    }


ASKS = """
import json, resource, sys
import kb
home, reads, questions = sys.argv[1], sys.argv[2] == "1", json.loads(sys.argv[3])
with kb.open(home, reader=reads) as library:
    for question in questions:
        library.ask(question)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def memory(home: Path, questions: list[str], reads: bool) -> float:
    """The most memory, in MB, of a process of its own that asks, with the reader or without."""
    command = [sys.executable, "-c", ASKS, str(home), str(int(reads)), json.dumps(questions)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8", cwd=ROOT)
    return float(done.stdout.split()[-1])


def section(folder: Path) -> str:
    got = measure(folder / "home")
    rows = [
        (
            "until a model is asked, the reader's time aside, p50 / p95",
            f"{got['p50']:.0f} / {got['p95']:.0f} ms",
            "≤ 150 ms",
        ),
        ("the reader's time, p50", f"{got['reader p50']:.0f} ms", ""),
        ("a quoted answer, p50 / p95", f"{got['quoted p50']:.0f} / {got['quoted p95']:.0f} ms", "≤ 450 / 800 ms"),
        (
            "most memory of a process that asks, with the reader and without",
            f"{got['memory']:.0f} MB, {got['memory without']:.0f} MB",
            "at most 250 MB more",
        ),
    ]
    print(rows, flush=True)
    return (
        f"## Before the first word\n\n`python bench/run.py overhead`: {got['chunks']:,} passages, {got['asked']} "
        "questions, warm.\n\n" + table(("what", "measured", "asked"), rows)
    )


def main() -> None:
    if len(sys.argv) > 1:
        print(measure(Path(sys.argv[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(measure(Path(folder) / "home"))


if __name__ == "__main__":
    main()
