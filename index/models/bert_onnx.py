"""A BERT encoder as ONNX, built from its weights without PyTorch (the extra `models`).

The graph is that of the published model (Devlin et al. 2019, doi:10.18653/v1/N19-1423): embeddings, layers of
self-attention and feed-forward parts, each normalised after it is added; then sentence-transformers' pooling. It takes
`input_ids` and `attention_mask` (batch, tokens; int64) and gives `vectors` (batch, dimension; float32, unit length)
and `tokens` (batch, tokens, width), what each token was made into before they were pooled.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from kb.errors import MissingExtra, ModelError

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Array = npt.NDArray[Any]
_OPSET, _IR = 17, 8
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True, slots=True)
class Shape:
    """What the settings of a model say of its graph. `window`: the most tokens it reads; `pooling`: mean or cls."""

    layers: int
    heads: int
    width: int
    epsilon: float
    window: int
    pooling: str


def shape_of(folder: Path) -> Shape | None:
    """The shape of a sentence-transformers model in a folder; None if it is no BERT with mean or CLS pooling."""
    config = _settings(folder / "config.json")
    modules = [(str(row["type"]).rsplit(".", 1)[-1], str(row["path"])) for row in _rows(folder / "modules.json")]
    if config.get("model_type") != "bert" or not (folder / _WEIGHTS).is_file():
        return None
    if config.get("hidden_act") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        return None
    if [name for name, _ in modules if name != "Normalize"] != ["Transformer", "Pooling"]:
        return None
    pooling = _pooling(_settings(folder / modules[1][1] / "config.json"))
    if pooling not in ("mean", "cls"):
        return None
    limits = [
        _settings(folder / "sentence_bert_config.json").get("max_seq_length"),
        _settings(folder / "tokenizer_config.json").get("model_max_length"),
        config["max_position_embeddings"],
    ]
    return Shape(
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        width=int(config["hidden_size"]),
        epsilon=float(config["layer_norm_eps"]),
        window=min(int(next(limit for limit in limits if limit)), int(config["max_position_embeddings"])),
        pooling=pooling,
    )


def _pooling(settings: dict[str, Any]) -> str:
    """How tokens become one vector, as older and newer files of settings name it."""
    if "pooling_mode" in settings:
        return str(settings["pooling_mode"])
    names = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    return "+".join(names.get(key, key) for key, on in settings.items() if key.startswith("pooling_mode_") and on)


def _rows(path: Path) -> list[dict[str, Any]]:
    read = _json(path)
    return read if isinstance(read, list) else []


def _settings(path: Path) -> dict[str, Any]:
    read = _json(path)
    return read if isinstance(read, dict) else {}


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def build(folder: Path, shape: Shape) -> bytes:
    """The ONNX file of a model, its weights in it.

    Raises `MissingExtra` where the extra `models` is not installed, and `ModelError` if the weights cannot be read or
    are not those of such a model.
    """
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "safetensors")):
        raise MissingExtra(f"What reads the embedding model in {folder} (onnx, safetensors)", "models")
    import ml_dtypes  # noqa: F401 # NumPy knows bf16 by it
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        weights = load_file(folder / _WEIGHTS)
        return _Graph({name.removeprefix("bert."): array for name, array in weights.items()}, shape).serialized()
    except SafetensorError as error:
        raise ModelError(f"{folder / _WEIGHTS} cannot be read ({error}). Get the model again.") from None
    except KeyError as error:
        raise ModelError(
            f"{folder / _WEIGHTS} has no weights {error}; it is not the model of its config.json."
        ) from None


class _Graph:
    """The nodes and weights of one encoder. Methods add nodes and give the name of what they compute."""

    def __init__(self, weights: dict[str, Array], shape: Shape) -> None:
        self._weights = weights
        self._shape = shape
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}

    def serialized(self) -> bytes:
        from onnx import TensorProto, helper

        hidden, mask = self._embeddings(), self._mask()
        for n in range(self._shape.layers):
            hidden = self._layer(f"encoder.layer.{n}", hidden, mask, last=n == self._shape.layers - 1)
        self._vectors(hidden)
        ids = ["batch", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info(name, TensorProto.INT64, ids) for name in ("input_ids", "attention_mask")],
            [
                helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["batch", self._shape.width]),
                helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [*ids, self._shape.width]),
            ],
            list(self._constants.values()),
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
        whole: bytes = model.SerializeToString()
        return whole

    def _add(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        from onnx import helper

        out = out or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [out], name=out, **attributes))
        return out

    def _constant(self, name: str, array: Array) -> str:
        from onnx import numpy_helper

        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array), name)
        return name

    def _numbers(self, *values: int) -> str:
        return self._constant("ints_" + "_".join(map(str, values)), np.asarray(values, dtype=np.int64))

    def _number(self, value: float) -> str:
        return self._constant(f"float_{value!r}", np.asarray(value, dtype=np.float32))

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name].astype(np.float32))

    def _embeddings(self) -> str:
        words = self._add("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        # One text at a time: every token is of the first type, so its vector is part of the positions'.
        places = self._weights["embeddings.position_embeddings.weight"]
        places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        table = self._constant("embeddings.positions", places.astype(np.float32))
        length = self._add("Slice", self._add("Shape", "input_ids"), self._numbers(1), self._numbers(2))
        position = self._add("Slice", table, self._numbers(0), length, self._numbers(0))
        return self._normalised(self._add("Add", words, position), "embeddings.LayerNorm")

    def _mask(self) -> str:
        """What is added to the scores of attention: 0 for a token, the lowest float for padding."""
        kept = self._add("Cast", self._add("Unsqueeze", "attention_mask", self._numbers(1, 2)), to=1)
        padding = self._add("Sub", self._number(1.0), kept)
        return self._add("Mul", padding, self._number(float(np.finfo(np.float32).min)))

    def _linear(self, hidden: str, name: str) -> str:
        matrix = self._constant(f"{name}.weight.T", self._weights[f"{name}.weight"].astype(np.float32).T)
        return self._add("Add", self._add("MatMul", hidden, matrix), self._weight(f"{name}.bias"))

    def _normalised(self, hidden: str, name: str, out: str = "") -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._add("LayerNormalization", hidden, scale, shift, out=out, axis=-1, epsilon=self._shape.epsilon)

    def _layer(self, name: str, hidden: str, mask: str, last: bool) -> str:
        seen = self._linear(self._attention(f"{name}.attention.self", hidden, mask), f"{name}.attention.output.dense")
        hidden = self._normalised(self._add("Add", seen, hidden), f"{name}.attention.output.LayerNorm")
        wide = self._gelu(self._linear(hidden, f"{name}.intermediate.dense"))
        added = self._add("Add", self._linear(wide, f"{name}.output.dense"), hidden)
        return self._normalised(added, f"{name}.output.LayerNorm", out="tokens" if last else "")

    def _gelu(self, hidden: str) -> str:
        """x · (1 + erf(x ÷ √2)) ÷ 2, in the order in which both runtimes know it as one operation."""
        erf = self._add("Erf", self._add("Div", hidden, self._number(2**0.5)))
        product = self._add("Mul", hidden, self._add("Add", erf, self._number(1.0)))
        return self._add("Mul", product, self._number(0.5))

    def _attention(self, name: str, hidden: str, mask: str) -> str:
        size = self._shape.width // self._shape.heads
        split = self._numbers(0, 0, self._shape.heads, size)
        heads = [
            self._add("Reshape", self._linear(hidden, f"{name}.{part}"), split) for part in ("query", "key", "value")
        ]
        query = self._add("Transpose", heads[0], perm=[0, 2, 1, 3])
        key = self._add("Transpose", heads[1], perm=[0, 2, 3, 1])
        value = self._add("Transpose", heads[2], perm=[0, 2, 1, 3])
        scores = self._add("Div", self._add("MatMul", query, key), self._number(size**0.5))
        weights = self._add("Softmax", self._add("Add", scores, mask), axis=-1)
        mixed = self._add("Transpose", self._add("MatMul", weights, value), perm=[0, 2, 1, 3])
        return self._add("Reshape", mixed, self._numbers(0, 0, self._shape.width))

    def _vectors(self, hidden: str) -> None:
        if self._shape.pooling == "cls":
            first = self._add("Slice", hidden, self._numbers(0), self._numbers(1), self._numbers(1))
            pooled = self._add("Squeeze", first, self._numbers(1))
        else:
            mask = self._add("Cast", self._add("Unsqueeze", "attention_mask", self._numbers(-1)), to=1)
            total = self._add("ReduceSum", self._add("Mul", hidden, mask), self._numbers(1), keepdims=0)
            count = self._add("ReduceSum", mask, self._numbers(1), keepdims=0)
            pooled = self._add("Div", total, self._add("Max", count, self._number(1e-9)))
        length = self._add("ReduceL2", pooled, axes=[1], keepdims=1)
        self._add("Div", pooled, self._add("Max", length, self._number(1e-12)), out="vectors")
