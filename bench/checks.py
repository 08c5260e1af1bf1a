"""Faults planted in statements about real passages: how many the check catches, and how many good ones it flags.

    python bench/checks.py

A scripted model answers questions of qa/answerability with one sentence of a passage that it was given, as it stands or
with one thing wrong; `kb ask` checks it as it checks any model. Reworded statements are begin's, judged by people, of
the fifth that the judge of support was not trained on.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import kb
from bench.reader import rows as data
from bench.tools import SHARED, table
from kb.answer import entailment, verify
from kb.answer.generate import FLOOR
from kb.answer.verify import CitedSource, Statement
from kb.library import Library
from kb.llm.scripted_server import ScriptedLlm
from kb.text import entities
from tests.scripts import passages

FAULTS = ("none", "quote", "number", "name", "marker", "swapped")
CASES = 200


def sentences(text: str) -> list[str]:
    return [s for s in entailment.sentences(text) if 8 <= len(s.split()) <= 40 and s[0].isupper() and s[-1] in ".!?"]


def shortened(said: str) -> str:
    """A sentence as a writer would retell it: without asides, without its opening word."""
    said = re.sub(r"\s*\([^)]*\)", "", said)
    said = re.sub(
        r"^(?:However|Therefore|Moreover|Furthermore|Thus|So|And|But|In addition|For example)\s*,?\s*", "", said
    )
    return said[0].upper() + said[1:] if said else said


class Case:
    """One statement with one fault, made once a model is asked and its passages are known."""

    def __init__(self, fault: str, rng: random.Random, names: list[str], numbers: list[str]) -> None:
        self.fault, self.rng, self.names, self.numbers = fault, rng, names, numbers
        self.made = ""

    def __call__(self, messages: list[dict[str, Any]]) -> str:
        if not self.made:
            self.made = self._make(passages(messages))
        return self.made

    def _make(self, given: dict[int, str]) -> str:
        usable = [(n, s) for n, text in given.items() for s in sentences(text)]
        self.rng.shuffle(usable)
        for n, said in usable:
            made = self._faulty(n, said, given)
            if made is not None:
                text, cited, quote = made
                return json.dumps({"statements": [{"text": text, "sources": [{"n": cited, "quote": quote}]}]})
        return ""

    def _faulty(self, n: int, said: str, given: dict[int, str]) -> tuple[str, int, str] | None:
        words = said.split()
        text, quote = shortened(said), " ".join(words[1:8])
        if self.fault == "none":
            return text, n, quote
        if self.fault == "quote":
            at = self.rng.randrange(2, 6)
            return text, n, " ".join([*words[1:at], "certainly", *words[at + 1 : 8]])
        if self.fault == "marker":
            return text, 90 + n, quote
        if self.fault == "swapped":
            others = [m for m in given if m != n and not set(entities.names(text)) & set(entities.names(given[m]))]
            others = others or [m for m in given if m != n]
            return (text, self.rng.choice(others), "") if others else None
        found = entities.numbers(text) if self.fault == "number" else []
        old = [f.said for f in found if f.said[0].isdigit()] if self.fault == "number" else entities.names(text)
        old = [word for word in old if text.count(word) == 1 and given[n].count(word) == 1]
        if not old:
            return None
        pool = self.numbers if self.fault == "number" else self.names
        new = next((w for w in self.rng.sample(pool, len(pool)) if w.casefold() not in given[n].casefold()), None)
        return (text.replace(self.rng.choice(old), new), n, "") if new else None


def planted(library: Library, server: ScriptedLlm, box: list[Case], questions: list[str]) -> dict[str, Counter[str]]:
    rng = random.Random(3)
    everything = " ".join(library.source(row.document_id)[1] for row in library.sources() if row.document_id)
    names = [w for w in dict.fromkeys(entities.names(everything)) if len(w) > 3 and w[0].isupper()][:3000]
    numbers = [n.said for n in entities.numbers(everything) if n.said[0].isdigit()][:2000]
    tally: dict[str, Counter[str]] = {fault: Counter() for fault in FAULTS}
    n = 0
    while sum(c["cases"] for c in tally.values()) < CASES and n < 4 * len(questions):
        fault = FAULTS[n % len(FAULTS)]
        case = Case(fault, rng, names, numbers)
        box[:] = [case]
        answer = library.ask(questions[n % len(questions)], "expert")
        n += 1
        if not case.made:
            continue
        statement = json.loads(case.made)["statements"][0]["text"]
        shown = [claim for claim in answer.claims if claim.text == statement and answer.answerer == "scripted"]
        flagged = not shown or not all(claim.supported for claim in shown)
        tally[fault]["cases"] += 1
        tally[fault]["flagged"] += flagged
        if flagged == (fault == "none"):
            print("MISSED" if fault != "none" else "FLAGGED", fault, statement[:150], answer.notes, flush=True)
    return tally


def reworded(library: Library) -> tuple[float, float]:
    """Of begin's held-out statements: how many of the supported are kept, and of the others flagged."""
    rows = [row for row in data.statements(5) if row.source == "begin" and row.held]
    judge = entailment.judge(library.embedder().embed, library.reader())
    kept: list[bool] = []
    caught: list[bool] = []
    for row in rows:
        verdict = verify.check([Statement(row.question, (1,))], [CitedSource(1, row.passage)], judge, FLOOR)[0]
        (kept if row.supports else caught).append(verdict.supported == row.supports)
    return sum(kept) / len(kept), sum(caught) / len(caught)


def measure() -> tuple[dict[str, Counter[str]], tuple[float, float]]:
    files = [SHARED / "data/qa/answerability" / name for name in ("answerable.jsonl", "unanswerable.jsonl")]
    questions = [json.loads(line)["question"] for line in files[0].read_text(encoding="utf-8").splitlines()]
    box: list[Case] = []

    def scripted(messages: list[dict[str, Any]]) -> str:
        return box[0](messages)

    with tempfile.TemporaryDirectory() as folder:
        maker = SHARED / "tools/make_corpus.py"
        subprocess.run([sys.executable, str(maker), "passages", *map(str, files), f"{folder}/passages"], check=True)
        with (
            ScriptedLlm(scripted) as server,
            kb.open(f"{folder}/home", llm_url=server.url, llm_model="scripted", llm_context=16_000) as library,
        ):
            library.ingest([Path(folder) / "passages"])
            return planted(library, server, box, questions), reworded(library)


def section(folder: Path) -> str:
    tally, (kept, caught) = measure()
    rows = [(fault, count["cases"], count["flagged"]) for fault, count in tally.items()]
    faults = [count for fault, count in tally.items() if fault != "none"]
    share = sum(c["flagged"] for c in faults) / sum(c["cases"] for c in faults)
    good = tally["none"]
    return (
        "## Checks\n\n`python bench/run.py checks`: a scripted model answers with a sentence of a real passage, one "
        f"thing wrong in it or none. Caught: {share:.1%} (asked: 95 %); good ones flagged: "
        f"{good['flagged'] / good['cases']:.1%} (asked: at most 5 %).\n\n"
        + table(("fault", "cases", "flagged"), rows)
        + f"\nReworded statements that people judged (begin, held out): {kept:.1%} of the supported are kept, "
        f"{caught:.1%} of the others flagged.\n"
    )


def main() -> None:
    tally, (kept, caught) = measure()
    for fault, count in tally.items():
        print(f"{fault:8} {count['cases']:4} cases, {count['flagged']:4} flagged")
    print(f"begin, reworded: {kept:.3f} of the supported kept, {caught:.3f} of the others flagged")


if __name__ == "__main__":
    main()
