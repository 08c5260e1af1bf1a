"""A thread of 1,000 posts: how long its chains take, and its whole ingest beside the embedding of its text alone."""

from __future__ import annotations

import json
import random
import re
import time
from pathlib import Path, PurePath

import kb
from bench.tools import QA, Row, table
from ingest.threads import formats, posts


def a_thread(count: int) -> str:
    """Posts of one to four sentences of talk, each answering one or two of the last sixty, or none."""
    rng = random.Random(5)
    talk = "".join(json.loads(line)["text"] for line in (QA / "qmsum-val/corpus.jsonl").open(encoding="utf-8"))
    said = [s.strip() for s in re.split(r"(?<=[.?!])\s", talk) if 20 < len(s) < 300]
    first = 100_000_000
    rows = [{"no": first, "resto": 0, "sub": "meetings", "com": said[0], "time": 1}]
    for n in range(1, count):
        targets = [] if rng.random() < 0.05 else rng.sample(range(max(0, n - 60), n), k=min(n, rng.choice((1, 1, 2))))
        quotes = "".join(f'<a href="#p{first + t}" class="quotelink">&gt;&gt;{first + t}</a><br>' for t in targets)
        words = " ".join(rng.sample(said, rng.randrange(1, 5)))
        rows.append({"no": first + n, "resto": first, "com": quotes + words, "time": n})
    return json.dumps({"posts": rows})


def section(folder: Path) -> str:
    path = folder / "thread-g-100000000.json"
    path.write_text(a_thread(1000), encoding="utf-8")
    rows: list[Row] = []
    began = time.perf_counter()
    thread = formats.parse(path.read_text(encoding="utf-8"), PurePath(path))
    assert thread is not None
    chains = posts.chains(thread.posts)
    rows.append((f"1,000 posts to {len(chains)} chains", f"{time.perf_counter() - began:.2f} s", "≤ 0.5 s"))
    print(rows[-1], flush=True)
    ratios = []
    for n in range(3):
        with kb.open(folder / f"home{n}") as library:
            embedder = library.embedder()
            embedder.embed(["warm up"])
            began = time.perf_counter()
            embedder.embed([post.text for post in thread.posts])
            alone = time.perf_counter() - began
            began = time.perf_counter()
            report = library.ingest([path])
            ratios.append(((time.perf_counter() - began) / alone, time.perf_counter() - began, alone, report.chunks))
    ratio, whole, alone, chunks = sorted(ratios)[1]
    said = f"{whole:.2f} s, {chunks} passages, against {alone:.2f} s = {ratio:.2f} ×"
    rows.append(("its ingest against the embedding of its posts' text", said, "≤ 2 ×"))
    print(rows[-1], flush=True)
    text = "## Threads\n\n`python bench/run.py threads`: a made thread, without a language model, median of three.\n\n"
    return text + table(("what", "measured", "asked"), rows)
