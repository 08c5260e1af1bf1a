"""Pack an ONNX graph as the files that ship with kb: large matrices as integers, times a scale a row or column.

index/models/packed.py unpacks such files. Eight bits move the reranker's logits by about a tenth; sixteen keep the
embedder's vectors within 1e-4 of the published model's.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from index.models.packed import unpack

_LARGE = 4096
_VOCABULARY = 10_000


def packed(whole: bytes, kind: type[np.int8] | type[np.int16]) -> bytes:
    """The graph with its large matrices as integers of a kind, and the nodes that make numbers of them."""
    model = onnx.load_from_string(whole)
    most = np.iinfo(kind).max
    kept, first = [], []
    for one in model.graph.initializer:
        array = numpy_helper.to_array(one)
        if array.dtype != np.float32 or array.ndim != 2 or array.size < _LARGE:
            kept.append(one)
            continue
        # Rows of an embedding are words; columns of a layer's matrix are its outputs.
        axis = 1 if "embeddings" in one.name or array.shape[0] > _VOCABULARY else 0
        scales = np.maximum(np.abs(array).max(axis=axis, keepdims=True) / most, 1e-12).astype(np.float32)
        kept.append(numpy_helper.from_array(np.round(array / scales).astype(kind), f"{one.name}.integers"))
        kept.append(numpy_helper.from_array(scales, f"{one.name}.scales"))
        first += multiplied(one.name)
    nodes = [*first, *model.graph.node]
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)
    return model.SerializeToString()


def multiplied(name: str) -> list[onnx.NodeProto]:
    """The nodes that make a matrix of its integers and scales."""
    numbers = helper.make_node("Cast", [f"{name}.integers"], [f"{name}.numbers"], to=onnx.TensorProto.FLOAT)
    return [numbers, helper.make_node("Mul", [f"{name}.numbers", f"{name}.scales"], [name])]


def unpacked(small: bytes) -> onnx.ModelProto:
    """A packed file's graph with its weights in fp32."""
    with tempfile.TemporaryDirectory() as folder:
        unpack(small, Path(folder) / "model.onnx")
        return onnx.load(Path(folder) / "model.onnx")
