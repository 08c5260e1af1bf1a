"""Answers without a language model, on the judged questions: `python bench/run.py answers`."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from urllib.parse import unquote

import numpy as np
from sklearn.metrics import roc_auc_score

from bench.scorer import calibrate
from bench.tools import QA, Row, kb, laid_out, score, table, tool
from kb.answer import features
from kb.answer.prepared import THIN

REFUSED = 0.1  # the false refusals at which false answers are told


def section(folder: Path) -> str:
    files = [QA / "answerability" / name for name in ("answerable.jsonl", "unanswerable.jsonl")]
    tool("make_corpus.py", "passages", *files, folder / "passages")
    gold, questions, run = folder / "gold.jsonl", folder / "questions.jsonl", folder / "answers.jsonl"
    gold.write_text("".join(file.read_text(encoding="utf-8") for file in files), encoding="utf-8")
    tool("make_corpus.py", "queries", gold, questions)
    home = folder / "home-answers"
    kb("ingest", folder / "passages", home=home)
    rows: list[Row] = []
    # The second time without the reader, as where its file is missing.
    for reader in ("1", "0"):
        os.environ["KB_RERANKER"] = reader
        kb("ask", "--batch", questions, home=home, out=run)
        got = score("answers", gold, run)
        rows.append(
            (
                "with the reader" if reader == "1" else "without it",
                got["auroc"],
                f"{got['false_answer']} of {got['unanswerable']}",
                f"{got['false_refusal']} of {got['answerable']}",
                got["citation_hit"],
                got["citation_recall"],
                got["citation_precision"],
            )
        )
        print(rows[-1], flush=True)
    del os.environ["KB_RERANKER"]
    docs, asked = laid_out(folder, "anthropic-docs")
    kb("ingest", docs, home=folder / "home-docs")
    kb("ask", "--batch", asked, home=folder / "home-docs", out=run)
    share, refused = cited_right(run)
    head = ("", "AUROC", "false answers", "false refusals", "gold sentence cited", "recall", "precision")
    said = (
        "## Answers without a language model\n\n`python bench/run.py answers`: qa/answerability, all 300 passages in "
        "one home, scored by the shared scorer. The confidence was fitted on these questions among others, so the "
        "first three columns are a little kind to it; the curve below them is of ten-fold cross-validation.\n\n"
    )
    docs_said = (
        f"\nqa/anthropic-docs: a right section is cited for {share:.1%} of the questions (asked: 85 %); "
        f"{refused} of 100 were not answered.\n"
    )
    return said + table(head, rows) + docs_said + held_out()


def cited_right(run: Path) -> tuple[float, int]:
    """Of the documentation's questions: how many cite a right section, and how many were not answered."""
    relevant: dict[str, set[str]] = {}
    for line in (QA / "anthropic-docs/qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            relevant.setdefault(query, set()).add(re.sub(r"[^A-Za-z0-9._-]", "_", document))
    told = [json.loads(line) for line in run.read_text(encoding="utf-8").splitlines()]
    names = {row["id"]: {Path(unquote(c["uri"])).stem for c in row["citations"]} for row in told}
    right = [bool(relevant[query] & names.get(query, set())) for query in relevant]
    return sum(right) / len(right), sum(row["abstained"] for row in told)


def held_out() -> str:
    """The confidence on questions that its fit has not seen, and the curve that the threshold was read off."""
    with tempfile.TemporaryDirectory() as folder:
        x, y, kind = calibrate.measure(Path(folder))
    hard = calibrate.hard_rows(kind)
    weight = calibrate.weights(hard)
    out = ""
    for name, names in (("with the reader", features.READ_FEATURES), ("without it", features.PASSAGE_FEATURES)):
        held = calibrate.cross_validated(x[:, : len(names)], y, kind, weight, calibrate.C)
        auroc = roc_auc_score(y[hard], held[hard])
        everywhere = roc_auc_score(y, held)
        sure = np.sort(held[hard & (y == 1)])
        at = sure[int(REFUSED * len(sure))]
        wrong = (held[hard & (y == 0)] >= at).mean()
        rows = [(t, f"{w:.1%}", f"{r:.1%}") for t, w, r in calibrate.curve(held, y, hard)]
        print(name, auroc, wrong, rows, flush=True)
        out += (
            f"\nCross-validated, {name}: AUROC {auroc:.3f} on qa/answerability (asked: 0.93), {everywhere:.3f} over "
            f"four homes; {wrong:.1%} false answers at {REFUSED:.0%} false refusals (asked: 15 %). "
            f"The threshold is {THIN}.\n\n" + table(("threshold", "false answers", "false refusals"), rows)
        )
    return out
