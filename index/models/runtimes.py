"""An ONNX file, run: by ONNX Runtime in fp32 everywhere, by OpenVINO in bf16 where the CPU computes in bf16."""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from kb.errors import first_line

Arrays = Mapping[str, npt.NDArray[Any]]


# A runtime prepares itself for every shape that it meets, which takes time and memory: lengths come in steps.
_STEP = 16
_KEPT_SHAPES = 300


def padded(length: int) -> int:
    """The length to which rows of tokens are padded."""
    return -(-length // _STEP) * _STEP


class Runtime(Protocol):
    """Named arrays in, arrays out; one run at a time."""

    def run(self, inputs: Arrays, outputs: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """The outputs of these names, float32."""
        ...


class OnnxRuntime:
    """ONNX Runtime, fp32, on the CPU."""

    def __init__(self, path: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._lock = threading.Lock()

    def run(self, inputs: Arrays, outputs: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """The outputs of these names."""
        with self._lock:
            return list(self._session.run(list(outputs), dict(inputs)))


class OpenVinoRuntime:
    """OpenVINO, bf16, on the CPU; compiled once a machine."""

    def __init__(self, path: Path, threads: int) -> None:
        # The package's model converter costs as much to import as the rest, brings OpenVINO's telemetry with it, and is
        # not needed to run a model; openvino goes on without it.
        sys.modules.setdefault("openvino.tools.ovc", None)  # type: ignore[arg-type]
        import openvino

        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16",
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            # What is prepared is kept for the latest shapes only, or a long-lived server would never stop growing.
            "CPU_RUNTIME_CACHE_CAPACITY": _KEPT_SHAPES,
            # Compiling takes longer than a whole query; the compiled graph is kept beside the export.
            "CACHE_DIR": str(path.parent / "openvino"),
        }
        try:
            compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        except RuntimeError:
            # Perhaps only its place beside the export cannot be written.
            del settings["CACHE_DIR"]
            compiled = openvino.Core().compile_model(str(path), "CPU", settings)
        self._request = compiled.create_infer_request()
        self._lock = threading.Lock()

    def run(self, inputs: Arrays, outputs: Sequence[str]) -> list[npt.NDArray[np.float32]]:
        """The outputs of these names; only they are copied."""
        with self._lock:
            result = self._request.infer(dict(inputs), share_outputs=True)
            return [np.array(result[name], dtype=np.float32) for name in outputs]


def open_graph(path: Path, backend: str, threads: int) -> Runtime:
    """The graph of a file by a backend's name: `openvino`, or ONNX Runtime for any other.

    Raises `OSError` for a file that cannot be run.
    """
    try:
        return OpenVinoRuntime(path, threads) if backend == "openvino" else OnnxRuntime(path, threads)
    except Exception as error:  # the runtimes' errors have no base of their own
        raise OSError(errno.EINVAL, first_line(error)) from None
