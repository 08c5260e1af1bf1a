"""The commands that people use every day. Heavy parts are imported by the command that needs them."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kb.cli import feeds, maintenance, ui
from kb.cli import quiz as learning
from kb.cli.options import Batch, Home, Json, Kinds, Since, Source, Tags, Trace, Until, Wait, opened, printed
from kb.errors import UsageError

if TYPE_CHECKING:
    from index.filters import Filters
    from kb.library import Library
    from kb.sync.report import IngestFlags

app = typer.Typer(
    name="kb",
    help="A research knowledge base that answers at your level, every statement cited.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half of the time that --help may take went into drawing boxes
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from kb import __version__

        print(f"kb {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command()
def demo(json: Json = False, home: Home = None) -> int:
    """Ingest the sample into a throw-away home (or the one named), ask a question, print the cited answer."""
    from kb.cli import demo as sample

    return sample.run(json, home)


@app.command()
def ingest(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SOURCE", help="Files, folders, URLs, feeds, arxiv:ID; - reads standard input.", show_default=False
        ),
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="What the files are, instead of a look inside.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove sources under these folders whose files are gone.")
    ] = False,
    allow_mass_removal: Annotated[
        bool, typer.Option("--allow-mass-removal", help="Let --prune remove more than a fifth.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Read everything again, also what was taken out by hand.")
    ] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Try again what failed before.")] = False,
    board: Annotated[str, typer.Option("--board", help="Of saved threads whose files do not say it.")] = "",
    full_text: Annotated[
        bool, typer.Option("--full-text", help="Read arXiv's papers whole, not only their abstracts.")
    ] = False,
    audio: Annotated[
        bool, typer.Option("--audio", help="Transcribe recordings that are met in folders and feeds, too.")
    ] = False,
    episodes: Annotated[
        int, typer.Option("--episodes", min=0, help="With --audio: how many of a feed, the latest; 0 is all.")
    ] = 10,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and ingest what changes, until Ctrl-C.")] = False,
    wait: Wait = 0.0,
    json: Json = False,
    home: Home = None,
) -> int:
    """Add notes, transcripts, recordings, papers and web pages. Unchanged ones cost nothing."""
    from kb.cli import ingest as ingesting

    flags: IngestFlags = {
        "dry_run": dry_run,
        "prune": prune,
        "allow_mass_removal": allow_mass_removal,
        "force": force,
        "retry_failed": retry_failed,
        "full_text": full_text,
        "board": board,
        "audio": audio,
        "episodes": episodes,
    }
    asked = ingesting.Asked(places or [], kind, flags, wait, json)
    if not asked.places and not retry_failed:
        raise UsageError("SOURCE is missing; name files or folders, or say --retry-failed.")
    with opened(home) as library:
        if "-" in asked.places:
            if dry_run:
                raise UsageError("--dry-run writes nothing, so it cannot keep what is piped in to look at it.")
            kept = ingesting.from_stdin(library)
            asked = replace(asked, places=[kept if place == "-" else place for place in asked.places])
        code = ingesting.once(library, asked)
        if watch:
            ingesting.watch(library, asked)
    return code


@app.command()
def search(
    query: Annotated[str | None, typer.Argument(help="Words or a question.", show_default=False)] = None,
    k: Annotated[int, typer.Option("-k", help="How many passages.")] = 10,
    kind: Kinds = None,
    tag: Tags = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    rerank: Annotated[bool, typer.Option("--rerank", help="Order the first of them as the reader reads them.")] = False,
    trace: Trace = False,
    batch: Batch = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Find passages by their words and their meaning."""
    from kb.cli import batch as lines
    from kb.cli.render import answers as render_answers
    from kb.cli.render.terminal import console
    from kb.library import to_json

    with opened(home) as library:
        library.warm_up(reads=rerank)
        filters = _filters(library, kind, tag, source, since, until)
        if batch is not None:
            return lines.run(
                batch, "query", lambda text, _: to_json.search(library.search(text, k, filters, trace, rerank))
            )
        result = library.search(_required(query, "QUERY"), k, filters, trace, rerank)
        if json:
            printed(to_json.search(result))
        else:
            out = console()
            render_answers.search(out, result, empty=not library.documents())
            if trace:
                render_answers.trace(out, result)
    return 0


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="A question; - reads it.", show_default=False)] = None,
    level: Annotated[
        str | None, typer.Option("--level", help="eli5, beginner, practitioner or expert.", show_default="practitioner")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many passages to answer from.")] = 8,
    kind: Kinds = None,
    tag: Tags = None,
    source: Source = None,
    since: Since = None,
    until: Until = None,
    trace: Trace = False,
    quiz: Annotated[bool, typer.Option("--quiz", help="Ask about the answer afterwards.")] = False,
    batch: Batch = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Answer a question at a level, every statement cited and checked."""
    from kb.answer.levels import check_level
    from kb.cli import batch as lines
    from kb.cli import chat as talking
    from kb.cli.render import answers as render_answers
    from kb.cli.render.terminal import console
    from kb.library import to_json
    from kb.quiz import to_json as quiz_json

    with opened(home) as library:
        if level is not None:
            check_level(level)
        library.warm_up(reads=True)
        filters = _filters(library, kind, tag, source, since, until)
        if batch is not None:

            def one(text: str, row: dict[str, Any]) -> dict[str, Any]:
                asked = row.get("level", level)
                if asked is not None and not isinstance(asked, str):
                    raise UsageError(f"the level {asked!r} is no word")
                return to_json.ask(library.ask(text, asked, k, filters, trace))

            return lines.run(batch, "question", one)
        text = _required(question, "QUESTION")
        coming = library.stream(sys.stdin.read() if text == "-" else text, level, k, filters, trace)
        given = talking.shown_live(coming, library.llm() is not None and not json)
        asked = library.quiz_on(given) if quiz else None
        if json:
            more = {"quiz": quiz_json.quiz(asked)["items"], "quiz_notes": asked.notes} if asked is not None else {}
            printed({**to_json.ask(given), **more})
        else:
            out = console()
            render_answers.answer(out, given)
            if asked is not None:
                out.print()
                learning.play(library, asked, out)
    return 0


@app.command()
def chat(
    level: Annotated[str | None, typer.Option("--level", help="The level to begin with.", show_default=False)] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Talk: follow-up questions that understand "it", "simpler", "deeper". Reads a question a line."""
    from kb.cli import chat as talking

    with opened(home) as library:
        library.warm_up(reads=True)
        return talking.chat(library, level, json)


@app.command()
def check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A text with [n], or what ask --json printed; - reads.")],
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="[1], [2] …: files, ids, addresses; else the text's own list."),
    ] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Hold every statement of a text against the sources that it cites."""
    from kb.cli import chat as talking

    with opened(home) as library:
        library.warm_up(reads=True)
        return talking.check(library, file, sources or [], json)


def _required(value: str | None, name: str) -> str:
    if value is None:
        raise UsageError(f"{name} is missing; --help shows how to say it.")
    return value


def _filters(
    library: Library,
    kind: list[str] | None,
    tag: list[str] | None,
    source: str | None,
    since: str | None,
    until: str | None,
) -> Filters:
    return library.filters(kind or (), tag or (), source, since, until)


@app.command(name="open")
def open_(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Of a source or a passage; its beginning is enough.")],
    only_print: Annotated[bool, typer.Option("--print", help="Say where it is; do not open it.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Open a source at a passage, in the program that this system uses for it."""
    from kb.cli.render import library as render_library
    from kb.cli.render.terminal import console
    from kb.library import to_json

    with opened(home) as library:
        found = library.place(id_)
    if json:
        printed(to_json.place(found))
        return 0
    render_library.place(console(), found)
    if not only_print and sys.stdout.isatty():
        typer.launch(found.link)
    return 0


learning.add_to(app)
feeds.add_to(app)
maintenance.add_to(app)
ui.add_to(app)
