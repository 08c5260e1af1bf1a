"""Training rows as the model takes them: tokens, whose sentence each is, batches of like length."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from bench.reader import rows as data

MOST_TOKENS = 320
BATCH_TOKENS = 6000
LONGEST_ANSWER = 120


def open_tokenizer(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_TOKENS, strategy="only_second")
    return tokenizer


class Encoded:
    """A row as tokens; `sentence` says of each token which sentence it is part of, -1 for none."""

    def __init__(self, row: data.Row, tokenizer: Tokenizer) -> None:
        head = f"{row.title}\n" if row.title else ""
        pair = tokenizer.encode(row.question[:400], head + row.passage)
        self.row = row
        self.ids, self.types = pair.ids, pair.type_ids
        starts = [len(head) + a for a, _ in row.spans]
        self.sentence = []
        for (a, b), kind in zip(pair.offsets, pair.type_ids, strict=True):
            inside = kind == 1 and b > a >= len(head)
            self.sentence.append(int(np.searchsorted(starts, a, side="right")) - 1 if inside else -1)
        self.place = _place(row, len(head), pair.offsets, self.sentence)


def _place(row: data.Row, shift: int, offsets: list[tuple[int, int]], sentence: list[int]) -> tuple[int, int] | None:
    """The first and last token of a short answer, the first token of all for none; None where it is not known."""
    if row.answers is None:
        return None
    if not row.answers:
        return 0, 0
    if not 0 < len(row.answer) <= LONGEST_ANSWER:
        return None
    for a, b in (row.spans[n] for n in sorted(row.gold)):
        at = row.passage.casefold().find(row.answer.casefold(), a, b + len(row.answer))
        if at >= 0:
            x, y = shift + at, shift + at + len(row.answer)
            held = [n for n, (c, d) in enumerate(offsets) if sentence[n] >= 0 and c < y and x < d]
            return (held[0], held[-1]) if held else None
    return None


def batches(encoded: list[Encoded], rng: random.Random) -> list[list[Encoded]]:
    """Rows of like length together, batches in a random order."""
    order = sorted(encoded, key=lambda e: len(e.ids) + rng.random() * 24)
    out: list[list[Encoded]] = [[]]
    for one in order:
        if out[-1] and len(one.ids) * (len(out[-1]) + 1) > BATCH_TOKENS:
            out.append([])
        out[-1].append(one)
    rng.shuffle(out)
    return out


def tensors(batch: list[Encoded], device: str) -> tuple[torch.Tensor, ...]:
    # Few shapes: a kernel is kept for each, and thousands of them take gigabytes.
    longest = -(-max(len(e.ids) for e in batch) // 32) * 32
    ids, mask, types = (torch.zeros(len(batch), longest, dtype=torch.long) for _ in range(3))
    sentence = torch.full((len(batch), longest), -1, dtype=torch.long)
    for n, e in enumerate(batch):
        size = len(e.ids)
        ids[n, :size], types[n, :size] = torch.tensor(e.ids), torch.tensor(e.types)
        mask[n, :size], sentence[n, :size] = 1, torch.tensor(e.sentence)
    return tuple(t.to(device) for t in (ids, mask, types, sentence))
