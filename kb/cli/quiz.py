"""`kb quiz`, `kb review`, `kb cards`: questions, what became of the answers, and what comes back when."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kb.cli.options import Home, Json, Kinds, Source, Tags, opened, printed, typed_line
from kb.errors import KbError, UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kb.library import Library
    from kb.quiz.items import Quiz

cards_app = typer.Typer(help="Cards: questions that come back.", no_args_is_help=True, rich_markup_mode=None)
Level = Annotated[
    str | None, typer.Option("--level", help="eli5, beginner, practitioner or expert.", show_default="practitioner")
]
_MARKS = ("again", "hard", "good", "easy")


def add_to(app: typer.Typer) -> None:
    """Put these commands after those that are there."""
    app.command()(quiz)
    app.command()(review)
    app.add_typer(cards_app, name="cards")


def quiz(
    topic: Annotated[str, typer.Argument(help="What about; without it, anything.", show_default=False)] = "",
    count: Annotated[int, typer.Option("-n", help="How many questions.")] = 5,
    level: Level = None,
    kind: Kinds = None,
    tag: Tags = None,
    source: Source = None,
    posts: Annotated[bool, typer.Option("--posts", help="Ask about anonymous posts, too.")] = False,
    no_cards: Annotated[bool, typer.Option("--no-cards", help="Ask once; do not let them come back.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Ask questions that your sources answer; what was asked comes back in kb review.

    An answer a line; an empty one, or /skip, leaves a question, /quit ends.
    """
    from kb.cli.render.terminal import console
    from kb.quiz import to_json as quiz_json

    with opened(home) as library:
        library.warm_up()
        filters = library.filters(kind or (), tag or (), source)
        made = library.quiz(topic, count, level, filters, keep=not no_cards, posts=posts)
        if json:
            printed(quiz_json.quiz(made))
            return 0
        out = console()
        play(library, made, out, kept=not no_cards)
    return 0


def play(library: Library, made: Quiz, out: Console, kept: bool = True) -> None:
    """Ask each question, read an answer a line, say at once whether it is right and where that stands."""
    from kb.cli.render import quizzes as render_quizzes

    right = asked = 0
    for n, item in enumerate(made.items, start=1):
        render_quizzes.question(out, item, n, len(made.items))
        line = typed_line(sys.stdin.isatty())
        if line is None or line == "/quit":
            break
        if line in ("", "/skip"):
            continue
        asked += 1
        if kept:
            answered = library.answer_card(item.id, line)
            grade, due = answered.grade, answered.due
        else:
            grade, due = library.grade(item, line), ""
        right += grade.correct
        render_quizzes.verdict(out, item, grade, due)
    if asked:
        out.print(f"{right} of {asked} right.")
    left = len(made.items) - asked
    if left and kept:
        out.print(f"{left} kept for kb review.")
    render_quizzes.quiz_notes(out, made)


def review(
    card: Annotated[str, typer.Argument(metavar="ID", help="Answer this card.", show_default=False)] = "",
    answer: Annotated[str, typer.Argument(metavar="ANSWER", help="With this.", show_default=False)] = "",
    rate: Annotated[str | None, typer.Option("--rate", help="Your own word: again, hard, good or easy.")] = None,
    count: Annotated[int | None, typer.Option("-n", help="At most so many now.", show_default=False)] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last answer back.")] = False,
    figures: Annotated[bool, typer.Option("--figures", help="How much was remembered, counted.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Ask what is due today; an answer a line. The right ones come back later, the others sooner."""
    from kb.cli.render import quizzes as render_quizzes
    from kb.cli.render.terminal import console
    from kb.quiz import to_json as quiz_json

    if rate is not None and rate not in _MARKS:
        raise UsageError(f"--rate is {', '.join(_MARKS[:-1])} or {_MARKS[-1]}, not {rate!r}.")
    if sum((bool(card), undo, figures)) > 1:
        raise UsageError("Say one thing: an ID with an ANSWER, --undo, or --figures.")
    if card and not answer:
        raise UsageError("ANSWER is missing; write it after the card's id.")
    out = console()
    with opened(home) as library:
        if undo:
            undone = library.undo_review()
            printed({"undone": undone}) if json else out.print(f"The answer to {undone} is taken back.")
        elif figures:
            found = library.retention()
            printed(quiz_json.retention(found)) if json else render_quizzes.retention(out, found)
        elif card:
            answered = library.answer_card(card, answer, rate)  # type: ignore[arg-type]
            if json:
                printed(quiz_json.answered(answered))
            else:
                render_quizzes.verdict(out, answered.card.item, answered.grade, answered.due)
        elif json:
            printed(quiz_json.due(library.due(count)))
        else:
            _ask_due(library, count, out)
    return 0


def _ask_due(library: Library, count: int | None, out: Console) -> None:
    """Ask every card that is due, as far as lines come."""
    from kb.cli.render import quizzes as render_quizzes

    library.warm_up()
    found = library.due(count)
    render_quizzes.due_notes(out, found)
    right = asked = 0
    for n, card in enumerate(found.cards, start=1):
        render_quizzes.question(out, card.item, n, len(found.cards))
        line = typed_line(sys.stdin.isatty())
        if line is None or line == "/quit":
            break
        if line in ("", "/skip"):
            continue
        try:
            answered = library.answer_card(card.item.id, line)
        except KbError as error:
            # Its source may be taken out while the review goes on: that costs this card and no other.
            if error.exit_code == 3:
                raise
            out.print(f"kb: {error}\n")
            continue
        asked += 1
        right += answered.grade.correct
        render_quizzes.verdict(out, card.item, answered.grade, answered.due)
    if asked:
        out.print(f"{right} of {asked} right.")


@cards_app.command(name="list")
def list_cards(json: Json = False, home: Home = None) -> int:
    """List all cards: when each comes back, and which cannot be asked any more."""
    from kb.cli.render import quizzes as render_quizzes
    from kb.cli.render.terminal import console
    from kb.quiz import to_json as quiz_json

    with opened(home) as library:
        found, left = library.cards()
    if json:
        rows = [quiz_json.card(card) for card in found]
        printed({"cards": rows, "stale": [{"id": card_id, "why": why} for card_id, why in left]})
    else:
        render_quizzes.cards(console(), found, left)
    return 0


@cards_app.command(name="remove")
def remove_cards(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Of cards.", show_default=False)] = None,
    stale: Annotated[bool, typer.Option("--stale", help="All whose sources changed or are gone.")] = False,
    json: Json = False,
    home: Home = None,
) -> int:
    """Take cards away; the log of what was answered stays."""
    from kb.cli.render.terminal import console

    if not ids and not stale:
        raise UsageError("ID is missing; kb cards list shows the ids.")
    with opened(home) as library:
        gone = library.remove_cards(ids or [], stale)
    if json:
        printed({"removed": gone})
    else:
        console().print(f"removed {len(gone)}")
    return 0


@cards_app.command(name="export")
def export_cards(
    form: Annotated[str, typer.Option("--to", help="anki or obsidian.")] = "anki",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where to.", show_default=False)] = None,
    json: Json = False,
    home: Home = None,
) -> int:
    """Write the cards for Anki (kb.apkg) or Obsidian (kb-cards.md); written again, they are updated there."""
    from kb.cli.render.terminal import console

    path = output or Path("kb-cards.md" if form == "obsidian" else "kb.apkg")
    with opened(home) as library:
        made = library.export_cards(path, form)
    if json:
        skipped = [{"id": card_id, "why": why} for card_id, why in made.skipped]
        printed({"file": made.path, "cards": made.cards, "skipped": skipped})
    else:
        out = console()
        out.print(f"{made.cards} cards in {made.path}")
        if made.skipped:
            out.print(f"{len(made.skipped)} left out: their sources changed or are gone (kb cards list)")
    return 0
