"""Train the extractive answerer's two scorers from `data/train`: which sentence answers, and whether any does.

    python bench/scorer/train.py [--rows 1500]

Writes kb/tutor/scorer.json: weights of two logistic regressions over kb.tutor.features. Nothing of data/qa is read.
Held out by title: a fifth of the titles measures, the rest trains; the shipped weights are of the trained part.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import os
import random
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from index.embed import open_embedder
from index.lexical import LexicalIndex
from index.sentences import split
from kb import config
from kb.tutor import features

DATA = Path(os.environ.get("KB_TEST_DATA", "../shared")) / "data" / "train"
SETS = ("squad2-half", "squadshifts-new_wiki", "squadshifts-reddit", "squadshifts-amazon", "selqa", "qed", "onestopqa")
OUT = Path(__file__).parents[2] / "kb" / "tutor" / "scorer.json"


def rows(most: int, seed: int) -> list[dict]:
    chosen = []
    for name in SETS:
        with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as handle:
            found = [{**json.loads(line), "set": name} for line in handle]
        random.Random(seed).shuffle(found)
        chosen += found if name == "squad2-half" else found[:most]
    return chosen


def held_out(row: dict) -> bool:
    return hashlib.sha256(str(row["title"]).encode()).digest()[0] % 5 == 0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1500, help="of each set but squad2-half, which is taken whole")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    embedder = open_embedder(config.load())
    lexical = LexicalIndex(Path(tempfile.mkdtemp()) / "lexical")
    chosen = rows(options.rows, options.seed)
    counts = Counter(t for row in chosen for t in set(lexical.terms(row["passage"])))

    def rarity(terms: list[str]) -> dict[str, float]:
        return {t: math.log(1 + len(chosen) / counts[t]) if counts[t] else 0.0 for t in terms}

    texts: list[str] = []
    prepared = []
    for at, row in enumerate(chosen):
        spans = split(row["passage"])
        if len(spans) < 2:
            continue
        passage = row["passage"]
        # Half of the passages are read under their title, as notes are under their headings.
        context = f"{row['title']}: ".replace("_", " ") if at % 2 and row["title"] else ""
        quotes = [passage[a:b] for a, b in spans]
        gold = set()
        if row["answerable"] and row.get("start") is not None:
            a = int(row["start"])
            b = a + max(len(row["answer"] or ""), 1)
            gold = {n for n, (x, y) in enumerate(spans) if x < b and a < y}
        prepared.append((row, quotes, gold, len(texts), context))
        texts += [row["question"], context + passage, *(context + q for q in quotes)]
    print(f"{len(prepared)} passages, {len(texts)} texts to embed", flush=True)
    vectors = embedder.embed(texts)

    matrices, labels, tests, info = [], [], [], []
    for row, quotes, gold, at, context in prepared:
        asked = lexical.words(row["question"])
        weights = rarity(asked)
        own = [frozenset(lexical.terms(q)) for q in quotes]
        above = frozenset(lexical.terms(context))
        words = [
            features.Words(q, own[n], above.union(*own[max(0, n - 1) : n + 2])) for n, q in enumerate(quotes)
        ]
        cosines = [float(v @ vectors[at]) for v in vectors[at + 2 : at + 2 + len(quotes)]]
        matrix = features.sentence_matrix(row["question"], asked, weights, words, cosines)
        passage = float(vectors[at + 1] @ vectors[at])
        missing = 1 - features.coverage(asked, weights, above.union(*own))
        info.append((row, matrix, gold, passage, missing))
        if gold:
            matrices.append(matrix)
            labels += [float(n in gold) for n in range(len(quotes))]
            tests += [held_out(row)] * len(quotes)
    x, y, test = np.vstack(matrices), np.asarray(labels), np.asarray(tests)
    scale = StandardScaler().fit(x[~test])
    sentence = LogisticRegression(C=1.0, max_iter=2000).fit(scale.transform(x[~test]), y[~test])
    print("sentence AUROC held out", round(roc_auc_score(y[test], sentence.decision_function(scale.transform(x[test]))), 4))
    first = [
        (n_best in gold, int(np.argmax(m[:, 0])) in gold)
        for row, m, gold, _, _ in info
        if gold and held_out(row)
        for n_best in [int(np.argmax(sentence.decision_function(scale.transform(m))))]
    ]
    print("gold sentence first, held out:", np.mean([a for a, _ in first]).round(4), "cosine:", np.mean([b for _, b in first]).round(4))

    z, answers, later = [], [], []
    rng = random.Random(options.seed)
    for row, matrix, _, passage, missing in info:
        if row["set"] != "squad2-half":
            continue
        logits = sentence.decision_function(scale.transform(matrix))
        other = rng.choice(info)
        z.append(features.passage_vector(list(logits), matrix, [passage, passage - 0.1], missing))
        answers.append(float(row["answerable"]))
        later.append(held_out(row))
        del other
    z, answers, later = np.vstack(z), np.asarray(answers), np.asarray(later)
    z[:, features.PASSAGE_FEATURES.index("margin")] = 0.0
    scale2 = StandardScaler().fit(z[~later])
    scale2.scale_[scale2.scale_ == 0] = 1
    passage = LogisticRegression(C=1.0, max_iter=2000).fit(scale2.transform(z[~later]), answers[~later])
    print("answerable AUROC held out", round(roc_auc_score(answers[later], passage.decision_function(scale2.transform(z[later]))), 4),
          "passage cosine alone", round(roc_auc_score(answers[later], z[later][:, 6]), 4))
    for name, c in zip(features.SENTENCE_FEATURES, sentence.coef_[0]): print(f"  {name:22} {c:+.3f}")
    for name, c in zip(features.PASSAGE_FEATURES, passage.coef_[0]): print(f"  {name:22} {c:+.3f}")

    def weights(model: LogisticRegression, scaler: StandardScaler, names: tuple[str, ...]) -> dict:
        raw = model.coef_[0] / scaler.scale_
        bias = float(model.intercept_[0] - (raw * scaler.mean_).sum())
        return {"bias": round(bias, 6), "weights": {n: round(float(w), 6) for n, w in zip(names, raw)}}

    OUT.write_text(json.dumps({
        "sentence": weights(sentence, scale, features.SENTENCE_FEATURES),
        "answerable": weights(passage, scale2, features.PASSAGE_FEATURES),
    }, indent=1) + "\n", encoding="utf-8")
    print("wrote", OUT)


if __name__ == "__main__":
    main()
