"""The reader as a model: its layers, its weights from a file, and weights between two of them."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from onnx import numpy_helper
from torch import nn
from transformers import AutoModel

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.packing import unpacked

# Of the word vectors only: attention without it is a kernel of its own, and two epochs of other rows do without.
DROPOUT = 0.1


class Reader(nn.Module):
    """BERT with three logits of the pair (relevant, answers, supports) and one of each token (part of the answer)."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.body = AutoModel.from_pretrained(
            str(folder),
            add_pooling_layer=False,
            attn_implementation="sdpa",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.body.embeddings.dropout.p = DROPOUT
        width = self.body.config.hidden_size
        self.pair = nn.Linear(2 * width, 3)
        self.token = nn.Linear(width, 1)
        self.place = nn.Linear(width, 2)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pair, tokens, _ = self.whole(ids, mask, types)
        return pair, tokens

    def whole(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The outputs, and of each token whether the answer begins and ends there, which only training asks for."""
        hidden = self.body(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        weights = mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weights).sum(1) / weights.sum(1)
        pair = self.pair(torch.cat([hidden[:, 0], mean], 1))
        return pair, self.token(hidden).squeeze(-1), self.place(hidden)


def state_of(file: Path) -> dict[str, torch.Tensor]:
    """The weights of a reader, by the names that they have here: as a training wrote it, or packed."""
    if file.suffix == ".pt":
        state: dict[str, torch.Tensor] = torch.load(file, weights_only=True, map_location="cpu")
        return state
    graph = unpacked(file.read_bytes()).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    state = {name: torch.from_numpy(array.copy()) for name, array in arrays.items() if "::" not in name}
    for node in graph.node:
        for name in node.input:
            # A layer's matrix lies there turned and without a name: its place in the graph says whose it is.
            if node.op_type == "MatMul" and name in arrays:
                own = node.name.strip("/").removesuffix("/MatMul").replace("/", ".") + ".weight"
                state[own] = torch.from_numpy(arrays[name].T.copy())
    return state


def mix(start: Path, last: Path, share: float, out: Path) -> None:
    """Write the weights between two readers', a share of the way from the first to the last."""
    before, after = state_of(start), state_of(last)
    mixed = {
        name: weights if name not in before else (1 - share) * before[name] + share * weights
        for name, weights in after.items()
    }
    torch.save(mixed, out)
