"""What the reader gives on the judged sets: the order of passages, the choice of sentences, the turns that are cited.

    python bench/run.py reader

Retrieval is measured a question at a time, with the measures of the shared scorer, so that both orders can be compared
in pairs: 10,000 bootstrap samples of the questions.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from unittest import mock
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt

import kb
from bench.reader import rows as data
from bench.tools import QA, laid_out, table, tool
from index.filters import Filters
from index.models.reranker import RerankInput
from kb.answer import extractive, pipeline
from kb.answer import rerank as reading
from kb.answer.evidence import gather
from kb.library import Library
from kb.types.answers import Answer
from kb.types.search import Hit

SETS = ("chunking", "cranfield", "anthropic-docs", "qmsum")
WEIGHTS = (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08)
SAMPLES = 10_000
Measure = Callable[[str, Sequence[Hit]], float | None]
Pair = tuple[int, int]


def section(folder: Path) -> str:
    """The section of the page."""
    return (
        "## The reader\n\n`python bench/run.py reader`: what it gives beside the scorer and the fused order, on sets "
        "that it was not trained on.\n\n"
        + order(folder)
        + "\n"
        + sentences(folder)
        + "\n"
        + talk(folder)
        + "\n"
        + titles(folder)
    )


# The order of passages


def order(folder: Path) -> str:
    """The fused order against the reader's, on all judged sets."""
    found = {name: read(folder, name) for name in SETS}
    shipped = reading.WEIGHT
    at = WEIGHTS.index(shipped)
    rng = np.random.default_rng(3)
    rows = []
    for name, (how, worth) in found.items():
        without, with_it = worth[:, 0], worth[:, at]
        picks = rng.integers(0, len(worth), (SAMPLES, len(worth)))
        gains = 100 * (with_it[picks].mean(1) / without[picks].mean(1) - 1)
        low, high = np.quantile(gains, (0.025, 0.975))
        gain = 100 * (with_it.mean() / without.mean() - 1)
        crossed = crossed_gain(found, name)
        rows.append(
            (name, len(worth), how, f"{without.mean():.4f}", f"{with_it.mean():.4f}", f"{gain:+.1f} %",
             f"{low:+.1f} to {high:+.1f} %", f"{crossed:+.1f} %")
        )  # fmt: skip
        print(rows[-1], flush=True)
    curve = [
        (weight, *(f"{100 * (worth[:, n].mean() / worth[:, 0].mean() - 1):+.1f} %" for _, worth in found.values()))
        for n, weight in enumerate(WEIGHTS)
        if n
    ]
    return (
        f"The order of the first {reading.DEPTH} passages (asked: two sets better by 2 %, none worse; paired "
        "bootstrap, 95 %). The last column: the weight chosen on one half of the questions, measured on the other.\n\n"
        + table(("set", "questions", "measure", "fused", "with the reader", "gain", "95 %", "other half"), rows)
        + "\n"
        + table(("weight", *SETS), curve)
    )


def crossed_gain(found: dict[str, tuple[str, npt.NDArray[np.float64]]], name: str) -> float:
    """A set's gain with the weight that the other half of all questions chooses."""
    worth = found[name][1]
    out = np.zeros(len(worth))
    for half in (0, 1):
        gains = [one[1 - half :: 2].mean(0) / one[1 - half :: 2, 0].mean() - 1 for _, one in found.values()]
        # The best on the whole among those that make no set worse.
        total = np.mean([np.minimum(g, 0.05) for g in gains], axis=0) + np.minimum(np.min(gains, axis=0), 0) * 10
        out[half::2] = worth[half::2, int(np.argmax(total))]
    return float(100 * (out.mean() / worth[:, 0].mean() - 1))


def read(folder: Path, name: str) -> tuple[str, npt.NDArray[np.float64]]:
    """What is measured of a set, and its worth by question and weight, shape (questions, weights)."""
    files, questions = laid_out(folder, name)
    how, measure = measures(folder, name)
    rows = []
    with kb.open(folder / f"home-{name}") as library:
        library.ingest([files])
        model = library.reader()
        assert model is not None, "the reader does not load"
        for line in questions.read_text(encoding="utf-8").splitlines():
            asked = json.loads(line)
            hits = library.search(asked["query"], 30).hits
            readings = reading.read(asked["query"], gather(hits), model)
            made = [measure(str(asked["id"]), reading.reordered(hits, readings, weight)) for weight in WEIGHTS]
            if made[0] is not None:
                rows.append(made)
    return how, np.asarray(rows, dtype=np.float64)


def measures(folder: Path, name: str) -> tuple[str, Measure]:
    """The measure of a set for one question; None for a question that nothing was judged for."""
    if name == "chunking":
        return "recall of the first 5", _recall_of_spans()
    if name == "qmsum":
        return "turns within the first 5", _recall_of_turns(folder)
    return "nDCG@10", _ndcg(QA / name / "qrels.tsv")


def _ndcg(qrels: Path) -> Measure:
    relevant: dict[str, dict[str, int]] = {}
    for line in qrels.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, {})[re.sub(r"[^A-Za-z0-9._-]", "_", document)] = int(grade)

    def measure(query: str, hits: Sequence[Hit]) -> float | None:
        gains = relevant.get(query)
        if gains is None:
            return None
        ranked = list(dict.fromkeys(named(hit.uri) for hit in hits))[:10]
        dcg = sum((2 ** gains.get(d, 0) - 1) / math.log2(n + 2) for n, d in enumerate(ranked))
        best = sorted(gains.values(), reverse=True)[:10]
        return dcg / sum((2**g - 1) / math.log2(n + 2) for n, g in enumerate(best))

    return measure


def _recall_of_spans() -> Measure:
    gold: list[tuple[str, list[Pair]]] = []
    with (QA / "chunking/questions_df.csv").open(encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            spans = [(x["start_index"], x["end_index"]) for x in json.loads(row["references"])]
            gold.append((row["corpus_id"], spans))

    def measure(query: str, hits: Sequence[Hit]) -> float:
        corpus, spans = gold[int(query)]
        wanted = {n for a, b in spans for n in range(a, b)}
        got = {n for h in hits[:5] if named(h.uri) == corpus for n in range(h.chunk.start_char, h.chunk.end_char)}
        return len(wanted & got) / len(wanted)

    return measure


def _recall_of_turns(folder: Path) -> Measure:
    places: dict[str, list[Pair]] = json.loads((folder / "turns.json").read_text(encoding="utf-8"))
    asked = {str(row["_id"]): row for row in lines(QA / "qmsum-val/queries.jsonl")}

    def measure(query: str, hits: Sequence[Hit]) -> float:
        gold = gold_turns(asked[query])
        covered: set[int] = set()
        for hit in hits[:5]:
            if named(hit.uri) == f"m{asked[query]['meeting']}":
                covered |= touched(places[named(hit.uri)], hit.chunk.start_char, hit.chunk.end_char)
        return len(covered & gold) / len(gold)

    return measure


def gold_turns(row: dict) -> set[int]:
    return {turn for a, b in row["spans"] for turn in range(int(a), int(b) + 1)}


def touched(places: Sequence[Pair], start: int, end: int) -> set[int]:
    """The turns that a span of a meeting's text touches."""
    return {n for n, (a, b) in enumerate(places) if a < end and start < b}


# The choice of sentences


def sentences(folder: Path) -> str:
    """How often a gold sentence comes first, and among three, within the right passage of qa/answerability."""
    rows = lines(QA / "answerability/answerable.jsonl")
    tool("make_corpus.py", "passages", QA / "answerability/answerable.jsonl", folder / "passages")
    tally: dict[str, list[tuple[bool, bool]]] = {
        "cosine": [],
        "the scorer": [],
        "the reader alone": [],
        "with the reader, as chosen": [],
        "with the reader, as told": [],
    }
    with kb.open(folder / "home-passages") as library:
        library.ingest([folder / "passages"])
        ids = {named(source.uri): source.document_id for source in library.sources()}
        for row in rows:
            filters = Filters(source=ids[re.sub(r"[^A-Za-z0-9._-]", "_", row["id"])])
            wanted = [words(said) for said in row["selected_sentences"][0]]
            for name, ranked in ranked_sentences(library, row["question"], filters).items():
                right = [any(w in said or said in w for w in wanted) for said in ranked]
                if len(right) >= 3 and any(right) and not all(right):
                    tally[name].append((right[0], any(right[:3])))
    out = []
    for name, got in tally.items():
        first, three = (sum(column) / len(got) for column in zip(*got, strict=True))
        out.append((name, f"{first:.1%}", f"{three:.1%}"))
    print(out, flush=True)
    count = len(tally["cosine"])
    return (
        f"The sentence that answers, within the right passage: qa/answerability, {count} passages of three sentences "
        "or more that are not gold altogether (asked: first 78 %, among three 96 %).\n\n"
        + table(("by", "a gold sentence first", "among three"), out)
    )


def ranked_sentences(library: Library, question: str, filters: Filters) -> dict[str, list[str]]:
    """The sentences of a source, best first, by five ways of telling."""
    retriever, embedder, model = library.retriever(), library.embedder(), library.reader()
    assert model is not None, "the reader does not load"
    without = pipeline.prepare(retriever, lambda: embedder, question, filters=filters)
    read = pipeline.prepare(retriever, lambda: embedder, question, filters=filters, reader=model)
    evidence, chosen = read.evidence, [one.sentence for one in read.ranking.scored]
    told = [one.sentence for one in read.taken if one.core]
    readings = reading.read(question, evidence, model)
    alone = sorted(evidence.sentences, key=lambda s: -readings[s.hit.chunk.id].sentences[s.n])
    out = {
        "the scorer": [words(one.sentence.plain) for one in without.ranking.scored],
        "the reader alone": [words(s.plain) for s in alone],
        "with the reader, as chosen": [words(s.plain) for s in chosen],
        "with the reader, as told": [words(s.plain) for s in [*told, *(s for s in chosen if s not in told)]],
    }
    vectors = embedder.embed([question, *(s.plain for s in evidence.sentences)])
    best = np.argsort(-(vectors[1:] @ vectors[0]), kind="stable")
    out["cosine"] = [words(evidence.sentences[n].plain) for n in best]
    return out


# Talk


def talk(folder: Path) -> str:
    """How many questions over meetings are answered with turns of which one is gold."""
    laid_out(folder, "qmsum")
    places: dict[str, list[Pair]] = json.loads((folder / "turns.json").read_text(encoding="utf-8"))
    asked = lines(QA / "qmsum-val/queries.jsonl")
    shares: list[float] = []
    told: list[int] = []
    weight = extractive.SAID_BY
    for read_, said_by in ((False, 0.0), (False, weight), (True, weight)):
        known = mock.patch.object(extractive, "SAID_BY", said_by)
        with known, kb.open(folder / "home-qmsum", reader=read_) as library:
            got = [library.ask(row["text"]) for row in asked]
        shares.append(sum(touches(row, one, places) for row, one in zip(asked, got, strict=True)) / len(asked))
        told.append(sum(not one.abstained for one in got))
    gains = [f"{100 * (share / shares[0] - 1):+.1f} %" for share in shares]
    print(shares, told, gains, flush=True)
    ways = ("without it", "without it, whom the question asks about known", "with the reader, the same known")
    return (
        "Talk: qa/qmsum-val, all meetings in one home (asked: 15 % more questions than before). Of the gain a part is "
        "the reader's, a part that a question for somebody's words is answered with theirs.\n\n"
        + table(
            ("", "questions answered", "a cited turn is gold", "gain"),
            [
                (way, f"{count} of {len(asked)}", f"{share:.1%}", gain)
                for way, count, share, gain in zip(ways, told, shares, gains, strict=True)
            ],
        )
    )


# Titles that were held out of its training


def titles(folder: Path) -> str:
    """Whether a passage answers, on the titles of squad2-half that were held out: by the reader alone."""
    from sklearn.metrics import roc_auc_score

    rows = [row for row in data.questions(5) if row.source == "squad2-half" and row.held]
    with kb.open(folder / "home-none") as library:
        model, embedder = library.reader(), library.embedder()
        assert model is not None, "the reader does not load"
        readings = model.read([(row.question, RerankInput(row.passage, row.title, row.spans)) for row in rows])
        asked = embedder.embed([row.question for row in rows])
        held = embedder.embed([f"{row.title}\n{row.passage}" for row in rows])
    answered = [bool(row.answers) for row in rows]
    auroc = roc_auc_score(answered, [reading.answers for reading in readings])
    cosine = roc_auc_score(answered, (asked * held).sum(1))
    print("squad2-half", len(rows), auroc, cosine, flush=True)
    return (
        f"Whether a passage answers, by the reader alone: {len(rows)} questions of the "
        f"{len({row.title for row in rows})} titles of squad2-half that were held out, {sum(answered)} "
        f"of them answered: AUROC {auroc:.3f} (asked: 0.80), the cosine's {cosine:.3f}.\n"
    )


def touches(row: dict, answer: Answer, places: dict[str, list[Pair]]) -> bool:
    """Whether one of an answer's quotes lies in a turn that was judged to answer."""
    gold = gold_turns(row)
    return any(
        gold & touched(places[named(cited.uri)], cited.start_char, cited.end_char)
        for cited in answer.citations
        if named(cited.uri) == f"m{row['meeting']}"
    )


def named(uri: str) -> str:
    return PurePosixPath(unquote(uri.split("#", maxsplit=1)[0])).name.removesuffix(".md")


def words(text: str) -> str:
    return re.sub(r"\W+", " ", text.lower()).strip()


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
