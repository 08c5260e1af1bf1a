"""The models that ship with kb: small files in the package, unpacked once a machine into the cache.

A packed file is an ONNX graph whose large matrices are integers of one or two bytes, multiplied by a scale a row or
column before they are used (bench/packing.py makes such files). ONNX Runtime does that multiplication once and saves
the graph with its weights in fp32, two to four times as large, which loads faster and takes less memory.
"""

from __future__ import annotations

import errno
import hashlib
import json
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from index.models.runtimes import open_graph
from kb.errors import ModelError, first_line

GRAPH, TOKENIZER, FACTS = "model.onnx", "tokenizer.json", "model.json"


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of the package. `sha256` is that of the file as it was made."""

    name: str
    file: str
    sha256: str

    def read(self) -> bytes:
        """The file's bytes. Raises `ModelError` if it is missing or altered."""
        return _checked(self.file, self.sha256)

    def problem(self, cache: Path) -> str:
        """Why the model cannot be used: the package's file, or what is unpacked; empty if it can. Nothing is loaded."""
        try:
            self.read()
        except ModelError as error:
            return str(error)
        folder = self.folder(cache)
        return _damage(folder, thorough=False) if folder.exists() else ""

    def folder(self, cache: Path) -> Path:
        """Where it is unpacked; named by what decides the content."""
        return cache / "models" / f"{self.name}-{self.sha256[:8]}"

    def unpacked(self, cache: Path) -> Path:
        """The folder in the cache with the graph and its tokenizer. Raises `ModelError`."""

        def write(folder: Path) -> None:
            unpack(self.read(), folder / GRAPH)
            (folder / TOKENIZER).write_bytes(_checked(TOKENIZER, _TOKENIZER_SHA256))

        return stored(self.folder(cache), write)


EMBEDDER = Packed(
    "all-MiniLM-L6-v2", "embedder.onnx", "37e967027f337c9dac8784efa8e4f34cdd37eddd97b421f83f37c9eb2ccb2f69"
)
READER = Packed("kb-reader-3", "reader.onnx", "c3ac2b94c5a77cfdec62e2745ad3ea9159256208cdea502ac10318b615234ff4")
_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"


_UNPACKED = 4  # at most so many times as large as it was packed


def _checked(file: str, sha256: str) -> bytes:
    try:
        content = resources.files("index.models").joinpath(file).read_bytes()
    except OSError:
        raise ModelError(f"The file index/models/{file} is missing from this installation. Install kb again.") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"The file index/models/{file} is not the one that this kb was made with. Install kb again.")
    return content


def unpack(packed: bytes, out: Path) -> None:
    """Write the graph with its weights in fp32. Raises `OSError` if it cannot be written whole."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # Constants are computed, and nothing is fitted to this machine's CPU.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    try:
        options.optimized_model_filepath = str(out)
        onnxruntime.InferenceSession(packed, options, providers=["CPUExecutionProvider"])
        open_graph(out, "onnx", 1)  # whether all of it was written
    except Exception as error:  # its errors have no base of their own
        full = shutil.disk_usage(out.parent).free < _UNPACKED * len(packed)
        raise OSError(errno.ENOSPC if full else errno.EIO, "No space left" if full else first_line(error)) from None


def stored(folder: Path, write: Callable[[Path], None]) -> Path:
    """A folder of the cache, written whole or not at all: `write` fills a draft of it, once a machine.

    Raises `ModelError` if the cache cannot be written, or if the graph in it is damaged.
    """
    if not folder.exists():
        _store(folder, write)
    if damage := _damage(folder, thorough=False):
        raise ModelError(damage)
    return folder


def damage(folder: Path) -> str:
    """What is wrong with a folder of the cache, by its checksum; empty if nothing is, or if it is not there yet."""
    return _damage(folder, thorough=True) if folder.exists() else ""


def _damage(folder: Path, thorough: bool) -> str:
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == facts[name]["bytes"] for name in (GRAPH, TOKENIZER))
        if whole and thorough:
            whole = all(_sha256(folder / name) == facts[name]["sha256"] for name in (GRAPH, TOKENIZER))
    except (ValueError, KeyError, TypeError, FileNotFoundError):
        whole = False
    except OSError as error:
        return f"The model in {folder} cannot be read ({error.strerror}). Give access there, or set KB_CACHE."
    return "" if whole else f"The model in {folder} is damaged. Delete that folder; it is made again."


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _store(folder: Path, write: Callable[[Path], None]) -> None:
    draft = folder.parent / f".draft-{uuid.uuid4().hex}"
    try:
        draft.mkdir(parents=True)
        write(draft)
        facts = {n: {"bytes": (draft / n).stat().st_size, "sha256": _sha256(draft / n)} for n in (GRAPH, TOKENIZER)}
        (draft / FACTS).write_text(json.dumps(facts), encoding="utf-8")
        try:
            draft.replace(folder)
        except OSError:
            # Another process finished the same folder first; theirs is as good.
            if not folder.exists():
                raise
    except OSError as error:
        raise ModelError(
            f"The model cannot be written to the cache {folder.parent} ({error.strerror}). "
            "Make room or give access there, or set KB_CACHE to another folder."
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
