"""`kb demo`: the sample, a question, an answer, with nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import kb
from kb.cli.progress import bar
from kb.cli.render import answers as render_answers
from kb.cli.render import library as render_library
from kb.cli.render.terminal import console
from kb.library import sample, to_json


def run(json: bool, home: Path | None = None) -> int:
    """Ingest the sample and answer its question, in a throw-away home unless one is named."""
    with (
        tempfile.TemporaryDirectory(prefix="kb-demo-") as folder,
        kb.open(home or Path(folder) / "home") as library,
        bar() as tell,
    ):
        report = library.ingest([sample.folder()], on_progress=tell)
        given = library.ask(sample.QUESTION, "practitioner")
    if json:
        print(to_json.dump({"ingest": to_json.ingest(report), "ask": to_json.ask(given)}))
        return 1 if report.failed else 0
    out = console()
    out.print(f"kb ingest {sample.folder()}")
    render_library.problems(console(stderr=True), report)
    out.print(render_library.summary(report) + "\n")
    out.print(f'kb ask "{sample.QUESTION}"\n')
    render_answers.answer(out, given)
    out.print('\nNow your own: kb ingest ~/notes ./transcripts, then kb ask "…" --level beginner')
    return 1 if report.failed else 0
