"""Train the reader: one small model that reads a question and a passage together, from all-MiniLM-L6-v2's weights.

    python bench/reader/train.py --out DIR

Of one pass it learns whether the passage is relevant, whether it answers, how much each of its sentences answers,
and, of a statement in the question's place, whether the passage supports it. Seeded; checkpointed every few minutes
and resumed from DIR; bf16 on the CPU, CUDA where present. Writes DIR/reader.pt; DIR/first and DIR/last have the
two stages with their log.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.reader import rows as data
from bench.reader import variants
from bench.reader.encoding import Encoded, batches, open_tokenizer, tensors
from bench.reader.model import Reader, mix, state_of
from index.models.embedder import open_embedder
from index.models.weights import packaged_weights
from kb import config

HEADS_RATE = 1e-3
# Two epochs of everything, and a last one of what only looks answered.
EPOCHS = 2
LAST_STEPS = 850
# The last one teaches a few kinds of questions at the cost of others: so far of the way to its end most of both stands.
LAST_SHARE = 0.7
SECONDS_BETWEEN_CHECKPOINTS = 240
STEPS_BETWEEN_LINES = 25
STEPS_BETWEEN_MEASURES = 500
HELD = 3000


def sentence_logits(tokens: torch.Tensor, sentence: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The mean logit of each sentence's tokens, shape (rows, most sentences), and which there are."""
    most = int(sentence.max()) + 1
    onehot = functional.one_hot(sentence.clamp(min=0), max(most, 1)).to(tokens.dtype) * (sentence >= 0).unsqueeze(-1)
    counts = onehot.sum(1)
    return (onehot * tokens.unsqueeze(-1)).sum(1) / counts.clamp(min=1), counts > 0


def loss_of(batch: list[Encoded], pair: torch.Tensor, tokens: torch.Tensor, sentence: torch.Tensor) -> torch.Tensor:
    pair, tokens = pair.float(), tokens.float()
    logits, there = sentence_logits(tokens, sentence)
    total = pair.sum() * 0
    weight_sum = 0.0
    gold = torch.zeros_like(logits)
    for n, e in enumerate(batch):
        for g in e.row.gold:
            if g < gold.shape[1]:
                gold[n, g] = 1
    for n, e in enumerate(batch):
        row, weight = e.row, e.row.weight
        weight_sum += weight
        for column, target in enumerate((row.relevant, row.answers, row.supports)):
            if target is not None:
                part = functional.binary_cross_entropy_with_logits(pair[n, column], pair.new_tensor(float(target)))
                total = total + weight * part * (0.5 if column == 0 else 1.0)
        if row.answers is not None:
            here = there[n]
            part = functional.binary_cross_entropy_with_logits(logits[n][here], gold[n][here])
            total = total + weight * part
            if bool(gold[n][here].any()) and int(here.sum()) > 1:
                spread = torch.log_softmax(logits[n][here], 0)
                total = total - 0.7 * weight * torch.logsumexp(spread[gold[n][here] > 0], 0)
    return total / max(weight_sum, 1.0)


def place_loss(batch: list[Encoded], place: torch.Tensor, sentence: torch.Tensor) -> torch.Tensor:
    """How far the first and last token of the answers are from where they stand; by the weights of all rows."""
    able = sentence >= 0
    able[:, 0] = True
    places = torch.log_softmax(place.float().masked_fill(~able.unsqueeze(-1), -1e4), 1)
    total = places.sum() * 0
    for n, e in enumerate(batch):
        if e.place is not None:
            total = total - e.row.weight * (places[n, e.place[0], 0] + places[n, e.place[1], 1])
    return total / max(sum(e.row.weight for e in batch), 1.0)


@torch.no_grad()
def measure(model: Reader, held: list[Encoded], device: str) -> dict[str, float]:
    """Of held-out rows: AUROC by set, and how often the gold sentence comes first (of passages with three or more)."""
    from sklearn.metrics import roc_auc_score

    model.eval()
    scores: dict[str, tuple[list[float], list[bool]]] = {}
    first: list[bool] = []
    three: list[bool] = []
    for batch in batches(held, random.Random(0)):
        ids, mask, types, sentence = tensors(batch, device)
        with torch.autocast(device, torch.bfloat16):
            pair, tokens = model(ids, mask, types)
        logits, there = sentence_logits(tokens.float(), sentence)
        for n, e in enumerate(batch):
            if e.row.supports is not None:
                key, target, column = e.row.source, e.row.supports, 2
            else:
                key, target, column = e.row.source, bool(e.row.answers), 1
                key = key if key == "squad2-half" else "answers"
            kept = scores.setdefault(key, ([], []))
            kept[0].append(float(pair[n, column]))
            kept[1].append(target)
            here = logits[n][there[n]].tolist()
            if e.row.gold and len(here) >= 3:
                order = sorted(range(len(here)), key=lambda i: -here[i])
                first.append(order[0] in e.row.gold)
                three.append(bool(set(order[:3]) & e.row.gold))
    model.train()
    out = {f"auroc {k}": round(roc_auc_score(t, s), 4) for k, (s, t) in sorted(scores.items()) if len(set(t)) > 1}
    return {**out, "gold first": round(float(np.mean(first)), 4), "gold in three": round(float(np.mean(three)), 4)}


Plan = tuple[list[list[Encoded]], list[Encoded]]


def first_plan(tokenizer: Tokenizer, seed: int) -> Plan:
    """The batches of the first epochs in their order, and rows that were held out of them."""
    embedder = open_embedder(config.load())
    held: list[Encoded] = []
    plan: list[list[Encoded]] = []
    for epoch in range(seed, seed + EPOCHS):
        encoded = [Encoded(row, tokenizer) for row in variants.epoch(embedder.embed, epoch, hard=epoch > seed)]
        held = held or [e for e in encoded if e.row.held][:HELD]
        plan += batches([e for e in encoded if not e.row.held], random.Random(epoch))
    return plan, held


def last_plan(tokenizer: Tokenizer, seed: int) -> Plan:
    """The same of the last one, of which all of squad2-half that is held out measures."""
    rows = variants.last(open_embedder(config.load()).embed, seed + EPOCHS)
    encoded = [Encoded(row, tokenizer) for row in rows]
    held = [Encoded(row, tokenizer) for row in data.questions(seed) if row.source == "squad2-half" and row.held]
    held += [e for e in encoded if e.row.held and e.row.source != "squad2-half"][: HELD - len(held)]
    return batches([e for e in encoded if not e.row.held], random.Random(seed))[:LAST_STEPS], held


@dataclass(frozen=True)
class Stage:
    """A part of the training: its batches, its learning rate, and the weight of the answer's first and last token."""

    plan: Callable[[Tokenizer, int], Plan]
    rate: float
    place: float


FIRST = Stage(first_plan, 8e-5, 0.0)
LAST = Stage(last_plan, 5e-5, 0.25)


class Training:
    """A model in training: its optimizer, how far it is, and its checkpoint in `out`."""

    def __init__(self, out: Path, stage: Stage, steps: int, device: str, start: Path | None) -> None:
        self.out, self.stage, self.device, self.step = out, stage, device, 0
        self.model = Reader(packaged_weights()).to(device)
        if start is not None:
            # A packed one has no place: only training asks for it.
            self.model.load_state_dict(state_of(start), strict=False)
        heads = [*self.model.pair.parameters(), *self.model.token.parameters(), *self.model.place.parameters()]
        groups = [{"params": self.model.body.parameters(), "lr": stage.rate}, {"params": heads, "lr": HEADS_RATE}]
        self.optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda step: min((step + 1) / (0.06 * steps), max(0.02, 1 - step / steps))
        )
        self.model.train()

    def learn(self, batch: list[Encoded]) -> float:
        """One step; the loss before it."""
        ids, mask, types, sentence = tensors(batch, self.device)
        with torch.autocast(self.device, torch.bfloat16):
            pair, tokens, place = self.model.whole(ids, mask, types)
        loss = loss_of(batch, pair, tokens, sentence) + self.stage.place * place_loss(batch, place, sentence)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.step += 1
        return float(loss.detach())

    def save(self) -> None:
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step}
        torch.save({**state, "schedule": self.schedule.state_dict()}, self.out / "checkpoint.new")
        (self.out / "checkpoint.new").replace(self.out / "checkpoint.pt")

    def resume(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if (self.out / "checkpoint.pt").exists():
            kept = torch.load(self.out / "checkpoint.pt", weights_only=True)
            self.model.load_state_dict(kept["model"])
            self.optimizer.load_state_dict(kept["optimizer"])
            self.schedule.load_state_dict(kept["schedule"])
            self.step = kept["step"]
            print(f"resumed at step {self.step}", flush=True)


def train(out: Path, stage: Stage, seed: int, start: Path | None) -> None:
    """Train a stage, from a reader's weights if there is one to start from; writes `reader.pt` and `log.jsonl`."""
    out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan, held = stage.plan(open_tokenizer(packaged_weights()), seed)
    tokens = sum(len(e.ids) for batch in plan for e in batch)
    print(f"{sum(map(len, plan))} rows, {tokens:,} tokens, {len(plan)} steps; {len(held)} held out", flush=True)
    training = Training(out, stage, len(plan), device, start)
    training.resume()
    began = saved = time.monotonic()
    losses: list[float] = []
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:

        def told(**more: float) -> None:
            row = {"step": training.step, "of": len(plan), **more, "seconds": round(time.monotonic() - began)}
            print(json.dumps(row), flush=True)
            log.write(json.dumps(row) + "\n")
            log.flush()

        while training.step < len(plan):
            losses.append(training.learn(plan[training.step]))
            if training.step % STEPS_BETWEEN_LINES == 0:
                due = training.step % STEPS_BETWEEN_MEASURES == 0
                measured = measure(training.model, held, device) if due else {}
                told(loss=round(float(np.mean(losses[-STEPS_BETWEEN_LINES:])), 4), **measured)
            if time.monotonic() - saved > SECONDS_BETWEEN_CHECKPOINTS:
                training.save()
                saved = time.monotonic()
        told(**measure(training.model, held, device))
    torch.save(training.model.state_dict(), out / "reader.pt")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--start", type=Path, help="a reader (reader.pt or packed) that only lacks the last epoch")
    options = parser.parse_args()
    start = options.start
    if start is None:
        start = options.out / "first" / "reader.pt"
        if not start.exists():
            train(start.parent, FIRST, options.seed, None)
    train(options.out / "last", LAST, options.seed, start)
    mix(start, options.out / "last" / "reader.pt", LAST_SHARE, options.out / "reader.pt")


if __name__ == "__main__":
    main()
