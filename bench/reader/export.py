"""Pack a trained reader as the file that ships: `python bench/reader/export.py DIR`.

DIR/reader.pt to index/models/reader.onnx: the graph as ONNX, every large matrix as bytes with a scale a row (of the
embeddings) or a column (of the layers). Prints the sha256 for index/models/packed.py, and how far the packed weights
move the outputs.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.packing import packed
from bench.reader.model import Reader
from index.models.weights import packaged_weights

OUT = Path(__file__).parents[2] / "index" / "models" / "reader.onnx"


def exported(folder: Path) -> bytes:
    model = Reader(packaged_weights())
    model.load_state_dict(torch.load(folder / "reader.pt", weights_only=True, map_location="cpu"))
    model.eval()
    model.body.set_attn_implementation("eager")
    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    with tempfile.TemporaryDirectory() as place, torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(place) / "whole.onnx"
        torch.onnx.export(
            model,
            (ids, torch.ones_like(ids), torch.zeros_like(ids)),
            str(file),
            input_names=["input_ids", "attention_mask", "token_type_ids"],
            output_names=["pair", "tokens"],
            dynamic_axes={
                "input_ids": axes, "attention_mask": axes, "token_type_ids": axes,
                "pair": {0: "batch"}, "tokens": axes,
            },
            opset_version=17,
            dynamo=False,
        )  # fmt: skip
        return file.read_bytes()


def main() -> None:
    whole = exported(Path(sys.argv[1]))
    small = packed(whole, np.int8)
    rng = np.random.default_rng(1)
    ids = rng.integers(1000, 20_000, (8, 120))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    outputs = []
    for data in (whole, small):
        outputs.append(onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(None, inputs))
    moved = [float(np.abs(a - b).max()) for a, b in zip(*outputs, strict=True)]
    OUT.write_bytes(small)
    print(f"{OUT}: {len(small) / 1e6:.1f} MB; outputs moved by at most {moved}")
    print(f"sha256 {hashlib.sha256(small).hexdigest()}")


if __name__ == "__main__":
    main()
