"""Calibrate how sure the extractive answerer is that the sources answer, on the judged questions of data/qa.

    python bench/scorer/calibrate.py [FILE.npz]     # keeps what it measured, or takes it from there

Four homes (short passages, documentation, long texts, meetings), each asked its own questions, questions of the other
homes, and, over the passages, 150 questions whose passage looks as if it answered. Writes the "answerable" parts of
kb/answer/scorer.json (without the reader and with it), fitted on all, and prints what ten-fold cross-validation says.
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
from kb.answer import extractive, features, pipeline, rerank
from kb.library import Library

SHARED = Path(os.environ.get("KB_TEST_DATA", "../shared"))
MOST = 150
SHARE = 0.8
C = 0.3
OUT = Path(__file__).parents[2] / "kb" / "answer" / "scorer.json"


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


def hard_rows(kind: np.ndarray) -> np.ndarray:
    """The rows of qa/answerability itself: its own questions, those that only look answered among them."""
    hard = np.zeros(len(kind), dtype=bool)
    hard[: sum(len(q) for q in sets()["answerability"][1:])] = True
    return hard & (kind != 2)


def weights(hard: np.ndarray) -> np.ndarray:
    """Questions that look answered are the ones that matter: a share of the weight is theirs and their passages'."""
    shares: np.ndarray = np.where(hard, SHARE / hard.sum(), (1 - SHARE) / (~hard).sum()) * len(hard)
    return shares


def cross_validated(x: np.ndarray, y: np.ndarray, kind: np.ndarray, weight: np.ndarray, c: float) -> np.ndarray:
    """Confidences of rows that the fit has not seen: ten folds, five times."""
    held = np.zeros(len(y))
    for seed in range(5):
        for train, test in StratifiedKFold(10, shuffle=True, random_state=seed).split(x, kind):
            scale = StandardScaler().fit(x[train])
            model = LogisticRegression(C=c, max_iter=2000)
            model.fit(scale.transform(x[train]), y[train], sample_weight=weight[train])
            held[test] += model.predict_proba(scale.transform(x[test]))[:, 1] / 5
    return held


def curve(held: np.ndarray, y: np.ndarray, rows: np.ndarray) -> list[tuple[float, float, float]]:
    """By threshold: the share of false answers, and of false refusals."""
    out = []
    for at in np.arange(0.2, 0.8, 0.05):
        wrong, refused = (held[rows & (y == 0)] >= at).mean(), (held[rows & (y == 1)] < at).mean()
        out.append((round(float(at), 2), float(wrong), float(refused)))
    return out


def fit(x: np.ndarray, y: np.ndarray, weight: np.ndarray, c: float, names: tuple[str, ...]) -> dict[str, object]:
    scale = StandardScaler().fit(x)
    fitted = LogisticRegression(C=c, max_iter=2000).fit(scale.transform(x), y, sample_weight=weight)
    raw = fitted.coef_[0] / scale.scale_
    for name, w in zip(names, fitted.coef_[0], strict=True):
        print(f"  {name:16} {w:+.3f}")
    return {
        "bias": round(float(fitted.intercept_[0] - (raw * scale.mean_).sum()), 6),
        "weights": {name: round(float(w), 6) for name, w in zip(names, raw, strict=True)},
    }


def seeded() -> dict[str, dict[str, object]]:
    """The weights there are, with nothing for features that are new: the measuring asks for all of them."""
    kept: dict[str, dict[str, object]] = json.loads(OUT.read_text(encoding="utf-8"))
    for part, names in (("answerable", features.PASSAGE_FEATURES), ("answerable_read", features.READ_FEATURES)):
        known = kept.get(part, {"bias": 0.0, "weights": {}})
        weights = known["weights"]
        assert isinstance(weights, dict)
        kept[part] = {"bias": known["bias"], "weights": {name: weights.get(name, 0.0) for name in names}}
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return kept


def main() -> None:
    kept = seeded()
    if len(sys.argv) > 1 and Path(sys.argv[1]).exists():
        loaded = np.load(sys.argv[1])
        x, y, kind = loaded["x"], loaded["y"], loaded["kind"]
    else:
        with tempfile.TemporaryDirectory() as folder:
            x, y, kind = measure(Path(folder))
        if len(sys.argv) > 1:
            np.savez(sys.argv[1], x=x, y=y, kind=kind)
    hard = hard_rows(kind)
    weight = weights(hard)
    passage = features.PASSAGE_FEATURES.index("passage")
    for part, names in (("answerable", features.PASSAGE_FEATURES), ("answerable_read", features.READ_FEATURES)):
        own = x[:, : len(names)]
        held = cross_validated(own, y, kind, weight, C)
        print(f"== {part}")
        for name, rows in (("answerability", hard), ("all homes", np.ones_like(hard))):
            auroc, alone = roc_auc_score(y[rows], held[rows]), roc_auc_score(y[rows], x[rows][:, passage])
            print(f"{name}: AUROC {auroc:.4f}; the best passage's cosine alone {alone:.4f}")
            print("threshold  false answers  false refusals")
            for at, wrong, refused in curve(held, y, rows):
                print(f"{at:9.2f}  {wrong:13.3f}  {refused:14.3f}")
        kept[part] = fit(own, y, weight, C, names)
    OUT.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def measured(library: Library, question: str) -> np.ndarray:
    retriever = library.retriever()
    _, evidence, readings = pipeline.found(retriever, question, 8, None, False, library.reader())
    ranking = extractive.rank(question, evidence, library.embedder(), retriever.terms, retriever.rarity, None, readings)
    if readings is None:  # nothing near enough to be read: its confidence is the scorer's own
        return features.read_vector(ranking.features, *[rerank.UNREAD] * 3)
    return ranking.features


if __name__ == "__main__":
    main()
