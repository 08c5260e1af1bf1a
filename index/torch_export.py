"""Export a sentence-transformers model to one ONNX file: `python -m index._export MODEL_FOLDER OUT_FOLDER`.

The graph takes `input_ids` and `attention_mask` (batch, tokens; int64) and gives `vectors` (batch, dimension;
float32, unit length): the transformer, its pooling and its normalisation in one; and `tokens` (batch, tokens, width),
what each token was made into before they were pooled.
"""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from pathlib import Path


def export(source: Path, out: Path) -> None:
    """Write model.onnx, tokenizer.json and export.json (dimension, window) into `out`."""
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(source), device="cpu", local_files_only=True)
    model.eval()

    class Encoder(torch.nn.Module):  # type: ignore[misc] # torch is not typed here
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            made = self.model({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(made["sentence_embedding"], p=2, dim=1), made["token_embeddings"]

    ids = torch.ones((2, 8), dtype=torch.int64)
    axes = {0: "batch", 1: "tokens"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Encoder(),
            (ids, torch.ones_like(ids)),
            str(out / "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["vectors", "tokens"],
            dynamic_axes={"input_ids": axes, "attention_mask": axes, "vectors": {0: "batch"}, "tokens": axes},
            opset_version=17,
            dynamo=False,
        )
    shutil.copyfile(source / "tokenizer.json", out / "tokenizer.json")
    facts = {"dimension": model.get_embedding_dimension(), "window": model.max_seq_length}
    (out / "export.json").write_text(json.dumps(facts), encoding="utf-8")


if __name__ == "__main__":
    export(Path(sys.argv[1]), Path(sys.argv[2]))
