"""Train the check's judge of whether a text bears a statement, from what people judged (`data/train`).

    python bench/scorer/support.py

begin and climatefever, and sentences of passages as they stand or over another passage. Writes the "support" part of
kb/answer/scorer.json. A fifth is held out by passage and measures; the shipped weights are of the rest.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.reader import rows as data
from bench.reader import variants
from index.models.embedder import backend_name, open_embedder
from index.models.reranker import open_reader
from kb import config
from kb.answer import entailment, features
from kb.text import entities

OUT = Path(__file__).parents[2] / "kb" / "answer" / "scorer.json"


def main() -> None:
    rows = [*data.statements(5), *variants.made(data.questions(5), 5)]
    # A changed number or name is for `kb.text.entities` to find: those rows would teach the weights to distrust words.
    rows = [r for r in rows if r.source != "made" or r.supports or not data_changed(r)]
    settings = config.load()
    reader = open_reader(settings, backend_name(settings), os.cpu_count() or 1)
    x = entailment.measure([(row.question, [row.passage], "") for row in rows], open_embedder(settings).embed, reader)
    y = np.asarray([bool(row.supports) for row in rows])
    held = np.asarray([row.held for row in rows])
    sources = np.asarray([row.source for row in rows])
    kept = json.loads(OUT.read_text(encoding="utf-8"))
    for part, names in (("support", features.SUPPORT_FEATURES), ("support_read", features.SUPPORT_READ_FEATURES)):
        print(f"== {part}")
        kept[part] = fitted(x[:, : len(names)], y, held, sources, names)
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def fitted(
    x: np.ndarray, y: np.ndarray, held: np.ndarray, sources: np.ndarray, names: tuple[str, ...]
) -> dict[str, object]:
    """The weights, of the rows that are not held out; what they do on those that are is printed."""
    scale = StandardScaler().fit(x[~held])
    weight = np.asarray([{"begin": 2.0, "climatefever": 0.5, "made": 1.0}[source] for source in sources])
    model = LogisticRegression(C=1.0, max_iter=2000)
    model.fit(scale.transform(x[~held]), y[~held], sample_weight=weight[~held])
    scores = model.decision_function(scale.transform(x))
    chances = 1 / (1 + np.exp(-scores))
    for name in ("begin", "climatefever", "made"):
        part = held & (sources == name)
        print(f"{name}: {part.sum()} held out, AUROC {roc_auc_score(y[part], scores[part]):.4f}")
        for floor in (0.1, 0.2, 0.3, 0.4, 0.5):
            good, bad = chances[part & y], chances[part & ~y]
            print(
                f"   floor {floor}: kept {(good >= floor).mean():.3f}, of the others caught {(bad < floor).mean():.3f}"
            )
    for name, w in zip(names, model.coef_[0], strict=True):
        print(f"  {name:14} {w:+.3f}")
    raw = model.coef_[0] / scale.scale_
    return {
        "bias": round(float(model.intercept_[0] - (raw * scale.mean_).sum()), 6),
        "weights": {name: round(float(w), 6) for name, w in zip(names, raw, strict=True)},
    }


def data_changed(row: data.Row) -> bool:
    words = entities.facts(row.passage)
    return bool(entities.missing_numbers(row.question, words) or entities.missing_names(row.question, words))


if __name__ == "__main__":
    main()
