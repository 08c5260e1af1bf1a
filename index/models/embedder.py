"""Text to unit vectors: one protocol, three things that can run the model.

ONNX Runtime in fp32; OpenVINO in bf16 where its extra is installed and the CPU computes in bf16 (both read the same
exported file); and sentence-transformers, on a CUDA card or not, when `KB_BACKEND=torch` asks for it.
"""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from index.models.runtimes import Runtime, open_graph, padded
from index.models.weights import ExportedModel, exported, model_folder
from kb.config import Config
from kb.errors import MissingExtra, ModelError, first_line

Vectors = npt.NDArray[np.float32]

# Short sequences are padded to the longest of their batch, so batches are cut from texts sorted by length. On two
# cores small batches keep the activations in cache: 4 to 8 was the fastest for ONNX Runtime, 8 for OpenVINO.
_BATCH_ONNX = 4
_BATCH_OPENVINO = 8


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """The word pieces of a text, and what the model makes of each: unit vectors, shape (pieces, width)."""

    pieces: tuple[str, ...]
    vectors: Vectors


def _unit(pieces: Sequence[str], vectors: Vectors) -> TokenVectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return TokenVectors(tuple(pieces), (vectors / np.maximum(length, 1e-9)).astype(np.float32))


class Embedder(Protocol):
    """Gives unit vectors, shape (texts, dimension), float32; texts beyond `window` word pieces are cut."""

    name: str
    backend: str
    dimension: int
    window: int

    def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Vectors:
        """Vectors in the order of `texts`; `on_batch` hears how many texts each batch finished."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text, without the two special tokens."""
        ...

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The word pieces of each text and their unit vectors, without the special tokens."""
        ...


class _Tokens:
    """The model's own tokenizer, as the `tokenizers` library runs it."""

    def __init__(self, path: Path, window: int) -> None:
        # Parallel tokenising fights with the embedder's own threads on small machines.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        self._cut = Tokenizer.from_file(str(path))
        self._cut.no_padding()
        self._cut.enable_truncation(max_length=window)
        self._whole = Tokenizer.from_file(str(path))
        self._whole.no_padding()
        self._whole.no_truncation()

    def count(self, texts: Sequence[str]) -> list[int]:
        return [len(e.ids) for e in self._whole.encode_batch_fast(list(texts), add_special_tokens=False)]

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        return [e.ids for e in self._cut.encode_batch_fast(list(texts))]

    def pieces(self, text: str) -> list[str]:
        """The word pieces of a text as the model sees them, special tokens included."""
        return list(self._cut.encode(text).tokens)


class _GraphEmbedder:
    """What the two runtimes of the exported graph share: tokens, batches by length, order."""

    backend = "none"
    _batch = 1
    _graph: Runtime

    def __init__(self, model: ExportedModel) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self.window = model.window
        self._tokens = _Tokens(model.tokenizer, model.window)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text."""
        return self._tokens.count(texts)

    def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors in the order of the texts."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        ids = self._tokens.ids(texts)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
        for at in range(0, len(order), self._batch):
            rows = order[at : at + self._batch]
            longest = len(ids[rows[0]])
            tokens = np.zeros((len(rows), padded(longest)), dtype=np.int64)
            mask = np.zeros_like(tokens)
            for n, row in enumerate(rows):
                tokens[n, : len(ids[row])] = ids[row]
                mask[n, : len(ids[row])] = 1
            out[rows] = self._run(tokens, mask)
            if on_batch is not None:
                on_batch(len(rows))
        return out

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The word pieces of each text and their unit vectors."""
        out = []
        for text in texts:
            pieces, (ids,) = self._tokens.pieces(text), self._tokens.ids([text])
            row = np.zeros((1, padded(len(ids))), dtype=np.int64)
            row[0, : len(ids)] = ids
            mask = (np.arange(row.shape[1]) < len(ids)).astype(np.int64)[None]
            (vectors,) = self._graph.run({"input_ids": row, "attention_mask": mask}, ["tokens"])
            out.append(_unit(pieces[1:-1], vectors[0][1 : len(ids) - 1]))
        return out

    def _run(self, tokens: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> Vectors:
        raise NotImplementedError


class OnnxEmbedder(_GraphEmbedder):
    """ONNX Runtime, fp32, on the CPU."""

    backend = "onnx"
    _batch = _BATCH_ONNX

    def __init__(self, model: ExportedModel, threads: int) -> None:
        super().__init__(model)
        self._graph = open_graph(model.onnx, self.backend, threads)

    def _run(self, tokens: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> Vectors:
        return self._graph.run({"input_ids": tokens, "attention_mask": mask}, ["vectors"])[0]


class OpenVinoEmbedder(_GraphEmbedder):
    """OpenVINO, bf16, on the CPU (cosine with fp32 above .9999)."""

    backend = "openvino"
    _batch = _BATCH_OPENVINO

    def __init__(self, model: ExportedModel, threads: int) -> None:
        super().__init__(model)
        self._graph = open_graph(model.onnx, self.backend, threads)

    def _run(self, tokens: npt.NDArray[np.int64], mask: npt.NDArray[np.int64]) -> Vectors:
        (vectors,) = self._graph.run({"input_ids": tokens, "attention_mask": mask}, ["vectors"])
        # Pooling and normalisation ran in bf16; the length is put right in fp32.
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


class TorchEmbedder:
    """sentence-transformers: a CUDA card where there is one."""

    backend = "torch"

    def __init__(self, name: str, folder: Path) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError:
            raise MissingExtra("KB_BACKEND is torch, but sentence-transformers", "torch") from None

        self.name = name
        try:
            self._model = SentenceTransformer(str(folder), local_files_only=True)
        except Exception as error:  # it raises what the files of a folder make it raise
            raise ModelError(f"The embedding model in {folder} cannot be read ({first_line(error)}).") from None
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self.window = int(self._model.max_seq_length or 256)
        self._tokens = _Tokens(folder / "tokenizer.json", self.window)

    def count(self, texts: Sequence[str]) -> list[int]:
        """Word pieces of each text."""
        return self._tokens.count(texts)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The word pieces of each text and their unit vectors."""
        made = self._model.encode(list(texts), output_value="token_embeddings", show_progress_bar=False)
        out = []
        for text, vectors in zip(texts, made, strict=True):
            pieces = self._tokens.pieces(text)
            out.append(_unit(pieces[1:-1], vectors.float().cpu().numpy()[: len(pieces)][1:-1]))
        return out

    def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors in the order of the texts."""
        out = np.zeros((len(texts), self.dimension), dtype=np.float32)
        step = 256
        for at in range(0, len(texts), step):
            part = list(texts[at : at + step])
            out[at : at + len(part)] = self._model.encode(part, normalize_embeddings=True, show_progress_bar=False)
            if on_batch is not None:
                on_batch(len(part))
        return out


def cpu_has_bf16() -> bool:
    """Whether this CPU computes in bf16 (AVX-512 BF16 or AMX), read without loading a runtime."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def backend_name(config: Config) -> str:
    """What would run the model here: openvino, onnx or torch."""
    if config.backend != "auto":
        return config.backend
    return "openvino" if cpu_has_bf16() and importlib.util.find_spec("openvino") is not None else "onnx"


def open_embedder(config: Config) -> Embedder:
    """The embedder that the settings and this machine ask for.

    Raises `ModelError` if the model cannot be had.
    """
    threads = config.threads or os.cpu_count() or 1
    backend = backend_name(config)
    if backend == "torch":
        return TorchEmbedder(config.model, model_folder(config.model))
    if backend == "openvino" and importlib.util.find_spec("openvino") is None:
        raise MissingExtra("KB_BACKEND is openvino, but OpenVINO", "openvino")
    model = exported(config)
    folder = model.onnx.parent
    try:
        return OpenVinoEmbedder(model, threads) if backend == "openvino" else OnnxEmbedder(model, threads)
    except Exception as error:  # the tokenizer's errors have no base of their own
        why = getattr(error, "strerror", None) or first_line(error)
        raise ModelError(f"The model in {folder} does not load ({why}). Delete that folder.") from None
