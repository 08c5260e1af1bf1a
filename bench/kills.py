"""Kill an ingest at random moments, many times, then let one finish: nothing may be lost or doubled.

    python bench/kills.py [--kills 100] [--seed 5]

Every round changes some notes and removes or adds others, starts `kb ingest`, and kills it after a random time.
In the end one run finishes, and its passages in catalog, Chroma and tantivy, and the hits of twenty queries, must be
those of a home that was ingested once, uninterrupted.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.tools import ROOT
from index.storage.catalog import Catalog
from index.writer import Indexes

MODEL = "all-MiniLM-L6-v2"


def note(rng: random.Random, n: int) -> str:
    parts = "".join(f"## Part {m}\n\nFact {n}.{m} is {rng.randrange(10**6)}.\n\n" for m in range(rng.randrange(1, 12)))
    return f"# Note {n}\n\n{parts}"


def start(notes: Path, home: Path) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "kb.cli",
        "ingest",
        str(notes),
        "--prune",
        "--allow-mass-removal",
        "--home",
        str(home),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def held(home: Path) -> dict[str, list[str]]:
    catalog = Catalog(home / "catalog.sqlite", write=False)
    indexes = Indexes(home, MODEL)
    try:
        return {
            "catalog": sorted(catalog.chunk_ids()),
            "chroma": sorted(indexes.store.ids()),
            "tantivy": sorted(indexes.lexical.ids()),
        }
    finally:
        indexes.close()
        catalog.close()


def hits(home: Path) -> list[list[str]]:
    lines = "".join(json.dumps({"query": f"Fact {n}.1"}) + "\n" for n in range(20))
    command = [sys.executable, "-m", "kb.cli", "search", "--batch", "-", "-k", "5", "--home", str(home)]
    done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=True)
    return [[hit["chunk_id"] for hit in json.loads(line)["hits"]] for line in done.stdout.splitlines()]


def section(folder: Path) -> str:
    """A hundred kills, in the script's own process."""
    command = [sys.executable, str(ROOT / "bench/kills.py"), "--kills", "100"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT)
    print(done.stdout, done.stderr[-500:], flush=True)
    lines = "".join(f"- {line}\n" for line in done.stdout.splitlines())
    return f"## Kills\n\n`python bench/kills.py --kills 100`: kill -9 at random moments of an ingest.\n\n{lines}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kb-kills-") as folder:
        notes, home, clean = (Path(folder) / name for name in ("notes", "home", "clean"))
        notes.mkdir()
        for n in range(150):
            (notes / f"n{n}.md").write_text(note(rng, n), encoding="utf-8")
        killed = finished = 0
        while killed < options.kills:
            for n in rng.sample(range(150), 40):
                path = notes / f"n{n}.md"
                if path.exists() and rng.random() < 0.2:
                    path.unlink()
                else:
                    path.write_text(note(rng, n), encoding="utf-8")
            process = start(notes, home)
            time.sleep(rng.uniform(0.5, 3.0))
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            finished += process.returncode == 0
        for place in (home, clean):
            process = start(notes, place)
            _, err = process.communicate()
            if process.returncode:
                sys.exit(err.decode())
        parts, wanted = held(home), held(clean)
        same = parts == wanted and parts["catalog"] == parts["chroma"] == parts["tantivy"]
        found = hits(home) == hits(clean)
        print(f"{killed} killed, {finished} had finished before; {len(parts['catalog'])} passages")
        print(f"passages as in an uninterrupted run: {same}; hits of 20 queries the same: {found}")
        sys.exit(0 if same and found else 1)


if __name__ == "__main__":
    main()
