"""How fast texts are embedded, against LlamaIndex's defaults: `python bench/run.py embedding`."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.tools import QA, ROOT, table
from index.models.embedder import backend_name, open_embedder
from kb import config

EMBEDDING = """
import json, sys, time
import torch
texts = json.loads(open(sys.argv[2], encoding="utf-8").read())
if sys.argv[1] == "llama":
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from index.models import packaged_weights
    torch.set_num_threads(int(sys.argv[3]))
    model = HuggingFaceEmbedding(str(packaged_weights()), device="cpu")
    run = lambda part: model.get_text_embedding_batch(part)
else:
    from index.models.embedder import open_embedder
    from kb import config
    model = open_embedder(config.load(threads=int(sys.argv[3])))
    run = model.embed
run(texts[:16])
began = time.perf_counter()
run(texts)
print(time.perf_counter() - began)
"""


def section(folder: Path) -> str:
    text = (QA / "chunking/corpora/wikitexts.md").read_text(encoding="utf-8")
    text += (QA / "chunking/corpora/finance.md").read_text(encoding="utf-8")[:200_000]
    texts = [text[n : n + 850] for n in range(0, len(text), 850)]
    counted = open_embedder(config.load())
    tokens = sum(min(n, counted.window - 2) for n in counted.count(texts))
    held = folder / "texts.json"
    held.write_text(json.dumps(texts), encoding="utf-8")
    threads = str(os.cpu_count() or 1)
    taken: dict[str, list[float]] = {"kb": [], "llama": []}
    for _ in range(3):
        for name, times in taken.items():
            command = [sys.executable, "-c", EMBEDDING, name, str(held), threads]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=ROOT)
            if done.returncode:
                sys.exit(done.stderr)
            times.append(float(done.stdout.split()[-1]))
    ours, theirs = (tokens / statistics.median(taken[name]) for name in ("kb", "llama"))
    asked = "≥ 2 × where the CPU has bf16, ≥ 1 × elsewhere"
    rows = [
        ("LlamaIndex HuggingFaceEmbedding, its defaults", f"{theirs:,.0f}", "1", ""),
        (f"kb ({backend_name(config.load())})", f"{ours:,.0f}", f"{ours / theirs:.2f}", asked),
    ]
    print(rows, flush=True)
    return (
        f"## Embedding\n\n`python bench/run.py embedding`: {len(texts)} passages, {tokens:,} word pieces, "
        f"{threads} threads, median of three runs in turns.\n\n"
        + table(("what", "word pieces a second", "ratio", "asked"), rows)
    )
