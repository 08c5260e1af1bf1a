"""The judged collections through `kb ingest` and `kb search --batch`: `python bench/run.py quality`."""

from __future__ import annotations

import json
from pathlib import Path

from bench.tools import QA, kb, laid_out, score, table


def section(folder: Path) -> str:
    rows = []
    for name in ("chunking", "cranfield", "anthropic-docs", "qmsum"):
        files, questions = laid_out(folder, name)
        home = folder / f"home-{name}"
        report = json.loads(kb("ingest", files, "--json", home=home))
        run = folder / f"{name}.run.jsonl"
        kb("search", "--batch", questions, "-k", 5 if name in ("chunking", "qmsum") else 100, home=home, out=run)
        if name == "chunking":
            got = score("spans", QA / "chunking/questions_df.csv", run)
            said = f"recall {got['recall']} · precision {got['precision']} · IoU {got['iou']}"
            asked = "recall ≥ 84 at IoU ≥ 6"
        elif name == "qmsum":
            got = score("turns", QA / "qmsum-val/queries.jsonl", folder / "turns.json", run)
            said = (
                f"span recall {got['span_recall']} · span precision {got['span_precision']} · hit {got['hit']} · "
                f"right meeting {got['right_meeting']}"
            )
            asked = "span recall ≥ 0.25, hit ≥ 0.50"
        else:
            got = score("documents", QA / name / "qrels.tsv", run)
            said = f"nDCG@10 {got['ndcg@10']} · success@3 {got['success@3']} · recall@5 {got['recall@5']}"
            asked = "nDCG@10 ≥ 0.43" if name == "cranfield" else "success@3 ≥ 0.92"
        rows.append((name, report["chunks"], said, asked))
        print(rows[-1], flush=True)
    how = "`python bench/run.py quality`: `kb ingest`, then `kb search --batch`, scored by the shared scorer."
    return f"## Retrieval\n\n{how}\n\n" + table(("collection", "passages", "measured", "asked"), rows)
