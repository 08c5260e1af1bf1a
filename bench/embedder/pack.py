"""Pack all-MiniLM-L6-v2 as the file that ships: `python bench/embedder/pack.py` (the extra `torch`).

The published weights, checked by their sha256, to index/models/embedder.onnx and tokenizer.json. Prints the checksums
for index/models/packed.py, and how far the packed weights move the vectors of random tokens.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from bench.packing import packed
from index.models import bert_onnx
from index.models.weights import packaged_weights


def main() -> None:
    source = packaged_weights()
    shape = bert_onnx.shape_of(source)
    assert shape is not None
    whole = bert_onnx.build(source, shape)
    small = packed(whole, np.int16)
    rng = np.random.default_rng(1)
    ids = rng.integers(1000, 20_000, (64, 120))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
    vectors = [
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(["vectors"], inputs)[0]
        for data in (whole, small)
    ]
    out = ROOT / "index" / "models" / "embedder.onnx"
    out.write_bytes(small)
    shutil.copyfile(source / "tokenizer.json", ROOT / "index" / "models" / "tokenizer.json")
    print(
        f"{out.name}: {len(small) / 1e6:.1f} MB; vectors moved by at most {np.abs(vectors[0] - vectors[1]).max():.1e}"
    )
    for path in (out, ROOT / "index" / "models" / "tokenizer.json"):
        print(f"sha256 of {path.name}: {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
