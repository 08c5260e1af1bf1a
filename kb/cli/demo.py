"""`kb demo`: the sample, a question, an answer, with nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import kb
from kb import sample
from kb.cli import render, shapes


def run(json: bool) -> int:
    """Ingest the sample into a throw-away home and answer its question."""
    with tempfile.TemporaryDirectory(prefix="kb-demo-") as folder:
        home = Path(folder) / "home"
        with kb.open(home) as library:
            report = library.ingest([sample.folder()])
            given = library.ask(sample.QUESTION, "practitioner")
        if json:
            print(shapes.dump({"ingest": shapes.ingest(report), "ask": shapes.ask(given)}))
            return 1 if report.failed else 0
        out = render.console()
        out.print(f"kb ingest {sample.folder()}")
        render.problems(render.console(stderr=True), report)
        out.print(render.summary(report) + "\n")
        out.print(f'kb ask "{sample.QUESTION}"\n')
        render.answer(out, given)
        out.print("\nNow your own: kb ingest ~/notes ./transcripts, then kb ask \"…\" --level beginner")
    return 1 if report.failed else 0
