"""Any sentence-transformers model as one ONNX file, traced by PyTorch: for what index/models/bert_onnx.py cannot build.

It needs the extra `torch`, and runs in a process of its own: no ingest or query has to carry PyTorch afterwards. The
graph takes and gives what that of index/models/bert_onnx.py does.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

from kb.errors import MissingExtra, ModelError


def run(source: Path, out: Path) -> tuple[int, int]:
    """Write the ONNX file of the model in `source` to `out`; its dimension and window.

    Raises `MissingExtra` where PyTorch is not installed, and `ModelError` if the export fails.
    """
    if importlib.util.find_spec("sentence_transformers") is None or importlib.util.find_spec("torch") is None:
        raise MissingExtra(f"The embedding model in {source} is exported by PyTorch, which", "torch")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "index.models.torch_export", str(source), str(out)],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"},
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError(f"The embedding model in {source} could not be exported to ONNX: {last}")
    facts = json.loads(done.stdout.strip().splitlines()[-1])
    return int(facts["dimension"]), int(facts["window"])


def _export(source: Path, out: Path) -> dict[str, int]:
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    model.eval()

    class Encoder(torch.nn.Module):  # type: ignore[misc] # torch is not typed here
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            given = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(given["sentence_embedding"], p=2, dim=1), given["token_embeddings"]

    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Encoder(),
            (ids, torch.ones_like(ids)),
            str(out),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors", "tokens"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "batch"}, "tokens": axes},
            opset_version=17,
            dynamo=False,
        )
    return {"dimension": int(model.get_embedding_dimension() or 0), "window": int(model.max_seq_length or 256)}


if __name__ == "__main__":
    print(json.dumps(_export(Path(sys.argv[1]), Path(sys.argv[2]))))
