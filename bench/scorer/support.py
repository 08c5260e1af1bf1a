"""Train the check's judge of whether a text bears a statement, from what people judged (`data/train`).

    python bench/scorer/support.py

begin and climatefever, and sentences of passages as they stand or over another passage. Writes the "support" part of
kb/tutor/scorer.json. A fifth is held out by passage and measures; the shipped weights are of the rest.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parents[2]))
from bench.reader import rows as data
from index.embed import open_embedder
from kb import config
from kb.tutor import facts, features, support

OUT = Path(__file__).parents[2] / "kb" / "tutor" / "scorer.json"


def main() -> None:
    rows = [*data.statements(5), *data.made(data.questions(5), 5)]
    # A changed number or name is for `kb.tutor.facts` to find: those rows would teach the weights to distrust words.
    rows = [r for r in rows if r.source != "made" or r.supports or not data_changed(r)]
    pairs = [(row.question, [row.passage]) for row in rows]
    x = support.measure(pairs, open_embedder(config.load()).embed)
    y = np.asarray([bool(row.supports) for row in rows])
    held = np.asarray([row.held for row in rows])
    scale = StandardScaler().fit(x[~held])
    weight = np.asarray([{"begin": 2.0, "climatefever": 0.5, "made": 1.0}[row.source] for row in rows])
    model = LogisticRegression(C=1.0, max_iter=2000).fit(
        scale.transform(x[~held]), y[~held], sample_weight=weight[~held]
    )
    scores = model.decision_function(scale.transform(x))
    for name in ("begin", "climatefever", "made"):
        part = held & np.asarray([row.source == name for row in rows])
        print(f"{name}: {part.sum()} held out, AUROC {roc_auc_score(y[part], scores[part]):.4f}")
        for cut in (0.1, 0.2, 0.3, 0.4, 0.5):
            p = 1 / (1 + np.exp(-scores[part]))
            print(
                f"   floor {cut}: kept of the supported {(p[y[part]] >= cut).mean():.3f}, caught {(p[~y[part]] < cut).mean():.3f}"
            )
    for name, w in zip(features.SUPPORT_FEATURES, model.coef_[0], strict=True):
        print(f"  {name:14} {w:+.3f}")
    raw = model.coef_[0] / scale.scale_
    kept = json.loads(OUT.read_text(encoding="utf-8"))
    kept["support"] = {
        "bias": round(float(model.intercept_[0] - (raw * scale.mean_).sum()), 6),
        "weights": {name: round(float(w), 6) for name, w in zip(features.SUPPORT_FEATURES, raw, strict=True)},
    }
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def data_changed(row: data.Row) -> bool:
    words = facts.facts(row.passage)
    return bool(facts.missing_numbers(row.question, words) or facts.missing_names(row.question, words))


if __name__ == "__main__":
    main()
