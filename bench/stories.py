"""How well stories are told apart, on the made set of tests/data/stories; prints a table, and the weights to ship.

Weights are fitted on half of the stories and tried on the other, then the other way round; what ships is fitted on all.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.tools import QA, ROOT
from index.models.embedder import open_embedder
from kb import config
from kb.digest import clustering
from kb.digest.clustering import StoryItem

SET = ROOT / "tests" / "data" / "stories" / "stories.json"


def the_set() -> tuple[list[StoryItem], list[int]]:
    rows = json.loads(SET.read_text(encoding="utf-8"))["stories"]
    items = [(row["story"], item) for row in rows for item in row["items"]]
    told = [
        StoryItem(i["url"], i["title"], i["summary"], i["feed"], clustering.day_of(i["published"])) for _, i in items
    ]
    return told, [story for story, _ in items]


def embedded(told: list[StoryItem]) -> np.ndarray:
    embedder = open_embedder(config.load(ROOT / ".cache" / "no-home"))
    return embedder.embed([clustering.text_of(item) for item in told])


def pairwise(groups: list[list[int]], truth: list[int], within: set[int] | None = None) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of items; `within` restricts them to stories."""
    group_of = {n: g for g, members in enumerate(groups) for n in members}
    right = wrong = missed = 0
    for a, b in itertools.combinations(range(len(truth)), 2):
        if within is not None and not {truth[a], truth[b]} <= within:
            continue
        same, told = truth[a] == truth[b], group_of[a] == group_of[b]
        right, wrong, missed = right + (same and told), wrong + (told and not same), missed + (same and not told)
    return right / max(right + wrong, 1), right / max(right + missed, 1), 2 * right / max(2 * right + wrong + missed, 1)


def rows_of(
    told: list[StoryItem], truth: list[int], vectors: np.ndarray, within: set[int]
) -> tuple[list[tuple[float, ...]], list[bool]]:
    """What pairs of items from different feeds share, and whether they tell one story."""
    compared = clustering.Compared(told, vectors)
    rows, labels = [], []
    for a, b in itertools.combinations(range(len(told)), 2):
        near = abs(told[a].day - told[b].day) <= clustering.MOST_DAYS and told[a].feed != told[b].feed
        if near and {truth[a], truth[b]} <= within and compared.cosines[a, b] >= 0.25:
            rows.append(compared.measures(a, b))
            labels.append(truth[a] == truth[b])
    return rows, labels


def fit(
    told: list[StoryItem], truth: list[int], vectors: np.ndarray, within: set[int]
) -> tuple[tuple[float, ...], float]:
    """Weights and intercept of a logistic regression over the pairs of these stories, and of a narrow field's."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = rows_of(told, truth, vectors, within)
    other = abstracts(1000, 1400)
    more, _ = rows_of(other, list(range(len(other))), embedded(other), set(range(len(other))))
    # However many pairs the field has, together they count as much as the made set's.
    weights = [1.0] * len(rows) + [len(rows) / len(more)] * len(more)
    matrix = np.asarray(rows + more)
    mean, spread = matrix.mean(axis=0), matrix.std(axis=0)
    model = LogisticRegression(C=1.0, max_iter=3000)
    model.fit((matrix - mean) / spread, labels + [False] * len(more), sample_weight=weights)
    found = model.coef_[0] / spread
    return tuple(float(w) for w in found), float(model.intercept_[0] - found @ mean)


def tried(
    told: list[StoryItem],
    truth: list[int],
    vectors: np.ndarray,
    weights: tuple[float, ...],
    intercept: float,
    within: set[int],
) -> tuple[float, float, float]:
    clustering.WEIGHTS, clustering.INTERCEPT = weights, intercept
    return pairwise(clustering.group(told, vectors), truth, within)


def table() -> str:
    told, truth = the_set()
    vectors = embedded(told)
    shipped = clustering.WEIGHTS, clustering.INTERCEPT
    every = set(truth)
    # Blocks of five keep look-alikes, which stand beside each other, on one side.
    halves = [{story for story in every if (story // 5) % 2 == n} for n in (0, 1)]
    lines = ["| weights | precision | recall | pairwise F1 |", "|---|---:|---:|---:|"]
    held_out = []
    for n in (0, 1):
        p, r, f = tried(told, truth, vectors, *fit(told, truth, vectors, halves[n]), halves[1 - n])
        held_out.append(f)
        lines.append(f"| fitted on half {n + 1}, tried on the other | {p:.3f} | {r:.3f} | {f:.3f} |")
    refit = fit(told, truth, vectors, every)
    p, r, f = tried(told, truth, vectors, *shipped, every)
    lines.append(f"| as shipped, all {len(told)} items of {len(every)} stories | {p:.3f} | {r:.3f} | {f:.3f} |")
    clustering.WEIGHTS, clustering.INTERCEPT = shipped
    print("WEIGHTS =", tuple(round(w, 3) for w in refit[0]), "INTERCEPT =", round(refit[1], 3), file=sys.stderr)
    return "\n".join(lines)


def abstracts(first: int, last: int) -> list[StoryItem]:
    """Abstracts of one narrow field (cranfield), no two of which tell the same story, as entries of many feeds."""
    lines = (QA / "cranfield/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    rows = [row for row in rows if row["text"].strip()][first:last]
    return [
        StoryItem(f"https://a.example/{n}", r["title"], r["text"][:600], f"F{n // 20}", 0.0) for n, r in enumerate(rows)
    ]


def narrow(count: int = 1000) -> str:
    """How many of the abstracts that the weights were not fitted on are taken for the same story."""
    told = abstracts(0, count)
    groups = clustering.group(told, embedded(told))
    wrong = sum(len(group) * (len(group) - 1) // 2 for group in groups)
    pairs = f"{wrong} of {count * (count - 1) // 2} pairs wrong"
    return f"{count} abstracts of one narrow field, all different, in 50 feeds: {len(groups)} items, {pairs}."


def repeated() -> str:
    """How often an item that only repeats a note is told so, and one that does not; and whether the note is named."""
    from kb.digest import build, novelty

    rows = json.loads((SET.parent / "known.json").read_text(encoding="utf-8"))
    embedder = open_embedder(config.load(ROOT / ".cache" / "no-home"))
    notes = embedder.embed([f"{note['title']}\n{note['text']}" for note in rows["notes"]])
    items = embedder.embed([f"{item['title']}\n{item['summary']}" for item in rows["items"]])
    cosines = items @ notes.T
    best, nearest = cosines.max(axis=1), [rows["notes"][n] for n in cosines.argmax(axis=1)]
    texts = [(i["title"], i["summary"], n["title"], n["text"]) for i, n in zip(rows["items"], nearest, strict=True)]
    alike = np.asarray(novelty.alike(texts, embedder.embed))
    repeats = np.asarray([item["repeats"] is not None for item in rows["items"]])
    right = np.asarray([n["id"] == i["repeats"] for n, i in zip(nearest, rows["items"], strict=True)])
    more = np.asarray([novelty.tells_more(*pair) for pair in texts])
    told = (alike >= novelty.REPEATS) & (best >= novelty.LEAST_COSINE) & ~more
    named = told | (best >= build._NEAR)
    every, others = int(repeats.sum()), int((~repeats).sum())
    return (
        f"tests/data/stories/known.json, made for this too: 60 notes, {every} items that repeat one in other words, "
        f"{others} that do not, most of them on a note's own subject. Told as a repetition: {(told & repeats).sum()} "
        f"of the {every}, and {(told & ~repeats).sum()} of the {others}. The note is the nearest for "
        f"{(right & repeats).sum()} of {every}, and named as such for {(right & named).sum()}."
    )


if __name__ == "__main__":
    print(table())
    print(narrow())
    print(repeated())
