"""The reader: one small model of our own that reads a question and a passage together, in one pass a passage.

It says whether the passage is relevant and answers, how much each sentence answers, and, of a statement in the
question's place, whether the passage supports it. Made from all-MiniLM-L6-v2 by bench/reader; docs/reader.md is its
card.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.models.packed import GRAPH, READER, TOKENIZER
from index.models.runtimes import Runtime, open_graph, padded
from kb.config import Config
from kb.errors import ModelError, first_line

_WINDOW = 384
_MOST_QUESTION_CHARS = 400
_BATCH = 4


@dataclass(frozen=True, slots=True)
class RerankInput:
    """What is read: a passage under its title, and the spans of its sentences in it."""

    text: str
    title: str = ""
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class RerankScores:
    """What the reader says of a passage, as logits; `sentences` has one for each span, -inf for what it did not see."""

    relevant: float
    answers: float
    supports: float
    sentences: tuple[float, ...]


class Reranker:
    """Reads pairs. One for a process; usable from several threads."""

    name = READER.name

    def __init__(self, graph: Runtime, tokenizer: Path) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        from tokenizers import Tokenizer

        self._graph = graph
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_WINDOW, strategy="only_second")

    def read(self, pairs: Sequence[tuple[str, RerankInput]]) -> list[RerankScores]:
        """A reading for each pair of a question (or a statement) and a passage."""
        heads = [f"{read.title}\n" if read.title else "" for _, read in pairs]
        encoded = self._tokenizer.encode_batch(
            [(asked[:_MOST_QUESTION_CHARS], head + read.text) for (asked, read), head in zip(pairs, heads, strict=True)]
        )
        order = sorted(range(len(pairs)), key=lambda n: len(encoded[n].ids), reverse=True)
        out: dict[int, RerankScores] = {}
        for at in range(0, len(order), _BATCH):
            rows = order[at : at + _BATCH]
            shape = (len(rows), padded(len(encoded[rows[0]].ids)))
            ids, mask, types = (np.zeros(shape, dtype=np.int64) for _ in range(3))
            for n, row in enumerate(rows):
                size = len(encoded[row].ids)
                ids[n, :size], types[n, :size], mask[n, :size] = encoded[row].ids, encoded[row].type_ids, 1
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": types}
            of_pairs, of_tokens = self._graph.run(inputs, ["pair", "tokens"])
            for n, row in enumerate(rows):
                spans = [(a + len(heads[row]), b + len(heads[row])) for a, b in pairs[row][1].spans]
                sentences = _of_sentences(of_tokens[n], encoded[row].offsets, encoded[row].type_ids, spans)
                relevant, answers, supports = (float(v) for v in of_pairs[n])
                out[row] = RerankScores(relevant, answers, supports, sentences)
        return [out[n] for n in range(len(pairs))]


def _of_sentences(
    tokens: npt.NDArray[np.float32],
    offsets: Sequence[tuple[int, int]],
    types: Sequence[int],
    spans: Sequence[tuple[int, int]],
) -> tuple[float, ...]:
    """The mean logit of the tokens of each sentence."""
    places = np.asarray([a if kind == 1 and b > a else -1 for (a, b), kind in zip(offsets, types, strict=True)])
    out = []
    for a, b in spans:
        inside = (places >= a) & (places < b)
        out.append(float(tokens[: len(places)][inside].mean()) if inside.any() else float("-inf"))
    return tuple(out)


def open_reader(config: Config, backend: str, threads: int) -> Reranker:
    """The reader that ships with `kb`. Raises `ModelError` if its file is missing, altered, or cannot be run."""
    folder = READER.unpacked(config.cache)
    try:
        return Reranker(open_graph(folder / GRAPH, backend, threads), folder / TOKENIZER)
    except Exception as error:  # the tokenizer's errors have no base of their own
        why = getattr(error, "strerror", None) or first_line(error)
        raise ModelError(f"The reranker in {folder} does not load ({why}). Delete that folder.") from None
