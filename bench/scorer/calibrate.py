"""Calibrate how sure the extractive answerer is that the sources answer, on the judged questions of data/qa.

    python bench/scorer/calibrate.py

Four homes (short passages, documentation, long texts, meetings), each asked its own questions, questions of the other
homes, and, over the passages, 150 questions whose passage looks as if it answered. Writes the "answerable" part of
kb/tutor/scorer.json, fitted on all, and prints what ten-fold cross-validation says of it.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import StandardScaler

import kb
from kb.library import Library
from kb.tutor import extractive, features
from kb.tutor.evidence import gather

SHARED = Path(os.environ.get("KB_TEST_DATA", "../shared"))
MOST = 150
OUT = Path(__file__).parents[2] / "kb" / "tutor" / "scorer.json"


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def sets() -> dict[str, tuple[list, list[str], list[str]]]:
    """By name: how its home is laid out, questions that it answers, questions made to look as if it did."""
    qa = SHARED / "data/qa"
    judged = [qa / "answerability" / name for name in ("answerable.jsonl", "unanswerable.jsonl")]
    with (qa / "chunking/questions_df.csv").open(encoding="utf-8") as handle:
        chunking = [row["question"] for row in csv.DictReader(handle)]
    return {
        "answerability": (["passages", *judged], *([row["question"] for row in lines(file)] for file in judged)),
        "anthropic-docs": (
            ["files", qa / "anthropic-docs/corpus.jsonl"],
            [row["text"] for row in lines(qa / "anthropic-docs/queries.jsonl")],
            [],
        ),
        "chunking": ([], chunking, []),
        "qmsum": (
            ["meetings", qa / "qmsum-val/corpus.jsonl"],
            [row["text"] for row in lines(qa / "qmsum-val/queries.jsonl")],
            [],
        ),
    }


def measure(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features, answerable or not, and the kind of question: 0 answered, 1 looks answered, 2 asked in a wrong home."""
    laid = sets()
    rng = random.Random(11)
    x, y, kind = [], [], []
    for name, (layout, answered, false) in laid.items():
        place = SHARED / "data/qa/chunking/corpora" if not layout else folder / name
        if layout:
            maker = SHARED / "tools/make_corpus.py"
            subprocess.run([sys.executable, str(maker), layout[0], *map(str, layout[1:]), str(place)], check=True)
        others = [q for other, (_, questions, _) in laid.items() if other != name for q in questions]
        asked = [(q, 1, 0) for q in rng.sample(answered, min(MOST, len(answered)))]
        asked += [(q, 0, 1) for q in false] + [(q, 0, 2) for q in rng.sample(others, 60)]
        with kb.open(folder / f"home-{name}") as library:
            library.ingest([place])
            for question, answerable, sort in asked:
                x.append(measured(library, question))
                y.append(answerable)
                kind.append(sort)
        print(name, len(asked), "questions", flush=True)
    return np.vstack(x), np.asarray(y, dtype=float), np.asarray(kind)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        x, y, kind = measure(Path(folder))
    hard = np.zeros(len(y), dtype=bool)
    hard[: sum(len(q) for q in sets()["answerability"][1:])] = True
    hard &= kind != 2
    # Questions that look answered are the ones that matter; half of the weight is theirs and their passages'.
    weight = np.where(hard, 0.5 / hard.sum(), 0.5 / (~hard).sum()) * len(y)
    held = np.zeros(len(y))
    for seed in range(5):
        for train, test in StratifiedKFold(10, shuffle=True, random_state=seed).split(x, kind):
            scale = StandardScaler().fit(x[train])
            model = LogisticRegression(C=0.3).fit(scale.transform(x[train]), y[train], sample_weight=weight[train])
            held[test] += model.predict_proba(scale.transform(x[test]))[:, 1] / 5
    passage = features.PASSAGE_FEATURES.index("passage")
    for name, rows in (("answerability", hard), ("all homes", np.ones_like(hard))):
        auroc, alone = roc_auc_score(y[rows], held[rows]), roc_auc_score(y[rows], x[rows][:, passage])
        print(f"{name}: AUROC {auroc:.4f}; the best passage's cosine alone {alone:.4f}")
        print("threshold  false answers  false refusals")
        for at in np.arange(0.2, 0.75, 0.05):
            wrong, refused = (held[rows & (y == 0)] >= at).mean(), (held[rows & (y == 1)] < at).mean()
            print(f"{at:9.2f}  {wrong:13.3f}  {refused:14.3f}")
    scale = StandardScaler().fit(x)
    fitted = LogisticRegression(C=0.3).fit(scale.transform(x), y, sample_weight=weight)
    raw = fitted.coef_[0] / scale.scale_
    kept = json.loads(OUT.read_text(encoding="utf-8"))
    kept["answerable"] = {
        "bias": round(float(fitted.intercept_[0] - (raw * scale.mean_).sum()), 6),
        "weights": {name: round(float(w), 6) for name, w in zip(features.PASSAGE_FEATURES, raw, strict=True)},
    }
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for name, w in zip(features.PASSAGE_FEATURES, fitted.coef_[0], strict=True):
        print(f"  {name:14} {w:+.3f}")


def measured(library: Library, question: str) -> np.ndarray:
    retriever = library.retriever()
    evidence = gather(library.search(question, 8).hits)
    return extractive.rank(question, evidence, library.embedder().embed, retriever.terms, retriever.rarity).features


if __name__ == "__main__":
    main()
