"""Train the extractive answerer's scorer of sentences from `data/train`.

    python bench/scorer/train.py [--rows 900]

Writes the "sentence" part of kb/answer/scorer.json: the weights of a logistic regression over kb.answer.features.
Nothing of data/qa is read. A fifth of the titles is held out and measures; the shipped weights are of the rest.
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

from index.models.embedder import open_embedder
from index.search.bm25 import LexicalIndex
from kb import config
from kb.answer import features
from kb.text.sentences import split

DATA = Path(os.environ.get("KB_TEST_DATA", "../shared")) / "data" / "train"
SETS = ("squad2-half", "squadshifts-new_wiki", "squadshifts-reddit", "squadshifts-amazon", "selqa", "qed", "onestopqa")
OUT = Path(__file__).parents[2] / "kb" / "answer" / "scorer.json"


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
    parser.add_argument("--rows", type=int, default=900, help="of each set but squad2-half, which is taken whole")
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
        texts += [row["question"], *(context + q for q in quotes)]
    print(f"{len(prepared)} passages, {len(texts)} texts to embed", flush=True)
    vectors = embedder.embed(texts)

    matrices, labels, tests, judged = [], [], [], []
    for row, quotes, gold, at, context in prepared:
        asked = lexical.words(row["question"])
        weights = rarity(asked)
        own = [frozenset(lexical.terms(q)) for q in quotes]
        above = frozenset(lexical.terms(context))
        words = [features.Words(q, own[n], above.union(*own[max(0, n - 1) : n + 2])) for n, q in enumerate(quotes)]
        cosines = [float(v @ vectors[at]) for v in vectors[at + 1 : at + 1 + len(quotes)]]
        matrix = features.sentence_matrix(row["question"], asked, weights, words, cosines)
        if gold:
            judged.append((row, matrix, gold))
            matrices.append(matrix)
            labels += [float(n in gold) for n in range(len(quotes))]
            tests += [held_out(row)] * len(quotes)
    x, y, test = np.vstack(matrices), np.asarray(labels), np.asarray(tests)
    scale = StandardScaler().fit(x[~test])
    sentence = LogisticRegression(C=1.0, max_iter=2000).fit(scale.transform(x[~test]), y[~test])
    auroc = roc_auc_score(y[test], sentence.decision_function(scale.transform(x[test])))
    print(f"AUROC of sentences, held out: {auroc:.4f}")
    ours, cosine = [], []
    for row, matrix, gold in judged:
        if held_out(row):
            ours.append(int(np.argmax(sentence.decision_function(scale.transform(matrix)))) in gold)
            cosine.append(int(np.argmax(matrix[:, 0])) in gold)
    print(f"gold sentence first, held out: {np.mean(ours):.4f}; by cosine alone: {np.mean(cosine):.4f}")

    for name, weight in zip(features.SENTENCE_FEATURES, sentence.coef_[0], strict=True):
        print(f"  {name:22} {weight:+.3f}")

    raw = sentence.coef_[0] / scale.scale_
    kept = json.loads(OUT.read_text(encoding="utf-8")) if OUT.exists() else {}
    kept["sentence"] = {
        "bias": round(float(sentence.intercept_[0] - (raw * scale.mean_).sum()), 6),
        "weights": {name: round(float(w), 6) for name, w in zip(features.SENTENCE_FEATURES, raw, strict=True)},
    }
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print("wrote", OUT, "- now run bench/scorer/calibrate.py")


if __name__ == "__main__":
    main()
